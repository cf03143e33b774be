"""Who scored what: both cells and every baseline in one table, and the settings that tuning chose."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from rnnbench.records.numbers import number
from rnnbench.statistics import corrected_interval
from rnnbench.which.answer import Pair, Terms, advantage
from rnnbench.which.words import gain


def leaderboard(
    pairs: Sequence[Pair],
    terms: Terms,
    cells: tuple[str, str],
    metric: str,
    baselines: Mapping[tuple[str, str], Mapping[int, float]],
    costs: Sequence[Mapping[str, float]],
) -> pd.DataFrame:
    """The best first: mean score with its interval, gain over the best naive baseline of each split, cost.

    baselines: (kind, name) → split → score.
    """
    rows: list[tuple[float, dict[str, str]]] = []
    naive = {pair.split: pair.naive for pair in pairs}

    def row(name: str, kind: str, scores: Mapping[int, float], cost: Mapping[str, float]) -> None:
        values = np.array([scores[split] for split in naive if split in scores])
        gains = [advantage(scores[split], naive[split], terms, naive[split]) for split in naive if split in scores]
        interval = corrected_interval(values, terms.rho)
        bounds = "" if math.isnan(interval.low) else f" [{number(interval.low)}, {number(interval.high)}]"
        rows.append((interval.estimate, {
            "model": name, "kind": kind, f"{metric}, mean [95 %]": f"{number(interval.estimate, 4)}{bounds}",
            "gain over the naive choice": gain(corrected_interval(np.array(gains), terms.rho), terms),
            "n (splits)": str(len(values)),
            "parameters": f"{cost['parameters']:,.0f}" if cost else "–",
            "seconds a fit": number(cost["seconds"]) if cost else "–",
        }))  # fmt: skip

    for slot, title in enumerate(cells):
        row(title, "cell", {pair.split: pair.scores[slot] for pair in pairs}, costs[slot])
    for (kind, name), scores in baselines.items():
        if set(naive) & set(scores):
            row(name, kind, scores, {})
    rows.sort(key=lambda each: each[0], reverse=terms.better == "higher")
    return pd.DataFrame([each for _, each in rows])


def settings(
    chosen: Sequence[Sequence[Mapping[str, Any]]], splits: Sequence[int], cells: tuple[str, str]
) -> pd.DataFrame:
    """A row a split and cell."""
    rows = [
        {"split": str(split + 1), "cell": title}
        | {key: _plain(value) for key, value in chosen[slot][place].items() if value is not None}
        for place, split in enumerate(splits)
        for slot, title in enumerate(cells)
    ]
    return pd.DataFrame(rows).fillna("–")


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
