"""A/A: a cell compared with itself, so that a page shows how often its rule tells apart what is the same.

`compare: [lstm, lstm]`: of the cell's seeds the first and the second make a pair, the third and the fourth, …; the
second of each is called "lstm again". The pairs do not share their data, so they differ by no less than those of two
cells; twice as many seeds make as many pairs. It may come out undecided or equivalent: anything else says that a claim
of this kind about this metric cannot be believed here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from rnnbench.studies.claim import AGAIN, StudyClaim
from rnnbench.studies.kinds.base import Evaluated


def split(claim: StudyClaim, runs: pd.DataFrame) -> pd.DataFrame:
    """The runs of a planted claim as those of two cells, with the seed of their pair; others as they are."""
    if not claim.planted or runs.empty:
        return runs
    seeds = np.unique(runs["seed"].dropna().to_numpy(int))
    place = np.searchsorted(seeds, runs["seed"].to_numpy(int))
    names = np.where(place % 2 == 1, f"{claim.compare[0]}{AGAIN}", str(claim.compare[0]))
    apart = pd.Series(names, runs.index).astype(runs["cell"].dtype)
    return runs.assign(cell=apart, seed=seeds[place - place % 2])


def told_apart(claims: Sequence[Evaluated]) -> list[Evaluated]:
    """The planted claims that came out as no A/A may: decided, and somewhere a difference shown."""
    decided = ("supported", "contradicted")  # of a claim that there are differences also where there is none anywhere
    return [
        each for each in claims if each.claim.planted and each.verdict.outcome in decided
        and any(judged.outcome in decided for judged in each.verdict.conditions)
    ]  # fmt: skip
