"""One backend of one cell against its reference, on every case of a grid.

The loss is ⟨output, u⟩ + Σ ⟨last state, v⟩ with random u and v, so that every number of every output counts, each with
its own weight, and no two errors cancel. The weights are drawn from the layers' initial distribution.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rnnbench.cells.base import Cell
from rnnbench.errors import UsageError
from rnnbench.machine.precision import ieee_float32
from rnnbench.machine.threads import with_threads
from rnnbench.parity.cases import FINITE_DIFFERENCES, GRID, Case, quick_cases
from rnnbench.parity.reference import DIFFERENCES, Equations, finite_differences, reference
from rnnbench.recurrent import backends
from rnnbench.recurrent.layers import Recurrent

TOLERANCE = {torch.float64: 1e-12, torch.float32: 1e-5}
DIFFERENCES_TOLERANCE = 1e-9

SEED = 1
"""Of all draws. With it, no gradient of the smallest cases happens to be a small difference of large terms."""


class ParityError(RuntimeError):
    """A backend does not compute what its cell's reference computes; one line that says where."""


@dataclass(frozen=True)
class Result:
    """One tensor of one case. `error` is relative, ‖a − b‖ / ‖b‖; inf where it cannot be computed."""

    case: str
    tensor: str
    error: float
    tolerance: float
    checked_against: str

    @property
    def passed(self) -> bool:
        return self.error <= self.tolerance


def check(
    cell: Cell, backend: str, dtype: torch.dtype, device: torch.device | str, grid: Iterable[Case] = GRID
) -> list[Result]:
    """Every tensor of every case; for a cell that torch lacks, also its gradients against finite differences.

    Raises UsageError when there is no such backend or it cannot run this cell in this dtype on this device.
    """
    return _results(cell, backend, dtype, torch.device(device), grid, every_direction=True)


def quick_check(
    subject: Recurrent | Cell, backend: str, dtype: torch.dtype, device: torch.device | str
) -> dict[str, float | str]:
    """The check before a run: a few small cases, and for a layer also its own shape. Leaves global randomness alone.

    Returns {"max_error": the largest relative error against the reference, "checked_against": what that was}.
    Raises ParityError when a tensor is out of tolerance, UsageError as `check` does.
    """
    cell = subject if isinstance(subject, Cell) else subject.cell
    results = _results(cell, backend, dtype, torch.device(device), quick_cases(subject), every_direction=False)
    worst = max(results, key=lambda r: r.error / r.tolerance)
    if not worst.passed:
        raise ParityError(
            f"backend {backend} fails its parity check: {worst.tensor} is off by {worst.error:.1e} (tolerance "
            f"{worst.tolerance:.0e}) from {worst.checked_against} in {str(dtype).removeprefix('torch.')}, {worst.case}"
        )
    names = list(dict.fromkeys(r.checked_against for r in results))
    error = max(r.error for r in results if r.checked_against != DIFFERENCES)
    return {"max_error": error, "checked_against": " and ".join(names)}


def _results(
    cell: Cell, backend: str, dtype: torch.dtype, device: torch.device, grid: Iterable[Case], every_direction: bool
) -> list[Result]:
    backend = backends.choose(backend, cell, device, dtype)
    results: list[Result] = []
    with torch.random.fork_rng([device] if device.type == "cuda" else []), ieee_float32():
        for case in grid:
            with with_threads(torch.get_num_threads() if case.parallel else 1):
                results += _compare(cell, backend, dtype, device, case)
        if cell.torch_mode is None:
            with with_threads(1):
                for case in FINITE_DIFFERENCES:
                    results += _differentiate(cell, case, every_direction)
    return results


def _compare(cell: Cell, backend: str, dtype: torch.dtype, device: torch.device, case: Case) -> list[Result]:
    layer = Recurrent(
        cell,
        case.input_size,
        case.hidden_size,
        case.num_layers,
        case.bias,
        case.batch_first,
        bidirectional=case.bidirectional,
        device=device,
        dtype=dtype,
        backend=backend,
    )
    oracle, name = reference(cell, backend, case)
    draws = _Draws(case, len(cell.state), dtype)
    draws.fill(layer)
    oracle.load_state_dict(layer.state_dict())
    expected = _tensors(oracle, draws, torch.float64, torch.device("cpu"))
    expected["output in evaluation"] = expected["output"]
    try:
        found = _tensors(layer, draws, dtype, device)
        found["output in evaluation"] = _evaluate(layer, draws, dtype, device)
    except UsageError:  # a request that cannot be, such as RNNBENCH_ISA: no fault of the backend
        raise
    except Exception as problem:  # a backend that breaks has failed, and the table goes on
        line = " ".join(str(problem).split())[:100]
        return [Result(str(case), f"{type(problem).__name__}: {line}", math.inf, TOLERANCE[dtype], name)]
    errors = {tensor: _relative_error(found[tensor], b, dtype) for tensor, b in expected.items()}
    return [Result(str(case), tensor, error, TOLERANCE[dtype], name) for tensor, error in errors.items()]


def _differentiate(cell: Cell, case: Case, every_direction: bool) -> list[Result]:
    """The gradients of the equations against finite differences: of every number, or along one random direction."""
    equations = Equations(cell, case)
    draws = _Draws(case, len(cell.state), torch.float64)
    draws.fill(equations)
    gradients = _tensors(equations, draws, torch.float64, torch.device("cpu"))
    leaves = {"input": draws.x, **dict(equations.named_parameters())}
    leaves |= {f"initial state {i}": s for i, s in enumerate(draws.state)}
    results = []
    for name, leaf in leaves.items():
        if every_direction:
            directions = torch.eye(leaf.numel(), dtype=leaf.dtype).view(-1, *leaf.shape)
        else:
            directions = draws.normal(1, *leaf.shape)
        slopes = finite_differences(lambda: draws.loss(*_call(equations, draws.x, draws.state)), leaf, directions)
        along = directions.flatten(1) @ gradients[f"gradient of {name}"].flatten()
        error = _relative_error(along, slopes, torch.float64)
        results.append(Result(str(case), f"gradient of {name}", error, DIFFERENCES_TOLERANCE, DIFFERENCES))
    return results


class _Draws:
    """The random numbers of one case, the same on every device: input, initial state, weights, u and v."""

    def __init__(self, case: Case, states: int, dtype: torch.dtype):
        self.generator = torch.Generator().manual_seed(SEED)
        self.dtype = dtype
        self.bound = 1 / math.sqrt(case.hidden_size)
        directions = 2 if case.bidirectional else 1
        batch = () if case.batch_size is None else (case.batch_size,)
        axes = (*batch, case.seq_len) if case.batch_first else (case.seq_len, *batch)
        state_shape = (case.num_layers * directions, *batch, case.hidden_size)
        self.x = self.normal(*axes, case.input_size)
        self.state = tuple(self.normal(*state_shape) for _ in range(states if case.initial_state else 0))
        self.u = self.normal(*axes, directions * case.hidden_size)
        self.v = tuple(self.normal(*state_shape) for _ in range(states))

    def normal(self, *shape: int) -> Tensor:
        return torch.randn(shape, generator=self.generator, dtype=torch.float64).to(self.dtype)

    def fill(self, module: nn.Module) -> None:
        with torch.no_grad():
            for parameter in module.parameters():
                uniform = torch.rand(parameter.shape, generator=self.generator, dtype=torch.float64)
                parameter.copy_((2 * uniform - 1) * self.bound)

    def loss(self, output: Tensor, state: tuple[Tensor, ...]) -> Tensor:
        weighted = zip((output, *state), (self.u, *self.v), strict=True)
        return torch.stack([(a * b.to(a)).sum() for a, b in weighted]).sum()


def _tensors(module: nn.Module, draws: _Draws, dtype: torch.dtype, device: torch.device) -> dict[str, Tensor]:
    """Output, last state and the gradient of every leaf, by name; zeros where no gradient arrives."""
    x, *state = (t.to(device, dtype, copy=True).requires_grad_() for t in (draws.x, *draws.state))
    output, last = _call(module, x, tuple(state))
    leaves = {"input": x, **dict(module.named_parameters())}
    leaves |= {f"initial state {i}": s for i, s in enumerate(state)}
    gradients = torch.autograd.grad(draws.loss(output, last), list(leaves.values()), allow_unused=True)
    found = {"output": output.detach()} | {f"last state {i}": s.detach() for i, s in enumerate(last)}
    for (name, leaf), gradient in zip(leaves.items(), gradients, strict=True):
        found[f"gradient of {name}"] = torch.zeros_like(leaf) if gradient is None else gradient
    return found


def _evaluate(layer: Recurrent, draws: _Draws, dtype: torch.dtype, device: torch.device) -> Tensor:
    """The output without autograd, in evaluation, where dropout must do nothing."""
    layer.eval()
    layer.dropout = 0.5
    with torch.no_grad():
        return _call(layer, draws.x.to(device, dtype), tuple(s.to(device, dtype) for s in draws.state))[0]


def _call(module: nn.Module, x: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
    output, last = module(x, None if not state else state[0] if len(state) == 1 else state)
    return output, (last,) if isinstance(last, Tensor) else tuple(last)


def _relative_error(a: Tensor, b: Tensor, dtype: torch.dtype) -> float:
    """‖a − b‖ / ‖b‖. Where the reference is zero to the last bit (no state before T=1, a dead relu), so must `a` be."""
    if a.shape != b.shape or a.dtype != dtype:
        return math.inf
    a, b = a.to("cpu", torch.float64), b.to("cpu", torch.float64)
    difference, size = float(torch.linalg.vector_norm(a - b)), float(torch.linalg.vector_norm(b))
    if difference == 0:
        return 0.0
    error = difference / size if size > 0 else math.inf
    return error if math.isfinite(error) else math.inf
