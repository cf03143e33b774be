"""The schema: what is accepted, what is refused and how, and what makes two requests the same run."""

from __future__ import annotations

import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from rnnbench.config import Config, from_mapping, make_cell, make_dataset
from rnnbench.errors import UsageError

VALUES: dict[str, Any] = {
    "cell": {"name": "gru", "target": "rnnbench.cells.gru.GRUCell"},
    "dataset": {"name": "adding", "target": "rnnbench.data.datasets.adding.Adding", "valid_size": 10, "test_size": 20},
    "optimizer": {"name": "adam", "lr": 1e-3, "weight_decay": 0.0, "momentum": 0.0, "schedule": "constant",
                  "warmup_steps": 0},
    "budget": {"max_steps": 5, "max_epochs": None, "max_seconds": None, "patience": None, "solved": None,
               "eval_every": 5},
    "seq_len": 500, "hidden_size": 64, "num_layers": 1, "embedding_size": None, "batch_size": 4, "train_size": None,
    "dropout": 0.0, "forget_bias": 1.0, "match": "hidden", "clip_norm": 1.0, "seed": 3, "device": "cpu",
    "dtype": "float32", "backend": "auto", "threads": 1, "name": "here", "results_dir": "results",
    "checkpoint_seconds": 30, "force": False, "progress": "auto",
}  # fmt: skip


def values(**changes: Any) -> dict[str, Any]:
    """VALUES with changes; `budget__patience=3` sets a nested key."""
    changed = deepcopy(VALUES)
    for key, value in changes.items():
        *path, last = key.split("__")
        place = changed
        for part in path:
            place = place[part]
        place[last] = value
    return changed


def config(**changes: Any) -> Config:
    return from_mapping(values(**changes))


def test_values_arrive_typed() -> None:
    c = config(clip_norm=2, budget__max_seconds=3)
    assert (c.clip_norm, c.budget.max_seconds, c.seq_len) == (2.0, 3.0, 500)
    assert isinstance(c.clip_norm, float)


def test_cell_and_dataset_are_made_from_their_own_keys() -> None:
    c = config(cell={"name": "rnn", "target": "rnnbench.cells.rnn.RNNCell", "nonlinearity": "relu"})
    assert make_cell(c).torch_mode == "RNN_RELU"
    assert make_dataset(c).valid_size == 10  # type: ignore[attr-defined]


def make_both(**changes: Any) -> None:
    """The cell and the dataset too: classes are asked when they are needed, and not for an id."""
    asked = config(**changes)
    make_cell(asked)
    make_dataset(asked)


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"hiden_size": 5}, ("hiden_size=5", "did you mean hidden_size?")),
        ({"budget__max_step": 5}, ("budget.max_step=5", "budget.max_steps")),
        ({"cell__alpha": 5}, ("cell.alpha=5",)),
        ({"dataset__valid_sise": 5}, ("dataset.valid_sise=5", "dataset.valid_size")),
        ({"seq_len": "long"}, ("seq_len=long", "a whole number, null")),
        ({"seq_len": 0}, ("seq_len=0", "1 or more")),
        ({"hidden_size": 2.5}, ("hidden_size=2.5", "a whole number")),
        ({"hidden_size": None}, ("hidden_size=null", "a whole number")),
        ({"seed": True}, ("seed=true", "a whole number")),
        ({"seed": -1}, ("seed=-1", "0 or more")),
        ({"dropout": 1.0}, ("dropout=1.0", "0 up to 1")),
        ({"match": "width"}, ("match=width", "hidden, params")),
        ({"device": "gpu"}, ("device=gpu", "auto, cpu, cuda")),
        ({"dtype": "float16"}, ("dtype=float16", "float32, float64, bfloat16")),
        ({"forget_bias": "chron"}, ("forget_bias=chron", "a number, chrono, null")),
        ({"forget_bias": True}, ("forget_bias=true", "a number, chrono, null")),
        ({"backend": "cudnn"}, ("backend=cudnn", "auto, eager, fused, torch")),
        ({"force": "yes"}, ("force=yes", "true, false")),
        ({"optimizer__lr": 0}, ("optimizer.lr=0.0", "above 0")),
        ({"optimizer__lr": float("nan")}, ("optimizer.lr=nan", "a number")),
        ({"optimizer__name": "lion"}, ("optimizer.name=lion", "adam, adamw, rmsprop, sgd")),
        ({"optimizer__momentum": 0.9}, ("optimizer.momentum=0.9", "adam has none")),
        ({"budget__max_steps": None}, ("budget.max_steps=null", "budget.max_seconds")),
        ({"optimizer__schedule": "cosine", "budget__max_steps": None, "budget__max_seconds": 5.0},
         ("optimizer.schedule=cosine", "budget.max_steps")),
        ({"name": "../away"}, ("name=../away", "not a plain name")),
        ({"name": "/tmp/away"}, ("name=/tmp/away",)),
        ({"cell": "gru"}, ("cell=gru", "conf/cell")),
        ({"cell__target": "no.such.Cell"}, ("cell.target=no.such.Cell", "package.module.Class")),
        ({"cell__target": "rnnbench.data.datasets.adding.Adding"}, ("cell.target=", "rnnbench.Cell")),
        ({"cell": {"name": "rnn", "target": "rnnbench.cells.rnn.RNNCell", "nonlinearity": "sin"}},
         ("cell.nonlinearity=sin", "tanh, relu")),
    ],
)  # fmt: skip
def test_refused_in_one_line_that_names_key_value_and_what_is_allowed(
    changes: dict[str, Any], parts: tuple[str, ...]
) -> None:
    with pytest.raises(UsageError) as caught:
        make_both(**changes)
    line = str(caught.value)
    assert "\n" not in line
    for part in parts:
        assert part in line


def test_run_id_is_readable_and_derived_from_what_the_run_is() -> None:
    assert config().run_id.startswith("gru-adding-T500-h64-s3-")
    assert config(seq_len=None).run_id.startswith("gru-adding-h64-s3-")
    assert config(optimizer__lr=2e-3).run_id != config().run_id
    assert config(dataset__test_size=21).run_id != config().run_id


def test_places_are_no_part_of_a_run() -> None:
    away = config(name="there", results_dir="/tmp/x", checkpoint_seconds=1, force=True, progress=False)
    assert away.run_id == config().run_id


def test_the_same_values_in_another_order_are_the_same_run() -> None:
    assert from_mapping(dict(reversed(values().items()))).run_id == config().run_id


def test_a_cell_without_forget_gate_has_one_identity_whatever_the_forget_bias() -> None:
    lstm = {"name": "lstm", "target": "rnnbench.cells.lstm.LSTMCell"}
    assert config(forget_bias=0.0).run_id == config(forget_bias=1.0).run_id == config(forget_bias="chrono").run_id
    assert config(forget_bias="chrono").forget_bias is None
    assert config(cell=lstm, forget_bias=0.0).run_id != config(cell=lstm, forget_bias=1.0).run_id


@pytest.mark.parametrize(("forget_bias", "digest"), [(0, "7ffb654b"), (0.5, "1098df62"), (1.0, "f8db85ed"),
                                                    (None, "b781f720")])  # fmt: skip
def test_the_identity_of_a_run_stays_what_it_was(forget_bias: float | None, digest: str) -> None:
    """Pinned: records made before a key took a further value are still found."""
    lstm = {"name": "lstm", "target": "rnnbench.cells.lstm.LSTMCell"}
    assert config(cell=lstm, forget_bias=forget_bias).run_id == f"lstm-adding-T500-h64-s3-{digest}"
    assert config(cell=lstm, forget_bias="chrono").run_id != config(cell=lstm, forget_bias=forget_bias).run_id


def test_a_data_file_counts_by_its_content(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one")
    (tmp_path / "b.txt").write_text("one")
    (tmp_path / "c.txt").write_text("two")

    def run_id(path: Path) -> str:
        return config(dataset={"name": "text", "target": "rnnbench.data.datasets.text.Text", "path": str(path)}).run_id

    assert run_id(tmp_path / "a.txt") == run_id(tmp_path / "b.txt") != run_id(tmp_path / "c.txt")
    with pytest.raises(UsageError, match=r"dataset\.path=.*gone"):
        _ = config(dataset={"name": "text", "target": "rnnbench.data.datasets.text.Text", "path": "gone"}).run_id


@pytest.mark.slow
def test_modules_of_0_1_are_imported_under_their_old_names_as_they_are() -> None:
    code = (
        "import rnnbench.datasets.base as old, rnnbench.data.base as new; from rnnbench.datasets.adding import Adding; "
        "from rnnbench.layers import LSTM; print(old is new, Adding.__module__, LSTM.__module__, new.__spec__.name)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.split() == ["True", "rnnbench.data.datasets.adding", "rnnbench.recurrent.layers",
                                   "rnnbench.data.base"], done.stderr  # fmt: skip
