"""The coverage that docs/statistics.md prints, and chooses methods by, is found again in other simulated studies."""

from __future__ import annotations

import argparse
import importlib.util
import math
import re

import numpy as np
import pytest
from places import ROOT
from scipy import stats

DOCS = (ROOT / "docs" / "statistics.md").read_text()
PRINTED, AGAIN = 4_000, 1_000  # studies behind a figure in the documentation, and here

spec = importlib.util.spec_from_file_location("coverage_script", ROOT / "scripts" / "coverage.py")
assert spec is not None and spec.loader is not None
script = importlib.util.module_from_spec(spec)
spec.loader.exec_module(script)

OTHER_STUDIES = argparse.Namespace(studies=AGAIN, seed=1)  # the documentation's are of seed 0


def rows(title: str) -> list[list[str]]:
    """The cells of a table of the documentation, its header first."""
    table = DOCS.partition(f"### {title}\n\n")[2].partition("\n\n")[0].splitlines()
    return [[each.strip() for each in line.strip("|").split("|")] for line in (table[0], *table[2:])]


def assert_chance_alone(printed: float, found: float, what: str) -> None:
    """Percentages of PRINTED and of AGAIN studies: their difference is within 3.5 standard errors, and the rounding."""
    share = (printed * PRINTED + found * AGAIN) / (PRINTED + AGAIN) / 100
    error = 100 * math.sqrt(share * (1 - share) * (1 / PRINTED + 1 / AGAIN))
    assert abs(printed - found) <= 3.5 * error + 0.05, f"{what}: {printed} printed, {found} found"


@pytest.mark.slow
@pytest.mark.parametrize("title", script.MEANS)
def test_coverage_of_means_at_ten_runs(title: str) -> None:
    trimmed, populations = script.MEANS[title]
    header, *body = rows(title)
    ten = {row[0]: row[2:] for row in body if row[1] == "10"}
    assert ten.keys() == populations.keys()
    for name, cells in ten.items():
        for method, cell in zip(header[2:], cells, strict=True):
            found = script.cell(populations[name], 10, trimmed, script.METHODS[method], OTHER_STUDIES)
            printed, again = (float(each.split()[0]) for each in (cell, found))
            assert_chance_alone(printed, again, f"{name}, {method}")


@pytest.mark.slow
def test_the_other_figures() -> None:
    _, *body = rows("Others, at n = 10, nominal 95 % (or 5 %)")
    assert [name for name, _ in body] == list(script.OTHERS)
    for name, figures in body:
        found = script.shares(script.OTHERS[name], OTHER_STUDIES)
        for printed, again in zip(re.findall(r"[\d.]+", figures), found, strict=True):
            assert_chance_alone(float(printed), again, name)


def test_the_truth_that_is_to_be_covered_by_hand() -> None:
    """The script takes it from four million draws. Means: 0, 1/2, 0, e^(σ²/2) and 0.7 · 0.95 + 0.3 · 0.5. Between the
    quartiles, z = ±0.6745, a lognormal's mean is e^(σ²/2) (Φ(0.6745 − σ) − Φ(−0.6745 − σ)) / ½."""
    means = dict(zip(script.POPULATIONS, (0, 0.5, 0, math.exp(0.245), 0.815), strict=True))
    for name, mean in means.items():
        assert script.population_centre(script.POPULATIONS[name], False) == pytest.approx(mean, abs=0.004)
    low, high = stats.norm.cdf((-0.67449 - 0.7, 0.67449 - 0.7))
    middle = 2 * math.exp(0.245) * (high - low)
    assert script.population_centre(script.POPULATIONS["lognormal σ 0.7"], True) == pytest.approx(middle, abs=0.002)


def test_yuens_standard_error_by_hand() -> None:
    # 0 … 9, two dropped at each end: h = 6; winsorised 2 2 2 3 4 5 6 7 7 7 has mean 4.5, squares about it
    # 6·6.25 + 2·2.25 + 2·0.25 = 42.5, so s_w = √(42.5/9); se = √(42.5/9) · √(9/30) = √(42.5/30)
    centre, error = script.trimmed_moments(np.arange(10.0), 2)
    assert centre == 4.5
    assert error == pytest.approx(math.sqrt(42.5 / 30))
