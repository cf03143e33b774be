"""A row a condition and pair of cells: for a reader, and as plain numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from rnnbench.records import said
from rnnbench.records.numbers import number
from rnnbench.report.findings import ahead_or_why
from rnnbench.report.scores.request import Request
from rnnbench.report.scores.verdicts import Compared
from rnnbench.report.verdicts import numbers


def shown(asked: Request, found: Sequence[Compared]) -> pd.DataFrame:
    """All text."""
    two = len({each.judged.claim.compared for each in found}) == 1
    return pd.DataFrame([_shown(asked, each, two) for each in found]).fillna("–")


def _shown(asked: Request, each: Compared, two: bool) -> dict[str, str]:
    judged, m = each.judged, each.judged.measured[0]
    kind, (only,) = judged.kind, judged.verdict.conditions
    sides = judged.claim.names if two else ("first", "second")
    row = dict(zip(asked.conditions, each.condition, strict=True))
    row |= {} if two else {"compared": judged.claim.compared}
    for side, values in zip(sides, (m.first, m.second), strict=True):
        row[f"{side}: mean {asked.score}"] = number(float(values.mean()), 3) if len(values) else "–"
    row[f"{judged.claim.compared if two else 'first − second'} [95 % t interval]"] = kind.effect(only.condition.effect)
    row["n (pairs)"] = str(only.condition.n)
    row["verdict"] = ahead_or_why(judged)
    row |= {key: value for key, value in kind.tests(judged, 0).items() if value != "–"}
    for name in asked.tuned:
        for side, choice in zip(sides, each.choices, strict=True):
            row[f"{side}: {name}"] = said(choice.values[name]) + (" (end)" if name in choice.at_end else "")
    return row


def plain(asked: Request, found: Sequence[Compared]) -> pd.DataFrame:
    """The columns of the conditions, what was compared and chosen, then those of any verdicts.csv."""
    return pd.DataFrame([_plain(asked, each) for each in found])


def _plain(asked: Request, each: Compared) -> dict[str, Any]:
    (judged,) = numbers(each.judged)
    m = each.judged.measured[0]
    row: dict[str, Any] = dict(zip(asked.conditions, each.condition, strict=True))
    row |= {"compared": judged["compared"], "word": ahead_or_why(each.judged)}
    sides = ("first", "second")
    for side, cell, values, learned, choice in zip(
        sides, each.judged.claim.sides, (m.first, m.second), each.learned, each.choices, strict=True
    ):
        row |= {side: cell, f"{side}_mean": float(values.mean()) if len(values) else None}
        row |= {f"{side}_better_than_chance": learned}
        row |= {f"{side}_{name}": choice.values[name] for name in asked.tuned}
        row |= {f"{side}_{name}_at_end": name in choice.at_end for name in asked.tuned}
    rest = ("effect", "low", "high", "method", "n", "p_difference", "p_adjusted", "p_within", "margin", "reason",
            "correction", "more_seeds", "p_above", "p_above_low", "p_above_high")  # fmt: skip
    return row | {"metric": asked.score} | {name: judged.get(name) for name in rest}
