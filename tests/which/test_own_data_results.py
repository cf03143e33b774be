"""The committed answers to real files, computed again from their pairs with numpy and scipy alone."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from places import ROOT
from scipy import stats

FOLDER = ROOT / "results" / "own_data"
ANSWERS = {path.stem: json.loads(path.read_text()) for path in sorted((FOLDER / "answers").glob("*.json"))}
Facts = dict[str, Any]
by_name = pytest.mark.parametrize("facts", [pytest.param(facts, id=name) for name, facts in ANSWERS.items()])


def differences(facts: Facts, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """first − second so turned that more is better: scores as they are, errors in logarithms."""
    return np.log(second / first) if facts["metric"]["better"] == "lower" else first - second


def posterior(facts: Facts, d: np.ndarray) -> Any:
    """Of the mean difference: Student's t with n − 1 degrees, s √(1/n + ρ) wide (Benavoli et al. 2017, eq. 3)."""
    spread = d.std(ddof=1) * math.sqrt(1 / len(d) + facts["plan"]["rho"])
    return stats.t(len(d) - 1, d.mean(), spread)


@by_name
def test_the_probabilities_follow_from_the_pairs(facts: Facts) -> None:
    first, second = np.array([pair["scores"] for pair in facts["pairs"]]).T
    d = differences(facts, first, second)
    margin = facts["metric"]["margin"]
    margin = math.log1p(margin) if facts["metric"]["better"] == "lower" else margin
    said, found = facts["difference"], posterior(facts, d)
    assert said["of_pairs"] == pytest.approx(d.tolist(), rel=1e-9)
    assert said["first_better"] == pytest.approx(found.sf(margin), rel=1e-6, abs=1e-12)
    assert said["second_better"] == pytest.approx(found.cdf(-margin), rel=1e-6, abs=1e-12)
    assert said["alike"] == pytest.approx(found.cdf(margin) - found.cdf(-margin), rel=1e-6, abs=1e-12)
    assert (said["low"], said["high"]) == pytest.approx(found.interval(0.95), rel=1e-6)


@by_name
def test_the_answer_follows_from_the_rule(facts: Facts) -> None:
    said, naive = facts["difference"], np.array([pair["naive"] for pair in facts["pairs"]])
    beats = {}
    for place, cell in enumerate(facts["cells"]):
        gain = differences(facts, np.array([pair["scores"][place] for pair in facts["pairs"]]), naive)
        beats[cell["name"]] = posterior(facts, gain).sf(0) >= 0.975
        assert not cell["beats_naive"] or beats[cell["name"]]
        assert cell["beats_naive"] == beats[cell["name"]] or facts["plan"]["split"] == "given"  # its rows have a say
    wanted = "not decided"
    if len(facts["pairs"]) >= 10:
        for cell, sure in zip(facts["cells"], (said["first_better"], said["second_better"]), strict=True):
            if sure >= 0.975 and cell["beats_naive"]:
                wanted = f"use {cell['title']}"
        if said["alike"] >= 0.95 and facts["beats_naive"]:
            wanted = "either"
    assert facts["answer"] == wanted or (facts["answer"], facts["plan"]["split"]) == ("not decided", "given")
    assert facts["beats_naive"] == any(cell["beats_naive"] for cell in facts["cells"])


@pytest.mark.skipif(not ANSWERS, reason="no answers are committed")
def test_the_view_counts_them() -> None:
    view = json.loads((FOLDER / "several.json").read_text())
    counted = {Path(file["path"]).as_posix(): file for file in view["files"]}
    own = {facts["files"][0]: facts for facts in ANSWERS.values() if facts["files"][0] in counted}
    answers = [own[path]["answer"] for path in counted]
    assert (view["first_wins"], view["second_wins"]) == (answers.count("use LSTM"), answers.count("use GRU"))
    assert view["alike"] == answers.count("either") and view["not_decided"] == answers.count("not decided")
    assert len(view["beats_naive"]) == sum(own[path]["beats_naive"] for path in counted)
    assert len(view["beats_simple"]) == sum(own[path]["beats_simple"] for path in counted)
