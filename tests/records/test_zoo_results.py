"""results/zoo again from its runs.csv, by numpy and scipy alone: tunings as units, sign flips, ranks over all cells."""

from __future__ import annotations

import re
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from places import ROOT
from scipy import stats

from rnnbench.config import CONF
from rnnbench.records import cell_name

PLACE = ROOT / "results/zoo"
SIGNS = np.array(list(product([1, -1], repeat=10)))
CLAIMS: list[dict[str, Any]] = yaml.safe_load((CONF / "study/zoo.yaml").read_text())["study"]["claims"]
MARGINS = {"accuracy": 0.02, "first_failure": 5.0}
DATASETS = ["adding", "anbn", "digits"]
pytestmark = pytest.mark.skipif(not PLACE.exists(), reason="results/zoo is not in this tree")


@pytest.fixture(scope="module")
def units() -> pd.DataFrame:
    """Of each tuning of a cell the mean of its two seeds, by dataset, cell and tuning."""
    runs = pd.read_csv(PLACE / "runs.csv", low_memory=False)
    assert (runs["status"] == "ok").all()
    found = runs.groupby(["dataset", "cell", runs["seed"] // 2])[["test_score", "valid_curve"]].agg(["mean", "count"])
    assert (found.xs("count", axis=1, level=1) == 2).all(axis=None)
    return found.xs("mean", axis=1, level=1)


def flipped(d: np.ndarray) -> float:
    """Share of the sign patterns with a sum as large as that of d, (10,): one-sided."""
    return float((SIGNS @ d >= d.sum() - 1e-9).mean())


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim["id"])
def test_every_effect_interval_and_p_value(claim: dict[str, Any], units: pd.DataFrame) -> None:
    stated = pd.read_csv(PLACE / "verdicts.csv").set_index("claim").loc[claim["id"]].set_index("condition")
    assert sorted(stated.index) == DATASETS
    for dataset, row in stated.iterrows():
        first, second = (units.loc[(dataset, cell), claim["metric"]].to_numpy() for cell in claim["compare"])
        d, margin = first - second, row["margin"]
        assert row["n"] == row["tunings"] == len(d) == 10
        interval = stats.t.interval(0.95, 9, d.mean(), stats.sem(d)) if d.std() else (d.mean(), d.mean())
        assert row[["effect", "low", "high"]].to_numpy(float) == pytest.approx(
            [d.mean(), *interval], rel=1e-9, abs=1e-12
        )
        assert row["p_difference"] == pytest.approx((np.abs(SIGNS @ d) >= abs(d.sum()) - 1e-9).mean(), abs=1e-12)
        within = max(flipped(margin + d), flipped(margin - d))  # before it shares the error with all 24 comparisons
        assert within - 1e-12 <= row["p_within"] <= min(1, 24 * within) + 1e-12
        if claim["metric"] == "test_score":
            assert margin == MARGINS["first_failure" if dataset == "anbn" else "accuracy"]


def test_each_cell_was_tuned_alike() -> None:
    runs = pd.read_csv(PLACE / "runs.csv", low_memory=False)
    assert runs.groupby(["dataset", "cell"]).size().tolist() == [20] * 81
    trials = pd.read_csv(PLACE / "tuning.csv")
    counts = trials.groupby(["dataset", "cell"]).size()
    assert counts.nunique() == 1 and len(counts) == 81


def test_the_ranks_are_friedmans(units: pd.DataFrame) -> None:
    scores = units["test_score"].unstack("cell")  # a block a row: a tuning of one task
    ranks = scores.rank(axis=1, ascending=False)
    chi = stats.friedmanchisquare(*scores.to_numpy().T).statistic
    blocks, cells = scores.shape
    f = (blocks - 1) * chi / (blocks * (cells - 1) - chi)
    p = stats.f.sf(f, cells - 1, (cells - 1) * (blocks - 1))
    critical = stats.studentized_range.ppf(0.95, cells, np.inf) / np.sqrt(2) * np.sqrt(cells * (cells + 1) / 6 / blocks)
    mean = ranks.mean()
    behind = int((mean - mean.min() > critical).sum())
    page = re.sub(r"<[^>]*>", "", (PLACE / "report.html").read_text())
    assert p < 0.05
    assert f"{behind} are shown to be behind the best" in (ROOT / "README.md").read_text()
    assert (
        f"{cell_name(mean.idxmin())} has the best mean rank; {behind} of {cells - 1} others are shown to be behind it"
        in page
    )


def test_one_gate_is_shown_to_be_as_good_as_two() -> None:
    """As README says."""
    rows = pd.read_csv(PLACE / "verdicts.csv").set_index("claim").loc["mgu"]
    assert (rows["verdict"] == "supported").all() and (rows["p_within"] <= 0.05).all()
