"""What a model said of each test example: kept beside the record, whole where it is small, readable without torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from making import make, tiny
from shapes import LONGEST, LabelOfSequence, LabelOfStep, ValueOfStep

import rnnbench
from rnnbench.config import Config
from rnnbench.data.batch import Batch
from rnnbench.errors import UsageError
from rnnbench.objectives.label_steps import LabelSteps
from rnnbench.objectives.value import Value
from rnnbench.run import run
from rnnbench.training.predictions import Kept


def own(shape: type, *overrides: str) -> Config:
    return make("dataset=custom", f"dataset.target=shapes.{shape.__name__}", "hidden_size=5", "batch_size=8",
                "budget.max_steps=8", "budget.eval_every=4", "device=cpu", "threads=1", *overrides)  # fmt: skip


def kept_of(config: Config) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    record = run(config).record
    assert record is not None
    return rnnbench.load_predictions(config.run_dir), record["metrics"]["test"]


def test_of_one_label_a_sequence_they_are_probabilities_and_give_the_score() -> None:
    kept, test = kept_of(own(LabelOfSequence))
    p, targets = kept["prediction"], kept["target"]
    assert p.shape == (30, 2) and p.sum(1) == pytest.approx(np.ones(30), abs=1e-6)
    assert np.mean(p.argmax(1) == targets) == pytest.approx(test["accuracy"])
    assert -np.log(p[np.arange(30), targets]) == pytest.approx(kept["loss"], rel=1e-4)
    assert kept["loss"].mean() == pytest.approx(test["loss"], rel=1e-5)
    assert set(kept["length"]) <= set(range(1, LONGEST + 1)) and kept["length"].dtype == np.int32


def test_of_steps_the_padding_is_marked() -> None:
    kept, test = kept_of(own(LabelOfStep))
    real = np.arange(LONGEST) < kept["length"][:, None]
    assert kept["prediction"].shape == kept["target"].shape == (30, LONGEST)
    assert ((kept["target"] == -1) == ~real).all() and ((kept["prediction"] == -1) == ~real).all()
    right = (kept["prediction"] == kept["target"])[real]
    assert right.mean() == pytest.approx(test["accuracy"])
    values, score = kept_of(own(ValueOfStep))
    error = values["prediction"] - values["target"]  # (30, T, 1)
    assert (np.isnan(error[..., 0]) == ~real).all()
    assert np.sqrt(np.nanmean(error**2)) == pytest.approx(score["rmse"], rel=1e-5)
    assert np.nanmean(error**2, axis=(1, 2)) == pytest.approx(values["loss"], rel=1e-4)


def test_rows_are_the_same_examples_for_every_cell() -> None:
    a, b = (kept_of(own(LabelOfSequence, f"cell={cell}"))[0] for cell in ("lstm", "gru"))
    assert (a["target"] == b["target"]).all() and (a["length"] == b["length"]).all()
    assert (a["loss"] != b["loss"]).any()


def test_of_a_text_each_window_is_a_row(tmp_path: Path) -> None:
    (tmp_path / "sea.txt").write_text("the sea, the open sea, the ever free. " * 60)
    config = make("dataset=text", f"dataset.path={tmp_path / 'sea.txt'}", "seq_len=10", "hidden_size=4", "batch_size=4",
                  "budget.max_steps=2", "device=cpu", "threads=1")  # fmt: skip
    kept, test = kept_of(config)
    predicted = 114 - 1  # the last 5 % of 2,280 characters, less the first
    assert kept["length"].sum() == predicted
    assert kept["prediction"].shape == (len(kept["loss"]), kept["length"].max())
    assert np.average(kept["loss"], weights=kept["length"]) == pytest.approx(test["loss"], rel=1e-5)


def test_what_is_many_is_left_out_answers_first() -> None:
    """Of 6 examples of 5 steps, 30 labels and as many answers."""
    batch = Batch(torch.zeros(3, 5, 1), torch.zeros(3, 5, dtype=torch.int64))
    outputs = torch.randn(3, 5, 2)
    for most, names in ((60, {"loss", "length", "prediction", "target"}), (59, {"loss", "length"}), (5, None)):
        kept = Kept(LabelSteps(2), most)
        kept.add(outputs, batch)
        kept.add(outputs, batch)
        arrays = kept.arrays()
        assert (arrays and set(arrays)) == names


def test_an_example_of_which_nothing_counts_has_no_loss() -> None:
    kept = Kept(Value())
    kept.add(torch.ones(2, 1), Batch(torch.zeros(2, 1, 1), torch.zeros(2, 1), observed=torch.tensor([True, False])))
    arrays = kept.arrays()
    assert arrays is not None
    assert arrays["loss"][0] == 1 and np.isnan(arrays["loss"][1]) and np.isnan(arrays["target"][1, 0])


def test_none_are_kept_where_none_are_asked_for_or_the_run_diverged() -> None:
    config = tiny("keep=none")
    assert run(config).status == "ok" and config.run_id == tiny().run_id
    with pytest.raises(
        UsageError, match=r"predictions\.npz is not there: the run has not ended, diverged, or kept none"
    ):
        rnnbench.load_predictions(config.run_dir)
    broken = tiny("cell=rnn_relu", "optimizer=sgd", "optimizer.lr=1e30", "clip_norm=null")
    assert run(broken).status == "diverged"
    assert not (broken.run_dir / "predictions.npz").exists()


def test_a_repeated_run_has_its_own_and_the_same_bytes() -> None:
    config = tiny()
    run(config)
    first = (config.run_dir / "predictions.npz").read_bytes()
    run(tiny("force=true"))
    assert (config.run_dir / "predictions.npz").read_bytes() == first
    assert len(first) < 2000  # 32 examples
    run(tiny("force=true", "keep=none"))
    assert not (config.run_dir / "predictions.npz").exists()


def test_a_damaged_file_is_named() -> None:
    config = tiny()
    run(config)
    path = config.run_dir / "predictions.npz"
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(UsageError, match=r"predictions\.npz cannot be read"):
        rnnbench.load_predictions(config.run_dir)
