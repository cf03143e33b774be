"""What a run has done so far, and what of it a checkpoint holds."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from torch import Tensor

from rnnbench.training.selection import Selection


@dataclass
class Progress:
    """What a run has done so far: all of it, and nothing else, goes into the checkpoint."""

    step: int = 0
    train_seconds: float = 0.0
    step_seconds: list[float] = field(default_factory=list)  # warm-up dropped
    losses: list[float] = field(default_factory=list)  # training losses since the last evaluation
    history: list[dict[str, float | None]] = field(default_factory=list)
    best_weights: dict[str, Tensor] | None = None  # of the step that `Selection` found best
    solved_step: int | None = None
    solved_seconds: float | None = None
    stopped_by: str | None = None  # max_steps, max_epochs, max_seconds, patience, solved or diverged
    diverged_step: int | None = None
    contended: bool = False
    kinds: list[str] = field(default_factory=list)  # of its time: backend, processor, threads


PARTS = {
    "progress": tuple(f.name for f in fields(Progress)), "selection": tuple(f.name for f in fields(Selection)),
    "model": (), "optimizer": (), "carried": (), "threads": (), "random": (), "cuda_random": (),
}  # fmt: skip
"""What a checkpoint holds, and of each part the names that it must have."""
