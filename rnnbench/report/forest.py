"""One figure of all comparisons of two cells: left of the line the first is better, right of it the second.

Effects of several metrics share an axis in units of their margins, what matters in practice, so that the band is the
same for all; those of one metric keep its unit. What lies beyond the frame has an arrow and its number.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from rnnbench.plots.look import BAND, FAINT, INK, looks
from rnnbench.plots.panels import Drawing
from rnnbench.records import metric_name
from rnnbench.records.columns import is_score, label
from rnnbench.records.columns import unit as unit_of
from rnnbench.records.numbers import interval, number
from rnnbench.report.decisions import better, shown, told_bias
from rnnbench.statistics import ConditionVerdict
from rnnbench.studies import Evaluated, Measured, Selection

MOST_ROWS = 24
_MOST_CLAIMS = 4 * MOST_ROWS  # looked at, of a sweep's thousands
_MOST_MARGINS = 6.0  # from the middle to the edge of the frame, where a row has more
_WIDTH = {1: 4.8, 3: 7.6}  # inches
_FITS = {1: 84, 3: 126}  # letters of a row's words at 7.5 and 8 points


@dataclass(frozen=True)
class Row:
    """One condition of one claim; `toward`: +1 where a larger effect is the second side's, who is then better."""

    judged: Evaluated
    condition: ConditionVerdict
    measured: Measured
    where: str
    metric: str
    unit: str
    solved: str  # "10/10, 9/10" runs of each side; "" without a threshold

    @property
    def toward(self) -> int:
        return -1 if self.measured.higher else 1

    @property
    def words(self) -> str:
        return self.numbers(self.unit)

    def numbers(self, unit: str = "") -> str:
        e = self.condition.condition.effect
        parts = [f"{interval(e.estimate, e.low, e.high)} {unit}".strip(), f"n = {e.n}"]
        parts += [f"solved {self.solved}"] if self.solved else []
        return ", ".join(parts)


def forest(claims: Sequence[Evaluated], runs: pd.DataFrame) -> Drawing | None:
    """Of the two cells that most claims compare; None where no score or time to solve of them was measured.

    runs: of load_results, with the claims' own.
    """
    found = rows(claims, runs)
    if not found:
        return None
    drawn = found[:MOST_ROWS]
    first, second = drawn[0].judged.claim.names
    one = len({(row.metric, row.unit) for row in found}) == 1
    words = (
        f"{first} − {second}, mean of paired differences with its 95 % interval, a row a condition, the numbers in "
        f"their own unit, n pairs{', runs that solved it of each' if any(row.solved for row in drawn) else ''}. Left "
        f"of the line {first} is better, right of it {second}. Filled: shown, after correction; square: shown alike; "
        "hollow: open."
    )
    if not one:
        words += " All rows share an axis in margins, the differences that begin to matter in practice (the band)."
    if len(found) > len(drawn):
        words += f" The first {len(drawn)} rows; verdicts.csv has all."
    said = "; ".join(f"{row.where}, {row.metric}: {first} − {second} {row.words}" for row in drawn)
    return Drawing("forest", f"{first} or {second}", words, lambda columns: _figure(drawn, one, columns), said)


def rows(claims: Sequence[Evaluated], runs: pd.DataFrame) -> list[Row]:
    """Each condition once, in the order of the claims: scores, then times to solve."""
    those = [each for each in claims if _drawable(each)]
    if not those:
        return []
    pair, _ = Counter(each.claim.names for each in those).most_common(1)[0]
    those = [each for each in those if each.claim.names == pair]
    selection, found = Selection(runs), []
    for each in those[:_MOST_CLAIMS]:
        own = selection.of(each.claim)
        for j, m in zip(each.verdict.conditions, each.measured, strict=True):
            if not math.isnan(j.condition.effect.estimate):
                found.append(_row(each, j, m, _of(own, m)))
    kept = {(row.where, row.metric, row.words): row for row in reversed(found)}
    told = [row for row in reversed(kept.values()) if row.condition.condition.margin is not None]
    if not told and len({(row.metric, row.unit) for row in found}) == 1:
        told = list(reversed(kept.values()))  # in its own unit, without a band
    return sorted(told, key=lambda row: not is_score(row.judged.claim.metric))


def _drawable(each: Evaluated) -> bool:
    claim = each.claim
    of_runs = is_score(claim.metric) or claim.metric == "steps_to_threshold"
    of_two = each.kind.names_a_side and each.kind.in_its_unit and claim.between == "cell" and not claim.planted
    return of_runs and of_two and claim.scale == "difference" and each.verdict.outcome != "withdrawn"


def _of(runs: pd.DataFrame, m: Measured) -> pd.DataFrame:
    for column, value in m.settings.items():
        if column in runs:
            runs = runs[runs[column].isna() if pd.isna(value) else runs[column] == value]
    return runs[runs["seed"].isin(m.seeds)]


def _row(each: Evaluated, j: ConditionVerdict, m: Measured, runs: pd.DataFrame) -> Row:
    """runs: of the condition."""
    names = sorted(runs["dataset"].dropna().unique())
    name = j.condition.name
    where = ", ".join(names) if name == "all runs" else name
    if len(names) == 1 and names[0] not in where:
        where = f"{names[0]}, {where}"
    train = list(runs["train_size_asked"].dropna().unique())
    if len(train) == 1 and "train" not in where:
        where += f", {int(train[0]):,} training examples"
    where += told_bias(each, runs)
    scored = is_score(each.claim.metric)
    known = runs.loc[runs["metric"].notna(), ["metric", "unit"]].drop_duplicates()
    metric = metric_name(str(known.iloc[0]["metric"])) if scored and len(known) == 1 else label(each.claim.metric)
    unit = known.iloc[0]["unit"] if scored and len(known) == 1 else unit_of(each.claim.metric)
    return Row(each, j, m, where, metric, unit if isinstance(unit, str) else "", _solved(each, runs))


def _solved(each: Evaluated, runs: pd.DataFrame) -> str:
    asked = runs[runs["budget_solved"].notna()]
    if asked.empty:
        return ""
    counts = []
    for cell in each.claim.compare:
        own = asked[asked["cell"] == cell]
        counts.append(f"{int(own['steps_to_threshold'].notna().sum())}/{len(own)}")
    return ", ".join(counts)


def _figure(drawn: Sequence[Row], one: bool, columns: int) -> Figure:
    width = _WIDTH[1 if columns == 1 else 3]
    figure = Figure(figsize=(width, 1.35 + 0.4 * len(drawn)), layout="constrained")
    axes = figure.subplots()
    ends = np.array([_ends(row, one) for row in drawn])  # (rows, 3): low, estimate, high, the first side's on the left
    band = 1.0 if not one else drawn[0].condition.condition.margin
    most = float(np.nanmax(np.abs(ends)))
    reach = most if one else min(most, max(2.0, _MOST_MARGINS))
    reach = 1.12 * max(reach, band or 0.0)
    axes.set_xlim(-reach, reach)
    axes.set_ylim(len(drawn) - 0.2, -0.75)
    if band is not None:
        axes.axvspan(-band, band, color=BAND, alpha=0.6, zorder=0, linewidth=0)
    axes.axvline(0, color=FAINT, linewidth=1.2, zorder=1)
    look = looks(list(map(str, drawn[0].judged.claim.compare)))
    for y, (row, (low, middle, high)) in enumerate(zip(drawn, ends, strict=True)):
        _interval(axes, y, row, (low, middle, high), reach, look)
        words = f"{row.where}: {row.metric} {row.words if columns > 1 else row.numbers()}"
        size = (8 if columns > 1 else 7.5) * min(1.0, _FITS[1 if columns == 1 else 3] / len(words))
        axes.annotate(words, (0.0, y - 0.36), xycoords=("axes fraction", "data"), fontsize=size,
                      color=INK, va="center", zorder=5).set_in_layout(False)  # fmt: skip
    axes.set_yticks([])
    axes.grid(False)
    axes.spines["left"].set_visible(False)
    first, second = drawn[0].judged.claim.names
    axes.annotate(f"← {first} better", (0.0, 1.0), xycoords="axes fraction", fontsize=10, color=INK, va="bottom",
                  weight="bold")  # fmt: skip
    axes.annotate(f"{second} better →", (1.0, 1.0), xycoords="axes fraction", fontsize=10, color=INK, va="bottom",
                  ha="right", weight="bold")  # fmt: skip
    axes.xaxis.set_major_formatter(lambda value, _: f"{abs(value):g}")
    unit = f"{drawn[0].metric}{f' ({drawn[0].unit})' if drawn[0].unit else ''}"
    axes.set_xlabel(f"how much better, {unit}" if one else "how much better, in margins (1: what begins to matter)")
    keys: list[Any] = [
        Line2D([], [], color=INK, marker="o", linestyle="none", label="shown"),
        Line2D([], [], color=INK, marker="o", markerfacecolor="none", linestyle="none", label="open"),
    ]
    if any(shown(row.judged, row.condition) == "alike" for row in drawn):
        keys.insert(1, Line2D([], [], color=INK, marker="s", linestyle="none", label="alike"))
    if band is not None:
        keys.append(Patch(facecolor=BAND, label="no matter"))
    figure.legend(handles=keys, loc="outside lower center", ncols=4, frameon=False, fontsize=8)
    return figure


def _ends(row: Row, one: bool) -> tuple[float, float, float]:
    """The interval along the axis, from left to right, NaN for ends that there are not."""
    e, margin = row.condition.condition.effect, row.condition.condition.margin
    scale = row.toward * (1.0 if one or not margin else 1 / margin)
    low, high = sorted((scale * e.low, scale * e.high))
    return low, scale * e.estimate, high


def _interval(axes: Axes, y: int, row: Row, ends: tuple[float, float, float], reach: float, look: dict) -> None:
    low, middle, high = ends
    how, side = shown(row.judged, row.condition), better(row.condition, row.measured)
    colour = look[str(row.judged.claim.compare[side])].colour if how == "shown" else INK
    edge = 0.985 * reach
    inside = [min(max(end, -edge), edge) for end in (low, high)]
    if inside[0] < inside[1]:
        axes.plot(inside, [y, y], color=colour, linewidth=1.6, zorder=3)
    for end, sign in ((low, -1), (high, 1)):
        if sign * end > edge:
            axes.plot([sign * edge], [y], marker=">" if sign > 0 else "<", color=colour, markersize=7, zorder=4)
    if abs(middle) <= edge:
        axes.plot([middle], [y], marker="s" if how == "alike" else "o", color=colour, markersize=7,
                  markerfacecolor="white" if how == "open" else colour, zorder=5)  # fmt: skip
    if max(-low, high, abs(middle)) > edge:  # what the frame leaves out, as a number at its edge
        sign = 1 if middle > 0 else -1
        inner, outer = sorted((low, high), key=lambda end: sign * end)
        words = number(abs(outer), 2)
        words = f"{number(abs(inner), 2)} to {words}" if sign * inner > edge else words
        axes.annotate(words, (sign * 0.94 * reach, y), fontsize=7, color=INK, ha="right" if sign > 0 else "left",
                      va="center", zorder=6,
                      bbox={"facecolor": "white", "edgecolor": "none", "pad": 1}).set_in_layout(False)  # fmt: skip
