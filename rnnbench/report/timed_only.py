"""Runs that were trained only to be timed: what they scored is no comparison."""

from __future__ import annotations

import pandas as pd

from rnnbench.records.conditions import Panel, panels
from rnnbench.studies import learned


def timed_only(runs: pd.DataFrame) -> pd.Series:
    """For each of `runs` (with conditions), whether it and those it would be compared with learned nothing.

    So it is where all were evaluated once, when their budget of steps ended, and no cell is clearly better than chance
    or a baseline (`learned`). Where neither is known, or a run may have been evaluated more often, scores are compared.
    """
    once = runs["budget_max_steps"].le(runs["budget_eval_every"]).fillna(False).astype(bool)
    found = pd.Series(False, runs.index)
    for panel in panels(runs[once], one_x=True) if once.any() else []:
        if _at_chance(panel):
            found[panel.runs.index] = True
    return found


def _at_chance(panel: Panel) -> bool:
    return all(learned(part) is False for _, part in panel.runs.groupby("condition"))


def words(runs: pd.DataFrame, timed: pd.Series) -> str:
    """What was left out and why, as a sentence; empty where nothing was."""
    if not timed.any():
        return ""
    there = runs[timed]
    where = ", ".join(sorted(set(there["dataset"])))
    return (
        f"{len(there)} runs under {there['condition'].nunique()} conditions of {where} are left out where "
        "scores are compared: trained for a few steps to be timed, evaluated once at the end, no better than chance."
    )
