"""Which step was best on validation, and when to stop looking: a function of the scores alone."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

Stop = Literal["solved", "patience", "given up"]


@dataclass
class Selection:
    """Told each evaluation's step and metrics, "loss" among them; ties of `metric` are broken by the loss.

    patience: evaluations without a better score that end the run; solved: a score good enough to end it. None: never.
    """

    metric: str
    better: Literal["higher", "lower"] = "higher"
    patience: int | None = None
    solved: float | None = None
    best: dict[str, float] | None = None  # metrics of the best step
    best_step: int | None = None
    worse: int = 0  # evaluations since the best one

    def observe(self, step: int, metrics: Mapping[str, float]) -> Stop | None:
        """Take in an evaluation; why it ends the run, if it does. `best_step` is `step` if it is the best so far.

        Before the first training step the score is chance, which luck may favour: that counts as better than nothing
        only.
        """
        if self.best is None or self.best_step == 0 or self._rank(metrics) > self._rank(self.best):
            self.best, self.best_step, self.worse = dict(metrics), step, 0
        else:
            self.worse += 1
        if self.solved is not None and self._signed(metrics) >= (self.solved * self._sign):
            return "solved"
        return "patience" if self.worse >= (self.patience or math.inf) else None

    def state(self) -> dict[str, Any]:
        """What `Selection(**state)` makes it again of: plain values."""
        return asdict(self)

    @property
    def _sign(self) -> int:
        return 1 if self.better == "higher" else -1

    def _signed(self, metrics: Mapping[str, float]) -> float:
        return metrics[self.metric] * self._sign

    def _rank(self, metrics: Mapping[str, float]) -> tuple[float, float]:
        return self._signed(metrics), -metrics["loss"]
