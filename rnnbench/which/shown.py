"""What is shown beside an answer and decides nothing: Diebold and Mariano's test of one series' forecasts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rnnbench.statistics.diebold_mariano import diebold_mariano
from rnnbench.which.answer import Pair
from rnnbench.which.journal import Journal
from rnnbench.which.rows import averaged, each_row

NOTE = "shown, decides nothing: it takes both models as given, and on equal learners it claims a difference too often"


def diebold_mariano_of(
    journal: Journal, pairs: Sequence[Pair], seeds: int, metric: str, horizon: int
) -> dict[str, Any] | None:
    """Of the test blocks of one series, one after another, each forecast's loss averaged over seeds; statistic above 0:
    the first loses more. None where what was said of the rows is not kept."""
    losses: list[list[np.ndarray]] = [[], []]
    for pair in pairs:
        for slot in (0, 1):
            kept = [journal.arrays({"split": pair.split, "slot": slot, "seed": k}) for k in range(seeds)]
            if not all("prediction" in arrays for arrays in kept):
                return None
            losses[slot].append(averaged([each_row(a["prediction"], a["target"], metric) for a in kept]))
    if not losses[0]:
        return None
    d = np.concatenate(losses[0]) - np.concatenate(losses[1])
    d = d[np.isfinite(d)]
    if len(d) <= horizon:
        return None
    return vars(diebold_mariano(d, horizon)) | {"horizon": horizon, "note": NOTE}
