"""What backends are held against: torch.nn, the equations in plain loops, finite differences. On CPU, in float64."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rnnbench.cells.base import Cell, Parameters, State
from rnnbench.parity.cases import Case

TORCH = "torch.nn float64"
EQUATIONS = "equations float64"
DIFFERENCES = "finite differences"

STEP = 1e-4
"""Of the differences: a four-point stencil errs by O(STEP⁴) and by rounding of about 1e-16 / STEP."""


def reference(cell: Cell, backend: str, case: Case) -> tuple[nn.Module, str]:
    """A module with torch.nn's calling convention and parameter names, and what to call it."""
    if cell.torch_mode is None or backend == "torch":
        return Equations(cell, case), EQUATIONS
    sizes = (case.input_size, case.hidden_size, case.num_layers)
    options: dict[str, Any] = {name: getattr(case, name) for name in ("bias", "batch_first", "bidirectional")}
    if case.proj_size:
        options["proj_size"] = case.proj_size
    if cell.torch_mode.startswith("RNN"):
        nonlinearity = cell.torch_mode.removeprefix("RNN_").lower()
        return nn.RNN(*sizes, nonlinearity=nonlinearity, dtype=torch.float64, **options), TORCH
    layer: Any = {"LSTM": nn.LSTM, "GRU": nn.GRU}[cell.torch_mode]
    return layer(*sizes, dtype=torch.float64, **options), TORCH


class Equations(nn.Module):
    """A cell's step in plain loops over layers, directions and time; shares no code with the backends or layers."""

    def __init__(self, cell: Cell, case: Case):
        super().__init__()
        self.cell = cell
        self.case = case
        self.suffixes = ("", "_reverse") if case.bidirectional else ("",)
        for layer in range(case.num_layers):
            width = case.input_size if layer == 0 else len(self.suffixes) * cell.state_sizes(case.hidden_size)[0]
            for suffix in self.suffixes:
                for role, shape in cell.parameter_shapes(width, case.hidden_size, case.bias).items():
                    parameter = nn.Parameter(torch.empty(shape, dtype=torch.float64))
                    self.register_parameter(f"{role}_l{layer}{suffix}", parameter)

    def forward(
        self, input: Tensor, hx: Tensor | State | None = None, lengths: Tensor | None = None
    ) -> tuple[Tensor, Tensor | State]:
        if lengths is not None:
            return self._one_by_one(input, hx, lengths)
        case = self.case
        time = 1 if case.batch_first and case.batch_size is not None else 0
        steps = [x if x.dim() == 2 else x[None] for x in input.unbind(time)]  # T × (B, I)
        given = (hx,) if isinstance(hx, Tensor) else hx
        finals: list[State] = []
        for layer in range(case.num_layers):
            outputs: list[list[Tensor]] = [[] for _ in steps]  # [t][direction]: (B, H)
            for suffix in self.suffixes:
                number = len(finals)
                if given is None:
                    widths = self.cell.state_sizes(case.hidden_size)
                    state: State = tuple(steps[0].new_zeros(len(steps[0]), width) for width in widths)
                else:
                    state = tuple(s[number] if s.dim() == 3 else s[number][None] for s in given)
                p = self._roles(f"_l{layer}{suffix}")
                order = range(len(steps)) if suffix == "" else range(len(steps) - 1, -1, -1)
                for t in order:
                    state = self.cell.step(self.cell.project(steps[t], p), state, p)
                    outputs[t].append(state[0])
                finals.append(state)
            steps = [torch.cat(parts, dim=1) for parts in outputs]  # T × (B, D·H)
        state = tuple(torch.stack(parts) for parts in zip(*finals, strict=True))
        output = torch.stack(steps, dim=time)
        if case.batch_size is None:
            output, state = output.squeeze(1), tuple(s.squeeze(1) for s in state)
        return output, state if len(state) > 1 else state[0]

    def _one_by_one(self, input: Tensor, hx: Tensor | State | None, lengths: Tensor) -> tuple[Tensor, Tensor | State]:
        """Each sequence alone, as long as it is: there is no padding to go wrong about."""
        batch = 0 if self.case.batch_first else 1
        given = (hx,) if isinstance(hx, Tensor) else hx
        outputs, finals = [], []
        for number, length in enumerate(lengths.tolist()):
            x = input.narrow(batch, number, 1).narrow(1 - batch, 0, length)
            state = None if given is None else tuple(s[:, number : number + 1] for s in given)
            output, last = self(x, state)
            rest = input.shape[1 - batch] - length
            outputs.append(F.pad(output, (0, 0, 0, rest) if batch == 0 else (0, 0, 0, 0, 0, rest)))
            finals.append((last,) if isinstance(last, Tensor) else last)
        state = tuple(torch.cat(parts, dim=1) for parts in zip(*finals, strict=True))
        return torch.cat(outputs, dim=batch), state if len(state) > 1 else state[0]

    def _roles(self, suffix: str) -> Parameters:
        return {n.removesuffix(suffix): p for n, p in self.named_parameters() if n.split("_l")[-1] == suffix[2:]}


def finite_differences(loss: Callable[[], Tensor], tensor: Tensor, directions: Tensor) -> Tensor:
    """The loss's derivative along each of n directions in `tensor`, by moving it there: (n, *shape) → (n,)."""
    slopes = []
    with torch.no_grad():
        start = tensor.clone()
        for direction in directions:
            values = []
            for steps in (-2, -1, 1, 2):
                tensor.copy_(start + steps * STEP * direction)
                values.append(loss())
            slopes.append((8 * (values[2] - values[1]) - (values[3] - values[0])) / (12 * STEP))  # 0 of equal ones
        tensor.copy_(start)
    return torch.stack(slopes)
