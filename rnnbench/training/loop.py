"""The one training loop.

Told once: take the batch of this step, step the optimizer, now and then evaluate on validation and decide whether to go
on, now and then write a checkpoint. Everything the loop knows is in `Progress`, so a run that is killed and started
again goes on from its checkpoint as if nothing had happened.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rnnbench.config import BudgetConfig, OptimizerConfig
from rnnbench.data.base import Held, Parts
from rnnbench.data.batch import Batch
from rnnbench.errors import UsageError
from rnnbench.machine.clocks import WARM_UP, StepClock
from rnnbench.machine.interrupts import deferred_interrupt
from rnnbench.machine.progress import progress_bar
from rnnbench.objectives.metrics.base import Metric
from rnnbench.records import History
from rnnbench.training import checkpoint
from rnnbench.training.clipping import Clipping
from rnnbench.training.evaluation import evaluate
from rnnbench.training.model import Carried, SequenceModel, detached
from rnnbench.training.optimizers import learning_rate, make_optimizer
from rnnbench.training.predictions import Kept
from rnnbench.training.progress import PARTS, Progress
from rnnbench.training.restoring import restore
from rnnbench.training.selection import Selection

COLLECT_EVERY = 50
"""Steps after which losses are looked at, at the latest: a diverged run ends within so many steps."""


@dataclass
class Training:
    """One model being trained on one dataset. Randomness beyond the data's own comes from torch's global generator."""

    model: SequenceModel
    parts: Parts
    metrics: Sequence[Metric]  # the first selects the best step
    batch_size: int
    optimizer_config: OptimizerConfig
    budget: BudgetConfig
    clip_norm: float | None
    device: torch.device
    dtype: torch.dtype
    checkpoint: Path | None = None
    checkpoint_seconds: float = 30.0
    history_file: History | None = None
    show_progress: bool = False
    label: str = ""  # what the progress bar calls this run
    kind: str = ""  # what its time is of: backend and processor
    threads_because: str = ""  # why so many threads
    others_running: Callable[[], bool] = lambda: False
    keep_last: bool = False  # whether `run` leaves the weights of the last step, too
    replicas: int = 1  # runs that train side by side in this process, this one among them

    def __post_init__(self) -> None:
        self.progress = Progress()
        first = self.metrics[0]
        self.selection = Selection(first.name, first.better, self.budget.patience, self.budget.solved)
        self.optimizer = make_optimizer(self.model, self.optimizer_config)
        self.parameters = list(self.model.parameters())
        self.clip = None if self.clip_norm is None else Clipping(self.parameters, self.clip_norm)
        self.last_step, self.last_step_reason = self._last_step()
        self.last_weights: dict[str, Tensor] | None = None
        self.carried: Carried = None
        self.clock = StepClock(self.device)
        self._lost: set[str] = set()  # what could not be written, and was said to be so
        self._pending: list[Tensor] = []  # losses not looked at yet
        self._warm_up = WARM_UP
        self._saved = time.monotonic()

    def run(self) -> Progress:
        """Train until a budget ends it; the model is left with the best validation weights."""
        self.begin()
        progress = self.progress
        bar = progress_bar(self.last_step, progress.step, self.label, self.show_progress)
        with bar, deferred_interrupt() as interrupts:
            while progress.stopped_by is None:
                if interrupts.noted():
                    self.save()
                    interrupts.deliver()
                self._step()
                if interrupts.woken():
                    self.clock.forget_pause()
                bar.update()
                if self.look():
                    bar.set_postfix(self._shown(), refresh=False)
            if interrupts.noted():  # in the last step or evaluation
                self.save()
                interrupts.deliver()
        return self.end()

    def begin(self) -> None:
        """Go on from the checkpoint, or evaluate what is not trained yet."""
        restored = self._restore()
        if (history := self.history_file) is not None:
            self._told(lambda: history.write(self.progress.history), "no history")
        if not restored:
            self._evaluate()
        self.progress.kinds = list(dict.fromkeys([*self.progress.kinds, self.kind_of_time()]))
        self._saved = time.monotonic()

    def look(self) -> bool:
        """What comes between two steps, each at its time: budgets, evaluation (then True), checkpoint."""
        if len(self._pending) >= COLLECT_EVERY:
            self._collect()
        self._check_limits()
        evaluated = self.progress.stopped_by is not None or self.progress.step % self.budget.eval_every == 0
        if evaluated:
            self._evaluate()
        if self.checkpoint and time.monotonic() - self._saved >= self.checkpoint_seconds:
            self.save()
            self._saved = time.monotonic()
        return evaluated

    def end(self) -> Progress:
        """Leave the model with the best validation weights."""
        if self.keep_last:
            self.last_weights = self._weights()
        if self.progress.best_weights is not None:
            self.model.load_state_dict(self.progress.best_weights)
        return self.progress

    def batch(self, step: int) -> Batch:
        """What the model is shown in a training step 0, 1, 2, …"""
        batch = self.parts.train.batch(step, self.batch_size)
        return self.parts.objective.take(batch, self.device, self.dtype)

    def score(self, held: Held, kept: Kept | None = None) -> dict[str, float]:
        """ "loss" and each metric of a whole set."""
        return evaluate(self.model, self.parts.objective, self.metrics, held, self.device, self.dtype, self.batch_size,
                        kept)  # fmt: skip

    def kind_of_time(self) -> str:
        """Backend, processor and threads, within which times may be compared."""
        return f"{self.kind}, threads: {torch.get_num_threads()}"

    def timed(self, most: int, seconds: float, least: int) -> list[float]:
        """Seconds of each of `most` steps after the warm-up, or of fewer, `least` or more, once they took `seconds`."""
        found: list[float] = []
        while len(found) < WARM_UP + most and (len(found) < WARM_UP + least or sum(found[WARM_UP:]) < seconds):
            for _ in range(10):  # a GPU is waited for after so many
                self._step()
            found += self.clock.collect()
        return found[WARM_UP:]

    def _step(self) -> None:
        batch = self.next_batch()
        self.clock.start()
        outputs, carried = self.model(batch, self.carried)
        loss = self.parts.objective.loss(outputs, batch)
        for parameter in self.parameters:
            parameter.grad = None
        loss.backward()
        if self.clip is not None:
            self.clip()
        self.optimizer.step()
        self.clock.stop()
        self.stepped(loss, carried)

    def next_batch(self) -> Batch:
        """That of this step, for which the learning rate is set."""
        batch = self.batch(self.progress.step)
        if batch.fresh:
            self.carried = None
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.optimizer_config, self.progress.step, self.last_step)
        return batch

    def stepped(self, loss: Tensor, carried: Carried) -> None:
        """The step is taken. No number of the loss is read here: a GPU would be waited for."""
        self.carried = detached(carried)
        self._pending.append(loss.detach())
        self.progress.step += 1

    def _collect(self) -> None:
        """Take in the times and losses of the steps since the last look; a loss that is no number ends the run."""
        progress = self.progress
        seconds = self.clock.collect()
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
        progress, selection = self.progress, self.selection
        self._collect()
        progress.contended |= self.others_running()
        if progress.stopped_by == "diverged":
            return
        valid = self.score(self.parts.valid)
        if not all(math.isfinite(value) for value in valid.values()):
            progress.stopped_by, progress.diverged_step = "diverged", progress.step
            return
        losses, progress.losses = progress.losses, []
        row: dict[str, float | None] = {"step": progress.step, "seconds": progress.train_seconds}
        row["train_loss"] = sum(losses) / len(losses) if losses else None
        progress.history.append(row | {f"valid_{name}": value for name, value in valid.items()})
        if (history := self.history_file) is not None:
            self._told(lambda: history.add(progress.history[-1]), "no history")
        stop = selection.observe(progress.step, valid)
        if selection.best_step == progress.step:
            progress.best_weights = self._weights()
        if stop == "solved":
            progress.solved_step, progress.solved_seconds = progress.step, progress.train_seconds
        if stop == "solved" or progress.stopped_by is None:
            progress.stopped_by = stop

    def _weights(self) -> dict[str, Tensor]:
        return {name: tensor.clone() for name, tensor in self.model.state_dict().items()}

    def _last_step(self) -> tuple[int | None, str]:
        limits = {}
        if self.budget.max_steps is not None:
            limits[self.budget.max_steps] = "max_steps"
        if self.budget.max_epochs is not None:
            steps = self.parts.train.epoch_steps(self.batch_size)
            if steps is None:
                raise UsageError("fresh examples without end make no epochs", key="budget.max_epochs",
                                 value=self.budget.max_epochs, allowed="null, or set train_size")  # fmt: skip
            limits[steps * self.budget.max_epochs] = "max_epochs"
        return (min(limits), limits[min(limits)]) if limits else (None, "")

    def _shown(self) -> dict[str, str]:
        row = self.progress.history[-1] if self.progress.history else {}
        names = ("train_loss", f"valid_{self.selection.metric}")
        return {name: f"{row[name]:.4g}" for name in names if row.get(name) is not None}

    def save(self) -> None:
        """Write the checkpoint, where there is a place for one."""
        self._collect()
        if self.checkpoint is None:
            return
        state: dict[str, Any] = {
            "progress": {f.name: getattr(self.progress, f.name) for f in fields(Progress)},
            "selection": self.selection.state(),
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "carried": self.carried,
            "device": self.device.type,
            "threads": torch.get_num_threads(),  # their number decides the order of sums, and so the last bits
            "random": torch.get_rng_state(),
            "cuda_random": torch.cuda.get_rng_state() if self.device.type == "cuda" else None,
        }
        place = self.checkpoint
        self._told(lambda: checkpoint.write(place, state), "no checkpoint")

    def _restore(self) -> bool:
        """Go on from the checkpoint, if there is one to go on from."""
        if self.checkpoint is None or (state := checkpoint.read(self.checkpoint, self.device, PARTS)) is None:
            return False
        if why := restore(self, state):
            checkpoint.start_over(self.checkpoint, why)
        return not why

    def _told(self, write: Callable[[], object], lost: str) -> None:
        checkpoint.or_told(write, lost, self._lost, self.label)
