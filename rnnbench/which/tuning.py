"""Both cells tuned alike: the same space, the same number of trials, successive halving, on Optuna by ask-and-tell.

The first trial is a plain default, the same for both cells; the others are drawn by a sampler whose seed is the
split's, so that trials of a short tuning are the first ones of a long one, and both cells try the same settings while
the sampler draws at random (its first ten). A trial is given up at a quarter or a half of its steps unless it is
in the better half of those that came so far. What was tried before a kill is told again, not tried again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import optuna

from rnnbench.errors import UsageError
from rnnbench.which.problem import Fit, Length, Settings, Space, Watch

LAYERS = (1, 2)
RATES = (5e-4, 2e-2)
CLIPS = (0.5, 1.0, 5.0)
DROPOUTS = (0.0, 0.1, 0.3)

optuna.logging.set_verbosity(optuna.logging.WARNING)


@dataclass(frozen=True)
class Trial:
    """One that was tried: its settings, what it reported at the rungs, and its best validation score."""

    number: int
    settings: Settings
    reports: tuple[tuple[int, float], ...]  # (resource 1 or 2, score)
    valid: float  # NaN of one that diverged
    state: Literal["whole", "given up", "diverged"]
    seconds: float = 0.0

    def plain(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, plain: dict[str, Any]) -> Trial:
        known = {name: plain[name] for name in ("number", "settings", "valid", "state", "seconds")}
        known["valid"] = math.nan if known["valid"] is None else known["valid"]
        reports = tuple((int(step), math.nan if value is None else float(value)) for step, value in plain["reports"])
        return cls(reports=reports, **known)


def tuned(
    space: Space,
    trials: int,
    seed: int,
    better: Literal["higher", "lower"],
    length: Length,
    attempt: Callable[[Settings, Watch], Fit],
    done: Sequence[Trial] = (),
) -> Iterator[Trial]:
    """Each trial as it ends, those that are `done` left out.

    Raises UsageError where what was done is not what would be done: of another release of Optuna.
    """
    study = optuna.create_study(
        direction="maximize" if better == "higher" else "minimize",
        sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=10),
        pruner=optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=2),
    )
    study.enqueue_trial(default(space))
    for number in range(trials):
        asked = study.ask()
        settings = _suggested(asked, space)
        if number < len(done):
            trial = done[number]
            if dict(trial.settings) != settings:
                raise UsageError(f"trial {number} is not the one that Optuna {optuna.__version__} draws",
                                 allowed="the release that began, or another name=")  # fmt: skip
            for resource, value in trial.reports:
                asked.report(value, resource)
                asked.should_prune()  # whose answer is known: it notes what later ones are held against
        else:
            trial = _tried(number, asked, settings, length, attempt)
        if trial.state == "diverged":
            study.tell(asked, state=optuna.trial.TrialState.FAIL)
        elif trial.state == "given up":
            study.tell(asked, state=optuna.trial.TrialState.PRUNED)
        else:
            study.tell(asked, trial.valid)
        if number >= len(done):
            yield trial


def _tried(
    number: int, asked: optuna.Trial, settings: Settings, length: Length, attempt: Callable[[Settings, Watch], Fit]
) -> Trial:
    reports: list[tuple[int, float]] = []

    def watch(step: int, best: float) -> bool:
        if step not in length.rungs:
            return True
        resource = 1 + length.rungs.index(step)
        reports.append((resource, best))
        asked.report(best, resource)
        return not asked.should_prune()

    fit = attempt(settings, watch)
    given_up = not fit.diverged and fit.steps in length.rungs and len(reports) == 1 + length.rungs.index(fit.steps)
    state: Literal["whole", "given up", "diverged"] = (
        "diverged" if fit.diverged else "given up" if given_up else "whole"
    )
    return Trial(number, settings, tuple(reports), fit.valid, state, fit.seconds)


def best_of(trials: Sequence[Trial], better: Literal["higher", "lower"], space: Space) -> Settings:
    """Settings of the best trial; the default where none ended with a score."""
    best = best_trial(trials, better)
    return default(space) if best is None else best.settings


def best_trial(trials: Sequence[Trial], better: Literal["higher", "lower"]) -> Trial | None:
    """The best of those that were carried through, the earlier of equals; else of those that were given up."""
    whole = [trial for trial in trials if trial.state == "whole"] or [t for t in trials if t.state == "given up"]
    sign = 1 if better == "higher" else -1
    return max(whole, key=lambda trial: (sign * trial.valid, -trial.number), default=None)


def default(space: Space) -> dict[str, Any]:
    """What is tried first."""
    found: dict[str, Any] = {"width": 32, "layers": 1, "lr": 3e-3, "clip": 1.0, "dropout": 0.0}
    if space.windows:
        found["window"] = space.windows[len(space.windows) // 2]
    if space.both:
        found["both"] = False
    return found


def _suggested(trial: optuna.Trial, space: Space) -> dict[str, Any]:
    found: dict[str, Any] = {
        "width": trial.suggest_categorical("width", space.widths),
        "layers": trial.suggest_categorical("layers", LAYERS),
        "lr": trial.suggest_float("lr", *RATES, log=True),
        "clip": trial.suggest_categorical("clip", CLIPS),
        "dropout": trial.suggest_categorical("dropout", DROPOUTS),
    }
    if space.windows:
        found["window"] = trial.suggest_categorical("window", space.windows)
    if space.both:
        found["both"] = trial.suggest_categorical("both", (False, True))
    return found
