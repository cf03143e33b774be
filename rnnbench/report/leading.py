"""The page's answer in three sentences: who is ahead where, what stays open and why, how sure that is or what to do
next. Each says what verdicts say."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

from rnnbench.records import cell_name, in_order
from rnnbench.report import published
from rnnbench.report.decisions import Decision, of_many_pairs
from rnnbench.report.findings import Comparison
from rnnbench.statistics.verdict import TOO_FEW
from rnnbench.studies import StudyResult

_MOST = 3  # problems named in a sentence


def of_study(result: StudyResult, rows: Sequence[Decision], ranks: str = "") -> list[str]:
    """Of a study: winners by name, what is open, and how many claims share the error. ranks: what is said of those of
    many cells."""
    if not result.claims:
        return [published.answer(result.published)] if result.published else []
    many = of_many_pairs(result.claims)
    if many:
        lines = [*([f"{ranks}."] if ranks else []), _pair_by_pair(rows)]
    else:
        lines = [_winners(rows) or "No claim of this study shows that one cell is better than the other."]
    open_ = [row for row in rows if not row.settled]
    if open_:
        problems = [row.question if many else row.problem for row in open_]
        lines.append(f"Open, which is not “the same”: {_listed(problems)}.")
    judged = [each for each in result.claims if not each.claim.planted and each.verdict.outcome != "withdrawn"]
    primary = [each for each in judged if each.claim.primary]
    settled = sum(each.verdict.outcome != "undecided" for each in primary)
    claims = "claims" if len(primary) == len(judged) else "primary claims"
    said = f"{settled} of {len(primary)} {claims} are decided; they share an error of 5 % (Holm)"
    if len(primary) == 1:
        said = f"The one {claims[:-1]} is {'decided' if settled else 'open'}, at an error of 5 %"
    if withdrawn := sum(each.verdict.outcome == "withdrawn" for each in result.claims):
        said += f", and {withdrawn} more about times are withdrawn"
    if len(result.published) > len(result.claims):  # what such a study is about
        return [*lines, published.answer(result.published)]
    return [*lines, said + "."]


def of_sweep(comparisons: Sequence[Comparison], rows: Sequence[Decision], runs: pd.DataFrame) -> list[str]:
    """Of a plain sweep: the answer that it may give, its limits, and what would tell more. runs: with conditions."""
    if not comparisons:
        cells = ", ".join(map(cell_name, in_order(runs["cell"])))
        return [f"Nothing to compare: no two cells have a seed in common under one setting (cells: {cells})."]
    reasons = [c.word for c in comparisons]
    few = sum(word == TOO_FEW for word in reasons)
    none = sum(word.startswith("not learned") for word in reasons)
    cut = sum("still improving" in word for word in reasons)
    ending = f" in {{}} of {len(comparisons)} comparisons" if len(comparisons) > 1 else ""
    first = _winners(rows)
    if not first and few == len(reasons):
        counts = {c.difference.n for c in comparisons}
        first = f"Too few seeds to say: n = {max(counts)} pairs, and fewer than ten decide nothing."
    elif not first and none == len(reasons):
        first = f"Neither learned: {' and '.join(comparisons[0].judged.claim.names)} are no better than chance."
    elif not first:
        first = "No clear difference is shown, which is not “the same”."
    open_ = [
        words
        for words, count in (
            ("too few seeds to say", few),
            ("neither learned", none),
            ("the budget ended runs that were still improving", cut),
        )
        if count and not (count == len(reasons) and words[:8].lower() == first[:8].lower())
        for words in [words + ending.format(count)]
    ]
    told = _how_equal(runs)
    if open_:
        told = f"{'; '.join(open_)[:1].upper()}{'; '.join(open_)[1:]}. {told}"
    return [first, told, f"Next: {_next(few, none, cut, runs)}."]


def _pair_by_pair(rows: Sequence[Decision]) -> str:
    """ "Shown: JANET or LSTM? LSTM (anbn); MGU or GRU? either." """
    shown = [row for row in rows if row.settled]
    parts = [f"{row.question}? {row.take}" + (f" ({row.where})" if row.where else "") for row in shown]
    return f"Shown: {'; '.join(parts)}." if parts else "Of no pair a difference is shown, nor that there is none."


def _winners(rows: Sequence[Decision]) -> str:
    """ "LSTM is better for A; GRU for B and C; either will do for D." """
    by_take: dict[str, list[str]] = {}
    for row in rows:
        if row.settled and row.take != "it depends":
            by_take.setdefault(row.take, []).append(row.problem + (f" ({row.where})" if row.where else ""))
    sides = [f"{take} is better for {_listed(problems)}" for take, problems in by_take.items() if take != "either"]
    parts = sides + [f"either will do for {_listed(by_take[key])}" for key in ("either",) if key in by_take]
    parts += [f"it depends for {row.problem}: {row.where}" for row in rows if row.take == "it depends"]
    return "; ".join(parts)[:1].upper() + "; ".join(parts)[1:] + "." if parts else ""


def _listed(words: Sequence[str]) -> str:
    """ "A, B and C"; of more than a few the rest by number."""
    those = list(dict.fromkeys(re.sub(r"\s+", " ", each) for each in words))
    if len(those) > _MOST + 1:
        those = [*those[:_MOST], f"{len(those) - _MOST} more"]
    return " and ".join([", ".join(those[:-1]), those[-1]]) if len(those) > 1 else those[0]


def _how_equal(runs: pd.DataFrame) -> str:
    ways = {"hidden": "equal width", "params": "equal parameters"}
    matched = " and ".join(ways.get(str(each), str(each)) for each in sorted(set(runs["match"].dropna())))
    return f"Nothing was tuned: each cell had the settings that were given; {matched or 'width as given'}."


def _next(few: int, none: int, cut: int, runs: pd.DataFrame) -> str:
    steps = []
    if few:
        steps.append("ten seeds, with the same command and seed=range(0,10) (finished runs are kept)")
    if none:
        steps.append("a longer budget or another optimizer.lr, as nothing was learned")
    if cut:
        steps.append("a larger budget, as runs were still improving")
    if not steps and set(runs["match"].dropna()) == {"hidden"} and runs["cell"].nunique() > 1:
        steps.append("match=params, to compare cells of equally many parameters")
    if not steps:
        steps.append("a study that tunes each cell alike (docs/studies.md), before a choice is made")
    return "; ".join(steps)
