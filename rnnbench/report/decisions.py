"""From verdicts to what a reader takes: your problem → take → how sure → why, a row a claim that names a side.

Nothing here judges: a side is named where a condition of the claim came out for it, and "either" where the two were
shown alike. What is open says so.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import pandas as pd

from rnnbench.records import metric_name, setting
from rnnbench.records.columns import is_score, label
from rnnbench.records.numbers import interval, number
from rnnbench.report.wording import in_words, margins
from rnnbench.statistics import ConditionVerdict
from rnnbench.studies import Evaluated, Measured, Selection
from rnnbench.studies.kinds._prospects import is_small

MOST = 10
"""Rows of the table on the first screen."""
_OPEN = "neither a difference is shown nor that there is none"
_FIRST = 3  # conditions named in a cell; more are counted
_TOLD = ("train_size_asked", "hidden_size_asked", "num_layers")
"""Columns that a claim selects by, without which its problem would read as another's."""
Sure = Literal["shown", "alike", "open"]


@dataclass(frozen=True)
class Decision:
    """What one claim says to somebody who has to choose."""

    judged: Evaluated
    problem: str
    take: str  # a side's name; "either", where both were shown alike; "it depends"; "" where it is open
    where: str  # of the claim's conditions those that say so; "" for all
    sure: str
    why: str

    @property
    def settled(self) -> bool:
        return self.take != ""

    @property
    def question(self) -> str:
        return " or ".join(self.judged.claim.names)

    @property
    def of_cost(self) -> bool:
        return not _of_learning(self.judged)


def decisions(claims: Iterable[Evaluated], runs: pd.DataFrame) -> list[Decision]:
    """A row for each claim about the two sides that most are about, decided ones first; for each of all, where each is
    about two others (`of_many_pairs`). runs: of load_results.

    Of the primary claims alone, where there are any.
    """
    there = [each for each in claims if each.kind.names_a_side and each.verdict.outcome != "withdrawn"]
    there = [each for each in there if not each.claim.planted]
    many = of_many_pairs(there)
    if there and not many:
        names = Counter(each.claim.names for each in there).most_common(1)[0][0]
        there = [each for each in there if each.claim.names == names]  # GRU or LSTM?
    there = [each for each in there if each.claim.primary] or there
    selection, known = Selection(runs), runs[["metric", "unit", "dataset", "cell", "forget_bias"]]
    found = [_decision(each, known[selection.where(each.claim.select)]) for each in there]
    if many:
        found = [replace(row, problem=f"{row.question}: {row.problem}") for row in found]
    return sorted(found, key=lambda row: (not row.settled, row.of_cost))


def of_many_pairs(claims: Iterable[Evaluated]) -> bool:
    """Whether each (each primary one) is about two sides of its own: many cells, set against each other."""
    claims = list(claims)
    pairs = [each.claim.names for each in [each for each in claims if each.claim.primary] or claims]
    return len(pairs) > 2 and len(set(pairs)) == len(pairs)


def better(judged: ConditionVerdict, m: Measured) -> int:
    """Of the two sides the place of the one that is better by the estimate."""
    return int((judged.condition.additive_effect > 0) != m.higher)


def shown(each: Evaluated, judged: ConditionVerdict) -> Sure:
    """What a condition shows: that one side is better, that the two are alike, or neither."""
    on_par = each.claim.direction == "equivalent"
    if judged.outcome == "equivalent" or (on_par and judged.outcome == "supported"):
        return "alike"
    decided = ("contradicted",) if on_par else ("supported", "contradicted")
    return "shown" if judged.outcome in decided and judged.condition.additive_effect else "open"


def _of_learning(each: Evaluated) -> bool:
    return is_score(each.claim.metric) or each.claim.metric.endswith("_to_threshold")


def told_bias(each: Evaluated, runs: pd.DataFrame) -> str:
    """Of cells with a forget gate that its first bias is not the usual one, in words; "" else. runs: of the claim."""
    biases = sorted(set(runs.loc[runs["cell"].isin(each.claim.compare), "forget_bias"].dropna()))
    return f", forget bias {biases[0]}" if len(biases) == 1 and biases != ["1"] else ""


def _decision(each: Evaluated, runs: pd.DataFrame) -> Decision:
    """runs: what its runs are of, a few columns."""
    claim, conditions = each.claim, each.verdict.conditions
    ways: dict[str, list[tuple[ConditionVerdict, Measured]]] = {}
    for j, m in zip(conditions, each.measured, strict=True):
        how = shown(each, j)
        ways.setdefault(claim.names[better(j, m)] if how == "shown" else how, []).append((j, m))
    sides = [name for name in claim.names if name in ways]
    take = "it depends" if len(sides) == 2 else sides[0] if sides else ""
    if not take and set(ways) == {"alike"}:
        take = "either"
    where = _where(each, ways[take]) if take in ways and len(ways[take]) < len(conditions) else ""
    if take == "it depends":
        where = "; ".join(f"{name} at {_where(each, ways[name])}" for name in sides)
    problem = claim.problem or _problem(each, runs)
    told = ways.get("alike" if take == "either" else take) or [
        pair for name in sides or ("open", "alike") for pair in ways.get(name, [])
    ]
    return Decision(each, problem, take, where, _sure(each, take, [j for j, _ in told]), _why(each, told, runs))


def _where(each: Evaluated, those: Sequence[tuple[ConditionVerdict, Measured]]) -> str:
    names = [j.condition.name for j, _ in those]
    return ", ".join(names) if len(names) <= _FIRST else f"{len(names)} of {len(each.verdict.conditions)} conditions"


def _problem(each: Evaluated, runs: pd.DataFrame) -> str:
    """The datasets of a claim about scores, with what is measured; of a cost what it is of."""
    claim = each.claim
    datasets = sorted(runs["dataset"].dropna().unique())
    where = ", ".join(datasets) if len(datasets) <= _FIRST else f"{len(datasets)} datasets"
    matched = {"hidden": "equal width", "params": "equal parameters"}.get(str(claim.select.get("match")), "")
    if not _of_learning(each):
        return label(claim.metric) + (f" ({matched})" if matched else "")
    metrics = ", ".join(metric_name(metric) for metric in sorted(runs["metric"].dropna().unique()))
    what = metrics if claim.metric == "test_score" and metrics else label(claim.metric)
    names = [j.condition.name for j in each.verdict.conditions]
    if len(names) == 1 and names[0] != "all runs":
        where = names[0]
    own = [
        setting(name, claim.select[name]) for name in _TOLD if not isinstance(claim.select.get(name, []), list | tuple)
    ]
    return f"{', '.join([where, *own])}{told_bias(each, runs)}: {what}"


def _sure(each: Evaluated, take: str, those: Sequence[ConditionVerdict]) -> str:
    told = "" if each.claim.primary else "exploratory; "
    n = each.kind.pairs(each)
    if each.kind.counted:
        return f"{told}certain: counted"
    if not take:
        reasons = {j.reason for j in those} if len(those) == len(each.verdict.conditions) else set()
        alike = [j.condition.name for j in each.verdict.conditions if shown(each, j) == "alike"]
        same = f"; shown alike at {', '.join(alike)}" if alike else ""
        return f"{told}open ({n}){same}: {reasons.pop() if len(reasons) == 1 else _OPEN}"
    if take == "either":
        return f"{told}shown alike: the difference is within {margins(each)} ({n})"
    p = max(j.p_adjusted for j in those)
    small = ", and smaller than what matters" if is_small(each.claim, each.verdict) else ""
    return f"{told}shown: p = {number(p, 2)} after correction ({n}){small}"


def _why(each: Evaluated, those: Sequence[tuple[ConditionVerdict, Measured]], runs: pd.DataFrame) -> str:
    known = [j for j, _ in those if not math.isnan(j.condition.effect.estimate)]
    if not known:
        return each.verdict.reason
    kinds = runs[["metric", "unit"]].dropna(subset="metric").drop_duplicates()
    unit = kinds.iloc[0]["unit"] if len(kinds) == 1 and isinstance(kinds.iloc[0]["unit"], str) else ""
    score = metric_name(kinds.iloc[0]["metric"], unit) if len(kinds) == 1 else ""
    what = in_words(each, score)
    some = "; ".join(_effect(each, j, len(each.verdict.conditions) > 1) for j in known[:_FIRST])
    more = f"; {len(known) - _FIRST} more" if len(known) > _FIRST else ""
    return f"{each.claim.compared} {some}{more} – {what}"


def _effect(each: Evaluated, j: ConditionVerdict, named: bool) -> str:
    e = j.condition.effect
    words = each.kind.effect(e) if each.kind.counted else interval(e.estimate, e.low, e.high)
    return f"{words} at {j.condition.name}" if named else words
