"""Who takes part: a cell, carried by torch.nn, by a backend of ours or by a peer, at a number of threads.

All get the same weights and inputs from one `Problem`, and say what they computed (`results`), which has to agree with
an independent reference before a time of theirs counts (`speed/agreement.py`).
"""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from rnnbench.cells.base import Cell
from rnnbench.config import OptimizerConfig
from rnnbench.machine.denormals import flushing
from rnnbench.machine.threads import with_threads
from rnnbench.recurrent.layers import Recurrent
from rnnbench.speed.setting import Setting
from rnnbench.training.clipping import Clipping
from rnnbench.training.optimizers import make_optimizer

Results = dict[str, Tensor]
"""Output, last state and, where they are asked for, gradients, by name."""


@dataclass(frozen=True)
class Problem:
    """A cell at a setting: x (calls · T, B, I); u, the weights of the loss, (T, B, H), or (B, H) of the last step."""

    name: str
    cell: Cell
    setting: Setting
    x: Tensor
    u: Tensor
    weights: dict[str, Tensor] = field(repr=False)  # as torch.nn names them

    @classmethod
    def drawn(cls, name: str, cell: Cell, setting: Setting, seed: int) -> Problem:
        """The loss is ⟨output, u⟩ with a fixed random u: its own cost is none."""
        size, generator = setting.size, torch.Generator().manual_seed(seed)
        device, dtype = setting.device, setting.dtype
        x = torch.randn(setting.calls * size.T, size.B, size.I, generator=generator).to(device, dtype)
        u = (torch.randn(size.T, size.B, size.H, generator=generator) / size.T).to(device, dtype)
        with torch.random.fork_rng([]):
            torch.manual_seed(seed)
            layer = Recurrent(cell, size.I, size.H, setting.layers, dtype=dtype, backend="eager")
        weights = {name: weight.to(device, dtype) for name, weight in layer.state_dict().items()}
        return cls(name, cell, setting, x, u[-1] if setting.loss == "last" else u, weights)

    def state(self) -> tuple[Tensor, ...]:
        """The first: zeros, (L, B, H) each."""
        shape = (self.setting.layers, self.setting.size.B, self.setting.size.H)
        return tuple(self.x.new_zeros(shape) for _ in self.cell.state)


class Candidate(ABC):
    """One that takes its turn.

    backend: who carries the cell. threads: how many it uses. denormals: "flushed" to zero, or "kept". is_auto: whether
    backend=auto takes it. library: whose code computes, with its version.
    """

    pool: ClassVar[str] = "torch"
    """Whose threads compute: those of another pool may still spin when its turn is over."""

    def __init__(
        self,
        problem: Problem,
        backend: str,
        threads: int,
        denormals: str = "flushed",
        is_auto: bool = False,
        library: str = f"torch {torch.__version__}",
    ):
        self.problem, self.backend, self.threads = problem, backend, threads
        self.denormals, self.is_auto, self.library = denormals, is_auto, library
        self.seconds: dict[str, list[float]] = {}  # by phase, a number a round
        self.first = 0.0  # seconds of the first call, with all that it compiles
        self.latest = math.inf  # seconds of the last turn
        self.error = 0.0  # the largest relative one of what it computes

    @abstractmethod
    def step(self) -> dict[str, float]:
        """Seconds of one step, by phase."""

    @abstractmethod
    def results(self) -> Results:
        """What a step computes, in the CPU's memory."""


class Layer(Candidate):
    """A module called as torch.nn's layers are: torch.nn itself, our layers, and what torch.compile makes."""

    def __init__(self, problem: Problem, backend: str, module: nn.Module, threads: int, **options: Any):
        super().__init__(problem, backend, threads, **options)
        self.module = module.to(problem.setting.device, problem.setting.dtype)
        self.x = problem.x.clone().requires_grad_(problem.setting.trains and problem.setting.input_grad)
        self.clip, self.optimizer = _update(self.module)

    def step(self) -> dict[str, float]:
        with with_threads(self.threads), flushing(self.denormals == "flushed"):
            if self.problem.setting.trains:
                return self._train()
            with torch.inference_mode():
                return self._forward()

    def _train(self) -> dict[str, float]:
        """Forward with gradients recorded, backward, and what training adds: clipping and Adam."""
        self.optimizer.zero_grad()
        self.x.grad = None
        marks = [now(self.x)]
        output, _ = self.module(self.x)
        marks.append(now(self.x))
        (output if self.problem.u.dim() == 3 else output[-1]).backward(self.problem.u)
        marks.append(now(self.x))
        self.clip()
        self.optimizer.step()
        marks.append(now(self.x))
        start, forward, backward, end = marks
        return {"forward": forward - start, "backward": backward - forward, "pass": backward - start,
                "step": end - start}  # fmt: skip

    def _forward(self) -> dict[str, float]:
        state, inputs = self._state(), self._inputs()
        start = now(self.x)
        for x in inputs:
            _, state = self.module(x, state)
        return {"forward": (now(self.x) - start) / len(inputs)}

    def results(self) -> Results:
        with with_threads(self.threads), flushing(self.denormals == "flushed"):
            if self.problem.setting.trains:
                return trained(self.module, self.x, self.problem.u)
            with torch.inference_mode():
                state, outputs = self._state(), []
                for x in self._inputs():
                    output, state = self.module(x, state)
                    outputs.append(output)
        return named(torch.cat(outputs), self._last(state))

    def _state(self) -> Any:
        """As the module takes it."""
        state = self.problem.state()
        return state if len(state) > 1 else state[0]

    def _last(self, state: Any) -> Any:
        """What the module gave back, as torch.nn's layers give it."""
        return state

    def _inputs(self) -> Sequence[Tensor]:
        return self.x.chunk(self.problem.setting.calls)


def _update(module: nn.Module) -> tuple[Callable[[], Any], torch.optim.Optimizer]:
    """What a step does after the backward pass: of our layers as a run does it, else as torch has it, fused too."""
    if isinstance(module, Recurrent):
        adam = make_optimizer(module, OptimizerConfig())
        return Clipping(list(module.parameters()), 1.0), adam
    theirs = torch.optim.Adam(module.parameters(), fused=True)
    return lambda: nn.utils.clip_grad_norm_(module.parameters(), 1.0), theirs


def trained(module: nn.Module, x: Tensor, u: Tensor) -> Results:
    """Output, last state and gradients of ⟨output, u⟩, or of ⟨last output, u⟩."""
    module.zero_grad()
    x.grad = None
    output, state = module(x)
    (output if u.dim() == 3 else output[-1]).backward(u)
    found = named(output, state)
    leaves = {**dict(module.named_parameters()), **({"input": x} if x.requires_grad else {})}
    return found | {f"gradient of {name}": leaf.grad.cpu() for name, leaf in leaves.items() if leaf.grad is not None}


def named(output: Tensor, state: Any) -> Results:
    """state: (L, B, H), a tuple of these."""
    parts = (state,) if isinstance(state, Tensor) else tuple(state)
    return {"output": output.detach().cpu()} | {f"last state {i}": s.detach().cpu() for i, s in enumerate(parts)}


def now(x: Tensor) -> float:
    if x.is_cuda:
        torch.cuda.synchronize(x.device)
    return time.perf_counter()
