"""The table of what was run and the list of words: by hand, and no word that the page does not use."""

from __future__ import annotations

from pathlib import Path

import pytest

from rnnbench.records.table import load_results
from rnnbench.report import make_report
from rnnbench.report.glossary import words
from rnnbench.report.what_was_run import ranges, what_was_run
from tests.fake_records import record, write

EPOCHS = {"max_steps": None, "max_epochs": 80, "max_seconds": None, "patience": 20, "solved": None, "eval_every": 14}


@pytest.mark.parametrize(
    ("seeds", "said"), [((2, 0, 1, 1000), "0–2, 1000"), ((3, 3), "3"), ((4, 5, 7), "4, 5, 7"), ((), "")]
)
def test_seeds_in_ranges(seeds: tuple[int, ...], said: str) -> None:
    assert ranges(seeds) == said


def test_values_that_vary_are_listed(tmp_path: Path) -> None:
    contents = [record(c, seq_len=t, seed=s) for c in ("gru", "lstm") for t in (50, 200) for s in (0, 1, 2)]
    contents += [record("gru", "jsb", 128, seed=0, hidden_size=36, lr=1e-3, config__budget=EPOCHS,
                        config__forget_bias=None)]  # fmt: skip
    write(tmp_path, contents, histories=False)
    table = what_was_run(load_results(tmp_path)).set_index("dataset")
    assert table.loc["adding"].to_dict() == {
        "cells": "LSTM, GRU", "T": "50, 200", "h": "64", "match": "hidden", "forget bias": "1", "layers": "1",
        "batch size": "32", "optimizer": "adam, lr 0.005", "budget": "2000 steps", "threshold": "0.99",
        "training examples": "made as needed", "seeds": "0–2", "backend": "torch", "runs": "12",
    }  # fmt: skip
    jsb = table.loc["jsb"]
    assert (jsb["budget"], jsb["threshold"], jsb["training examples"]) == ("80 epochs, patience 20", "–", "229")
    assert jsb["forget bias"] == "–"
    assert set(what_was_run(load_results(tmp_path), ["optimizer.lr"])["optimizer"]) == {"adam, tuned lr"}


def test_two_budgets_are_two(tmp_path: Path) -> None:
    short = {"max_steps": 110, "max_epochs": None, "max_seconds": None, "patience": None, "solved": None,
             "eval_every": 110}  # fmt: skip
    write(tmp_path, [record(), record(seed=1, config__budget=short)], histories=False)
    assert what_was_run(load_results(tmp_path)).loc[0, "budget"] == "110 steps or 2000 steps"


def test_only_words_of_the_page(tmp_path: Path) -> None:
    write(tmp_path / "plain", [record(config__budget=EPOCHS, config__forget_bias=None)], histories=False)
    plain = dict(words(load_results(tmp_path / "plain"), None))
    assert set(plain) == {"T", "h", "n", "metric", "chance", "backend"}
    assert "copy" not in plain["T"] and "match" not in plain["h"] and "fused" not in plain["backend"]
    contents = [record("lstm", "copy", config__match="params", config__forget_bias="chrono", timing__contended=True)]
    contents[0]["backend"] = "fused"
    probed = {"step_ms": {"median": 1.0, "p10": 1.0, "p90": 1.0, "n": 50}, "kind": "fused on X, threads: 1"}
    contents.append(record("lstm", "copy", seed=1, config__match="params", config__forget_bias="chrono",
                           timing__contended=True, timing__probe=probed))  # fmt: skip
    write(tmp_path / "all", contents, histories=False)
    found = dict(words(load_results(tmp_path / "all"), None))
    assert {"threshold", "forget bias", "contended", "timed by a probe"} <= set(found)
    assert "of copy the delay" in found["T"] and "match = params" in found["h"] and "chrono" in found["forget bias"]
    assert "1 unless" not in found["forget bias"] and "fused: this project" in found["backend"]


def test_they_stand_before_the_conditions(tmp_path: Path) -> None:
    write(tmp_path, [record(seed=s) for s in (0, 1)], histories=False)
    page = make_report(tmp_path).read_text()
    assert (
        page.index('id="answer"') < page.index('id="limits"') < page.index('id="run"') < page.index('id="conditions"')
    )
