"""Several runs in one process, step by step together: each as if it were alone.

Each lane is a `Training` of its own, with its own weights, data order, clipping, optimizer state, early stopping and
random numbers (dropout's too). Together they share one walk back through autograd, one call for the norms of all
gradients and one for Adam, and on a GPU with backend=triton one launch for the loop over time of all. What one lane
computes depends on no other: on the CPU its bits are those of the run alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from rnnbench.data.batch import Batch
from rnnbench.machine.interrupts import deferred_interrupt
from rnnbench.machine.randomness import Own
from rnnbench.recurrent.side_by_side import side_by_side
from rnnbench.training.clipping import Clipping
from rnnbench.training.loop import Training
from rnnbench.training.model import Carried
from rnnbench.training.optimizers import step_together


@dataclass
class Lane:
    """A run and its own random numbers."""

    training: Training
    random: Own

    @property
    def going(self) -> bool:
        return self.training.progress.stopped_by is None


def train(lanes: Sequence[Lane], ended: Callable[[Lane], None]) -> None:
    """Train them all, each until a budget ends it or it diverges; `ended` is called of each at its end.

    Ctrl-C and SIGTERM have every lane that is going write its checkpoint. Raises RuntimeError for a lane that was begun
    with other threads than this process has.
    """
    threads = torch.get_num_threads()
    with deferred_interrupt() as interrupts:
        for lane in lanes:
            with lane.random:
                lane.training.begin()
                if torch.get_num_threads() != threads:  # its bits hang on them
                    raise RuntimeError(f"a checkpoint of other threads than {threads}")
                if not lane.going:  # its checkpoint was written after the last step
                    _end(lane, ended)
        while going := [lane for lane in lanes if lane.going]:
            if interrupts.noted():
                for lane in going:
                    with lane.random:
                        lane.training.save()
                interrupts.deliver()
            step(going)
            if interrupts.woken():
                for lane in going:
                    lane.training.clock.forget_pause()
            for lane in going:
                with lane.random:
                    lane.training.look()
                    if not lane.going:
                        _end(lane, ended)
        if interrupts.noted():
            interrupts.deliver()


def _end(lane: Lane, ended: Callable[[Lane], None]) -> None:
    lane.training.end()
    ended(lane)


def step(lanes: Sequence[Lane]) -> None:
    """One step of each. Their graphs have nothing in common: what is no number in one stays there."""
    runs = [lane.training for lane in lanes]
    batches = []
    for lane in lanes:
        with lane.random:
            batches.append(lane.training.next_batch())
    for run in runs:
        run.clock.start()
    outputs = _outputs(lanes, batches)
    losses = [r.parts.objective.loss(o, b) for r, (o, _), b in zip(runs, outputs, batches, strict=True)]
    for parameter in (p for run in runs for p in run.parameters):
        parameter.grad = None
    torch.autograd.backward(losses)
    Clipping.together([run.clip for run in runs if run.clip is not None])
    step_together([run.optimizer for run in runs])
    for run, loss, (_, carried) in zip(runs, losses, outputs, strict=True):
        run.clock.stop(len(runs))
        run.stepped(loss, carried)


def _outputs(lanes: Sequence[Lane], batches: Sequence[Batch]) -> list[tuple[Tensor, Carried]]:
    """What each model says of its batch, and the state after it."""
    models, states = [lane.training.model for lane in lanes], [lane.training.carried for lane in lanes]
    first, together = models[0].recurrent, None
    if (
        first.backend == "triton"
        and models[0].recursive is None
        and (not first.bidirectional or all(batch.lengths is None for batch in batches))
    ):
        encoded = [model.encoded(batch) for model, batch in zip(models, batches, strict=True)]
        together = side_by_side([model.recurrent for model in models], encoded, states)
    found = []
    for i, (lane, model, batch) in enumerate(zip(lanes, models, batches, strict=True)):
        with lane.random:
            if together is None:
                found.append(model(batch, states[i]))
            else:
                hidden, state = together[i]
                found.append((model.outputs(hidden, batch), None if model.recurrent.bidirectional else state))
    return found
