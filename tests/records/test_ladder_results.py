"""results/ladder again from its runs.csv, by numpy and scipy alone: tunings as units, both directions' permutations."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
from places import ROOT
from scipy import stats

PLACE = ROOT / "results/ladder"
RUNGS = ["lstm", "cifg", "cifg_nog", "ugrnn", "mgu", "gru_reset_before"]
CHANGES = ["coupling", "output_gate", "tanh", "reset", "own_reset"]
SIGNS = np.array(list(product([1, -1], repeat=10)))
DATASETS = {"adding": "adding", "anbn": "anbn", "copy": "copy", "jsb": "jsb", "monthly-sunspots": "table"}
pytestmark = pytest.mark.skipif(not PLACE.exists(), reason="results/ladder is not in this tree")


def differences(dataset: str, change: str, column: str) -> np.ndarray:
    """Of each of ten tunings the mean of its two seeds after the change, less that before it, (10,)."""
    runs = pd.read_csv(PLACE / "runs.csv", low_memory=False)
    runs, before = runs[runs["dataset"] == dataset], CHANGES.index(change)
    means = runs.groupby(["cell", runs["seed"] // 2])[column].agg(["mean", "count"])
    assert (means["count"] == 2).all()
    return (means.loc[RUNGS[before + 1], "mean"] - means.loc[RUNGS[before], "mean"]).to_numpy(float)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(("suffix", "column"), [("", "test_score"), ("_sooner", "valid_curve")])
def test_every_effect_interval_and_p_value(change: str, suffix: str, column: str) -> None:
    stated = pd.read_csv(PLACE / "verdicts.csv").set_index("claim").loc[change + suffix].set_index("condition")
    assert sorted(stated.index) == sorted(DATASETS)
    for task, dataset in DATASETS.items():
        d, row = differences(dataset, change, column), stated.loc[task]
        assert row["n"] == row["tunings"] == len(d) == 10
        low, high = stats.t.interval(0.95, 9, d.mean(), stats.sem(d))
        assert row[["effect", "low", "high"]].to_numpy(float) == pytest.approx(
            [d.mean(), low, high], rel=1e-9, abs=1e-12
        )
        assert row["p_difference"] == (np.abs(SIGNS @ d) >= abs(d.sum()) - 1e-9).mean()  # ties are ties


def test_the_rungs_are_as_large_as_each_other() -> None:
    runs = pd.read_csv(PLACE / "runs.csv", low_memory=False)
    assert runs.groupby(["dataset", "cell"]).size().tolist() == [20] * 30
    parameters = runs.groupby("dataset")["total_parameters"]
    assert ((parameters.max() - parameters.min()) / parameters.max()).max() < 0.01


def test_no_cell_was_tuned_more_than_another() -> None:
    trials = pd.read_csv(PLACE / "tuning.csv")
    counts = trials.groupby(["dataset", "cell"]).size()
    assert counts.nunique() == 1 and len(counts) == 30


def test_the_readme_tells_these_numbers() -> None:
    text = (ROOT / "README.md").read_text()
    told = text[text.index("### What in the cell did it?") : text.index("## Run, sweep, study")]
    verdicts = pd.read_csv(PLACE / "verdicts.csv").set_index(["claim", "condition"])
    said = {
        "coupling": ["anbn"],
        "output_gate": ["jsb", "copy", "monthly-sunspots"],
        "reset": ["copy"],
        "tanh": [],
        "own_reset": [],
    }
    shown = verdicts["condition_verdict"].str.endswith(" ahead")
    assert {claim: {at for c, at in shown[shown].index if c == claim} for claim in CHANGES} == {
        claim: set(at) for claim, at in said.items()
    }
    for claim, tasks in said.items():
        for task in tasks:
            row = verdicts.loc[(claim, task), ["effect", "low", "high"]]
            places = {"anbn": 1, "copy": 3 if claim == "reset" else 2}.get(task, 2)
            effect, low, high = (f"{value:.{places}f}".replace("-", "−") for value in row)
            assert f"{effect} [{low}, {high}]" in told.replace("\n", " "), (claim, task)
    means = pd.read_csv(PLACE / "runs.csv", low_memory=False).groupby(["dataset", "cell"])["test_score"].mean()
    assert f"fails at n = {means['anbn', 'cifg']:.0f} and not at {means['anbn', 'lstm']:.0f}" in told
