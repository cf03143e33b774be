"""The one training loop.

Told once: take the batch of this step, step the optimizer, now and then evaluate on validation and decide whether to go
on, now and then write a checkpoint. Everything the loop knows is in `Progress`, so a run that is killed and started
again goes on from its checkpoint as if nothing had happened.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from tqdm import tqdm

from rnnbench.config import BudgetConfig, OptimizerConfig
from rnnbench.data.base import Held, Task
from rnnbench.errors import UsageError
from rnnbench.machine.clocks import WARM_UP, StepClock
from rnnbench.machine.interrupts import deferred_interrupt
from rnnbench.training import checkpoint
from rnnbench.training.model import Carried, SequenceModel
from rnnbench.training.optimizers import learning_rate, make_optimizer

EVALUATION_BATCH = 256
COLLECT_EVERY = 50
"""Steps after which losses are looked at, at the latest: a diverged run ends within so many steps."""


@dataclass
class Progress:
    """What a run has done so far: all of it, and nothing else, goes into the checkpoint."""

    step: int = 0
    train_seconds: float = 0.0
    step_seconds: list[float] = field(default_factory=list)  # warm-up dropped
    losses: list[float] = field(default_factory=list)  # training losses since the last evaluation
    history: list[dict[str, float | None]] = field(default_factory=list)
    best: dict[str, float] | None = None  # validation metrics of the best step
    best_step: int | None = None
    best_weights: dict[str, Tensor] | None = None
    worse: int = 0  # evaluations since the best one
    solved_step: int | None = None
    solved_seconds: float | None = None
    stopped_by: str | None = None  # max_steps, max_epochs, max_seconds, patience, solved or diverged
    diverged_step: int | None = None
    contended: bool = False
    kinds: list[str] = field(default_factory=list)  # of its time: backend, processor, threads


PARTS = {
    "progress": tuple(f.name for f in fields(Progress)),
    "model": (), "optimizer": (), "carried": (), "threads": (), "random": (), "cuda_random": (),
}  # fmt: skip
"""What a checkpoint holds, and of each part the names that it must have."""


@dataclass
class Training:
    """One model being trained on one task. Randomness beyond the data's own comes from torch's global generator."""

    model: SequenceModel
    task: Task
    batch_size: int
    optimizer_config: OptimizerConfig
    budget: BudgetConfig
    clip_norm: float | None
    device: torch.device
    dtype: torch.dtype
    checkpoint: Path | None = None
    checkpoint_seconds: float = 30.0
    show_progress: bool = False
    label: str = ""  # what the progress bar calls this run
    kind: str = ""  # what its time is of: backend and processor
    threads_because: str = ""  # why so many threads
    others_running: Callable[[], bool] = lambda: False

    def __post_init__(self) -> None:
        self.progress = Progress()
        self.optimizer = make_optimizer(self.model, self.optimizer_config)
        self.last_step, self.last_step_reason = self._last_step()
        self._carried: Carried = None
        self._clock = StepClock(self.device)
        self._pending: list[Tensor] = []  # losses not looked at yet
        self._warm_up = WARM_UP

    def run(self) -> Progress:
        """Train until a budget ends it; the model is left with the best validation weights."""
        if not self._restore():
            self._evaluate()
        progress = self.progress
        kind = f"{self.kind}, threads: {torch.get_num_threads()}"
        progress.kinds = list(dict.fromkeys([*progress.kinds, kind]))
        bar = tqdm(total=self.last_step, initial=progress.step, unit="step", desc=self.label, leave=False,
                   disable=not self.show_progress, dynamic_ncols=True)  # fmt: skip
        saved = time.monotonic()
        with bar, deferred_interrupt() as interrupts:
            while progress.stopped_by is None:
                if interrupts.noted():
                    self._save()
                    interrupts.deliver()
                self._step()
                bar.update()
                if len(self._pending) >= COLLECT_EVERY:
                    self._collect()
                self._check_limits()
                if progress.stopped_by is not None or progress.step % self.budget.eval_every == 0:
                    self._evaluate()
                    bar.set_postfix(self._shown(), refresh=False)
                if self.checkpoint and time.monotonic() - saved >= self.checkpoint_seconds:
                    self._save()
                    saved = time.monotonic()
            if interrupts.noted():  # in the last step or evaluation
                self._save()
                interrupts.deliver()
        if progress.best_weights is not None:
            self.model.load_state_dict(progress.best_weights)
        return progress

    def _step(self) -> None:
        batch = self.task.train.batch(self.progress.step, self.batch_size).to(self.device, self.dtype)
        if batch.fresh:
            self._carried = None
        self._clock.start()
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.optimizer_config, self.progress.step, self.last_step)
        outputs, carried = self.model(batch, self._carried)
        loss = self.task.loss(outputs, batch)
        self.optimizer.zero_grad()
        loss.backward()
        if self.clip_norm is not None:
            nn.utils.clip_grad_norm_(self.model.parameters(), self.clip_norm)
        self.optimizer.step()
        self._clock.stop()
        self._carried = detached(carried)
        self._pending.append(loss.detach())
        self.progress.step += 1

    def _collect(self) -> None:
        """Take in the times and losses of the steps since the last look; a loss that is no number ends the run."""
        progress = self.progress
        seconds = self._clock.collect()
        progress.train_seconds += sum(seconds)
        progress.step_seconds += seconds[self._warm_up :]
        self._warm_up = max(0, self._warm_up - len(seconds))
        if not self._pending:
            return
        losses = torch.stack(self._pending).tolist()
        first = progress.step - len(losses)
        self._pending = []
        progress.losses += losses
        for offset, loss in enumerate(losses):
            if not math.isfinite(loss):
                progress.stopped_by = "diverged"
                progress.diverged_step = first + offset + 1
                return

    def _check_limits(self) -> None:
        progress, budget = self.progress, self.budget
        if progress.stopped_by is not None:
            return
        if self.last_step is not None and progress.step >= self.last_step:
            progress.stopped_by = self.last_step_reason
        elif budget.max_seconds is not None:
            if self.device.type == "cpu":  # a GPU would have to be waited for: there up to COLLECT_EVERY steps more
                self._collect()
            if progress.stopped_by is None and progress.train_seconds >= budget.max_seconds:
                progress.stopped_by = "max_seconds"

    def _evaluate(self) -> None:
        """Score the validation set, keep the weights if they are the best so far, decide whether to stop."""
        progress, task = self.progress, self.task
        self._collect()
        progress.contended |= self.others_running()
        if progress.stopped_by == "diverged":
            return
        valid = evaluate(self.model, task, task.valid, self.device, self.dtype, self.batch_size)
        if not all(math.isfinite(value) for value in valid.values()):
            progress.stopped_by, progress.diverged_step = "diverged", progress.step
            return
        losses, progress.losses = progress.losses, []
        row: dict[str, float | None] = {"step": progress.step, "seconds": progress.train_seconds}
        row["train_loss"] = sum(losses) / len(losses) if losses else None
        progress.history.append(row | {f"valid_{name}": value for name, value in valid.items()})
        untrained = progress.best_step == 0  # where the score is chance, luck may favour it: only better than nothing
        if progress.best is None or untrained or self._rank(valid) > self._rank(progress.best):
            progress.best, progress.best_step, progress.worse = valid, progress.step, 0
            progress.best_weights = {name: tensor.clone() for name, tensor in self.model.state_dict().items()}
        else:
            progress.worse += 1
        solved, value = self.budget.solved, valid[task.metric]
        if solved is not None and (value >= solved if task.higher_is_better else value <= solved):
            progress.solved_step, progress.solved_seconds = progress.step, progress.train_seconds
            progress.stopped_by = "solved"
        elif progress.stopped_by is None and progress.worse >= (self.budget.patience or math.inf):
            progress.stopped_by = "patience"

    def _rank(self, metrics: dict[str, float]) -> tuple[float, float]:
        value = metrics[self.task.metric]
        return (value if self.task.higher_is_better else -value, -metrics["loss"])

    def _last_step(self) -> tuple[int | None, str]:
        limits = {}
        if self.budget.max_steps is not None:
            limits[self.budget.max_steps] = "max_steps"
        if self.budget.max_epochs is not None:
            steps = self.task.train.epoch_steps(self.batch_size)
            if steps is None:
                raise UsageError("fresh examples without end make no epochs", key="budget.max_epochs",
                                 value=self.budget.max_epochs, allowed="null, or set train_size")  # fmt: skip
            limits[steps * self.budget.max_epochs] = "max_epochs"
        return (min(limits), limits[min(limits)]) if limits else (None, "")

    def _shown(self) -> dict[str, str]:
        row = self.progress.history[-1] if self.progress.history else {}
        names = ("train_loss", f"valid_{self.task.metric}")
        return {name: f"{row[name]:.4g}" for name in names if row.get(name) is not None}

    def _save(self) -> None:
        self._collect()
        if self.checkpoint is None:
            return
        state: dict[str, Any] = {
            "progress": {f.name: getattr(self.progress, f.name) for f in fields(Progress)},
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "carried": self._carried,
            "threads": torch.get_num_threads(),  # their number decides the order of sums, and so the last bits
            "random": torch.get_rng_state(),
            "cuda_random": torch.cuda.get_rng_state() if self.device.type == "cuda" else None,
        }
        checkpoint.write(self.checkpoint, state)

    def _restore(self) -> bool:
        """Go on from the checkpoint, if there is one to go on from."""
        state = None if self.checkpoint is None else checkpoint.read(self.checkpoint, self.device, PARTS)
        if state is None:
            return False
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.progress = Progress(**state["progress"])
        self._carried = state["carried"]
        if state["threads"] != torch.get_num_threads():
            torch.set_num_threads(state["threads"])
            self.threads_because = "as when the run began"
        torch.set_rng_state(state["random"].cpu())
        if state["cuda_random"] is not None:
            torch.cuda.set_rng_state(state["cuda_random"].cpu())
        return True


@torch.no_grad()
def evaluate(
    model: SequenceModel, task: Task, held: Held, device: torch.device, dtype: torch.dtype, batch_size: int
) -> dict[str, float]:
    """The metrics of a whole set, "loss" and the task's own, summed in float64 over its batches."""
    model.eval()
    sums: dict[str, float] = {}
    counts: dict[str, float] = {}
    state: Carried = None
    for batch in held.batches(max(batch_size, EVALUATION_BATCH)):
        batch = batch.to(device, dtype)
        outputs, state = model(batch, None if batch.fresh else state)
        for name, (total, count) in task.totals(outputs, batch).items():
            sums[name] = sums.get(name, 0.0) + float(total)
            counts[name] = counts.get(name, 0.0) + float(count)
    model.train()
    return task.finish({name: sums[name] / counts[name] for name in sums})


def detached(state: Carried) -> Carried:
    """The same values, cut from the graph of the batch that made them."""
    if state is None or isinstance(state, Tensor):
        return None if state is None else state.detach()
    return tuple(s.detach() for s in state)
