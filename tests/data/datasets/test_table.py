"""A user's file as a dataset of ordinary runs: keys, splits, identity, units, the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from making import make
from sheets import case

from rnnbench.__main__ import main
from rnnbench.config import from_mapping
from rnnbench.data.datasets.table import TableFile, split_of
from rnnbench.data.table.examples import examples_of
from rnnbench.data.table.understand import open_table
from rnnbench.errors import UsageError
from rnnbench.run import run
from rnnbench.training.artifact import load_model

N = 300


@pytest.fixture
def beer(tmp_path: Path) -> Path:
    """Daily sales with a week in them."""
    random = np.random.default_rng(0)
    sales = 400 + 40 * np.sin(2 * np.pi * np.arange(N) / 7) + random.normal(0, 5, N)
    days = pd.date_range("2021-01-04", periods=N).astype(str)
    file = tmp_path / "beer.csv"
    pd.DataFrame({"date": days, "C6H6(GT)": sales.round(2), "Größe": random.normal(size=N).round(3)}).to_csv(
        file, index=False
    )
    return file


def load(path, seq_len=None, train_size=None, seed=0, **keys):
    return TableFile(path=str(path), **keys).load(seq_len=seq_len, train_size=train_size, seed=seed, data_dir=Path())


def test_one_split_in_time_whatever_the_seed(beer):
    parts, other = (load(beer, target="C6H6(GT)", seq_len=7, seed=seed) for seed in (0, 1))
    for one, two in ((parts.valid, other.valid), (parts.test, other.test)):
        assert np.array_equal(one.index, two.index)
    examples, (train, valid, test) = parts.train.examples, (p.index for p in (parts.train, parts.valid, parts.test))
    assert len(test) == pytest.approx(len(examples) / 5, abs=2)
    assert examples.last[train].max() <= examples.start[valid].min()
    assert examples.last[valid].max() <= examples.start[test].min()
    assert len(load(beer, target="C6H6(GT)", seq_len=7, train_size=20).train) == 20


def test_series_of_another_step_leave_something_to_train_on():
    """Of file 04 the weekly series lasts five times as long: of it nothing trains, of the others all that is early."""
    parts = load(case("04"), id="store")
    examples, (train, valid, test) = parts.train.examples, (p.index for p in (parts.train, parts.valid, parts.test))
    for early, late in ((train, valid), (valid, test), (train, test)):
        assert examples.when[early, 1].max() < examples.when[late, 1].min()
        for s in set(examples.sequence[late].tolist()):
            before = early[examples.sequence[early] == s]
            assert not len(before) or (
                examples.last[before].max() <= examples.start[late][examples.sequence[late] == s].min()
            )
    assert len(train) > 50


def test_labels_in_proportion_and_groups_whole():
    path = case("16")
    table = open_table(path, TableFile(path=str(path), groups="subject").keys()).table
    examples = examples_of(table)
    split = split_of(examples, 0)
    sides = [set(examples.group[index]) for index in (split.train, split.valid, split.test)]
    assert not (sides[0] & sides[1] or sides[0] & sides[2] or sides[1] & sides[2])
    parts = load(path)
    counts = np.bincount(parts.train.examples.label[parts.test.index])
    assert counts.max() - counts.min() <= 1 and len(parts.test) == 12
    assert parts.chance["accuracy"] == pytest.approx(max(counts) / 12, abs=0.1)


def test_a_run_learns_the_week_and_scores_in_the_unit_of_the_file(beer, tmp_path):
    config = make("dataset=table", f"dataset.path={beer}", 'dataset.target="C6H6(GT)"', "seq_len=14", "hidden_size=8",
                  "budget.max_steps=400", "threads=1", "device=cpu")  # fmt: skip
    ending = run(config)
    assert ending.record is not None and ending.record["status"] == "ok", ending.record
    task, test = ending.record["task"], ending.record["metrics"]["test"]
    sales = pd.read_csv(beer)["C6H6(GT)"].to_numpy()
    late = sales[-len(sales) // 5 :]
    assert task["baselines"]["last value"] == pytest.approx(np.abs(np.diff(late)).mean(), rel=0.1)
    assert task["baselines"]["value a season ago"] == pytest.approx(np.abs(late[7:] - late[:-7]).mean(), rel=0.2)
    assert test["mae"] < task["baselines"]["last value"] / 2
    model = load_model(ending.run_dir)
    assert model.transform.names == ("C6H6(GT)", "Größe") and model.objective.scale[0] > 10  # not 1, and not mean 0
    parts = load(beer, target="C6H6(GT)", seq_len=14)
    batch = next(parts.test.batches(1000))
    said = model.predict(batch.inputs).numpy()
    assert np.abs(said - batch.targets.numpy()).mean() == pytest.approx(test["mae"], rel=1e-4)


def test_identity_is_of_contents_not_of_places(beer, tmp_path):
    other = tmp_path / "elsewhere.csv"
    other.write_bytes(beer.read_bytes())
    ids = {make("dataset=table", f"dataset.path={p}", "dataset.target=x").run_id for p in (beer, other)}
    assert len(ids) == 1
    asked = make("dataset=table", f"dataset.path={beer}", "dataset.target=y").run_id
    assert asked not in ids  # the column is what the run is
    tested = {make("dataset=table", f"dataset.path={beer}", "dataset.target=x", f"dataset.test={p}").run_id
              for p in (beer, other)}  # fmt: skip
    assert len(tested) == 1 and not tested & ids
    other.write_text("changed")
    assert make("dataset=table", f"dataset.path={other}", "dataset.target=x").run_id not in ids
    share = make("dataset=table", f"dataset.path={beer}", "dataset.target=x", "dataset.test=0.3").run_id
    assert share not in ids | tested


def test_a_folder_counts_by_its_files(tmp_path):
    folders = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "a.csv").write_text("x\n1\n")
        folders.append(folder)
    ids = [make("dataset=table", f"dataset.path={f}").run_id for f in folders]
    assert ids[0] == ids[1]
    (folders[1] / "a.csv").write_text("x\n2\n")
    assert make("dataset=table", f"dataset.path={folders[1]}").run_id != ids[0]


def test_a_record_says_column_and_class(beer):
    config = make("dataset=table", f"dataset.path={beer}", 'dataset.target="C6H6(GT)"')
    recorded = json.loads(json.dumps(config.recorded()))
    assert recorded["dataset"]["target"] == "C6H6(GT)"
    assert recorded["dataset"]["class"] == "rnnbench.data.datasets.table.TableFile"
    assert len(recorded["dataset"].pop("content")) == 12
    assert from_mapping(recorded) == config and from_mapping(recorded).run_id == config.run_id


@pytest.mark.parametrize(
    ("argument", "column"),
    [
        ('dataset.target="C6H6(GT)"', "C6H6(GT)"),
        ("dataset.target='C6H6(GT)'", "C6H6(GT)"),
        (r"dataset.target=C6H6\(GT\)", "C6H6(GT)"),
        ('dataset.target="Größe"', "Größe"),
        ('dataset.target="a, b"', "a, b"),
        ("dataset.target=3", 3),
        ("dataset.target=STS.M.I7.W", "STS.M.I7.W"),
    ],
)
def test_quoted_forms(argument, column):
    assert make("dataset=table", "dataset.path=x.csv", argument).dataset.options["target"] == column


def test_a_number_of_a_column_is_a_column():
    keys = TableFile(path="x", target=3, id=1, test=0.2, missing=-200).keys()
    assert (keys.target, keys.id, keys.test, keys.missing) == ("3", "1", "0.2", "-200")


@pytest.mark.parametrize(
    ("arguments", "said", "code"),
    [
        (["dataset.path=gone.csv"], "gone.csv", 2),
        ([], "dataset.path=null", 2),
        (["dataset.path={beer}", "dataset.target=sale"], "target=sale: no such column", 2),
        (["dataset.path={beer}", 'dataset.target="C6H6(GT)"', "seq_len=5", "dataset.window=4"], "seq_len=5", 2),
        (["dataset.path={beer}", "dataset.targt=a"], "did you mean dataset.target?", 2),
        (["dataset.path={beer}", "dataset.target=C6H6(GT)"], "quote the value", 2),
        (["dataset.path={six}"], "at least 50 wanted", 3),
    ],
)
def test_a_mistake_is_one_line(arguments, said, code, beer, tmp_path, monkeypatch, capfd):
    filled = [a.replace("{beer}", str(beer)).replace("{six}", str(case("22"))) for a in arguments]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["rnnbench", "dataset=table", *filled])
    with pytest.raises(SystemExit) as caught:
        main()
    printed = capfd.readouterr().err
    assert caught.value.code == code, printed
    assert said in printed and printed.count("\n") == 1
    assert not (tmp_path / "results").exists()


def test_two_lengths_for_one_thing_are_refused(beer):
    with pytest.raises(UsageError, match=r"seq_len=5.*dataset\.window, 4"):
        load(beer, seq_len=5, window=4, target="C6H6(GT)")


def test_importing_rnnbench_brings_no_pandas():
    code = "import rnnbench, rnnbench.config, sys; print('pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
