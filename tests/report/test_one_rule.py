"""One rule of inference: a plain sweep says what a study of the same claims says, and no false winner is named."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy import stats

from rnnbench.records.conditions import with_conditions
from rnnbench.records.table import load_results
from rnnbench.report import report_and_verdicts
from rnnbench.report.findings import compare, headline
from rnnbench.studies import implied, study_from, write_request
from tests.claims import RAMP, scores
from tests.fake_records import record, write

NEITHER = "not learned: neither GRU nor LSTM is clearly better than chance"


def sweep_of_all_kinds() -> list[dict[str, Any]]:
    """At T = 50 the GRU is ahead, at 100 nothing is clear, at 200 neither learned; and three seeds of an RNN."""
    made = [*scores(0.8 + RAMP, 0.7 + RAMP[::-1], seq_len=50)]
    made += scores(0.8 + RAMP, 0.8 + 0.05 * np.sin(np.arange(10)), seq_len=100)
    made += scores(0.06 + RAMP / 9, 0.05 + RAMP / 9, seq_len=200)
    made += [record("rnn", seq_len=50, seed=seed, test_score=0.3) for seed in range(3)]
    for each in made:
        each["stopped_by"] = "patience"
    return made


@pytest.fixture
def pages(tmp_path: Path) -> tuple[Path, Path]:
    """The same records as a plain sweep, and as a study whose file states what the sweep implies."""
    contents = sweep_of_all_kinds()
    for name in ("sweep", "study"):
        write(tmp_path / name, contents, histories=False)
    asked = implied(with_conditions(load_results(tmp_path / "sweep")))
    file = yaml.safe_dump({"title": "t", "sweeps": [{"cell": "lstm,gru,rnn"}], "claims": [
        {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(each.claim).items()}
        for each in asked
    ]})  # fmt: skip
    requested = {each["run_id"]: each["config"] for each in contents}
    write_request(tmp_path / "study", "study", study_from(yaml.safe_load(file)), requested)
    return tmp_path / "sweep", tmp_path / "study"


def test_a_sweep_says_what_a_study_of_the_same_claims_says(pages: tuple[Path, Path]) -> None:
    screens = {place.name: report_and_verdicts(place)[1] for place in pages}
    sweep, study = (pd.read_csv(place / "verdicts.csv") for place in pages)
    pd.testing.assert_frame_equal(sweep, study)
    assert sweep["verdict"].tolist() == ["GRU ahead", "undecided", "undecided", "undecided"]
    assert screens["sweep"] == [
        f"adding: GRU and LSTM: GRU ahead at T = 50; no clear difference at T = 100; {NEITHER} at T = 200 (n = 10)",
        "adding: RNN and LSTM: too few seeds to say at T = 50: n = 3",
    ]
    tables = [(place / "verdicts.md").read_text().partition("\n")[2] for place in pages]
    assert tables[0] == tables[1]


def test_its_numbers_are_those_of_scipy(pages: tuple[Path, Path]) -> None:
    """Four claims share the error: the first is judged with p · 4, and the two that are left open then with p · 3."""
    report_and_verdicts(pages[0])
    rows = pd.read_csv(pages[0] / "verdicts.csv").set_index("claim")
    clear, unclear = 0.1 + RAMP - RAMP[::-1], RAMP - 0.05 * np.sin(np.arange(10))
    for name, d, family in (("gru-lstm-adding-T-50", clear, 4), ("gru-lstm-adding-T-100", unclear, 3)):
        row, interval = rows.loc[name], stats.ttest_1samp(d, 0).confidence_interval(0.95)
        assert (row["effect"], row["low"], row["high"]) == pytest.approx((d.mean(), interval.low, interval.high))
        exact = stats.permutation_test((d,), np.mean, permutation_type="samples", n_resamples=np.inf)
        assert row["p_difference"] == pytest.approx(exact.pvalue)
        assert row["p_adjusted"] == pytest.approx(min(1, family * exact.pvalue))


def test_the_figures_title_is_the_verdict_in_its_table(pages: tuple[Path, Path]) -> None:
    sweep, study = (report_and_verdicts(place)[0].read_text() for place in pages)
    assert "GRU ahead at T = 50" in sweep and "<td>GRU ahead</td>" in sweep
    folded = study[study.index('id="grids"') :]  # beside the claims of a study the figures have numbers alone
    assert "ahead" not in re.sub(r'"data:[^"]*"', "", folded)
    assert "GRU − LSTM 0.1000 [0.0957, 0.1043] at T = 50" in folded


def ahead(directory: Path, contents: list[dict[str, Any]]) -> str:
    write(directory, contents, histories=False)
    return headline(compare(with_conditions(load_results(directory))))


def test_nobody_is_ahead_of_whom_less_than_ten_seeds_are_known(tmp_path: Path) -> None:
    clear = scores(0.9 + RAMP, 0.1 + RAMP, stopped_by="patience")
    assert ahead(tmp_path / "10", clear) == "GRU ahead (n = 10)"
    assert (
        ahead(tmp_path / "9", [each for each in clear if each["config"]["seed"] < 9]) == "too few seeds to say: n = 9"
    )


def test_nobody_is_ahead_who_did_not_learn(tmp_path: Path) -> None:
    """Chance is 0.066. A GRU around it is above an LSTM far below it; then it is clearly above chance, and ahead."""
    spread = 0.002 * np.arange(-5, 5)
    no = scores(0.067 + spread, 0.02 + spread / 10, stopped_by="patience")
    assert ahead(tmp_path / "no", no) == f"{NEITHER} (n = 10)"
    yes = scores(0.08 + spread, 0.02 + spread / 10, stopped_by="patience")
    assert ahead(tmp_path / "yes", yes) == "GRU ahead (n = 10)"


def test_one_that_learned_now_and_then_is_not_called_ahead(tmp_path: Path) -> None:
    """Accuracies of an LSTM clearly above chance, and of a GRU that mostly is at it: 0.066 but for two of 0.9."""
    gru = np.array([0.9, 0.9, *[0.066] * 8])
    found = ahead(tmp_path, scores(gru, np.full(10, 0.0), stopped_by="patience"))
    assert found == f"{NEITHER} (n = 10)"


def test_nobody_is_ahead_while_most_runs_were_cut_off_improving(tmp_path: Path) -> None:
    contents = scores(0.9 + RAMP, 0.7 + RAMP, stopped_by="max_steps", steps=2000, best_step=2000)
    for each in contents:
        each["stopped_by"] = "patience" if each["config"]["cell"]["name"] == "gru" else "max_steps"
    assert ahead(tmp_path, contents) == "still improving when the budget ended: 10 of 10 LSTM runs (n = 10)"


def test_a_rate_annealed_to_0_has_come_to_its_end(tmp_path: Path) -> None:
    end = {"stopped_by": "max_steps", "steps": 2000, "best_step": 2000}
    contents = scores(0.9 + RAMP, 0.7 + RAMP, **end, config__optimizer__schedule="cosine")
    assert ahead(tmp_path / "annealed", contents) == "GRU ahead (n = 10)"
    contents = scores(
        0.9 + RAMP, 0.7 + RAMP, **end | {"stopped_by": "max_seconds"}, config__optimizer__schedule="cosine"
    )
    assert ahead(tmp_path / "half-way", contents).startswith("still improving when the budget ended")


def test_lower_may_be_better(tmp_path: Path) -> None:
    for higher, words in ((True, "LSTM ahead (n = 10)"), (False, "GRU ahead (n = 10)")):
        contents = scores(1 - RAMP, 2 + RAMP, task__higher_is_better=higher, task__chance={}, stopped_by="patience")
        assert ahead(tmp_path / str(higher), contents) == words
