"""The table of columns: its words, what is derived from it, and that one line of it is all that a column needs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pandas as pd
import pytest
from places import ROOT

from rnnbench.records import ASKED, COLUMNS
from rnnbench.records.columns import Role, axis, head, key, label, short, unit, with_role
from rnnbench.records.conditions import panels, shown_keys, with_conditions
from rnnbench.records.table import load_results, with_missing
from rnnbench.report import make_report
from rnnbench.report.findings import compare
from tests.fake_records import record, sweep, write


def test_every_column_has_words_and_a_role() -> None:
    for column in COLUMNS.values():
        assert column.label and column.role in get_args(Role), column.name
        assert column.label == column.label.strip() and not column.label.endswith(")"), column.name  # its unit is apart
        assert column.along == 9 or column.role in ("setting", "tuned"), column.name


@pytest.mark.parametrize(
    ("column", "words"),
    [  # key, label, unit, in figures, on an axis, in a table's head
        ("seq_len", ("seq_len", "sequence length", "steps", "T", "sequence length T (steps)", "T (steps)")),
        ("hidden_size_asked", ("hidden_size", "hidden size", "units", "h", "hidden size (units)", "h (units)")),
        ("optimizer_lr", ("optimizer.lr", "learning rate", "", "optimizer.lr", "learning rate", "optimizer.lr")),
        ("dataset_n_max", ("dataset.n_max", "dataset.n_max", "", "dataset.n_max", "dataset.n_max", "dataset.n_max")),
        ("step_ms_median", ("step_ms_median", "training step", "ms", "step", "ms a training step", "step (ms)")),
        ("train_seconds", ("train_seconds", "training time", "s", "training", "training time (s)", "training (s)")),
        ("steps", ("steps", "steps", "steps", "steps", "steps", "steps")),
        ("seq_len_asked", ("seq_len_asked", "sequence length", "steps", "seq_len_asked", "sequence length (steps)",
                           "seq_len_asked (steps)")),
    ],
)  # fmt: skip
def test_what_readers_call_it(column: str, words: tuple[str, ...]) -> None:
    assert tuple(say(column) for say in (key, label, unit, short, axis, head)) == words
    assert head("train_seconds", "median") == "training (median, s)"


def test_what_was_asked_for_is_beside_what_was_decided() -> None:
    assert ASKED["seq_len"] == "seq_len_asked"
    assert set(with_role("twin")) == {*ASKED.values(), "hidden_size"} - {"hidden_size_asked"}


ADDED = """
    Column("noise", "config.noise", NUMBER, "setting", "noise rate", "share", along=0),
    Column("loader_ms", "timing.loader_ms", NUMBER, "time", "loading", "ms"),
"""
USED = """
import json, sys
from pathlib import Path
from rnnbench.plots.panels import axis_name
from rnnbench.records.table import load_results
from rnnbench.records.conditions import panels, with_conditions
from rnnbench.report import make_report
from rnnbench.report.wording import axis_words, in_words
from rnnbench.studies import evaluate_claim
from tests.claims import claim
from rnnbench.report import make_report
from rnnbench.report.findings import compare
from tests.fake_records import record, write

directory = Path(sys.argv[1])
write(directory, [record(c, seed=s, run_id=f"{c}-{s}-{z}", config__noise=z, timing__loader_ms=1.0 + s,
                         timing__contended=s == 2) for c in ("gru", "lstm") for s in range(3) for z in (0.1, 0.2)])
runs = with_conditions(load_results(directory))
(panel,) = panels(runs)
loading = claim(metric="loader_ms", scale="ratio", by=["noise"])
found = evaluate_claim(loading, runs)
make_report(directory)
print(json.dumps({
    "axis": axis_name(panel.x), "conditions": int(runs["condition"].nunique()), "claim": in_words(found),
    "figure": axis_words(found), "named": found.verdict.conditions[0].condition.name,
    "left out": found.measured[0].left_out[0], "table": (directory / "summary.md").read_text().count("| noise |"),
}))
"""


@pytest.mark.slow
def test_a_column_is_one_line_in_one_place(tmp_path: Path) -> None:
    """In a copy of the package with two more lines in the table, everything else knows what they are."""
    shutil.copytree(ROOT / "rnnbench", tmp_path / "rnnbench", ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    shutil.copytree(ROOT / "conf", tmp_path / "conf")
    table = tmp_path / "rnnbench/records/columns.py"
    table.write_text(table.read_text().replace("_TABLE = [\n", f"_TABLE = [{ADDED}", 1))
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (tmp_path, ROOT)))}
    command = [sys.executable, "-c", USED, str(tmp_path / "results")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment, cwd=tmp_path)
    assert json.loads(done.stdout) == {
        "axis": "noise rate (share)", "conditions": 4, "claim": "loading (ms)",
        "figure": "loading, GRU / LSTM (ratio)", "named": "noise = 0.1",
        "left out": "2 run(s) timed while another ran beside them are kept out", "table": 1,
    }  # fmt: skip


def runs_of(directory: Path, contents: list[dict[str, Any]]) -> pd.DataFrame:
    for index, each in enumerate(contents):
        each["run_id"] += f"-{index}"
    write(directory, contents, histories=False)
    return load_results(directory)


def test_a_record_without_numerics_is_of_the_first(tmp_path: Path) -> None:
    runs = runs_of(
        tmp_path, [{k: v for k, v in record().items() if k != "numerics"}, record(numerics=None), record(numerics=2)]
    )
    assert runs["numerics"].tolist() == [1, 1, 2]


@pytest.mark.slow
def test_two_numerics_are_two_conditions_and_no_axis(tmp_path: Path) -> None:
    one = with_conditions(runs_of(tmp_path / "one", sweep(seq_lens=(100,), numerics=2)))
    assert one["condition"].nunique() == 2 and "numerics" not in shown_keys(one)
    both = sweep(seq_lens=(100,), seeds=(0, 1), numerics=1) + sweep(seq_lens=(100,), seeds=(0, 1), numerics=2)
    two = with_conditions(runs_of(tmp_path / "two", both))
    assert two["condition"].nunique() == 4 and shown_keys(two)[-1] == "numerics"
    assert [(panel.x, panel.setting, len(panel.runs)) for panel in panels(two)] == [
        ("seq_len", {"numerics": 1}, 4),
        ("seq_len", {"numerics": 2}, 4),
    ]
    assert [(found.setting, found.difference.n) for found in compare(two)] == [
        ({"numerics": 1}, 2),
        ({"numerics": 2}, 2),
    ]
    page = make_report(tmp_path / "two").read_text()
    assert "Runs of numerics 1 and 2 are not pooled: force=true repeats the older." in page


def test_a_missing_run_is_of_no_numerics_and_decided_by_those_of_any(tmp_path: Path) -> None:
    runs = runs_of(tmp_path, [record(seed=0, numerics=2, config__seq_len=None)])
    absent = record(seed=1, config__seq_len=None)["config"]
    found = with_missing(runs, {runs["run_id"].iloc[0]: {}, "absent": absent}).set_index("run_id")
    assert pd.isna(found.loc["absent", "numerics"])
    assert found.loc["absent", "seq_len"] == 100


def test_a_key_that_came_later_has_its_default_in_earlier_records(tmp_path: Path) -> None:
    """They have the same run id, and so are of one condition."""
    later = [record(seed=s, config__flush_denormals=flushed) for s, flushed in ((1, True), (2, False))]
    runs = with_conditions(runs_of(tmp_path, [record(seed=0), *later])).sort_values("seed")
    assert runs["flush_denormals"].tolist() == [True, True, False]
    conditions = runs["condition"].tolist()
    assert conditions[0] == conditions[1] != conditions[2]


def test_records_of_0_1_and_of_today_are_one_condition(tmp_path: Path) -> None:
    """A class of ours that has moved since goes by the name that it had first, and a user's own by its own."""
    names = (
        "rnnbench.datasets.adding.Adding",
        "rnnbench.data.datasets.adding.Adding",
        "my.data.datasets.adding.Adding",
    )
    contents = [record(seed=s, config__dataset={"name": "adding", "target": name}) for s, name in enumerate(names)]
    runs = with_conditions(runs_of(tmp_path, contents)).sort_values("seed")
    assert runs["dataset_target"].tolist() == [names[0], names[0], names[2]]
    conditions = runs["condition"].tolist()
    assert conditions[0] == conditions[1] != conditions[2]
