"""Who may be called ahead in a score: a cell that learned, in runs that had come to their end.

A difference between two that learned nothing says nothing of the cells, and one between runs that the budget cut off
while they were improving says who is ahead now, not who is better. To have learned is to be clearly better than chance
and than every baseline of the dataset: what a table of letter pairs or a naive forecast reaches needs no network.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rnnbench.records import cell_name
from rnnbench.records.columns import is_score
from rnnbench.records.schema import CHANCE
from rnnbench.statistics import MIN_PAIRS, mean_interval
from rnnbench.studies.claim import StudyClaim
from rnnbench.studies.selection import UNIT, of_sides

CURVE = "valid_curve"  # of which the end is one point of many
_LATE = 0.95  # of a run's steps: a best step beyond it says that more steps would have been better


def learned(runs: pd.DataFrame, own: NDArray[np.bool_] | slice = slice(None)) -> bool | None:
    """Whether runs that differ by seed alone are clearly better than what needs no learning; None where nothing of that
    is known. own: which of them, (n,).

    So they are where the 95 % Student t interval of their mean gain in the test score, over the best of chance and the
    baselines, lies on the better side (of one run: the score). A diverged run has gained nothing. Runs of one unit
    count by their mean.
    """
    status, score, level = (runs[name].to_numpy()[own] for name in ("status", "test_score", "to_beat"))
    ok = (status == "ok") & ~np.isnan(score)
    if not ok.any() or np.isnan(level[ok]).any():
        return None
    higher = runs["higher_is_better"].to_numpy(dtype=bool, na_value=False)[own][ok]
    gains = np.zeros(len(status))
    gains[ok] = np.where(higher, 1.0, -1.0) * (score[ok] - level[ok])
    ended = ok | (status == "diverged")
    counted = gains[ended]
    if UNIT in runs:
        counted = pd.Series(counted).groupby(runs[UNIT].to_numpy()[own][ended]).mean().to_numpy(float)
    gain = mean_interval(counted)
    return bool((gain.estimate if gain.n < 2 else gain.low) > 0)


def nobody_learned(claim: StudyClaim, runs: pd.DataFrame, pairs: int) -> str:
    """That neither side of a claim about scores has learned, in words; "" where one has."""
    if pairs < MIN_PAIRS or not is_score(claim.metric):
        return ""
    first, second = of_sides(claim, runs)
    if learned(runs, first) is not False or learned(runs, second) is not False:
        return ""
    neither = f"neither {claim.names[0]} nor {claim.names[1]}"
    return f"not learned: {neither} is clearly better than {_to_beat(runs, first | second)}"


def barred(claim: StudyClaim, runs: pd.DataFrame, levels: bool) -> tuple[str, str]:
    """For each side why it may not be called ahead in a score, in words; "" where nothing bars it.

    levels: whether the claim is about scores themselves, and not about a change, which has no level of chance.
    """
    cut = [f"{n} of {of} {cell_name(side)} runs" for side, n, of in cut_off(claim, runs) if 2 * n > of]
    if cut:
        why = f"still improving when the budget ended: {' and '.join(cut)}"
        return why, why
    if not (levels and is_score(claim.metric)):
        return "", ""
    first, second = (
        f"not learned: {name} is not clearly better than {_to_beat(runs, own)}" if learned(runs, own) is False else ""
        for name, own in zip(claim.names, of_sides(claim, runs), strict=True)
    )
    return first, second


def _to_beat(runs: pd.DataFrame, own: NDArray[np.bool_]) -> str:
    """Of these runs what scores best without learning, in words: "chance", "the bigram table"."""
    names = runs["to_beat_is"][own].dropna().unique()
    return " or ".join(name if name == CHANCE else f"the {name}" for name in names)


def cut_off(claim: StudyClaim, runs: pd.DataFrame) -> list[tuple[str, int, int]]:
    """(side, runs that the budget cut off while they were improving, all runs of the side): of scores alone.

    A run whose learning rate was annealed to 0 over its steps has come to its end with them: to go on would change
    nothing, and its best evaluation is nearly always its last.
    """
    if not is_score(claim.metric) or claim.metric == CURVE:
        return []
    best, steps = (runs[name].to_numpy(dtype=float, na_value=np.nan) for name in ("best_step", "steps"))
    constant = (runs["optimizer_schedule"] == "constant").to_numpy(dtype=bool, na_value=False)
    by = runs["stopped_by"].to_numpy()
    cut = np.isin(by, ["max_steps", "max_epochs"]) & constant | (by == "max_seconds")
    cut &= best >= _LATE * steps
    both = zip(claim.sides, of_sides(claim, runs), strict=True)
    return [(side, int((cut & own).sum()), int(own.sum())) for side, own in both]
