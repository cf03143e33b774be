"""What the kinds share that are about runs which train until they solve it: who did, and when."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rnnbench.statistics import success_rate
from rnnbench.studies.claim import StudyClaim
from rnnbench.studies.kinds.base import Kind
from rnnbench.studies.measure import Measured, ObstacleError, ended


class Threshold(Kind):
    """A run solves it where its validation score reaches budget.solved."""

    averages = False  # solved or not has no mean that is either
    each_run = False  # one that never solved it has no time that could be above another's

    def validate(self, claim: StudyClaim) -> None:
        if claim.scale != "difference":
            raise claim.wrong("scale", claim.scale, f"difference, for {claim.kind}")
        if claim.metric not in ("steps_to_threshold", "seconds_to_threshold"):
            raise claim.wrong("metric", claim.metric, "steps_to_threshold, seconds_to_threshold")
        super().validate(claim)


def ended_with_threshold(runs: pd.DataFrame) -> pd.DataFrame:
    runs = ended(runs)
    if runs["budget_solved"].isna().any():
        raise ObstacleError("no threshold (budget.solved) was set")
    return runs


def with_times(claim: StudyClaim, runs: pd.DataFrame, left_out: list[str]) -> pd.DataFrame:
    """The runs with `value`: when each solved it, or until when it had not, infinite for a diverged run, which never
    will; and with `solved`."""
    until = runs["steps" if claim.metric == "steps_to_threshold" else "train_seconds"].astype("float64")
    times = runs[claim.metric].astype("float64").fillna(until)
    diverged = runs["status"] == "diverged"
    if diverged.any():
        left_out.append(f"{int(diverged.sum())} diverged run(s) count as unsolved")
    solved = runs[claim.metric].notna() & (runs["status"] == "ok")
    return runs.assign(value=times.mask(diverged, math.inf), solved=solved)


def solved_columns(claim: StudyClaim, m: Measured) -> dict[str, str]:
    """The columns of the table that say how many of each side solved it."""
    both = zip(claim.names, (m.first_solved, m.second_solved), strict=True)
    return {f"{a} solved [95 % Wilson]": solved_words(s) for a, s in both}


def solved_words(solved: NDArray[np.bool_]) -> str:
    """How many runs solved it, and what that says of all such runs: "9 of 10 [0.60, 0.98]"."""
    rate = success_rate(int(solved.sum()), len(solved))
    return f"{int(solved.sum())} of {len(solved)}" + (f" [{rate.low:.2f}, {rate.high:.2f}]" if rate.n else "")
