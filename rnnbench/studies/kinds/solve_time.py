"""Who solves it sooner? The restricted mean time to the threshold: of min(T, τ), τ the horizon.

A run that the budget ended unsolved took at least so long: it is censored there, not left out. Beside the mean stand
the log-rank test of the whole course and the Kaplan–Meier curve of who is still unsolved.
"""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from rnnbench.records.columns import unit
from rnnbench.records.numbers import number
from rnnbench.statistics import Condition, Interval, LogRank, kaplan_meier, logrank_test, solve_time_condition
from rnnbench.studies.claim import StudyClaim
from rnnbench.studies.kinds._threshold import Threshold, ended_with_threshold, solved_columns, with_times
from rnnbench.studies.kinds.base import OWN_KEYS, Evaluated
from rnnbench.studies.measure import Measured, ObstacleError, on_one_machine, paired, undisturbed, vectors

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from rnnbench.plots.look import Look
    from rnnbench.plots.panels import Drawing


_CAPTION = (
    "Kaplan–Meier estimate with pointwise 95 % bounds (log-log; Wilson where it is still 1 or already 0). Runs that "
    "the budget ended unsolved are censored there, not left out."
)


class SolveTime(Threshold):
    """steps_to_threshold or seconds_to_threshold."""

    keys = ("horizon",)
    method = "mean time to the threshold, an unsolved run counted to the end of the budget, paired by seed"
    glossary = {
        "mean up to": "mean of the times to the threshold, each cut there, which is what an unsolved run is known to "
        "have taken (restricted mean)"
    }

    def validate(self, claim: StudyClaim) -> None:
        if claim.horizon is not None and claim.horizon <= 0:
            raise claim.wrong("horizon", claim.horizon, OWN_KEYS["horizon"])
        super().validate(claim)

    def measure(self, claim: StudyClaim, runs: pd.DataFrame, left_out: list[str]) -> Measured:
        runs = with_times(claim, undisturbed(claim, ended_with_threshold(runs), left_out), left_out)
        pairs = on_one_machine(claim, paired(claim, runs, left_out), left_out)
        return _censored(claim, pairs, left_out)

    def condition(self, claim: StudyClaim, m: Measured) -> Condition:
        if not len(m.seeds):
            return super().condition(claim, m)
        return solve_time_condition(m.name, m.first, m.first_solved, m.second, m.second_solved, m.horizon, claim.margin)

    def judge(
        self, claim: StudyClaim, measured: tuple[Measured, ...], conditions: Sequence[Condition], family: int
    ) -> Evaluated:
        return replace(super().judge(claim, measured, conditions, family), log_rank=tuple(map(_log_rank, measured)))

    def interval_by(self, claim: StudyClaim, found: Interval) -> str:
        """The horizon with its unit: "mean up to 18.95 s, …"."""

        def horizon(match: re.Match[str]) -> str:
            return f"mean up to {float(match[1]):.4g} {unit(claim.metric)}"

        return re.sub(r"restricted mean to (\d+(?:\.\d+)?(?:e\+?\d+)?)", horizon, found.method)

    def sides(self, claim: StudyClaim, m: Measured, words: str) -> dict[str, str]:
        means = [number(float(np.minimum(v, m.horizon).mean()), 4) if len(v) else "–" for v in (m.first, m.second)]
        return {
            f"{a}: mean {unit(claim.metric)}, unsolved to the end": v for a, v in zip(claim.names, means, strict=True)
        }

    def tests(self, each: Evaluated, index: int) -> dict[str, str]:
        found = super().tests(each, index) | solved_columns(each.claim, each.measured[index])
        test = each.log_rank[index]
        return found | {"log-rank p": number(test.p_value, 2) if test else "–"}

    def figures(self, each: Evaluated) -> list[Drawing]:
        """Kaplan–Meier: the share of runs that are still unsolved, a panel a condition."""
        from matplotlib.figure import Figure

        from rnnbench.plots.look import legend, looks
        from rnnbench.plots.panels import MOST_PANELS, Drawing

        there = [m for m in each.measured if len(m.seeds) and not m.obstacle]
        shown, look = there[:MOST_PANELS], looks(each.claim.sides)
        if not shown:
            return []

        def make(columns: int) -> Figure:
            across = min(columns, 2 if len(shown) == 4 else len(shown))  # four are a square, not three and one
            down = math.ceil(len(shown) / across)
            figure = Figure(figsize=(4.6 * across, 3.4 * down + 0.4), layout="constrained")
            places = list(figure.subplots(down, across, squeeze=False).flat)
            for axes, m in zip(places, shown, strict=False):
                _curves(axes, each.claim, m, look)
            for axes in places[len(shown) :]:
                axes.set_visible(False)
            legend(figure, look)
            return figure

        caption = _CAPTION
        if more := len(there) - len(shown):
            caption += f" {more} more condition(s) are in the table."
        said = "; ".join(_who_solved(each.claim, m) for m in shown)
        return [Drawing(f"unsolved_{each.claim.id}", "Unsolved runs over training", caption, make, said)]


def _censored(claim: StudyClaim, pairs: pd.DataFrame, left_out: list[str]) -> Measured:
    """The pairs with the horizon; a diverged run is known to be unsolved up to there."""
    m = vectors(pairs)
    horizon = claim.horizon if claim.horizon is not None else _horizon(claim, pairs)
    if len(pairs):
        if math.isnan(horizon):
            raise ObstacleError("no run of either solved it")
        never = int((~m.first_solved).sum() + (~m.second_solved).sum())
        those = f"{never} of {2 * len(pairs)} runs never solved it and are censored" if never else "all runs solved it"
        left_out.append(f"{those} (horizon {horizon:.6g})")
    first, second = (np.where(np.isinf(times), horizon, times) for times in (m.first, m.second))
    return replace(m, first=first, second=second, horizon=horizon)


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


def _log_rank(m: Measured) -> LogRank | None:
    if m.obstacle or not len(m.seeds):
        return None
    return logrank_test(m.first, m.first_solved, m.second, m.second_solved)


def _curves(axes: Axes, claim: StudyClaim, m: Measured, look: Mapping[str, Look]) -> None:
    from rnnbench.plots.look import INK

    for label, times, solved in zip(claim.sides, (m.first, m.second), (m.first_solved, m.second_solved), strict=True):
        curve, own = kaplan_meier(times, solved), look[label]
        t = np.append(curve.time, max(m.horizon, float(curve.time[-1])))
        unsolved, low, high = (np.append(side, side[-1]) for side in (curve.unsolved, curve.low, curve.high))
        axes.step(t, unsolved, where="post", color=own.colour, linestyle=own.line, linewidth=1.8)
        axes.fill_between(t, low, high, step="post", color=own.colour, alpha=0.15, linewidth=0)
    axes.set_ylim(-0.03, 1.05)
    axes.set_xlim(left=0)
    axes.set_xlabel(f"{'steps' if claim.metric == 'steps_to_threshold' else 'seconds'} of training")
    axes.set_ylabel("runs not yet solved (share)")
    axes.set_title("\n".join(textwrap.wrap(_who_solved(claim, m), 50)), loc="left", color=INK)


def _who_solved(claim: StudyClaim, m: Measured) -> str:
    counts = zip(claim.names, (m.first_solved, m.second_solved), strict=True)
    return f"{m.name}: " + ", ".join(f"{name} solved {int(done.sum())} of {len(done)}" for name, done in counts)
