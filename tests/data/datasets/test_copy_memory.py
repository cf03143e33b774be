import math

import pytest
import torch
from scoring import score, scores

from rnnbench.data.base import generator
from rnnbench.data.datasets.copy_memory import Copy, sample
from rnnbench.errors import UsageError


def make(seq_len=5, train_size=None, seed=0, **keys):
    return Copy(**keys).load(seq_len=seq_len, train_size=train_size, seed=seed, data_dir=None)


def test_the_documented_example():
    batch = sample(1, generator(0), delay=3)
    symbols = batch.inputs[0, :10].tolist()
    assert set(symbols) <= set(range(1, 9))
    assert batch.inputs[0].tolist() == symbols + [0, 0, 9] + [0] * 10
    assert batch.targets[0].tolist() == [0] * 13 + symbols


def test_memoryless_answers_give_chance():
    parts = make(seq_len=5, test_size=2000)
    outputs = torch.full((2000, 25, 9), -math.inf)
    outputs[:, :15, 0] = 0.0  # sure of the blanks
    outputs[:, 15:, 1:] = 0.0  # even among the eight
    totals = scores(parts, parts.test, lambda batch: outputs[: len(batch.inputs)])
    assert totals["loss"] == pytest.approx(10 * math.log(8) / 25, rel=1e-5) == pytest.approx(parts.chance["loss"])
    assert totals["accuracy"] == pytest.approx(1 / 8, abs=4 * math.sqrt(7 / 64 / 20_000))  # four standard errors


def test_chance_at_the_published_delay():
    assert make(seq_len=1000, valid_size=1, test_size=1).chance["loss"] == pytest.approx(0.0204, abs=5e-5)


def test_only_the_recalled_symbols_count_for_accuracy():
    parts = make()
    (batch,) = make(test_size=3).test.batches(3)
    outputs = torch.nn.functional.one_hot(batch.targets, 9).float() * 100
    assert score(parts, batch, outputs, "accuracy") == (30, 30)
    outputs[:, :15] = torch.randn(3, 15, 9)  # wrong blanks
    assert score(parts, batch, outputs, "accuracy") == (30, 30)
    assert parts.objective.loss(outputs, batch) > 0.1


@pytest.mark.parametrize(
    ("key", "keys"),
    [("seq_len", {"seq_len": 0}), ("train_size", {"train_size": 0}), ("dataset.test_size", {"test_size": 0})],
)
def test_what_cannot_be_is_refused(key, keys):
    with pytest.raises(UsageError, match=f"^{key}=0: out of range"):
        make(**keys)
