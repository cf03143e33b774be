"""More examples than there is memory for are refused in one line, before they are made."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from making import make

from rnnbench.data import examples
from rnnbench.data.datasets.adding import sample
from rnnbench.data.examples import held
from rnnbench.errors import UsageError
from rnnbench.machine.memory import there_is
from rnnbench.preparation import prepare

SIZES = [(dataset, key) for dataset in ("adding", "copy") for key in ("dataset.valid_size", "dataset.test_size")]
SIZES += [(dataset, "train_size") for dataset in ("adding", "copy", "anbn")]


@pytest.mark.parametrize(("dataset", "key"), SIZES)
def test_a_thousand_million_examples_are_refused(dataset: str, key: str) -> None:
    with pytest.raises(
        UsageError, match=rf"^{key}=1000000000: would take [\d,]+ GB to be made, of [\d,]+ GB of memory"
    ):
        prepare(make(f"dataset={dataset}", f"{key}=1000000000", "budget.max_steps=1"))


def test_so_are_few_that_are_too_long() -> None:
    with pytest.raises(UsageError, match=r"^dataset.valid_size=2000: .* of 5000000 steps each"):
        prepare(make("dataset=adding", "seq_len=5000000", "dataset.valid_size=2000", "budget.max_steps=1"))


def test_to_the_last_example_that_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """An example of adding at T = 5 has 5 · 2 · 4 bytes of inputs and 4 of its target: 44, thrice while it is made."""
    monkeypatch.setattr(examples, "there_is", lambda: 3 * 44 * 20_000)
    assert len(held(partial(sample, seq_len=5), 20_000, 0, "train")) == 20_000
    with pytest.raises(UsageError, match="allowed: at most 20000 here, of 5 steps each"):
        held(partial(sample, seq_len=5), 20_001, 0, "train")


def test_a_containers_limit_counts(tmp_path: Path) -> None:
    whole = there_is(tmp_path)
    (tmp_path / "memory.max").write_text("max\n")
    assert there_is(tmp_path) == whole > 1e8
    (tmp_path / "memory.max").write_text("1048576\n")
    assert there_is(tmp_path) == 1048576
    (tmp_path / "memory.max").unlink()
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory" / "memory.limit_in_bytes").write_text("2097152")
    assert there_is(tmp_path) == 2097152
