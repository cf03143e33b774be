"""The steps from runs to pairs that kinds of claims are measured by: each keeps out what it must, and says so.

Nothing is left out silently. What a run that did not end well counts as:

    diverged   in a score: the worse of chance level and the condition's worst run; in "solved" and time to solve:
               unsolved; in times and bytes: kept out, and said
    contended  (timed while another ran beside it, or in parts under two backends, machines or numbers of threads) in
               times: kept out, and said; elsewhere: counts as any other
    missing, failed   no pair; counted and named
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rnnbench.records import cell_name
from rnnbench.records.columns import is_score, with_role
from rnnbench.studies.claim import StudyClaim
from rnnbench.studies.learning import CURVE, cut_off
from rnnbench.studies.selection import UNIT, of_sides


class ObstacleError(Exception):
    """What keeps a condition from being measured, in words."""


@dataclass(frozen=True)
class Measured:
    """One condition of a claim: `first[i]` and `second[i]`, (n,), are of seed, or of the unit, `seeds[i]`.

    Of a time to solve they are times, and `*_solved` says of which runs; `horizon` is where they are cut.
    """

    name: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    seeds: tuple[int, ...] = ()
    first: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    second: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    first_solved: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, bool))
    second_solved: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, bool))
    horizon: float = math.nan
    runs: int = 0
    tunings: bool = False  # whether they are of tunings, the means over their seeds
    missing: tuple[str, ...] = ()  # run ids requested and not there, failed ones included
    left_out: tuple[str, ...] = ()  # what is not in the numbers, or in them by a rule
    obstacle: str = ""
    barred: tuple[str, str] = ("", "")  # for each side why it may not be called ahead
    higher: bool = True  # is better, of the metric
    margin: float | None = None  # of the condition's own quantity, where the claim is about several
    task: str = ""  # what its score is: "nll (nats per frame)"
    improving: float = 0.0  # share of the runs of a side, the larger one, that were cut off while improving


def ended(runs: pd.DataFrame) -> pd.DataFrame:
    """Those of the runs asked for that came to an end, a good or a bad one."""
    over = np.isin(runs["status"].to_numpy(), ["ok", "diverged"])
    return runs if over.all() else runs[over]


def undisturbed(claim: StudyClaim, runs: pd.DataFrame, left_out: list[str]) -> pd.DataFrame:
    """Of a time: without runs that were timed while another ran beside them, or in parts of two kinds."""
    if claim.metric not in with_role("time"):
        return runs
    busy = runs["contended"].fillna(False).astype(bool)
    if busy.any() and busy.all():
        raise ObstacleError(
            f"all {len(busy)} runs were timed while another ran beside them: force=true workers=1 repeats them"
        )
    mixed = runs["mixed"].fillna(False).astype(bool)
    for those, words in (
        (busy & ~mixed, "while another ran beside them"),
        (mixed, "in parts, under two backends, machines or numbers of threads,"),
    ):
        if those.any():
            left_out.append(f"{int(those.sum())} run(s) timed {words} are kept out")
    return runs[~busy]


def with_metric(claim: StudyClaim, runs: pd.DataFrame, left_out: list[str]) -> pd.DataFrame:
    """The runs with a column `value`: the claim's metric, NaN for those that have none."""
    values = _values(claim, runs, left_out)
    for side, cut, of in cut_off(claim, runs):
        if cut:
            which = f"{cut} of {of} {cell_name(side)}"
            left_out.append(f"{which} run(s) were still improving on validation when the budget ended")
    return runs.assign(value=values)


def _values(claim: StudyClaim, ended: pd.DataFrame, left_out: list[str]) -> NDArray[np.float64]:
    """The metric of each of n runs, (n,); NaN for those that have none."""
    if claim.metric not in ended:
        return np.full(len(ended), math.nan)
    values = np.asarray(ended[claim.metric].astype("float64"), np.float64)
    diverged = ended["status"].to_numpy() == "diverged"
    scored = is_score(claim.metric)
    if scored and diverged.any():
        worst = _worst(claim, ended, values[~diverged])
        values = np.where(diverged, worst, values)
        if not math.isnan(worst):
            left_out.append(f"{int(diverged.sum())} diverged run(s) count as {worst:.4g}, the worse of chance and the "
                            "worst run")  # fmt: skip
    elif diverged.any():
        values = np.where(diverged, math.nan, values)
        left_out.append(f"{int(diverged.sum())} diverged run(s) are kept out")
    unknown = int((np.isnan(values) & (~diverged | scored)).sum())
    if unknown:
        left_out.append(f"{unknown} run(s) have no {claim.metric}")
    return values


def higher_is_better(claim: StudyClaim, runs: pd.DataFrame) -> bool:
    """As the claim says; else as the records say of their metric; losses and costs are better when lower."""
    if claim.better is not None:
        return claim.better == "higher"
    if not _of_the_task(claim, runs):
        return False
    said = runs["higher_is_better"].dropna()
    return len(said) > 0 and bool(said.iloc[0])


def _of_the_task(claim: StudyClaim, runs: pd.DataFrame) -> bool:
    if claim.metric in ("test_score", "valid_score", CURVE):
        return True
    return claim.metric in {f"{split}_{name}" for split in ("test", "valid") for name in runs["metric"].dropna()}


def _worst(claim: StudyClaim, ended: pd.DataFrame, values: NDArray[np.float64]) -> float:
    chance = ended["chance"].dropna().tolist() if _of_the_task(claim, ended) else []
    found = [*chance, *values[~np.isnan(values)].tolist()]
    if not found:
        return math.nan
    return float(min(found) if higher_is_better(claim, ended) else max(found))


def paired(claim: StudyClaim, runs: pd.DataFrame, left_out: list[str]) -> pd.DataFrame:
    """A row a seed that both sides have, from runs with a column `value`: value_x, status_x, …, value_y, …

    runs: of a side no two of one seed. Where they have a column UNIT, a row a unit: the mean over its seeds.
    """
    known, seeds = runs["value"].notna().to_numpy(), runs["seed"].to_numpy()
    if len(runs) and not known.any():
        raise ObstacleError(f"no run has {'' if claim.metric in runs else 'a column '}{claim.metric}")
    x, y = (np.flatnonzero(own & known) for own in of_sides(claim, runs))
    shared, of_x, of_y = np.intersect1d(seeds[x], seeds[y], return_indices=True)
    alone = len(x) + len(y) - 2 * len(shared)
    if alone:
        left_out.append(f"{alone} run(s) have no partner of the same seed")
    absent = {
        "solved": False,
        **dict.fromkeys(["status", *with_role("machine"), "budget_max_steps", "value"], math.nan),
    }
    pairs = pd.DataFrame(
        {
            f"{name}_{side}": runs[name].array.take(rows) if name in runs else value
            for side, rows in (("x", x[of_x]), ("y", y[of_y]))
            for name, value in absent.items()
        },
        index=pd.Index(shared, name="seed"),
    )
    return pairs if UNIT not in runs else _averaged(pairs, runs[UNIT].to_numpy()[x[of_x]])


def _averaged(pairs: pd.DataFrame, units: NDArray[np.int64]) -> pd.DataFrame:
    """A row a unit, its values the means over its seeds; diverged where all its runs are. units: of each pair."""
    groups = pairs.groupby(units, sort=True)
    found = groups.first()
    for side in "xy":
        found[f"value_{side}"] = groups[f"value_{side}"].mean()
        found[f"status_{side}"] = groups[f"status_{side}"].agg(
            lambda each: "ok" if (each == "ok").any() else "diverged"
        )
    return found


def one_ended_well(pairs: pd.DataFrame, left_out: list[str]) -> pd.DataFrame:
    """Without pairs of which both runs diverged."""
    neither = (pairs["status_x"].to_numpy() == "diverged") & (pairs["status_y"].to_numpy() == "diverged")
    if not neither.any():
        return pairs
    left_out.append(f"{int(neither.sum())} pair(s) of which both runs diverged say nothing and are kept out")
    return pairs[~neither]


def on_one_machine(claim: StudyClaim, pairs: pd.DataFrame, left_out: list[str]) -> pd.DataFrame:
    """Of times: without pairs that were timed on two machines."""
    if claim.metric not in with_role("time"):
        return pairs
    same = pd.Series(True, index=pairs.index)
    for column in with_role("machine"):
        a, b = pairs[f"{column}_x"], pairs[f"{column}_y"]
        same &= (a == b).fillna(False).astype(bool) | (a.isna() & b.isna())
    if not same.all():
        left_out.append(f"{int((~same).sum())} pair(s) timed on different machines or threads are kept out")
    return pairs[same]


def vectors(pairs: pd.DataFrame) -> Measured:
    """Of a table of pairs (n rows): x and y, (n,) each, by seed."""
    x, y = (pairs[f"value_{side}"].to_numpy(float) for side in "xy")
    x_solved, y_solved = (pairs[f"solved_{side}"].to_numpy(bool) for side in "xy")
    return Measured(seeds=tuple(pairs.index), first=x, second=y, first_solved=x_solved, second_solved=y_solved)
