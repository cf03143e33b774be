"""What a run keeps of its model, and that it is the model that was scored."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from loops import same, weights
from making import make, tiny
from shapes import SHAPES, LabelOfSequence, LabelOfStep, Unequal
from torch import nn

import rnnbench
from rnnbench.config import Config, cell_choices
from rnnbench.data.batch import Batch
from rnnbench.errors import UsageError
from rnnbench.records import MODEL, MODEL_FACTS, PREDICTIONS, RECORD
from rnnbench.run import CHECKPOINT, prepare, run
from rnnbench.training.kept_model import KeptModel

CELLS = sorted(cell_choices())


def own(shape: type, *overrides: str) -> Config:
    return make("dataset=custom", f"dataset.target=shapes.{shape.__name__}", "hidden_size=5", "batch_size=8",
                "budget.max_steps=8", "budget.eval_every=4", "device=cpu", "threads=1", *overrides)  # fmt: skip


def kept(config: Config) -> tuple[KeptModel, Batch, np.ndarray]:
    """The model of a run, its test rows, and what was recorded of them."""
    assert run(config).status == "ok"
    test = next(iter(prepare(config).parts.test.batches(10_000)))
    return rnnbench.load_model(config.run_dir), test, rnnbench.load_predictions(config.run_dir)["prediction"]


def agree(model: KeptModel, test: Batch, recorded: np.ndarray, tolerance: float = 1e-6) -> None:
    """`predict` gives what was recorded, and the same bits for rows asked for singly, in fives and all at once."""
    said = model.predict(test.inputs, test.lengths)
    np.testing.assert_allclose(said.numpy(), recorded, rtol=tolerance, atol=tolerance)
    assert said.numpy().dtype == recorded.dtype
    for many in (1, 5):
        pieces = [slice(i, i + many) for i in range(0, len(said), many)]
        again = [model.predict(test.inputs[p], None if test.lengths is None else test.lengths[p]) for p in pieces]
        assert torch.equal(torch.cat(again).nan_to_num(-7), said.nan_to_num(-7))


@pytest.mark.few(4)
@pytest.mark.parametrize("shape", SHAPES)
def test_it_says_what_was_recorded_whatever_is_learned(shape: type[Unequal]) -> None:
    agree(*kept(own(shape)))


@pytest.mark.few(5)
@pytest.mark.parametrize("cell", CELLS)
def test_it_says_what_was_recorded_of_every_cell(cell: str) -> None:
    model, test, recorded = kept(tiny(f"cell={cell}"))
    agree(model, test, recorded)
    torch_has_it = cell in ("lstm", "gru", "rnn", "rnn_relu")
    if torch_has_it:
        assert torch.allclose(model.to_torch()(test.inputs), model(test.inputs), rtol=0, atol=1e-5)
    else:
        with pytest.raises(rnnbench.errors.UsageError, match=r"^cell=\w+Cell: torch\.nn has no such cell"):
            model.to_torch()


@pytest.mark.parametrize("readout", ["last", "mean", "max"])
def test_both_directions_of_unequal_lengths(readout: str) -> None:
    model, test, recorded = kept(own(LabelOfSequence, "bidirectional=true", "num_layers=2", "dropout=0.3",
                                     f"readout={readout}"))  # fmt: skip
    agree(model, test, recorded)
    twin = model.to_torch()
    assert type(twin.recurrent) is nn.LSTM and twin.recurrent.bidirectional
    assert torch.allclose(twin(test.inputs, test.lengths), model(test.inputs, test.lengths), rtol=0, atol=1e-5)


def test_of_steps_torchs_own_layers_agree_too_and_padding_changes_nothing() -> None:
    model, test, _ = kept(own(LabelOfStep, "cell=gru"))
    real = torch.arange(test.inputs.shape[1]) < test.lengths[:, None]
    a, b = model.to_torch()(test.inputs, test.lengths), model(test.inputs, test.lengths)
    assert torch.allclose(a[real], b[real], rtol=0, atol=1e-5)
    other = test.inputs.clone()
    other[~real] = 1e9
    assert torch.equal(model.predict(other, test.lengths), model.predict(test.inputs, test.lengths))


def test_float64_and_a_width_matched_to_parameters() -> None:
    model, test, recorded = kept(tiny("cell=gru", "dtype=float64", "match=params", "hidden_size=24"))
    agree(model, test, recorded)
    assert model.network.head.weight.dtype == torch.float64
    assert model.network.recurrent.hidden_size == model.facts["model"]["hidden_size"] != 24


def test_evaluated_one_row_at_a_time_the_recorded_bits_are_the_same() -> None:
    model, test, recorded = kept(tiny("dataset.test_size=1"))
    assert (model.predict(test.inputs).numpy() == recorded).all()


@pytest.mark.slow
def test_the_same_bits_in_a_new_process_with_other_threads() -> None:
    config = own(LabelOfSequence)
    model, test, _ = kept(config)
    torch.save((test.inputs, test.lengths), "rows.pt")
    lines = (
        "import torch, rnnbench",
        "torch.set_num_threads(2)",
        f"model = rnnbench.load_model({str(config.run_dir)!r})",
        "torch.save(model.predict(*torch.load('rows.pt')), 'said.pt')",
        "print(torch.get_num_threads())",
    )
    code = "\n".join(lines)
    path = {"PYTHONPATH": ":".join(p for p in sys.path if p)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={**path, "PATH": ""})
    assert done.stdout == "2\n", done.stderr
    assert torch.equal(torch.load("said.pt"), model.predict(test.inputs, test.lengths))


def test_a_text_read_as_one_row_gives_all_that_was_recorded_with_the_state_carried(tmp_path: Path) -> None:
    """Evaluated in windows of ten characters, each from the state after the one before. The vocabulary is kept."""
    text = "The sea, the sea, the open sea, the ever free. " * 60
    (tmp_path / "sea.txt").write_text(text)
    config = make("dataset=text", f"dataset.path={tmp_path / 'sea.txt'}", "seq_len=10", "hidden_size=4", "batch_size=4",
                  "budget.max_steps=4", "budget.eval_every=2", "device=cpu", "threads=1")  # fmt: skip
    assert run(config).status == "ok"
    model, found = rnnbench.load_model(config.run_dir), rnnbench.load_predictions(config.run_dir)
    assert model.transform.known == "".join(sorted(set(text)))
    points = np.frombuffer(text[round(0.95 * len(text)) :].encode("utf-32-le"), np.uint32)
    said = model.predict(torch.from_numpy(model.transform(points)[:-1]).long()[None])
    assert said[0].tolist() == found["prediction"][found["target"] >= 0].tolist()


def test_raw_images_go_through_the_transform_that_is_kept() -> None:
    from sklearn.datasets import load_digits

    config = make("dataset=digits", "seq_len=8", "hidden_size=5", "budget.max_steps=3", "budget.max_epochs=null",
                  "device=cpu", "threads=1")  # fmt: skip
    model, test, recorded = kept(config)
    assert model.transform == prepare(config).parts.transform
    raw = torch.from_numpy(load_digits().data)
    rows = model.transform(raw)
    (at,) = [i for i in range(len(rows)) if torch.equal(rows[i], test.inputs[7])][:1]
    np.testing.assert_allclose(model.predict(rows[at : at + 1])[0].numpy(), recorded[7], atol=1e-6)


def test_the_best_weights_are_those_that_were_scored_and_the_last_those_of_the_end() -> None:
    settings = ("optimizer.lr=0.3", "budget.max_steps=20", "budget.eval_every=1")
    best, last = tiny(*settings), tiny(*settings, "keep=last", "name=last")
    training = prepare(best)
    training.keep_last = True
    training.run()
    assert training.selection.best_step != 20
    assert training.last_weights is not None
    run(best), run(last)
    assert same(weights(training), list(rnnbench.load_model(best.run_dir).network.state_dict().values()))
    ends = rnnbench.load_model(last.run_dir)
    assert same(list(training.last_weights.values()), list(ends.network.state_dict().values()))
    assert (ends.facts["weights"], ends.facts["step"]) == ("last", 20)
    assert rnnbench.load_model(best.run_dir).facts["step"] == training.selection.best_step
    assert (last.run_dir / PREDICTIONS).read_bytes() == (best.run_dir / PREDICTIONS).read_bytes()


def test_the_file_is_the_fields_own_and_names_are_those_of_torch() -> None:
    config = tiny()
    run(config)
    found = safetensors.torch.load_file(config.run_dir / MODEL)
    assert {name: tuple(t.shape) for name, t in found.items()} == {
        "recurrent.weight_ih_l0": (20, 2), "recurrent.weight_hh_l0": (20, 5), "recurrent.bias_ih_l0": (20,),
        "recurrent.bias_hh_l0": (20,), "head.weight": (1, 5), "head.bias": (1,),
    }  # fmt: skip
    facts = json.loads((config.run_dir / MODEL_FACTS).read_text())
    assert (facts["model"]["input_size"], facts["model"]["output_size"]) == (2, 1)
    assert facts["objective"] == {
        "class": "rnnbench.objectives.value.Value",
        "fields": {"size": 1, "shift": [], "scale": []},
    }
    assert facts["config"] == json.loads((config.run_dir / RECORD).read_text())["config"]
    assert (config.run_dir / MODEL_FACTS).stat().st_size < 4096


def test_none_is_kept_where_none_is_asked_for_or_the_run_diverged() -> None:
    broken = tiny("cell=rnn_relu", "optimizer=sgd", "optimizer.lr=1e30", "clip_norm=null")
    for config, ending in ((tiny("keep=none"), "ok"), (broken, "diverged")):
        assert run(config).status == ending
        assert not (config.run_dir / MODEL).exists() and not (config.run_dir / MODEL_FACTS).exists()
    run(tiny())
    assert run(tiny("keep=none", "force=true")).status == "ok"
    assert not (tiny().run_dir / MODEL).exists() and not (tiny().run_dir / MODEL_FACTS).exists()


class KilledError(KeyboardInterrupt):
    """Stands for SIGKILL: nothing of the run goes on after it."""


@pytest.mark.few(1)
@pytest.mark.parametrize("keep", ["best", "last"])
def test_a_killed_run_leaves_the_bytes_of_one_never_killed(keep: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = (f"keep={keep}", "cell=gru", "dropout=0.2", "num_layers=2", "checkpoint_seconds=0")
    whole = tiny(*settings)
    run(whole)
    files = {name: (whole.run_dir / name).read_bytes() for name in (MODEL, MODEL_FACTS, PREDICTIONS)}
    from rnnbench.training.loop import Training

    with monkeypatch.context() as patched:
        step = Training._step

        def dying(self: Training) -> None:
            if self.progress.step == 13:
                raise KilledError
            step(self)

        patched.setattr(Training, "_step", dying)
        with pytest.raises(KilledError):
            run(tiny(*settings, "force=true"))
    assert (whole.run_dir / CHECKPOINT).exists() and not (whole.run_dir / MODEL).exists()
    assert run(tiny(*settings)).status == "ok"
    assert {name: (whole.run_dir / name).read_bytes() for name in files} == files


def test_the_transform_takes_arrays_and_texts_and_says_what_it_cannot_take() -> None:
    from rnnbench.data.datasets.text import Vocabulary
    from rnnbench.data.pixels import Pixels

    raw = np.arange(128).reshape(2, 64)
    rows = Pixels(8, largest=16)
    assert rows(raw).equal(rows(torch.from_numpy(raw))) and rows(raw.tolist()).equal(rows(raw))
    assert rows(raw)[1, 0].tolist() == [(64 + i) / 16 for i in range(8)]
    for wrong in (raw[0], np.array([["a"]]), np.zeros((2, 63)), np.zeros((0, 64))):
        with pytest.raises(UsageError, match=r"^pixels are "):
            rows(wrong)
    letters = Vocabulary("abc")
    assert letters("cab?").tolist() == letters(np.array([99, 97, 98, 63])).tolist() == [2, 0, 1, 3]
    with pytest.raises(UsageError, match="neither a text nor its code points"):
        letters(np.array([0.5]))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_missing_has_no_answer(value: float) -> None:
    model, test, _ = kept(own(LabelOfSequence))
    rows, lengths = test.inputs.clone(), test.lengths.clone()
    row = int((lengths > 2).nonzero()[0])
    lengths[row] = 2
    rows[row, 2:] = value  # beyond its length nothing counts
    before = model.predict(rows, lengths)
    assert before.isfinite().all()
    rows[row, 1] = value
    with pytest.raises(UsageError, match=rf"^inputs hold NaN or infinity in row {row} at step 1: fill what is missing"):
        model.predict(rows, lengths)
