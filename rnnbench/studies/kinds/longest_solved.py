"""Which remembers longer? Of several delays the longest that is solved within the budget, seed by seed.

    xᵢ = max {ℓ : the first side's run of seed i at `over` = ℓ reached budget.solved},   ½ min ℓ where it solved none

yᵢ likewise of the second side, and the effect is the geometric mean of xᵢ / yᵢ: twice as long is twice as much at every
delay. How soon a delay is solved is another question, the one of `solve_time`.
"""

from __future__ import annotations

import pandas as pd

from rnnbench.records.columns import label
from rnnbench.studies.claim import StudyClaim
from rnnbench.studies.kinds._threshold import ended_with_threshold, with_times
from rnnbench.studies.kinds.base import Kind
from rnnbench.studies.measure import Measured, ObstacleError, paired, vectors


class LongestSolved(Kind):
    """The largest value of a column of sizes at which a run of each seed solved its task."""

    keys = ("over",)
    method = "the longest that is solved within the budget, paired by seed"
    in_its_unit = False  # of a column's sizes, not of steps to the threshold
    glossary = {"longest solved": "of several delays the longest at which a run of the seed reached its task's "
                "threshold; half the shortest where it reached it at none"}  # fmt: skip

    def validate(self, claim: StudyClaim) -> None:
        super().validate(claim)
        if claim.over is None:
            raise claim.wrong("over", None, "a column of sizes, such as seq_len")
        if claim.scale != "ratio":
            raise claim.wrong("scale", claim.scale, f"ratio, for {claim.kind}")
        if claim.metric != "steps_to_threshold":
            raise claim.wrong("metric", claim.metric, "steps_to_threshold")

    def quantity(self, claim: StudyClaim, metric: str) -> str:
        return f"ratio of the longest {claim.over} solved"

    def higher(self, claim: StudyClaim, runs: pd.DataFrame) -> bool:
        return True

    def measure(self, claim: StudyClaim, runs: pd.DataFrame, left_out: list[str]) -> Measured:
        runs = with_times(claim, ended_with_threshold(runs), left_out)
        return vectors(paired(claim, _longest(claim, runs, left_out), left_out))

    def subject(self, claim: StudyClaim, metric: str) -> str:
        return f"longest {label(str(claim.over))} solved"


def _longest(claim: StudyClaim, runs: pd.DataFrame, left_out: list[str]) -> pd.DataFrame:
    """One row for each seed and side, whose `value` is its longest; none for one that lacks a run of some length."""
    over = str(claim.over)
    if not pd.api.types.is_numeric_dtype(runs[over]):
        raise ObstacleError(f"{over} has names, not sizes")
    levels = sorted(runs[over].dropna().unique())
    if len(levels) < 2:
        raise ObstacleError(f"{over} has {len(levels)} size(s): of two or more one can be the longest")
    rows, values, short, none = [], [], 0, 0
    for _, own in runs.groupby([claim.between, "seed"], sort=True):
        if set(own[over].dropna()) != set(levels):
            short += 1
            continue
        solved = own.loc[own["solved"], over]
        none += solved.empty
        rows.append(own.index[0])
        values.append(float(levels[0]) / 2 if solved.empty else float(solved.max()))
    if short:
        left_out.append(f"{short} seed(s) of a side lack a run of some {over}")
    if none and none == len(rows):
        raise ObstacleError(f"nobody solved it at any {over}")
    if none:
        left_out.append(f"{none} of {len(rows)} solved it at no {over} and count as {levels[0] / 2:g}")
    return runs.loc[rows].assign(value=values)
