"""Whether the two sides of a claim may be paired: they differ in what the claim compares and in nothing else."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from rnnbench.records import said
from rnnbench.records.columns import with_role
from rnnbench.records.table import config_columns
from rnnbench.studies.claim import StudyClaim
from rnnbench.studies.selection import sides


def unequal(claim: StudyClaim, runs: pd.DataFrame, tuned: Collection[str]) -> str:
    """What makes a pair of runs unequal, in words; "" where every pair is fair.

    runs: of the two sides. A pair is a run of each with the same seed. They may differ in the column `between` and what
    belongs to it (cell and cell_target), in columns that equal trials chose (`tuned`), in those that the claim names in
    `besides`, and in the forget bias where one of the two has no such gate. Machines are told apart where times are
    paired, numerics before; scores and steps do not depend on the backend, whose parity every run checks.
    """
    apart = with_role("twin", "machine", "numerics")
    costs = with_role("time", "memory")
    one = ["seed", *([claim.over] if claim.over else [])]
    group = claim.between.removesuffix("_asked")

    def asked(column: str) -> bool:
        own = column in one or column == group or column.startswith(f"{group}_") or column in apart
        let = column in tuned or column in claim.besides or (column == "backend" and claim.metric not in costs)
        return not (own or let) and len(runs[column].unique()) > 1

    columns = [column for column in config_columns(runs) if asked(column)]
    if not columns:
        return ""
    first, second = sides(claim, runs[list(dict.fromkeys([claim.between, *one, *columns]))])
    pairs = first[[*one, *columns]].merge(second[[*one, *columns]], on=one, suffixes=("_x", "_y"))
    for column in columns:
        x, y = pairs[f"{column}_x"], pairs[f"{column}_y"]
        absent = x.isna() | y.isna() if column == "forget_bias" else x.isna() & y.isna()
        differ = ~((x == y).fillna(False).astype(bool) | absent)
        if differ.any():
            a, b = (said(side[differ].iloc[0]) for side in (x, y))
            return f"its sides differ in {column}, {a} and {b}: no fair pair, unless `besides` names it"
    return ""
