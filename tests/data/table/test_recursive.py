"""Forecasts one step after another: what is read of an answer, by hand; what cannot go on so is refused by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from predict.files import stores, trained
from sheets import understood

from rnnbench.cells.gru import GRUCell
from rnnbench.cells.lstm import LSTMCell
from rnnbench.data.splits import Split
from rnnbench.data.table.examples import examples_of
from rnnbench.data.table.parts import parts_of
from rnnbench.errors import UsageError
from rnnbench.export.__main__ import main as export
from rnnbench.objectives.recursive import Recursive
from rnnbench.predict.__main__ import main as predict
from rnnbench.training.artifact import load_model
from rnnbench.training.model import SequenceModel

WAVE = np.sin(np.arange(90) / 3) * 4 + 10


def parts_and_model(columns, cell=None, **keys):
    read = understood(columns, ahead="recursive", window=8, **keys).table
    examples = examples_of(read)
    n = len(examples)
    parts = parts_of(read, examples, Split(np.arange(n - 20), np.arange(n - 20, n - 10), np.arange(n - 10, n)))
    torch.manual_seed(0)
    return read, examples, parts, SequenceModel(cell or GRUCell(), parts, 5).eval()


@pytest.mark.parametrize("cell", [GRUCell(), LSTMCell()])
def test_an_answer_is_read_as_the_next_value_of_the_file_would_be(cell) -> None:
    """The network over nine steps, the ninth being the first answer, scaled by hand as the file's values are."""
    read, examples, parts, model = parts_and_model({"y": WAVE}, cell, target="y", horizon=2)
    batch = next(iter(parts.test.batches(3)))
    index = parts.test.index[:3]
    answers = parts.test.restored(parts.objective.predict(model(batch)[0]).detach().numpy().reshape(3, 2, 1), index)
    (number,), (level,) = parts.transform.numbers, parts.transform.levels
    for i, stop in enumerate(examples.stop[index]):
        seen = read.target.values[stop - 8 : stop, 0].astype(np.float64)
        whole = ((np.append(seen, answers[i, 0, 0]) - level.mean[0]) / level.naive[0] - number.mean) / number.std
        whole = torch.tensor(whole - whole[:8].mean(), dtype=torch.float32)[None, :, None]
        hidden, _ = model.recurrent(whole)
        second = parts.objective.shift[1] + parts.objective.scale[1] * model.head(hidden[:, -1]).item()
        wanted = level.mean[0] + level.naive[0] * (second + number.mean) + number.std * level.naive[0] * (
            ((seen - level.mean[0]) / level.naive[0] - number.mean) / number.std
        ).mean()  # fmt: skip
        assert answers[i, 1, 0] == pytest.approx(wanted, rel=1e-5)


def test_what_is_known_ahead_moves_up_and_what_never_changes_stays() -> None:
    """Inputs of a step: y, k, the store (2 and one for others), then k of three steps ahead."""
    t, s = np.tile(np.arange(60), 2), np.repeat([0, 1], 60)
    columns = {"store": np.array(["s0", "s1"])[s], "t": t, "y": WAVE[t] + s, "k": t % 5}
    _, _, parts, model = parts_and_model(
        columns, target="y", id="store", time="t", known="k", inputs="store,k", horizon=3
    )
    assert parts.transform.names == ("y", "k", "store=s0", "store=s1", "store: another")
    x = torch.tensor([[7.0, 1, 1, 0, 0, 2, 3, 4]])
    torch.testing.assert_close(x @ model.keeps, torch.tensor([[0.0, 2, 1, 0, 0, 3, 4, 0]]))
    objective = parts.objective
    z = (objective.shift[0] + objective.scale[0] * 0.5) / parts.transform.numbers[0].std
    fed = 0.5 * model.feeds + model.offset
    torch.testing.assert_close(fed[0], torch.tensor([z, 0, 0, 0, 0, 0, 0, 0]))


def test_a_step_ahead_has_one_output_and_every_target_is_learned() -> None:
    _, _, parts, model = parts_and_model({"y": WAVE, "z": WAVE**2}, target="y,z", inputs="y", horizon=4)
    batch = next(iter(parts.test.batches(5)))
    outputs = model(batch)[0]
    assert model.head.out_features == 2 and outputs.shape == (5, 8) == batch.targets.shape
    parts.objective.loss(outputs, batch).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.recurrent.parameters())


def test_lengths_are_read_to_their_ends() -> None:
    """A shorter row beside a longer one answers as alone."""
    _, _, parts, model = parts_and_model({"y": WAVE}, target="y", horizon=3)
    batch = next(iter(parts.test.batches(2)))
    alone = model(batch._replace(inputs=batch.inputs[:1, :6]))[0]
    padded = batch.inputs.clone()
    padded[0, 6:] = 9.0
    both = model(batch._replace(inputs=padded, lengths=torch.tensor([6, 8])))[0]
    torch.testing.assert_close(both[:1], alone, rtol=1e-5, atol=1e-6)


def test_where_nobody_knows_what_follows_it_is_refused_by_name() -> None:
    columns = {"y": WAVE, "rain": WAVE[::-1], "sun": np.cos(WAVE)}
    with pytest.raises(UsageError, match=r"ahead=recursive: nobody knows what follows of rain, sun \(allowed: inputs="):
        understood(columns, target="y", ahead="recursive")
    assert understood(columns, target="y", ahead="recursive", known="rain", inputs="rain").table.recursive
    with pytest.raises(UsageError, match="nothing lies ahead"):
        understood({"who": np.repeat(np.arange(40), 3), "x": WAVE[np.arange(120) % 90], "y": np.repeat(["u", "v"], 60)},
                   id="who", target="y", task="label", ahead="recursive")  # fmt: skip


def test_both_directions_are_refused() -> None:
    _, _, parts, _ = parts_and_model({"y": WAVE}, target="y", horizon=3)
    with pytest.raises(UsageError, match="bidirectional=true: goes on from the last step"):
        SequenceModel(GRUCell(), parts, 5, bidirectional=True)
    with pytest.raises(UsageError, match="readout=mean: goes on from the last step"):
        SequenceModel(GRUCell(), parts, 5, readout="mean")


def test_a_run_is_kept_predicts_and_says_what_cannot_be_exported(capsys: pytest.CaptureFixture[str]) -> None:
    frame = stores(60, 2)[["store", "date", "sales"]]
    config = trained(frame, "sales", "dataset.id=store", "dataset.horizon=5", "dataset.ahead=recursive")
    model = load_model(config.run_dir)
    assert isinstance(model.objective, Recursive) and model.network.head.out_features == 1
    assert "one after another" in capsys.readouterr().err
    assert predict([str(config.run_dir), "own.csv", "out=said.csv"]) == 0
    rows = pd.read_csv("said.csv")
    assert len(rows) == 10 and rows["steps ahead"].tolist() == [1, 2, 3, 4, 5] * 2
    assert np.isfinite(rows["sales"]).all() and rows["sales"].std() > 0
    for form in ("onnx", "torch"):
        capsys.readouterr()
        assert export([str(config.run_dir), f"format={form}"]) == 2
        said = capsys.readouterr().err
        assert "ahead=recursive" in said and "ahead=direct" in said
    assert not Path(config.run_dir, "onnx").exists()
