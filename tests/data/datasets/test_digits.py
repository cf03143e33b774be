import pytest
import torch
from scoring import scores
from sklearn.datasets import load_digits
from torch.nn import functional as F

from rnnbench.data.datasets.digits import Digits
from rnnbench.errors import UsageError


def make(seq_len=None, train_size=None, seed=0, **keys):
    return Digits(**keys).load(seq_len=seq_len, train_size=train_size, seed=seed, data_dir=None)


def test_shapes_sizes_and_scale():
    parts = make()
    assert (parts.seq_len, parts.input_size, parts.objective.output_size, parts.objective.readout) == (
        64,
        1,
        10,
        "last",
    )
    assert (parts.train.size, len(parts.valid), len(parts.test)) == (1257, 180, 360)
    assert (float(parts.train.inputs.min()), float(parts.train.inputs.max())) == (0, 1)


def test_the_documented_example_and_the_same_pixels_at_every_seq_len():
    rows = load_digits().data[0].reshape(8, 8) / 16
    assert rows[0].tolist() == [0, 0, 0.3125, 0.8125, 0.5625, 0.0625, 0, 0]
    assert rows[1].tolist() == [0, 0, 0.8125, 0.9375, 0.625, 0.9375, 0.3125, 0]
    for T in (1, 8, 16, 64):
        assert torch.equal(make(seq_len=T).test.inputs.flatten(1), make().test.inputs.flatten(1))
        assert make(seq_len=T).input_size == 64 // T


def test_the_transform_is_kept_and_makes_inputs_of_raw_images():
    raw = torch.from_numpy(load_digits().data)
    parts = make(seq_len=8)
    again = parts.transform(raw)
    assert again.shape == (1797, 8, 8) and torch.equal(raw, torch.from_numpy(load_digits().data))
    assert (again == parts.test.inputs[0]).all(dim=(1, 2)).sum() == 1


def test_the_parts_make_up_the_whole_and_the_seed_does_not_move_them():
    parts, other = make(), make(seed=1)
    images = torch.cat([part.inputs.flatten(1) for part in (parts.train, parts.valid, parts.test)])
    whole = torch.from_numpy(load_digits().data).float() / 16
    assert sorted(images.tolist()) == sorted(whole.tolist())
    assert torch.equal(parts.test.inputs, other.test.inputs) and torch.equal(parts.valid.inputs, other.valid.inputs)
    assert not torch.equal(parts.train.batch(0, 32).targets, other.train.batch(0, 32).targets)
    assert not torch.equal(parts.test.targets, make(split_seed=1).test.targets)


def test_every_class_is_held_out_in_proportion_and_chance_is_the_commonest():
    parts = make()
    counts = torch.bincount(parts.test.targets)
    assert counts.min() >= 34 and counts.max() <= 37  # 174 … 183 of 1,797 in each class
    commonest = torch.bincount(parts.train.targets).argmax()
    answers = scores(parts, parts.test, lambda batch: F.one_hot(commonest.expand(len(batch.inputs)), 10).float())
    assert answers["accuracy"] == pytest.approx(parts.chance["accuracy"])


def test_a_class_that_few_examples_lack_costs_no_infinity():
    lacking = [parts for parts in (make(train_size=10, seed=seed) for seed in range(8))
               if len(set(parts.train.targets.tolist())) < 10]  # fmt: skip
    assert any(parts.train.targets.max() < 9 for parts in lacking)
    for parts in lacking:
        p = (torch.bincount(parts.train.targets, minlength=10) + 1) / 20
        assert parts.chance["loss"] == pytest.approx(float(-p[parts.test.targets].log().mean()))


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
