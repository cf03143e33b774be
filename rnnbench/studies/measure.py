"""From the runs of a study to what each condition of a claim measured: two vectors, paired by seed.

Nothing is left out silently. What a run that did not end well counts as:

    diverged   in a score: the worse of chance level and the condition's worst run; in "solved" and time to solve:
               unsolved; in times and bytes: kept out, and said
    contended  (timed while another ran beside it) in times: kept out, and said; elsewhere: counts as any other
    missing, failed   no pair; counted and named
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rnnbench.records import cell_name
from rnnbench.records.columns import with_role
from rnnbench.records.conditions import mixed
from rnnbench.statistics import interaction_slopes
from rnnbench.studies.definition import StudyClaim
from rnnbench.studies.fairness import unequal
from rnnbench.studies.selection import condition_name, conditions, selected, several, sides

_LATE = 0.95  # of a run's steps: a best step beyond it says that more steps would have been better


@dataclass(frozen=True)
class Measured:
    """One condition of a claim: `first[i]` and `second[i]`, (n,), are of seed `seeds[i]`.

    Of a time to solve they are times, and `*_solved` says of which runs; `horizon` is where they are cut.
    """

    name: str
    settings: Mapping[str, Any]
    seeds: tuple[int, ...] = ()
    first: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    second: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    first_solved: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, bool))
    second_solved: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, bool))
    horizon: float = math.nan
    runs: int = 0
    missing: tuple[str, ...] = ()  # run ids requested and not there, failed ones included
    left_out: tuple[str, ...] = ()  # what is not in the numbers, or in them by a rule
    obstacle: str = ""
    improving: float = 0.0  # share of the runs of a side, the larger one, that were cut off while improving


def measure(claim: StudyClaim, runs: pd.DataFrame, tuned: Collection[str] = ()) -> list[Measured]:
    """What each condition of the claim measured, conditions in order. runs: as `records.with_missing` gives them.

    tuned: columns that equal trials chose for each side.
    """
    own = _selected(claim, runs)
    return [_measured(claim, settings, part, tuned) for settings, part in conditions(own, claim.by)]


def _selected(claim: StudyClaim, runs: pd.DataFrame) -> pd.DataFrame:
    return selected({**claim.select, claim.between: list(claim.compare)}, runs)


def _measured(claim: StudyClaim, settings: Mapping[str, Any], part: pd.DataFrame, tuned: Collection[str]) -> Measured:
    missing = tuple(part.loc[part["status"].isin(["missing", "failed"]), "run_id"])
    found = Measured(condition_name(settings), settings, runs=len(part), missing=missing)
    left_out: list[str] = []

    def nothing(because: str) -> Measured:
        return replace(found, obstacle=because, left_out=tuple(left_out))

    ended = part[part["status"].isin(["ok", "diverged"])]
    if claim.kind != "closed_form" and (obstacle := mixed(ended)):  # a count is the same in every arithmetic
        return nothing(obstacle)
    if obstacle := _unpaired(claim, part) or unequal(claim, *sides(claim, ended), tuned):
        return nothing(obstacle)
    solving = claim.kind in ("success", "solve_time")
    if solving and ended["budget_solved"].isna().any():
        return nothing("no threshold (budget.solved) was set")
    if claim.metric in with_role("time") and claim.kind != "success":
        busy = ended["contended"].fillna(False).astype(bool)
        if busy.any() and busy.all():
            return nothing(f"all {len(busy)} runs were timed while another ran beside them: force=true repeats them")
        if busy.any():
            left_out.append(f"{int(busy.sum())} run(s) timed while another ran beside them are kept out")
        ended = ended[~busy]
    values = _times_to_solve(claim, ended, left_out) if solving else _values(claim, ended, left_out)
    improving = _improving(claim, ended, left_out) if claim.metric.startswith(("test_", "valid_")) else 0.0
    if claim.kind == "interaction":
        try:
            ended, values = _slopes(claim, part, ended, values, left_out)
        except ValueError as error:  # a size or, of a ratio, a value that has no logarithm
            return nothing(str(error))
    if len(ended) and values.isna().all():
        return nothing(f"no run has {'' if claim.metric in ended else 'a column '}{claim.metric}")
    pairs = _paired(claim, ended, values, left_out)
    if _at_chance(claim, pairs):
        return nothing("neither is better than chance in any run")
    if solving:
        return _censored(claim, found, pairs, left_out)
    return replace(
        found, seeds=tuple(pairs.index), first=pairs["value_x"].to_numpy(float),
        second=pairs["value_y"].to_numpy(float), left_out=tuple(left_out), improving=improving,
    )  # fmt: skip


def _unpaired(claim: StudyClaim, part: pd.DataFrame) -> str:
    """What stands in the way of one run a seed and side, in words; "" where nothing does."""
    if claim.over is not None and claim.over not in part:
        return f"no run has a column {claim.over}"
    why = several(part, [claim.between, "seed", *([claim.over] if claim.over else [])])
    return f"{why}: select or by must tell them apart" if why else ""


def _values(claim: StudyClaim, ended: pd.DataFrame, left_out: list[str]) -> pd.Series:
    """The metric of each run; NaN for those that have none."""
    if claim.metric not in ended:
        return pd.Series(math.nan, index=ended.index)
    values = ended[claim.metric].astype("float64")
    diverged = ended["status"] == "diverged"
    is_score = claim.metric.startswith(("test_", "valid_"))
    if is_score:
        worst = _worst(claim, ended, values[~diverged])
        values = values.mask(diverged, worst)
        if diverged.any() and not math.isnan(worst):
            left_out.append(f"{int(diverged.sum())} diverged run(s) count as {worst:.4g}, the worse of chance and the "
                            "worst run")  # fmt: skip
    elif diverged.any():
        values = values.mask(diverged)
        left_out.append(f"{int(diverged.sum())} diverged run(s) are kept out")
    unknown = int((values.isna() & (~diverged | is_score)).sum())
    if unknown:
        left_out.append(f"{unknown} run(s) have no {claim.metric}")
    return values


def _improving(claim: StudyClaim, ended: pd.DataFrame, left_out: list[str]) -> float:
    """The share of runs that the budget cut off while they were improving, of the side that has more of them."""
    cut = ended["stopped_by"].isin(["max_steps", "max_epochs", "max_seconds"])
    cut &= (ended["best_step"] >= _LATE * ended["steps"]).fillna(False).astype(bool)
    shares = [0.0]
    for side, own in zip(claim.sides, sides(claim, ended), strict=True):
        if cut[own.index].any():
            which = f"{int(cut[own.index].sum())} of {len(own)} {cell_name(side)}"
            left_out.append(f"{which} run(s) were still improving on validation when the budget ended")
            shares.append(float(cut[own.index].mean()))
    return max(shares)


def higher_is_better(claim: StudyClaim, runs: pd.DataFrame) -> bool:
    """As the claim says; else as the records say of their metric; losses and costs are better when lower."""
    if claim.better is not None:
        return claim.better == "higher"
    said = runs["higher_is_better"].dropna()
    return _of_the_task(claim, runs) and len(said) > 0 and bool(said.iloc[0])


def _of_the_task(claim: StudyClaim, runs: pd.DataFrame) -> bool:
    own = {f"{split}_{metric}" for split in ("test", "valid") for metric in runs["metric"].dropna().unique()}
    return claim.metric in {"test_score", "valid_score", *own}


def _worst(claim: StudyClaim, ended: pd.DataFrame, values: pd.Series) -> float:
    chance = ended["chance"].dropna().tolist() if _of_the_task(claim, ended) else []
    found = [*chance, *values.dropna()]
    if not found:
        return math.nan
    return float(min(found) if higher_is_better(claim, ended) else max(found))


def _slopes(
    claim: StudyClaim, part: pd.DataFrame, ended: pd.DataFrame, values: pd.Series, left_out: list[str]
) -> tuple[pd.DataFrame, pd.Series]:
    """One row for each seed and side: the slope of the metric (ratio: of its logarithm) against log2 of `over`.

    A slope is linear in the metric, so that the difference of two sides' slopes is the slope of their difference. Two
    names count as 1 and 2: their slope is the change from the first to the second. On the ratio scale the slope comes
    back as a factor.
    """
    over = str(claim.over)
    levels = sorted(part[over].dropna().unique())
    numeric = pd.api.types.is_numeric_dtype(part[over])
    if not numeric and len(levels) != 2:
        left_out.append(f"{over} has {len(levels)} names, not two")
        return ended.iloc[:0], pd.Series(dtype="float64")
    rows, of_levels, short = [], [], 0
    for _, own in ended.assign(value=values).groupby([claim.between, "seed"], sort=True):
        known = own[own["value"].notna()].set_index(over)["value"]
        if set(known.index) != set(levels) or len(levels) < 2:
            short += 1
            continue
        rows.append(own.index[0])
        of_levels.append(known[levels].to_numpy(float))
    if short:
        left_out.append(f"{short} seed(s) of a side lack a value of {over}")
    if not rows:
        return ended.iloc[:0], pd.Series(dtype="float64")
    ratio, found = claim.scale == "ratio", np.array(of_levels)
    if ratio and (found <= 0).any():
        raise ValueError(f"a ratio needs positive values; {claim.metric} holds {found.min():g}")
    slopes = interaction_slopes(np.log(found) if ratio else found, levels if numeric else [1, 2])
    return ended.loc[rows], pd.Series(np.exp(slopes) if ratio else slopes, index=rows)


def _times_to_solve(claim: StudyClaim, ended: pd.DataFrame, left_out: list[str]) -> pd.Series:
    """When each run solved, or until when it had not; infinite for a diverged run, which never will."""
    until = ended["steps" if claim.metric == "steps_to_threshold" else "train_seconds"].astype("float64")
    times = ended[claim.metric].astype("float64").fillna(until)
    diverged = ended["status"] == "diverged"
    if diverged.any():
        left_out.append(f"{int(diverged.sum())} diverged run(s) count as unsolved")
    return times.mask(diverged, math.inf)


def _paired(claim: StudyClaim, ended: pd.DataFrame, values: pd.Series, left_out: list[str]) -> pd.DataFrame:
    """A row a seed that both have: value_x, solved_x, steps_x, value_y, …"""
    machine = with_role("machine")  # what a pair of times has in common
    columns = ["seed", "status", *machine, "budget_max_steps", "chance", "higher_is_better"]
    table = ended.reindex(columns=columns).assign(value=values, solved=_solved(ended, claim))
    table[claim.between] = ended[claim.between]
    x, y = (side.set_index("seed") for side in sides(claim, table[values.notna()]))
    pairs = x.add_suffix("_x").join(y.add_suffix("_y"), how="inner").sort_index()
    alone = len(x) + len(y) - 2 * len(pairs)
    if alone:
        left_out.append(f"{alone} run(s) have no partner of the same seed")
    if claim.kind not in ("success", "solve_time"):
        neither = (pairs["status_x"] == "diverged") & (pairs["status_y"] == "diverged")
        if neither.any():
            left_out.append(f"{int(neither.sum())} pair(s) of which both runs diverged say nothing and are kept out")
        pairs = pairs[~neither.fillna(False).astype(bool)]
    if claim.metric in with_role("time") and claim.kind != "success":
        same = pd.Series(True, index=pairs.index)
        for column in machine:
            a, b = pairs[f"{column}_x"], pairs[f"{column}_y"]
            same &= (a == b).fillna(False).astype(bool) | (a.isna() & b.isna())
        if not same.all():
            left_out.append(f"{int((~same).sum())} pair(s) timed on different machines or threads are kept out")
        pairs = pairs[same]
    return pairs


def _at_chance(claim: StudyClaim, pairs: pd.DataFrame) -> bool:
    """Whether nobody learned anything: equal scores would then say nothing of the cells."""
    if claim.metric not in ("test_score", "valid_score") or claim.kind == "interaction" or pairs.empty:
        return False
    chance = pairs["chance_x"].astype("float64")
    higher = pairs["higher_is_better_x"].fillna(False).astype(bool)
    better = [np.where(higher, pairs[f"value_{side}"] > chance, pairs[f"value_{side}"] < chance) for side in "xy"]
    return bool(chance.notna().all() and not np.any(better))


def _solved(ended: pd.DataFrame, claim: StudyClaim) -> pd.Series:
    if claim.kind not in ("success", "solve_time"):
        return pd.Series(False, index=ended.index)
    return ended[claim.metric].notna() & (ended["status"] == "ok")


def _censored(claim: StudyClaim, found: Measured, pairs: pd.DataFrame, left_out: list[str]) -> Measured:
    """`found` with the times of both sides, whether each was reached, and the horizon."""
    first, second = pairs["value_x"].to_numpy(float), pairs["value_y"].to_numpy(float)
    done_x, done_y = pairs["solved_x"].to_numpy(bool), pairs["solved_y"].to_numpy(bool)
    horizon = claim.horizon if claim.horizon is not None else _horizon(claim, pairs)
    if claim.kind == "solve_time" and len(pairs):
        if math.isnan(horizon):
            return replace(found, obstacle="no run of either solved it", left_out=tuple(left_out))
        never = int((~done_x).sum() + (~done_y).sum())
        those = f"{never} of {2 * len(pairs)} runs never solved it and are censored" if never else "all runs solved it"
        left_out.append(f"{those} (horizon {horizon:.6g})")
    first, second = (np.where(np.isinf(v), horizon, v) for v in (first, second))
    return replace(found, seeds=tuple(pairs.index), first=first, second=second, first_solved=done_x,
                   second_solved=done_y, horizon=horizon, left_out=tuple(left_out))  # fmt: skip


def _horizon(claim: StudyClaim, pairs: pd.DataFrame) -> float:
    """The budget in steps; of seconds, or without such a budget, the longest time up to which every run is known."""
    budgets = pd.concat([pairs["budget_max_steps_x"], pairs["budget_max_steps_y"]]).dropna()
    if claim.metric == "steps_to_threshold" and len(budgets):
        return float(budgets.min())
    times = pd.concat([pairs["value_x"], pairs["value_y"]])
    solved = pd.concat([pairs["solved_x"], pairs["solved_y"]]).astype(bool)
    ends = times[~solved & np.isfinite(times)]
    if len(ends):
        return float(ends.min())
    return float(times[solved].max()) if solved.any() else math.nan
