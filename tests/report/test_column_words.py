"""What a table or a figure says of a column is what the table of columns says: nothing is written twice."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from rnnbench.plots.look import drawing_context
from rnnbench.records import COLUMNS
from rnnbench.records.conditions import shown_keys, with_conditions
from rnnbench.records.table import load_results
from rnnbench.report import make_report
from rnnbench.report.figures import Material, all_figures
from rnnbench.report.findings import compare
from rnnbench.report.glossary import words
from rnnbench.report.summary import shown, summarise
from rnnbench.report.what_was_run import what_was_run
from rnnbench.report.wording import axis_words, in_words
from rnnbench.studies import evaluate_claim
from tests.claims import claim
from tests.fake_records import record, write


@pytest.fixture
def other_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """All words of the table of columns in capitals."""
    for name, column in list(COLUMNS.items()):
        told = {part: getattr(column, part).upper() for part in ("label", "short", "axis", "unit")}
        monkeypatch.setitem(COLUMNS, name, replace(column, **told))


@pytest.mark.usefixtures("other_words")
def test_tables_and_figures_have_their_words_from_one_place(tmp_path: Path) -> None:
    contents = [record(c, seq_len=t, seed=s, memory__peak_bytes=2**20) for c in ("gru", "lstm") for t in (50, 200)
                for s in (0, 1)]  # fmt: skip
    write(tmp_path, contents)
    runs = with_conditions(load_results(tmp_path))
    assert list(shown(summarise(runs), shown_keys(runs))) == [
        "dataset", "seq_len", "cell", "hidden_size", "metric", "test mean [95 % t interval]", "n", "diverged", "failed",
        "STEPS (median)", "TRAINING (median, S)", "solved", "STEPS TO SOLVE (median)", "STEP (median [p10, p90], MS)",
        "PARAMETERS", "SAVED FOR BACKWARD (MiB)", "PEAK (MiB)",
    ]  # fmt: skip
    assert list(what_was_run(runs)) == [
        "dataset", "cells", "T", "H", "MATCH", "FORGET BIAS", "LAYERS", "BATCH SIZE", "OPTIMIZER", "budget",
        "THRESHOLD", "TRAINING EXAMPLES", "seeds", "BACKEND", "runs",
    ]  # fmt: skip
    assert what_was_run(runs)["budget"].tolist() == ["2000 STEPS"]
    assert [word for word, _ in words(runs, None)] == [
        "T", "H", "n", "METRIC", "CHANCE", "THRESHOLD", "FORGET BIAS", "BACKEND",
    ]  # fmt: skip
    assert '<th scope="col">TRAINING (S)</th>' in make_report(tmp_path).read_text()
    page, axes = Material(runs, runs, compare(runs)), set()
    with drawing_context():
        for drawing in (each for figure in all_figures() for each in figure.drawings(page)):
            axes |= {name for ax in drawing.make(1).axes for name in (ax.get_xlabel(), ax.get_ylabel())}
    assert {re.sub(r"\n.*", "", name) for name in axes} - {""} == {
        "SEQUENCE LENGTH T (STEPS)", "test accuracy", "training steps", "TRAINING TIME (S)", "validation accuracy",
        "MS A TRAINING STEP", "PARAMETERS", "SAVED FOR BACKWARD (MiB)", "PEAK (MiB)",
    }  # fmt: skip
    costs = evaluate_claim(claim(metric="peak_bytes", scale="ratio", kind="interaction", over="seq_len"), runs)
    assert in_words(costs) == "factor of change of BYTES AT THE PEAK with each doubling of SEQUENCE LENGTH"
    assert axis_words(costs).startswith("factor of change of MEMORY AT THE PEAK with")
    by_length = evaluate_claim(claim(by=["seq_len", "hidden_size_asked"]), runs)
    assert by_length.verdict.conditions[0].condition.name == "T = 50, H = 64"
