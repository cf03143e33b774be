"""What libraries and users do with torch.nn's layers, and find here too.

`isinstance(layer, nn.RNNBase)` holds, and its attributes and methods are inherited; torch.fx keeps a layer as one node
and torch.jit.script takes torch.nn's twin with the same parameters (`to_torch`). docs/drop_in.md lists what is not so.
"""

from __future__ import annotations

from typing import Any

import torch.fx
from torch import nn

from rnnbench.cells.base import Cell, State

TWINS = {"LSTM": nn.LSTM, "GRU": nn.GRU, "RNN_TANH": nn.RNN, "RNN_RELU": nn.RNN}


class DropIn(nn.RNNBase):
    """A layer that torch's own machinery for nn.LSTM, nn.GRU and nn.RNN takes for one of them."""

    cell: Cell
    computes_in: str | None = None  # of layers that were pickled before it was there
    _names: list[list[dict[str, str]]]

    def _remember_as_torch_does(self) -> None:
        """The attributes that torch.nn's layers have beside their constructor's: names and lists of the weights."""
        self.mode = self.cell.torch_mode or type(self.cell).__name__
        h = self.cell.state_sizes(self.hidden_size)[0]
        self.proj_size = 0 if h == self.hidden_size else h
        self._all_weights = [list(names.values()) for layer in self._names for names in layer]
        self._flat_weights_names = [name for names in self._all_weights for name in names]
        self._init_flat_weights()

    def flatten_parameters(self) -> None:
        """As torch.nn: one block of memory for cuDNN, which only torch's own cells need."""
        if self.cell.torch_mode:
            super().flatten_parameters()

    def to_torch(self) -> nn.RNNBase:
        """torch.nn's layer with these very parameters. Raises ValueError for a cell that torch lacks."""
        if self.cell.torch_mode is None:
            raise ValueError(f"torch.nn has no {type(self.cell).__name__}")
        for name in ("layer_norm", "residual", "recurrent_dropout", "zoneout"):
            if getattr(self, name, False):
                raise ValueError(f"torch.nn has no {name}")
        options: dict[str, Any] = {name: getattr(self, name) for name in ("bias", "batch_first", "bidirectional")}
        if self.cell.torch_mode.startswith("RNN"):
            options["nonlinearity"] = self.cell.torch_mode.removeprefix("RNN_").lower()
        if self.proj_size:
            options["proj_size"] = self.proj_size
        twin = TWINS[self.cell.torch_mode](self.input_size, self.hidden_size, self.num_layers, device="meta", **options)
        twin.dropout = self.dropout
        for name in self._flat_weights_names:
            setattr(twin, name, getattr(self, name))
        return twin.train(self.training)

    def __prepare_scriptable__(self) -> nn.RNNBase:
        """What torch.jit.script compiles in our place: TorchScript knows nothing of Python beyond torch."""
        return self.to_torch()

    @staticmethod
    def is_traced_by_fx(input: Any) -> bool:
        return isinstance(input, torch.fx.Proxy)

    def as_leaf(self, input: Any, hx: Any, lengths: Any) -> Any:
        """One node of the graph, as torch.fx makes of whatever stands in torch.nn."""
        tracer = input.tracer
        options = {} if lengths is None else {"lengths": lengths}
        return tracer.create_proxy("call_module", tracer.path_of_module(self), (input, hx), options)

    def extra_repr(self) -> str:
        """torch.nn's, and what is ours where it is not the default."""
        parts = [f"{self.input_size}, {self.hidden_size}"]
        for name, default in (("proj_size", 0), ("num_layers", 1), ("bias", True), ("batch_first", False),
                              ("dropout", 0.0), ("bidirectional", False), ("forget_bias", None),
                              ("longest", None), ("layer_norm", False), ("residual", False),
                              ("recurrent_dropout", 0.0), ("zoneout", 0.0), ("computes_in", None),
                              ("backend", "auto")):  # fmt: skip
            if getattr(self, name) != default:
                parts.append(f"{name}={getattr(self, name)}")
        return ", ".join(parts)

    def _as_state(self, state: State, batched: bool) -> Any:
        state = state if batched else tuple(s.squeeze(1) for s in state)
        return state if len(state) > 1 else state[0]
