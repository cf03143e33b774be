import pytest
import torch
from scoring import scores

from rnnbench.data.base import generator
from rnnbench.data.datasets.adding import Adding, sample
from rnnbench.errors import UsageError


def make(seq_len=20, train_size=None, seed=0, **keys):
    return Adding(**keys).load(seq_len=seq_len, train_size=train_size, seed=seed, data_dir=None)


def test_the_target_is_the_sum_of_the_two_marked_numbers():
    batch = sample(1000, generator(0), seq_len=7)
    numbers, marks = batch.inputs.unbind(-1)
    assert torch.equal(marks[:, :3].sum(1), torch.ones(1000)) and torch.equal(marks[:, 3:].sum(1), torch.ones(1000))
    torch.testing.assert_close((numbers * marks).sum(1, keepdim=True), batch.targets)


def test_the_documented_example():
    numbers, marks = torch.tensor([0.32, 0.91, 0.05, 0.44, 0.78, 0.13]), torch.tensor([0.0, 1, 0, 0, 1, 0])
    assert (numbers * marks).sum().item() == pytest.approx(1.69)


def test_chance_is_what_always_answering_one_gives():
    parts = make(test_size=100_000)
    one = scores(parts, parts.test, lambda batch: torch.ones(len(batch.inputs), 1))
    assert one["loss"] == pytest.approx(parts.chance["loss"], rel=0.01)
    assert one["accuracy"] == pytest.approx(parts.chance["accuracy"], rel=0.03)


def test_streams_repeat_for_a_seed_and_differ_between_seeds_and_splits():
    parts, again, other = make(), make(), make(seed=1)
    assert torch.equal(parts.train.batch(3, 8).inputs, again.train.batch(3, 8).inputs)
    assert not torch.equal(parts.train.batch(3, 8).inputs, parts.train.batch(4, 8).inputs)
    assert not torch.equal(parts.train.batch(3, 8).inputs, other.train.batch(3, 8).inputs)
    assert not torch.equal(parts.valid.inputs[:100], parts.test.inputs[:100])
    assert parts.train.size is None and make(train_size=64).train.size == 64


@pytest.mark.parametrize("keys", [{"seq_len": 1}, {"train_size": 0}])
def test_what_cannot_be_is_refused(keys):
    with pytest.raises(UsageError, match=f"^{next(iter(keys))}="):
        make(**keys)
