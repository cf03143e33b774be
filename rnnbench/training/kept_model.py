"""A trained model apart from its run: what it says of rows, and the same network in torch.nn's own layers.

Shapes: N rows, T steps, I input features, K outputs. Rows are as the model reads them, after the dataset's transform.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from rnnbench.data.batch import Batch, trailing
from rnnbench.errors import UsageError
from rnnbench.machine.denormals import flushing
from rnnbench.machine.precision import ieee_float32
from rnnbench.machine.threads import with_threads
from rnnbench.objectives.base import Objective
from rnnbench.training.model import OneHot, SequenceModel, read_directions
from rnnbench.training.predictions import answers, nothing


class KeptModel(nn.Module):
    """What `rnnbench.load_model` gives. Calling it gives outputs, side by side and fast; `predict` gives answers."""

    def __init__(
        self,
        network: SequenceModel,
        objective: Objective,
        transform: Any = None,
        facts: Mapping[str, Any] | None = None,
        flush_denormals: bool = True,
    ):
        super().__init__()
        self.network = network
        self.objective = objective
        self.transform = transform  # raw values → rows; None where the dataset has none or it could not be kept
        self.facts = dict(facts or {})  # model.json
        self.flush_denormals = flush_denormals
        self.eval()

    def forward(self, inputs: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Rows (N, T, I), or symbols (N, T), lengths (N,) → the objective's outputs, (N, K) or (N, T, K).

        The last bits depend on how many rows are side by side. What stands beyond a length changes nothing.
        """
        inputs = blank(inputs, lengths)
        outputs, _ = self.network(Batch(inputs, inputs.new_zeros(0), lengths))
        return outputs

    @torch.no_grad()
    def predict(self, inputs: Any, lengths: Any = None) -> Tensor:
        """What predictions.npz holds for these rows, each from a zero state, on CPU.

        inputs: (N, T, I), or symbols (N, T); lengths: (N,), 1 … T; tensors, arrays or lists.

        Of one label a row (N, K) probabilities; of a label a step (N, T) the most probable; else values. Float32, or
        int32 labels, NaN or −1 beyond each length. A row's bits depend on nothing but that row: rows are taken one by
        one, with one thread, because matrix products differ in the last bits with the number of rows and with a row's
        place among them. Raises UsageError for rows that the model cannot read, such as NaN before a row's
        length: what is missing is filled first, as it was for training.
        """
        inputs, steps = self._checked(inputs, lengths)
        weight, was_training = self.network.head.weight, self.training
        self.eval()
        found = []
        try:
            with ieee_float32(), with_threads(1), flushing(self.flush_denormals):
                for row, length in zip(inputs, steps.tolist(), strict=True):
                    alone = row[None, :length].clone().to(weight.device)  # memory of its own, laid out alike each time
                    outputs = self(alone if self.reads_symbols else alone.to(weight.dtype))
                    found.append(answers(self.objective, outputs))
        finally:
            self.train(was_training)
        return torch.cat([self._filled(answer, inputs.shape[1]) for answer in found])

    def to_torch(self) -> TorchNetwork:
        """The same network, of these very parameters, in torch.nn's own layer; up to each length the same outputs.

        Raises UsageError for a cell that torch.nn lacks.
        """
        cell = self.network.recurrent.cell
        if cell.torch_mode is None:
            raise UsageError("torch.nn has no such cell", key="cell", value=type(cell).__name__,
                             allowed="torch.nn's LSTM, GRU and RNN")  # fmt: skip
        if self.network.recursive is not None:
            raise UsageError("its layers are called step after step, each with the last answer", key="ahead",
                             value="recursive", allowed="a model learned with ahead=direct")  # fmt: skip
        for name in ("layer_norm", "residual", "recurrent_dropout", "zoneout"):
            if getattr(self.network.recurrent, name):
                raise UsageError("torch.nn has none", key=name, value=getattr(self.network.recurrent, name),
                                 allowed="off")  # fmt: skip
        return TorchNetwork(self.network).train(self.training)

    @property
    def reads_symbols(self) -> bool:
        return not isinstance(self.network.encoder, nn.Identity)

    def _checked(self, inputs: Any, lengths: Any) -> tuple[Tensor, Tensor]:
        """Rows and the number of their steps, on CPU."""
        inputs = torch.as_tensor(inputs).cpu()
        shape = tuple(inputs.shape)
        if self.reads_symbols:
            if inputs.dim() != 2 or inputs.is_floating_point() or 0 in shape:
                raise UsageError(f"inputs are {inputs.dtype} {shape}, not whole numbers (N, T)")
            inputs = inputs.long()
        else:
            I = self.network.recurrent.input_size
            if inputs.dim() != 3 or 0 in shape or shape[2] != I:
                raise UsageError(f"inputs are {shape}, not numbers (N, T, {I})")
        N, T = shape[:2]
        steps = torch.full((N,), T) if lengths is None else torch.as_tensor(lengths).cpu()
        if steps.shape != (N,) or steps.is_floating_point() or not bool(((steps >= 1) & (steps <= T)).all()):
            raise UsageError(f"lengths are not {N} whole numbers from 1 to {T}")
        if self.reads_symbols:
            symbols = inputs[torch.arange(T) < steps[:, None]]
            V = self._symbols()
            if not bool(((symbols >= 0) & (symbols < V)).all()):
                raise UsageError(f"inputs hold {int(symbols.min())} to {int(symbols.max())}, not symbols 0 to {V - 1}")
        else:
            wrong = ~inputs.isfinite().all(2) & (torch.arange(T) < steps[:, None])  # (N, T)
            if bool(wrong.any()):
                row, step = wrong.nonzero()[0].tolist()
                raise UsageError(f"inputs hold NaN or infinity in row {row} at step {step}: fill what is missing first")
        return inputs, steps

    def _symbols(self) -> int:
        encoder = self.network.encoder
        return encoder.symbols if isinstance(encoder, OneHot) else int(encoder.num_embeddings)  # type: ignore[arg-type]

    def _filled(self, answer: Tensor, T: int) -> Tensor:
        """One row's answer, of steps filled up to T."""
        if not self.objective.per_step or answer.shape[1] == T:
            return answer
        missing = answer.new_full((1, T - answer.shape[1], *answer.shape[2:]), nothing(answer))
        return torch.cat((answer, missing), dim=1)


class TorchNetwork(nn.Module):
    """Encoder → torch.nn's recurrent layer → head: rows (N, T, I), or symbols (N, T), lengths (N,) → outputs."""

    def __init__(self, network: SequenceModel):
        super().__init__()
        self.encoder, self.dropout, self.head = network.encoder, network.dropout, network.head
        self.recurrent = network.recurrent.to_torch()
        self.readout = network.readout

    def forward(self, inputs: Tensor, lengths: Tensor | None = None) -> Tensor:
        encoded = self.encoder(blank(inputs, lengths)).to(self.head.weight.dtype)  # (N, T, I)
        if lengths is None:
            hidden = self.recurrent(encoded)[0]  # (N, T, D·H)
        else:
            packed = pack_padded_sequence(encoded, lengths.cpu(), batch_first=True, enforce_sorted=False)
            hidden = pad_packed_sequence(self.recurrent(packed)[0], batch_first=True, total_length=inputs.shape[1])[0]
        read = read_directions(hidden, lengths, self.readout, self.recurrent.bidirectional)
        return self.head(self.dropout(read))


def blank(inputs: Tensor, lengths: Tensor | None) -> Tensor:
    """Zeros beyond each length, where NaN or what is no symbol may stand."""
    if lengths is None:
        return inputs
    padding = torch.arange(inputs.shape[1], device=inputs.device) >= lengths.to(inputs.device)[:, None]
    return inputs.masked_fill(trailing(padding, inputs.dim()), 0)
