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
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from rnnbench.cells.base import Cell
from rnnbench.errors import UsageError, text_of
from rnnbench.machine.precision import ieee_float32
from rnnbench.machine.threads import with_threads
from rnnbench.parity.cases import FINITE_DIFFERENCES, GRID, Case, quick_cases
from rnnbench.parity.reference import DIFFERENCES, Equations, finite_differences, reference
from rnnbench.recurrent import backends
from rnnbench.recurrent.layers import Recurrent
from rnnbench.stopping import let_end

TOLERANCE = {torch.float64: 1e-12, torch.float32: 1e-5, torch.bfloat16: 5e-2}
"""bfloat16 has 8 bits, 4e-3 from a number to the next. Tensors of many numbers are off by less than 1e-2, a lone one
that is a small difference of large ones by four times that, with torch.nn's layers too."""
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
            subject = case.subject(cell)
            if subject is None or backends.named(backend).unsupported(subject, device, dtype):
                continue
            with with_threads(torch.get_num_threads() if case.parallel else 1):
                results += _compare(subject, backend, dtype, device, case)
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
    draws = _Draws(cell, case, dtype)
    draws.fill(layer)
    oracle.load_state_dict(layer.state_dict())
    expected = _tensors(oracle, draws, torch.float64, torch.device("cpu"))
    expected["output in evaluation"] = expected["output"]
    try:
        found = _tensors(layer, draws, dtype, device)
        found["output in evaluation"] = _evaluate(layer, draws, dtype, device)
    except UsageError:  # a request that cannot be, such as RNNBENCH_ISA: no fault of the backend
        raise
    except BaseException as problem:  # a backend that breaks has failed, and the table goes on
        let_end(problem)
        line = text_of(problem)[:100]
        return [Result(str(case), f"{type(problem).__name__}: {line}", math.inf, TOLERANCE[dtype], name)]
    errors = {tensor: relative_error(found[tensor], b, dtype) for tensor, b in expected.items()}
    return [Result(str(case), tensor, error, TOLERANCE[dtype], name) for tensor, error in errors.items()]


def _differentiate(cell: Cell, case: Case, every_direction: bool) -> list[Result]:
    """The gradients of the equations against finite differences: of every number, or along one random direction."""
    equations = Equations(cell, case)
    draws = _Draws(cell, case, torch.float64)
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
        slopes = finite_differences(
            lambda: draws.loss(*_call(equations, draws, draws.x, draws.state)), leaf, directions
        )
        gradient = gradients[f"gradient of {name}"].flatten()
        along = directions.flatten(1) @ gradient
        error = relative_error(along, slopes, torch.float64, float(torch.linalg.vector_norm(gradient)))
        results.append(Result(str(case), f"gradient of {name}", error, DIFFERENCES_TOLERANCE, DIFFERENCES))
    return results


class _Draws:
    """The random numbers of one case, the same on every device: input, initial state, weights, u and v."""

    def __init__(self, cell: Cell, case: Case, dtype: torch.dtype):
        self.generator = torch.Generator().manual_seed(SEED)
        self.dtype = dtype
        self.lengths = None if case.lengths is None else torch.tensor(case.lengths)
        self.batch_first = case.batch_first
        self.bound = 1 / math.sqrt(case.hidden_size)
        directions = 2 if case.bidirectional else 1
        batch = () if case.batch_size is None else (case.batch_size,)
        axes = (*batch, case.seq_len) if case.batch_first else (case.seq_len, *batch)
        widths = cell.state_sizes(case.hidden_size)
        state_shapes = [(case.num_layers * directions, *batch, width) for width in widths]
        self.x = self.normal(*axes, case.input_size)
        if self.lengths is not None:  # nobody may read what stands there
            padding = torch.arange(case.seq_len) >= self.lengths[:, None]  # (B, T)
            self.x[padding if case.batch_first else padding.T] = torch.nan
        self.state = cell.reachable(tuple(self.normal(*s) for s in state_shapes)) if case.initial_state else ()
        self.u = self.normal(*axes, directions * widths[0])
        self.v = tuple(self.normal(*shape) for shape in state_shapes)

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
    output, last = _call(module, draws, x, tuple(state))
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
        return _call(layer, draws, draws.x.to(device, dtype), tuple(s.to(device, dtype) for s in draws.state))[0]


def _call(module: nn.Module, draws: _Draws, x: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
    hx = None if not state else state[0] if len(state) == 1 else state
    if draws.lengths is None:
        output, last = module(x, hx)
    elif isinstance(module, Recurrent | Equations):
        output, last = module(x, hx, lengths=draws.lengths)
    else:
        order = {"batch_first": draws.batch_first}
        output, last = module(pack_padded_sequence(x, draws.lengths, enforce_sorted=False, **order), hx)
        output, _ = pad_packed_sequence(output, total_length=x.shape[int(draws.batch_first)], **order)
    return output, (last,) if isinstance(last, Tensor) else tuple(last)


def relative_error(a: Tensor, b: Tensor, dtype: torch.dtype, least: float = 0.0) -> float:
    """‖a − b‖ / ‖b‖. Where the reference is zero to the last bit (no state before T=1, a dead relu), so must `a` be.

    least: in the place of a smaller ‖b‖, such as a gradient's of which b is what lies along one direction.
    """
    if a.shape != b.shape or a.dtype != dtype:
        return math.inf
    a, b = a.to("cpu", torch.float64), b.to("cpu", torch.float64)
    difference, size = float(torch.linalg.vector_norm(a - b)), max(float(torch.linalg.vector_norm(b)), least)
    if difference == 0:
        return 0.0
    error = difference / size if size > 0 else math.inf
    return error if math.isfinite(error) else math.inf
