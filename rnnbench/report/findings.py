"""What the records say, in words: cells beside one another, and ratios of what they cost.

Who is ahead is decided where every claim is, in studies/: a plain sweep by the claims that it implies, a study by its
own, so that beside those of a study nothing but numbers is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from rnnbench.records import cell_name, in_order, said, setting
from rnnbench.records.columns import short, with_role
from rnnbench.records.conditions import Panel, panels
from rnnbench.records.numbers import interval, number
from rnnbench.records.table import config_columns
from rnnbench.statistics import Interval
from rnnbench.statistics.verdict import TOO_FEW
from rnnbench.studies import UNIT, Evaluated, evaluate_claims, implied

_MOST_NAMED = 8  # conditions; more are counted
_MOST_EFFECTS = 3  # with their intervals; of more the range


@dataclass(frozen=True)
class Comparison:
    """Two cells under one setting. `named`: whether a winner may be named here, which in a study its claims do."""

    panel: Panel
    judged: Evaluated
    named: bool = True

    @property
    def setting(self) -> dict[str, Any]:
        """What tells it from the dataset's other comparisons."""
        return self.panel.setting

    @property
    def pair(self) -> str:
        return self.judged.claim.compared

    @property
    def difference(self) -> Interval:
        conditions = self.judged.verdict.conditions
        return conditions[0].condition.effect

    @property
    def word(self) -> str:
        """Who is ahead, or why nobody is said to be."""
        return ahead_or_why(self.judged)

    @property
    def tuned(self) -> list[str]:
        """Keys in which the two cells differ besides."""
        own = self.panel.runs["cell"].isin(list(self.judged.claim.compare))
        return [name for name in self.panel.tuned if self.panel.runs[name][own].nunique(dropna=False) > 1]


def ahead_or_why(judged: Evaluated) -> str:
    """Of a claim of either about one condition who is ahead, or why nobody is said to be."""
    outcome, reason = judged.verdict.outcome, judged.verdict.reason
    if outcome == "equivalent":
        return "no difference that matters"
    if outcome == "supported":
        return judged.word
    if reason.startswith(TOO_FEW):
        return TOO_FEW
    (only,) = judged.verdict.conditions
    return reason if reason in (only.condition.barred, only.condition.obstacle) else "no clear difference"


def compare(runs: pd.DataFrame, named: bool = True) -> list[Comparison]:
    """What the runs imply, judged as the claims of one page. runs: with conditions."""
    asked = implied(runs)
    facts = with_role("ending", "seed", "task", "score", "count", "numerics")
    judged = evaluate_claims([each.claim for each in asked], _narrow(runs, "run_id", *facts))
    return [Comparison(each.panel, found, named) for each, found in zip(asked, judged, strict=True)]


def _narrow(runs: pd.DataFrame, *facts: str) -> pd.DataFrame:
    """`runs` with these columns and what tells runs apart, for the many small tables that comparisons are made of."""
    varying = [name for name in config_columns(runs) if runs[name].nunique(dropna=False) > 1]
    kept = {"dataset", "cell", "seq_len", "hidden_size_asked", "optimizer_schedule", UNIT, *facts, *varying}
    return runs[[name for name in runs if name in kept]]


def of_panel(comparisons: Sequence[Comparison], panel: Panel) -> list[Comparison]:
    """The comparisons that a panel shows."""
    return [
        c for c in comparisons
        if c.panel.dataset == panel.dataset
        and all(said(c.panel.fixed.get(k)) == said(v) for k, v in panel.fixed.items())
    ]  # fmt: skip


def spoken(comparisons: Sequence[Comparison], over: Sequence[str] | None = None) -> str:
    """One line for two cells: "GRU ahead at T = 200; no clear difference at T = 50, 100 (n = 10)".

    over: the settings to name (default: all of them). More than eight are counted, not listed.
    """
    if not comparisons:
        return ""
    if not comparisons[0].named:
        return _numbers(comparisons, over)
    by_word: dict[str, list[Comparison]] = {}
    for c in sorted(comparisons, key=lambda c: c.judged.verdict.outcome == "undecided"):
        by_word.setdefault(c.word, []).append(c)
    parts = []
    for word, members in by_word.items():
        where = _places(members, over)
        if len(comparisons) > _MOST_NAMED:
            part = f"{word} in {len(members)} of {len(comparisons)} conditions"
        else:
            part = f"{word}{' at ' + where if where else ''}"
        parts.append(f"{part}: n = {_counts(members)}" if word == TOO_FEW else part)
    enough = [c for c in comparisons if c.word != TOO_FEW]
    if enough:
        place = max(index for index, word in enumerate(by_word) if word != TOO_FEW)
        parts[place] += f" (n = {_counts(enough)})"
    return "; ".join(parts)


def _numbers(comparisons: Sequence[Comparison], over: Sequence[str] | None) -> str:
    """The effects themselves: "GRU − LSTM −0.047 [−0.088, −0.005] at T = 5 (n = 10)"; of many their range."""
    known = [c for c in comparisons if c.difference.n]
    if not known:
        return ""
    n = f"(n = {_counts(known)})"
    if len(known) > _MOST_EFFECTS:
        low, high = (number(end([c.difference.estimate for c in known])) for end in (min, max))
        return f"{known[0].pair} {low} to {high} over {len(known)} conditions {n}"
    parts = []
    for c in known:
        d, where = c.difference, _places([c], over)
        parts.append(f"{interval(d.estimate, d.low, d.high)}{' at ' + where if where else ''}")
    return f"{known[0].pair} {'; '.join(parts)} {n}"


def _counts(comparisons: Sequence[Comparison]) -> str:
    counts = {c.difference.n for c in comparisons}
    return str(min(counts)) if len(counts) == 1 else f"{min(counts)}–{max(counts)}"


def _places(comparisons: Sequence[Comparison], over: Sequence[str] | None) -> str:
    names = [name for name in (over if over is not None else comparisons[0].setting) if name in comparisons[0].setting]
    if len(names) == 1:
        return f"{short(names[0])} = {', '.join(said(c.setting[names[0]]) for c in comparisons)}"
    return "; ".join(" ".join(setting(name, c.setting[name]) for name in names) for c in comparisons)


def pairs(comparisons: Sequence[Comparison]) -> list[list[Comparison]]:
    """Comparisons by the two cells they compare."""
    found: dict[str, list[Comparison]] = {}
    for c in comparisons:
        found.setdefault(c.pair, []).append(c)
    return list(found.values())


def headline(comparisons: Sequence[Comparison], over: Sequence[str] | None = None, most: int = 2) -> str:
    """`spoken` for each of the first pairs of cells; names the pair where that is not clear."""
    found = pairs(comparisons)
    if len(found) == 1:
        return spoken(found[0], over)
    lines = []
    for members in found[:most]:
        words = spoken(members, over)
        lines.append(f"{' and '.join(members[0].judged.claim.names)}: {words}" if members[0].named else words)
    return "\n".join(
        [*lines, f"({len(found) - most} more in the table of differences)"] if len(found) > most else lines
    )


def ratio(runs: pd.DataFrame, column: str) -> str:
    """How much of `column` each cell takes against the LSTM (else the first cell): "GRU 0.75 × LSTM", or a range.

    The geometric mean of the ratios of one seed, as in claims, under every setting that both cells have; "" where there
    is none.
    """
    found: dict[tuple[str, str], list[float]] = {}
    for panel in panels(_narrow(runs, "seed", "condition", column), one_x=True):
        of_cell: dict[str, dict[int, float]] = {}  # the first value of each seed
        values = panel.runs[column].astype("float64")
        for cell, seed, value in zip(panel.runs["cell"], panel.runs["seed"], values, strict=True):
            own = of_cell.setdefault(cell, {})
            if value == value:
                own.setdefault(seed, value)
        base, *others = in_order(of_cell)
        for other in others:
            seeds = sorted(of_cell[other].keys() & of_cell[base].keys())
            shared = np.array([(of_cell[other][seed], of_cell[base][seed]) for seed in seeds])
            if len(shared) and (shared > 0).all():
                mean = float(np.exp(np.log(shared[:, 0] / shared[:, 1]).mean()))
                found.setdefault((base, other), []).append(mean)
    parts, order = [], in_order(other for _, other in found)
    for base, other in sorted(found, key=lambda pair: order.index(pair[1])):
        low, high = (f"{end(found[base, other]):.2f}" for end in (min, max))
        parts.append(f"{cell_name(other)} {low if low == high else f'{low}–{high}'} × {cell_name(base)}")
    return "; ".join(parts)
