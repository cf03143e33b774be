import numpy as np
import pytest
import torch

from rnnbench.data.base import MOST_STEPS, Parts, check, generator
from rnnbench.data.batch import Batch
from rnnbench.data.datasets.counting import strings
from rnnbench.data.examples import Examples, drawn, shuffled
from rnnbench.data.sequences import Sequences
from rnnbench.errors import UsageError
from rnnbench.objectives.label import Label


def numbered(n: int, T: int = 1) -> Examples:
    row = torch.arange(n)
    return Examples(row[:, None, None].expand(n, T, 1).float(), row, seed=3)


def test_each_pass_uses_each_example_once_across_batches_that_straddle_it():
    n, size = 10, 4  # two passes are five batches
    row = torch.cat([shuffled(step, size, n=n, seed=0) for step in range(5)])
    assert sorted(row[:n].tolist()) == sorted(row[n:].tolist()) == list(range(n))
    assert row[:n].tolist() != row[n:].tolist() != list(range(n))


def test_a_batch_depends_on_seed_and_step_alone():
    examples = numbered(50)
    late = examples.batch(7, 8)
    for step in (0, 3, 40):
        examples.batch(step, 8)
    assert torch.equal(examples.batch(7, 8).targets, late.targets)
    assert torch.equal(numbered(50).batch(7, 8).targets, late.targets)
    assert not torch.equal(Examples(examples.inputs, examples.targets, seed=4).batch(7, 8).targets, late.targets)


def test_no_global_randomness_is_used_or_changed():
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = numbered(50).batch(0, 8).targets
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    assert torch.equal(numbered(50).batch(0, 8).targets, first)
    assert generator(0, "a").initial_seed() != generator(0, "b").initial_seed()


def test_evaluation_sees_the_whole_set_in_order():
    seen = torch.cat([batch.targets for batch in numbered(10).batches(4)])
    assert seen.tolist() == list(range(10))


def test_evaluation_batches_are_bounded_in_steps():
    batches = list(numbered(10, T=MOST_STEPS // 3).batches(256))
    assert [len(batch.targets) for batch in batches] == [3, 3, 3, 1]


def test_a_batch_larger_than_the_data_is_refused():
    with pytest.raises(UsageError, match=r"^batch_size=11: .* \(allowed: 1 to 10\)$"):
        numbered(10).batch(0, 11)


def test_a_smaller_draw_lies_within_a_larger_one():
    small, large = (drawn(k, n=100, seed=5).tolist() for k in (10, 60))
    assert small == large[:10] and len(set(large)) == 60
    assert drawn(None, n=4, seed=5).tolist() == [0, 1, 2, 3]
    for wrong in (0, 101):
        with pytest.raises(UsageError, match=rf"^train_size={wrong}: .*1 to 100"):
            drawn(wrong, n=100, seed=5)


def test_sums_over_steps_leave_out_the_padding_whatever_it_holds():
    values = torch.tensor([[1.0, 2.0, 4.0], [8.0, float("nan"), float("inf")]], requires_grad=True)
    batch = Batch(torch.zeros(2, 3, 1), torch.zeros(2, 3), lengths=torch.tensor([3, 1]))
    total, count = batch.total(values, per_step=True)
    assert (total.item(), count) == (15.0, 4.0)
    total.backward()
    assert values.grad.tolist() == [[1, 1, 1], [1, 0, 0]]
    assert batch._replace(lengths=None).total(torch.ones(2, 3), per_step=True)[1] == 6


@pytest.mark.parametrize(
    "batch",
    [
        strings(torch.tensor([3, 1, 2]), letters=2),
        Sequences.of([np.ones((n, 2), np.uint8) for n in (4, 2, 7)]).batch(0, 3),
        next(Sequences.of([np.ones((n, 2), np.uint8) for n in (4, 2, 7)], seq_len=3).batches(9)),
    ],
)
def test_who_says_that_nothing_stands_in_the_padding_is_right(batch):
    assert batch.blank and batch.lengths.unique().numel() > 1
    blanked = batch._replace(blank=False).blanked(per_step=True)
    assert torch.equal(blanked.inputs, batch.inputs) and torch.equal(blanked.targets, batch.targets)


def test_blanked_are_padding_and_what_is_not_known():
    nan = float("nan")
    batch = Batch(torch.tensor([[1.0, 2, nan], [3, nan, nan]])[..., None], torch.tensor([[1.0, nan, nan], [4, 7, 7]]),
                  torch.tensor([2, 1]), torch.tensor([[True, False, True], [True, True, True]]))  # fmt: skip
    steps = batch.blanked(per_step=True)
    assert steps.inputs[..., 0].tolist() == [[1, 2, 0], [3, 0, 0]] and steps.targets.tolist() == [[1, 0, 0], [4, 0, 0]]
    whole = batch._replace(targets=torch.tensor([nan, 5.0]), observed=torch.tensor([False, True]))
    assert whole.blanked(per_step=False).targets.tolist() == [0, 5]


def test_real_values_change_dtype_and_symbols_do_not():
    batch = Batch(torch.zeros(1, 2, dtype=torch.int64), torch.zeros(1, 2)).to(torch.device("cpu"), torch.float64)
    assert (batch.inputs.dtype, batch.targets.dtype) == (torch.int64, torch.float64)


def test_a_number_out_of_range_is_named():
    with pytest.raises(UsageError, match=r"^dataset.n_max=1: out of range \(allowed: 2 or more\)$"):
        check("dataset.n_max", 1, 2)


def parts_with(**said: object) -> Parts:
    return Parts(numbered(4), numbered(4), numbered(4), Label(4), **said)


@pytest.mark.parametrize("half", [0.5, np.float32(0.5), np.float64(0.5), torch.tensor(0.5), np.array([0.5])[0]])
def test_levels_of_any_librarys_numbers_are_numbers(half: object) -> None:
    parts = parts_with(chance={"accuracy": half, "unknown": None}, published={1: half}, seq_len=np.int64(1))
    assert (parts.chance, parts.published) == ({"accuracy": 0.5}, {"1": 0.5})
    assert type(parts.chance["accuracy"]) is float and type(parts.seq_len) is int
    assert parts_with(seq_len=None, chance=None).seq_len == 1


@pytest.mark.parametrize(("said", "line"), [
    ({"chance": {"accuracy": "half"}}, "Parts(chance=): 'accuracy' is 'half', not a finite number"),
    ({"chance": {"accuracy": float("nan")}}, "Parts(chance=): 'accuracy' is nan, not a finite number"),
    ({"baselines": {"last": torch.zeros(2)}}, "Parts(baselines=): 'last' is tensor([0., 0.]), not a finite number"),
    ({"published": "Bai 2018"}, "Parts(published=): 'Bai 2018' is no mapping of names to numbers"),
    ({"seq_len": "6"}, "Parts(seq_len=): '6' is no whole number"),
    ({"longest": 1.5}, "Parts(longest=): 1.5 is no whole number"),
])  # fmt: skip
def test_levels_that_cannot_be_are_refused_before_training(said: dict[str, object], line: str) -> None:
    with pytest.raises(UsageError) as caught:
        parts_with(**said)
    assert str(caught.value) == line
