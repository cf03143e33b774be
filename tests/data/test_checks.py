"""What a dataset of a user's own does wrong is one line that names part, example and what is right, before training."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from making import make
from shapes import LabelOfSequence, LabelOfStep, Symbols, Unequal, ValueOfStep
from sweeping import here
from torch import Tensor

from rnnbench import Dataset, Examples, Parts
from rnnbench.data.batch import Batch
from rnnbench.data.checks import check_parts
from rnnbench.data.datasets.counting import AnBn
from rnnbench.errors import UsageError
from rnnbench.run import run


def checked(shape: type[Unequal], part: str, **changes: Any) -> None:
    """Look at the dataset's parts with one field of one of them changed."""
    parts = shape().load(seq_len=None, train_size=None, seed=0, data_dir=Path())
    there: Any = getattr(parts, part)
    check_parts(replace(parts, **{part: replace(there, **changes)}), 4, "mine")


def with_one(field: Tensor | None, place: int | tuple[int, ...], value: float) -> Tensor:
    assert field is not None
    changed = field.clone()
    changed[place] = value
    return changed


def of(shape: type[Unequal], part: str) -> Examples:
    return getattr(shape().load(seq_len=None, train_size=None, seed=0, data_dir=Path()), part)


@pytest.mark.parametrize("part", ["train", "valid", "test"])
@pytest.mark.parametrize("wrong", [99, -2, 0, 7])
def test_a_length_that_cannot_be(part: str, wrong: int) -> None:
    lengths = with_one(of(LabelOfSequence, part).lengths, 3, wrong)
    line = rf"^dataset=mine: {part}: example 3 has the length {wrong} \(allowed: 1 to 6\)$"
    with pytest.raises(UsageError, match=line):
        checked(LabelOfSequence, part, lengths=lengths)


@pytest.mark.parametrize("wrong", [2, -1, 0.5, float("nan"), float("inf")])
def test_a_label_that_cannot_be(wrong: float) -> None:
    targets = with_one(of(LabelOfSequence, "valid").targets.double(), 5, wrong)
    line = rf"^dataset=mine: valid: example 5 has the target {wrong:g} \(allowed: whole numbers 0 to 1\)$"
    with pytest.raises(UsageError, match=line):
        checked(LabelOfSequence, "valid", targets=targets)


def test_a_label_of_a_step_is_named_by_its_step_and_padding_is_none() -> None:
    held = of(LabelOfStep, "test")
    assert held.targets.min() == -100  # in the padding
    with pytest.raises(UsageError, match=r"^dataset=mine: test: example 0, step 4 has the target 3 \(allowed: whole"):
        checked(LabelOfStep, "test", targets=with_one(held.targets, (0, 4), 3))
    checked(LabelOfStep, "test")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_an_input_that_is_no_number(value: float) -> None:
    inputs = with_one(of(LabelOfSequence, "train").inputs, (0, 2, 1), value)
    line = rf"^dataset=mine: train: example 0, step 2 has the input {value:g} \(allowed: finite numbers\)$"
    with pytest.raises(UsageError, match=line):
        checked(LabelOfSequence, "train", inputs=inputs)


def test_a_number_that_is_complex() -> None:
    """Its imaginary part would be lost."""
    for what in ("inputs", "targets"):
        held = getattr(of(ValueOfStep, "train"), what)
        line = rf"^dataset=mine: train: has {what} of torch\.complex64 \(allowed: real numbers\)$"
        with pytest.raises(UsageError, match=line):
            checked(ValueOfStep, "train", **{what: held.to(torch.complex64)})


def test_a_symbol_that_is_not_there() -> None:
    inputs = with_one(of(Symbols, "valid").inputs, (1, 0), 3)
    with pytest.raises(UsageError, match=r"^dataset=mine: valid: example 1, step 0 has the input 3 \(allowed: 0 to 2"):
        checked(Symbols, "valid", inputs=inputs)


def test_a_value_that_is_not_known_must_be_said_to_be() -> None:
    held = of(ValueOfStep, "train")
    targets = with_one(held.targets, (0, 1), float("nan"))
    with pytest.raises(UsageError, match=r"train: example 0, step 1 has the target nan \(allowed: finite numbers\)$"):
        checked(ValueOfStep, "train", targets=targets)
    observed = torch.ones(40, 6, dtype=torch.bool)
    observed[0, 1] = False
    checked(ValueOfStep, "train", targets=targets, observed=observed)
    with pytest.raises(UsageError, match=r"train: has nothing that counts"):
        checked(ValueOfStep, "train", observed=observed & False)
    with pytest.raises(UsageError, match=r"train: has observed of torch\.bool and shape \(40, 3\)"):
        checked(ValueOfStep, "train", observed=observed[:, :3])


@pytest.mark.parametrize("part", ["train", "valid", "test"])
def test_an_empty_part(part: str) -> None:
    none = {"inputs": torch.zeros(0, 6, 2), "targets": torch.zeros(0, dtype=torch.int64), "lengths": None}
    with pytest.raises(UsageError, match=rf"^dataset=mine: {part}: is empty \(allowed: at least one example\)$"):
        checked(LabelOfSequence, part, **none)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"targets": torch.zeros(29)}, r"has 30 inputs, 29 targets, 30 lengths \(allowed: as many of each\)"),
        ({"lengths": torch.ones(3, dtype=torch.int64)}, "has 30 inputs, 30 targets, 3 lengths"),
        ({"targets": torch.zeros(30, 4)}, r"has targets of shape \(30, 4\) \(allowed: \(30,\)"),
        ({"inputs": torch.zeros(30, 6)}, r"has inputs of shape \(30, 6\) \(allowed: \(examples, steps, features\)"),
        ({"inputs": torch.zeros(30, 6, 3)}, r"has 3 features \(allowed: 2"),
        ({"lengths": torch.ones(30)}, r"has lengths of torch\.float32 and shape \(30,\) \(allowed: whole numbers"),
        ({"weight": torch.full((30,), -1.0)}, r"example 0 has the weight -1\.0 \(allowed: 0 or more\)"),
    ],
)
def test_sizes_that_disagree(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=f"^dataset=mine: test: {says}"):
        checked(LabelOfSequence, "test", **changes)


def test_what_is_no_tensor_becomes_one_where_nothing_is_lost() -> None:
    held = of(LabelOfSequence, "valid")
    assert held.lengths is not None
    for targets in (held.targets.int().numpy(), held.targets.double(), held.targets[:, None], held.targets.tolist()):
        checked(
            LabelOfSequence, "valid", inputs=held.inputs.numpy(), targets=targets, lengths=held.lengths.int().numpy()
        )
    assert held.targets.dtype == torch.int64 and isinstance(Examples(np.zeros((1, 2, 1)), [0]).inputs, Tensor)
    assert Examples(np.zeros((1, 2, 1)), [0], np.array([2], np.int32)).lengths.dtype == torch.int64


def test_a_stream_is_looked_at_by_its_first_batch() -> None:
    parts = AnBn(n_max=4, test_max=10).load(seq_len=None, train_size=None, seed=0, data_dir=Path())
    sample = parts.train.sample  # type: ignore[attr-defined]

    def too_long(n: int, random: torch.Generator) -> Batch:
        batch = sample(n, random)
        return batch._replace(lengths=batch.lengths + 1)

    check_parts(parts, 4, "mine")
    with pytest.raises(UsageError, match=r"^dataset=mine: train: example \d has the length 9 \(allowed: 1 to 8\)$"):
        check_parts(replace(parts, train=replace(parts.train, sample=too_long)), 64, "mine")


@dataclass(frozen=True)
class Raising(LabelOfSequence):
    def __post_init__(self) -> None:
        raise KeyError("no such column")


class RaisingAtOnce(LabelOfSequence):
    def __init__(self) -> None:
        raise RuntimeError("no\nsuch column")


class RaisingLater(LabelOfSequence):
    @property
    def objective(self) -> Any:
        raise KeyError("no such column")


class OfYesterday(Dataset):
    def task(self, **asked: Any) -> Any:
        """As in release 0.1."""


OfYesterday = dataclass(frozen=True)(OfYesterday)  # type: ignore[misc]


@dataclass(frozen=True)
class TooLong(LabelOfSequence):
    def load(self, **asked: Any) -> Parts:
        parts = super().load(**asked)
        return replace(parts, test=replace(parts.test, lengths=parts.test.lengths + 93))  # type: ignore


@pytest.fixture
def _mine(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("mine_checked")
    for cls in (Raising, RaisingAtOnce, RaisingLater, OfYesterday, TooLong):
        setattr(module, cls.__name__, cls)
    monkeypatch.setitem(sys.modules, "mine_checked", module)


@pytest.mark.usefixtures("_mine")
@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("Raising", r"^dataset\.target=.*Raising: cannot be made \(KeyError: 'no such column'\)$"),
        ("RaisingAtOnce", r"^dataset\.target=.*: cannot be made \(RuntimeError: no such column\)$"),
        ("RaisingLater", r"^dataset\.target=.*: its load fails at .*test_checks.py, line \d+ \(KeyError: 'no such"),
        ("OfYesterday", r"^dataset\.target=.*OfYesterday: has `task`, of an earlier release: a dataset's `load`"),
        ("TooLong", r"^dataset=custom: test: example 0 has the length 99 \(allowed: 1 to 6\)$"),
    ],
)
def test_it_is_one_line_and_nothing_is_written(name: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        run(make("dataset=custom", f"dataset.target=mine_checked.{name}", "device=cpu", "batch_size=4"))
    assert not Path("results").exists()


def test_on_the_command_line_too() -> None:
    done = here("dataset=custom", "dataset.target=shapes.LabelOfSequence", "train_size=3", "batch_size=4")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr == "rnnbench: batch_size=4: the training set is smaller (allowed: 1 to 3)\n"


@pytest.mark.parametrize("name", ["Task", "Totals", "Examples"])
def test_an_earlier_name_says_what_there_is_instead(name: str) -> None:
    with pytest.raises(ImportError, match=rf"^rnnbench\.data\.base\.{name} is gone: "):
        exec(f"from rnnbench.datasets.base import {name}")
    with pytest.raises(ImportError, match=r"^rnnbench\.datasets\.classification is gone: a dataset's `load` gives"):
        import rnnbench.datasets.classification  # noqa: F401
