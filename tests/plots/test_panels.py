"""Which panels a figure draws where it cannot draw all, and which runs are no comparison of scores."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from rnnbench.plots.panels import axis_name, chosen
from rnnbench.records.conditions import panels, with_conditions
from rnnbench.records.table import load_results
from rnnbench.report import make_report
from rnnbench.report.figures import Material
from rnnbench.report.figures.learning_curves import LearningCurves
from rnnbench.report.figures.step_time import StepTime
from rnnbench.report.timed_only import timed_only, words
from rnnbench.studies import study_from, write_request
from tests.fake_records import record, sweep, write

SHORT = {"config__budget": {"max_steps": 10, "solved": None, "eval_every": 10}}


def runs_of(directory: Path, contents: list[dict[str, Any]]) -> pd.DataFrame:
    for index, each in enumerate(contents):
        each["run_id"] += f"-{index}"
    write(directory, contents, histories=False)
    return with_conditions(load_results(directory))


def material(runs: pd.DataFrame) -> Material:
    return Material(runs, runs)


def test_every_dataset_has_a_panel(tmp_path: Path) -> None:
    names = tuple("abcdefg")
    many = sweep(datasets=names, seq_lens=(50,), seeds=(0,), hidden_sizes=(8, 16))
    drawn, said = chosen(panels(runs_of(tmp_path, many), one_x=True))
    assert {panel.dataset for panel in drawn} == set(names)
    assert len(drawn) == 9  # whole rows of three
    assert "Drawn: 9 of 14 panels" in said


def test_the_default_bias_goes_first_and_where_times_are_drawn_what_was_timed_alone(tmp_path: Path) -> None:
    """Bias 0 has most runs, those of bias 1 at T = 100 were contended: a score has bias 1, a time T = 200."""
    contents = [record("lstm", "adding", 100, seed=s, config__forget_bias=bias, timing__contended=bias == 1)
                for bias, seeds in ((0.0, 4), (1.0, 3)) for s in range(seeds)]  # fmt: skip
    contents += [record("lstm", "adding", 200, seed=s) for s in range(2)]
    contents += sweep(("lstm",), tuple("bcdefghijkl"), (50,), (0,))
    found = panels(runs_of(tmp_path, contents), one_x=True)
    kept = {timed: [p.fixed for p in chosen(found, timed)[0] if p.dataset == "adding"] for timed in (False, True)}
    assert kept[False] == [{"seq_len": 100, "forget_bias": "1"}]
    assert kept[True] == [{"seq_len": 200, "forget_bias": "1"}]


def test_contended_step_times_are_drawn_only_where_all_were(tmp_path: Path) -> None:
    contents = sweep(datasets=("adding", "jsb"), seq_lens=(50,), seeds=(0, 1))
    for each in contents:
        each["timing"]["contended"] = each["config"]["dataset"]["name"] == "jsb"
    (drawing,) = StepTime().drawings(material(runs_of(tmp_path / "some", contents)))
    assert "jsb" not in drawing.finding and "4 run(s) timed while another ran beside them" in drawing.caption
    runs = runs_of(tmp_path / "all", [c for c in contents if c["timing"]["contended"]])
    (hollow,) = StepTime().drawings(material(runs))
    assert hollow.finding == "jsb: contended: nothing is claimed"


def report_of_a_study(directory: Path, runs: pd.DataFrame) -> str:
    study = study_from({"title": "t", "sweeps": [{"cell": "lstm,gru"}], "claims": []})
    write_request(directory, "made", study, {run_id: {} for run_id in runs["run_id"]})
    return make_report(directory).read_text()


@pytest.mark.slow
def test_runs_trained_only_to_be_timed_are_not_compared_by_score(tmp_path: Path) -> None:
    """Chance is 0.066: 10 steps bring both cells to 0.06, or a GRU at T = 100 to 0.5, which is a comparison."""
    contents = [record(c, seq_len=50, seed=s, test_score=0.06 + s / 500, **SHORT)
                for c in ("gru", "lstm") for s in range(3)]  # fmt: skip
    learned = [record(c, seq_len=100, seed=s, test_score=(0.5 if c == "gru" else 0.06) + s / 500, **SHORT)
               for c in ("gru", "lstm") for s in range(3)]  # fmt: skip
    longer = [record(c, seq_len=200, seed=s, test_score=0.06 + s / 500) for c in ("gru", "lstm") for s in range(3)]
    runs = runs_of(tmp_path, contents + learned + longer)
    timed = timed_only(runs)
    assert set(runs.loc[timed, "seq_len"]) == {50} and timed.sum() == 6
    assert words(runs, timed).startswith("6 runs under 2 conditions of adding are left out where scores are compared")
    page = report_of_a_study(tmp_path, runs)
    assert page.count("6 runs under 2 conditions of adding are left out") == 2  # among the findings, below the scores
    assert "LSTM against GRU" not in page and "at T = 200" in page and "at T = 50" not in page


def test_a_study_of_costs_alone_compares_no_scores(tmp_path: Path) -> None:
    contents = [record(c, seed=s, test_score=0.06, **SHORT) for c in ("gru", "lstm") for s in range(3)]
    runs = runs_of(tmp_path, contents)
    assert timed_only(runs).all()
    assert (make_report(tmp_path).parent / "figures" / "scores.svg").exists()  # a sweep is compared by what there is
    shutil.rmtree(tmp_path / "figures")
    page = report_of_a_study(tmp_path, runs)
    assert "nothing to compare" not in page and "Recurrent parameters: GRU 0.75 × LSTM" in page
    assert not (tmp_path / "figures" / "scores.svg").exists()


def test_the_t_of_copy_is_a_delay() -> None:
    assert axis_name("seq_len", "copy") == "delay T (steps)"
    assert axis_name("seq_len", "adding") == "sequence length T (steps)"


def test_runs_without_a_history_are_counted_under_the_curves(tmp_path: Path) -> None:
    places = write(tmp_path, sweep(seq_lens=(50,), seeds=(0, 1, 2)))
    whole = LearningCurves().drawings(material(with_conditions(load_results(tmp_path))))
    assert "have no curve" not in whole[0].caption
    (places[0] / "history.csv").unlink()
    (places[1] / "history.csv").write_text("step,sec\x00")
    some = LearningCurves().drawings(material(with_conditions(load_results(tmp_path))))
    assert "2 run(s) have no curve: their history.csv is gone or cannot be read." in some[0].caption
