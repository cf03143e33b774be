"""torch.nn's own layers: a state_dict and the lines of code that load it, without rnnbench (out: SOURCE/torch).

model.pt     the state_dict
network.py   torch.nn code: `load("model.pt")` gives the network
"""

from __future__ import annotations

import io
from pathlib import Path

import torch

from rnnbench.export.formats.base import Format
from rnnbench.training.artifact import load_model
from rnnbench.training.kept import kept_directory, written
from rnnbench.training.kept_model import KeptModel, TorchNetwork
from rnnbench.training.model import OneHot

CODE = '''\
"""{what}: inputs x {inputs}, lengths (N,) → outputs {outputs}."""

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class Network(nn.Module):
    def __init__(self):
        super().__init__()
{layers}

    def forward(self, x, lengths=None):
        lengths = torch.full((len(x),), x.shape[1]) if lengths is None else lengths.cpu()
{encode}
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        h = pad_packed_sequence(self.recurrent(packed)[0], batch_first=True, total_length=x.shape[1])[0]
{read}
        return self.head(h)


def load(path="model.pt"):
    network = Network().to(torch.{dtype})
    network.load_state_dict(torch.load(path, weights_only=True))
    return network.eval()
'''


class Torch(Format):
    def write(self, source: Path, out: str | None) -> list[str]:
        model = load_model(kept_directory(source))
        network = model.to_torch()
        content = io.BytesIO()
        torch.save({name: value.clone() for name, value in network.state_dict().items()}, content)
        folder = Path(out) if out else source / "torch"
        return written(folder, {"model.pt": content.getvalue(), "network.py": code(model, network).encode()})


def code(model: KeptModel, network: TorchNetwork) -> str:
    """The text of network.py. In padding it may read anything but NaN, as torch.nn may."""
    dtype = str(network.head.weight.dtype).removeprefix("torch.")
    layers, encode = [], []
    if isinstance(network.encoder, OneHot):
        encode.append(f"x = nn.functional.one_hot(x, {network.encoder.symbols}).to(torch.{dtype})")
    elif model.reads_symbols:
        layers.append(f"self.encoder = nn.{network.encoder!r}")
        encode.append("x = self.encoder(x)")
    layers += [f"self.recurrent = nn.{_made(network.recurrent)}", f"self.head = nn.{network.head!r}"]
    I = network.recurrent.input_size
    return CODE.format(
        what=f"{model.facts['run_id']} in torch.nn alone, {dtype}",
        inputs="(N, T) symbols" if model.reads_symbols else f"(N, T, {I})",
        outputs=f"(N, {'T, ' if network.readout == 'all' else ''}{network.head.out_features})",
        layers=_indented(layers),
        encode=_indented(encode or [f"x = x.to(torch.{dtype})"]),
        read=_indented(_read(network)),
        dtype=dtype,
    )


def _made(layer: torch.nn.RNNBase) -> str:
    """LSTM(3, 5, batch_first=True): as torch.nn prints it, which leaves out an RNN's nonlinearity."""
    said = repr(layer)
    return said[:-1] + ", nonlinearity='relu')" if layer.mode == "RNN_RELU" else said


def _read(network: TorchNetwork) -> list[str]:
    """(N, T, D·H) → (N, D·H), as `rnnbench.training.model.read_directions`; what is beyond a length is 0 here."""
    if network.readout == "all":
        return ["# h: (N, T, D·H), every step is read"]
    if network.readout == "mean":
        return ["h = h.sum(1) / lengths[:, None]"]
    if network.readout == "max":
        return [
            "real = torch.arange(h.shape[1]) < lengths[:, None]",
            "h = h.masked_fill(~real[..., None], -torch.inf).amax(1)",
        ]
    last = "h[torch.arange(len(x)), lengths - 1]"
    if not network.recurrent.bidirectional:
        return [f"h = {last}"]
    forward = network.head.in_features // 2
    return [f"h = torch.cat(({last}[:, :{forward}], h[:, 0, {forward}:]), dim=1)"]


def _indented(lines: list[str]) -> str:
    return "\n".join(f"        {line}" for line in lines)
