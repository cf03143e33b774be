"""A model that cannot be kept costs a line, one that cannot be read is one line."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from making import make, tiny
from shapes import LabelOfSequence, Symbols

import rnnbench
from rnnbench.errors import UsageError
from rnnbench.objectives.label import Label
from rnnbench.records import MODEL, MODEL_FACTS, PREDICTIONS
from rnnbench.run import prepare, run
from rnnbench.training import artifact
from rnnbench.training.described import described, made


@dataclass(frozen=True)
class Scale:
    """A transform of plain values, nested."""

    mean: tuple[float, ...]
    names: tuple[str, ...] = ()
    inner: Scale | None = None

    def __call__(self, raw: float) -> float:
        return raw - self.mean[0]


@dataclass(frozen=True)
class Opaque:
    table: np.ndarray


def damaged(**changes: object) -> Path:
    config = tiny()
    run(config)
    path = config.run_dir / MODEL_FACTS
    facts = json.loads(path.read_text())
    path.write_text(json.dumps(facts | changes))
    return config.run_dir


def refusal(directory: Path) -> str:
    with pytest.raises(UsageError) as caught:
        rnnbench.load_model(directory)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_directory_without_one(tmp_path: Path) -> None:
    config = tiny("keep=none")
    run(config)
    for directory in (config.run_dir, tmp_path, tmp_path / "nowhere"):
        said = "the run has not ended, diverged, or kept none (keep=best force=true repeats it)"
        assert refusal(directory) == f"{directory} holds no kept model: {said}"


def test_weights_alone_are_none() -> None:
    """As a kill between the two files leaves them."""
    directory = damaged()
    (directory / MODEL_FACTS).unlink()
    assert "holds no kept model" in refusal(directory)


@pytest.mark.few(2)
@pytest.mark.parametrize("change", ["cut", "flipped", "gone", "another's"])
def test_damaged_weights(change: str) -> None:
    directory = damaged()
    path = directory / MODEL
    content = path.read_bytes()
    if change == "gone":
        path.unlink()
        assert refusal(directory) == f"{path} cannot be read (FileNotFoundError)"
        return
    other = tiny("seed=1")
    run(other)
    path.write_bytes({"cut": content[:-8], "flipped": content[:-1] + bytes([content[-1] ^ 1]),
                      "another's": (other.run_dir / MODEL).read_bytes()}[change])  # fmt: skip
    assert refusal(directory).startswith(f"{path} is damaged: it is not the file that model.json was written for")


@pytest.mark.few(3)
@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"format": 1}', b'{"format": true}', b"\xff\xfe"])
def test_damaged_facts(content: bytes) -> None:
    directory = damaged()
    (directory / MODEL_FACTS).write_bytes(content)
    assert refusal(directory).startswith(f"{directory / MODEL_FACTS} ")


def test_facts_that_do_not_fit_the_weights() -> None:
    directory = damaged()
    facts = json.loads((directory / MODEL_FACTS).read_text())
    facts["model"]["hidden_size"] = 6
    (directory / MODEL_FACTS).write_text(json.dumps(facts))
    assert "does not fit model.json" in refusal(directory)


def test_one_of_a_newer_release() -> None:
    directory = damaged(format=4)
    assert refusal(directory) == (
        f"{directory / MODEL_FACTS} is of a newer release of rnnbench: format 4, this one reads 3"
    )


@pytest.mark.parametrize(
    ("path", "words"),
    [("gone_since.Mine", "gone_since.Mine cannot be imported (ModuleNotFoundError)"),
     ("shapes.Gone", "shapes.Gone cannot be imported (AttributeError)"),
     ("os.system", "os.system is no dataclass derived from Objective"),
     ("rnnbench.cells.gru.GRUCell", "rnnbench.cells.gru.GRUCell is no dataclass derived from Objective")],
)  # fmt: skip
def test_a_class_that_is_not_there(path: str, words: str) -> None:
    directory = damaged(objective={"class": path, "fields": {}})
    assert words in refusal(directory)


OWN_CELL = """
from dataclasses import dataclass
import torch
import torch.nn.functional as F
import rnnbench

@dataclass(frozen=True)
class Leaky(rnnbench.Cell):
    a: float = 0.5
    gates = ("h",)

    def step(self, gates_x, state, p):
        (h,) = state
        return ((1 - self.a) * h + self.a * torch.tanh(gates_x + F.linear(h, p["weight_hh"], p.get("bias_hh"))),)
"""


def test_a_users_cell_is_made_again_with_its_options_and_a_changed_one_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "kept_own_cell.py"
    file.write_text(OWN_CELL)
    monkeypatch.syspath_prepend(str(tmp_path))
    config = tiny("cell=custom", "cell.target=kept_own_cell.Leaky", "cell.name=leaky", "+cell.a=0.25")
    ending = run(config)
    assert ending.status == "ok"
    model = rnnbench.load_model(config.run_dir)
    assert vars(model.network.recurrent.cell) == {"a": 0.25} and capsys.readouterr().err == ""
    rows = prepare(config).parts.test.all().inputs
    recorded = rnnbench.load_predictions(config.run_dir)["prediction"]
    np.testing.assert_allclose(model.predict(rows).numpy(), recorded, atol=1e-6)
    file.write_text(OWN_CELL + "# edited\n")
    rnnbench.load_model(config.run_dir)
    assert capsys.readouterr().err == (
        f"warning: {config.run_dir}: the source of kept_own_cell.Leaky is not what it was when the model was trained\n"
    )
    monkeypatch.delitem(sys.modules, "kept_own_cell")
    file.unlink()
    assert "kept_own_cell.Leaky cannot be imported (ModuleNotFoundError)" in refusal(config.run_dir)


def test_nothing_is_unpickled(monkeypatch: pytest.MonkeyPatch) -> None:
    config = tiny()
    run(config)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("unpickled")

    for module, name in (("pickle", "load"), ("pickle", "loads"), ("pickle", "Unpickler"), ("torch", "load")):
        monkeypatch.setattr(f"{module}.{name}", refuse)
    rnnbench.load_model(config.run_dir)


def test_a_disk_that_is_full_costs_a_line_and_no_result(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tiny()
    really = os.fsync

    def full(number: int) -> None:
        if MODEL in os.readlink(f"/proc/self/fd/{number}"):
            raise OSError(28, "No space left on device")
        really(number)

    monkeypatch.setattr(os, "fsync", full)
    ending = run(config)
    assert ending.status == "ok" and ending.record is not None and ending.record["metrics"]["test"] is not None
    line = f"warning: the model of {config.run_id} is not kept: cannot write {config.run_dir / MODEL}: No space left"
    assert line in capsys.readouterr().err
    left = {path.name for path in config.run_dir.iterdir()}
    assert not left & {MODEL, MODEL_FACTS} and PREDICTIONS in left and not [n for n in left if n.endswith(".tmp")]


def test_weights_go_where_what_describes_them_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise UsageError("cannot write")

    monkeypatch.setattr(artifact, "write_json_atomically", fails)
    assert run(tiny()).status == "ok"
    assert not (tiny().run_dir / MODEL).exists()


def test_a_transform_of_other_things_is_left_out_with_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    load = LabelOfSequence.load

    def with_table(self: LabelOfSequence, **asked: object) -> rnnbench.Parts:
        parts = load(self, **asked)  # type: ignore[arg-type]
        object.__setattr__(parts, "transform", Opaque(np.zeros(2)))
        return parts

    monkeypatch.setattr(LabelOfSequence, "load", with_table)
    config = make("dataset=custom", "dataset.target=shapes.LabelOfSequence", "hidden_size=3", "batch_size=8",
                  "budget.max_steps=2", "device=cpu", "threads=1")  # fmt: skip
    run(config)
    assert "is kept without its transform" in capsys.readouterr().err
    assert rnnbench.load_model(config.run_dir).transform is None


def test_objects_of_plain_values_are_the_same_again() -> None:
    scale = Scale((0.1, 1e-300), ("a", "ü"), Scale((2.5,)))
    text = json.dumps(described(scale))
    again = made(json.loads(text))
    assert again == scale and hash(again) == hash(scale)
    assert made(described(Label(3)), rnnbench.Objective) == Label(3)
    for thing in (Opaque(np.zeros(2)), Scale((float("nan"),)), object()):
        with pytest.raises(UsageError, match="plain value"):
            described(thing)


def test_rows_that_it_cannot_read() -> None:
    config = tiny()
    run(config)
    model = rnnbench.load_model(config.run_dir)
    rows = torch.zeros(3, 6, 2)
    for inputs, lengths, words in [
        (torch.zeros(3, 6), None, r"inputs are \(3, 6\), not numbers \(N, T, 2\)"),
        (torch.zeros(0, 6, 2), None, r"inputs are \(0, 6, 2\)"),
        (rows, [1, 2], "lengths are not 3 whole numbers from 1 to 6"),
        (rows, [0, 2, 3], "lengths are not 3"),
        (rows, [1, 2, 7], "lengths are not 3"),
        (rows, [1.0, 2.0, 3.0], "lengths are not 3"),
    ]:
        with pytest.raises(UsageError, match=words):
            model.predict(inputs, lengths)
    config = make("dataset=custom", f"dataset.target=shapes.{Symbols.__name__}", "hidden_size=3", "batch_size=8",
                  "budget.max_steps=2", "embedding_size=2", "device=cpu", "threads=1")  # fmt: skip
    run(config)
    model = rnnbench.load_model(config.run_dir)
    with pytest.raises(UsageError, match="inputs hold 0 to 3, not symbols 0 to 2"):
        model.predict([[0, 1, 3]])
    with pytest.raises(UsageError, match=r"not whole numbers \(N, T\)"):
        model.predict([[0.5]])
    assert model.predict([[0, 1, 3]], [2]).shape == (1, 3)
