"""How the effect changes, seed by seed: with each doubling of a column, or from one name to another.

A side's slope of the metric (ratio: of its logarithm) against log₂ of the column `over` is linear in the metric, so the
difference of two sides' slopes is the slope of their difference: xᵢ − yᵢ, one change a seed. Two names count as 1 and
2: their slope is the change from the first to the second. On the ratio scale a slope comes back as a factor.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from rnnbench.records import COLUMNS
from rnnbench.records.columns import TEXT, label
from rnnbench.statistics import interaction_slopes
from rnnbench.studies.claim import StudyClaim
from rnnbench.studies.kinds.base import OWN_KEYS, Kind
from rnnbench.studies.measure import (
    Measured,
    ObstacleError,
    ended,
    on_one_machine,
    one_ended_well,
    paired,
    undisturbed,
    vectors,
    with_metric,
)


class Interaction(Kind):
    """How much a − b changes, or by which factor a / b does."""

    keys = ("over",)
    method = "how the difference or ratio changes, one change a seed, paired by seed"
    names_a_side = False  # how a difference changes, not whose it is
    each_run = False

    def validate(self, claim: StudyClaim) -> None:
        super().validate(claim)
        if claim.over is None:
            raise claim.wrong("over", None, OWN_KEYS["over"])

    def quantity(self, claim: StudyClaim, metric: str) -> str:
        return f"{super().quantity(claim, metric)} by {claim.over}"

    def measure(self, claim: StudyClaim, runs: pd.DataFrame, left_out: list[str]) -> Measured:
        levels = sorted(runs[str(claim.over)].dropna().unique())
        runs = with_metric(claim, undisturbed(claim, ended(runs), left_out), left_out)
        pairs = one_ended_well(paired(claim, _slopes(claim, runs, levels, left_out), left_out), left_out)
        return vectors(on_one_machine(claim, pairs, left_out))  # a change has no level of chance

    def subject(self, claim: StudyClaim, metric: str) -> str:
        over = str(claim.over)
        of_names = over in COLUMNS and COLUMNS[over].kind == TEXT  # two names, not sizes
        how = f"from one {label(over)} to the other" if of_names else f"with each doubling of {label(over)}"
        what = "factor of change" if claim.scale == "ratio" else "change"  # a factor has no unit
        return f"{what} of {metric} {how}"


def _slopes(claim: StudyClaim, runs: pd.DataFrame, levels: list, left_out: list[str]) -> pd.DataFrame:
    """One row for each seed and side, whose `value` is the slope over the levels; none for one that lacks a level."""
    over, ratio = str(claim.over), claim.scale == "ratio"
    numeric = pd.api.types.is_numeric_dtype(runs[over])
    if not numeric and len(levels) != 2:
        left_out.append(f"{over} has {len(levels)} names, not two")
        return runs.iloc[:0]
    rows, of_levels, short = [], [], 0
    for _, own in runs.groupby([claim.between, "seed"], sort=True):
        known = own[own["value"].notna()].set_index(over)["value"]
        if set(known.index) != set(levels) or len(levels) < 2:
            short += 1
            continue
        rows.append(own.index[0])
        of_levels.append(known[levels].to_numpy(float))
    if short:
        left_out.append(f"{short} seed(s) of a side lack a value of {over}")
    if not rows:
        return runs.iloc[:0]
    found = np.array(of_levels)  # (seeds of both sides, levels)
    if ratio and (found <= 0).any():
        raise ObstacleError(f"a ratio needs positive values; {claim.metric} holds {found.min():g}")
    try:
        slopes = interaction_slopes(np.log(found) if ratio else found, levels if numeric else [1, 2])
    except ValueError as error:  # a size that has no logarithm
        raise ObstacleError(str(error)) from error
    return runs.loc[rows].assign(value=np.exp(slopes) if ratio else slopes)
