import pytest
import torch
from sklearn.datasets import load_digits
from torch.nn import functional as F

from rnnbench.data.datasets.digits import Digits
from rnnbench.errors import UsageError


def make(seq_len=None, train_size=None, seed=0, **keys):
    return Digits(**keys).task(seq_len=seq_len, train_size=train_size, seed=seed, data_dir=None)


def test_shapes_sizes_and_scale():
    task = make()
    assert (task.seq_len, task.input_size, task.output_size, task.readout) == (64, 1, 10, "last")
    assert (task.train.size, len(task.valid), len(task.test)) == (1257, 180, 360)
    assert (float(task.train.inputs.min()), float(task.train.inputs.max())) == (0, 1)


def test_the_documented_example_and_the_same_pixels_at_every_seq_len():
    rows = load_digits().data[0].reshape(8, 8) / 16
    assert rows[0].tolist() == [0, 0, 0.3125, 0.8125, 0.5625, 0.0625, 0, 0]
    assert rows[1].tolist() == [0, 0, 0.8125, 0.9375, 0.625, 0.9375, 0.3125, 0]
    for T in (1, 8, 16, 64):
        assert torch.equal(make(seq_len=T).test.inputs.flatten(1), make().test.inputs.flatten(1))
        assert make(seq_len=T).input_size == 64 // T


def test_the_parts_make_up_the_whole_and_the_seed_does_not_move_them():
    task, other = make(), make(seed=1)
    images = torch.cat([part.inputs.flatten(1) for part in (task.train, task.valid, task.test)])
    whole = torch.from_numpy(load_digits().data).float() / 16
    assert sorted(images.tolist()) == sorted(whole.tolist())
    assert torch.equal(task.test.inputs, other.test.inputs) and torch.equal(task.valid.inputs, other.valid.inputs)
    assert not torch.equal(task.train.batch(0, 32).targets, other.train.batch(0, 32).targets)
    assert not torch.equal(task.test.targets, make(split_seed=1).test.targets)


def test_every_class_is_held_out_in_proportion_and_chance_is_the_commonest():
    task = make()
    counts = torch.bincount(task.test.targets)
    assert counts.min() >= 34 and counts.max() <= 37  # 174 … 183 of 1,797 in each class
    commonest = torch.bincount(task.train.targets).argmax()
    (batch,) = task.test.batches(360)
    totals = task.totals(F.one_hot(commonest.expand(360), 10).float(), batch)
    assert float(totals["accuracy"][0]) / totals["accuracy"][1] == pytest.approx(task.chance["accuracy"])


def test_a_class_that_few_examples_lack_costs_no_infinity():
    lacking = [task for task in (make(train_size=10, seed=seed) for seed in range(8))
               if len(set(task.train.targets.tolist())) < 10]  # fmt: skip
    assert any(task.train.targets.max() < 9 for task in lacking)
    for task in lacking:
        p = (torch.bincount(task.train.targets, minlength=10) + 1) / 20
        assert task.chance["loss"] == pytest.approx(float(-p[task.test.targets].log().mean()))


@pytest.mark.parametrize(
    ("key", "keys"),
    [
        ("seq_len", {"seq_len": 7}),
        ("seq_len", {"seq_len": 0}),
        ("train_size", {"train_size": 1258}),
        ("dataset.valid_size", {"valid_size": 0}),
        ("dataset.test_size", {"test_size": 1797}),
    ],
)
def test_what_cannot_be_is_refused(key, keys):
    with pytest.raises(UsageError, match=rf"^{key}={next(iter(keys.values()))}: .*allowed: "):
        make(**keys)
