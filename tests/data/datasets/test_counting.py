import math

import pytest
import torch
from scoring import scores
from torch.nn import functional as F

from rnnbench.data.datasets.counting import AnBn, AnBnCn, strings
from rnnbench.errors import UsageError
from rnnbench.objectives.metrics import chosen


def make(cls=AnBn, seq_len=None, train_size=None, seed=0, **keys):
    return cls(**keys).load(seq_len=seq_len, train_size=train_size, seed=seed, data_dir=None)


def right(parts, batch, outputs):
    """Which n are right in this batch."""
    count = chosen(parts)[0].begin(parts.objective)
    count.update(outputs, batch, parts.objective.total(outputs, batch))
    return count.right


def perfect(parts):
    return lambda batch: F.one_hot(batch.targets, parts.objective.output_size).float() * 9


def test_the_documented_example():
    batch = strings(torch.tensor([3, 1]), letters=2)
    assert batch.inputs.tolist() == [[0, 0, 0, 1, 1, 1], [0, 1, 0, 0, 0, 0]]
    assert batch.targets.tolist() == [[0, 0, 1, 1, 1, 2], [1, 2, 0, 0, 0, 0]]
    assert batch.lengths.tolist() == [6, 2]
    three = strings(torch.tensor([2]), letters=3)
    assert (three.inputs.tolist(), three.targets.tolist()) == ([[0, 0, 1, 1, 2, 2]], [[0, 1, 1, 2, 2, 3]])


@pytest.mark.parametrize("cls", [AnBn, AnBnCn])
def test_a_network_without_fault_fails_one_after_the_last(cls):
    parts = make(cls, n_max=5, test_max=20)
    assert scores(parts, parts.test, perfect(parts)) == {
        "loss": pytest.approx(0, abs=1e-2),
        "first_failure": 21,
        "accuracy_in_range": 1,
        "accuracy_out_of_range": 1,
    }


@pytest.mark.parametrize("cls", [AnBn, AnBnCn])
def test_a_network_without_memory_fails_at_two(cls):
    parts = make(cls, n_max=5, test_max=20)
    follows = torch.eye(parts.objective.output_size)[torch.arange(parts.symbols) + 1]  # b after a, $ after the last
    score = scores(parts, parts.test, lambda batch: follows[batch.inputs])
    assert score["first_failure"] == 2 == parts.chance["first_failure"]
    assert score["accuracy_in_range"] == 1 / 5


def test_while_letters_a_are_read_both_a_and_b_are_legal_but_not_the_end():
    parts = make(n_max=5)
    batch = strings(torch.tensor([3]), letters=2)

    def passes(answer):
        return right(parts, batch, F.one_hot(torch.tensor([answer]), 3).float())[3]

    assert passes([0, 0, 1, 1, 1, 2]) and passes([1, 1, 0, 1, 1, 2]) and passes([0, 0, 0, 1, 1, 2])
    assert not passes([2, 0, 1, 1, 1, 2])  # $ within the a's
    assert not passes([0, 0, 1, 1, 2, 2])  # $ too early
    assert not passes([0, 0, 1, 1, 1, 1])  # no $
    assert not passes([0, 0, 1, 0, 1, 2])  # a after b


def test_the_first_failure_is_the_smallest_n_that_fails():
    parts = make(n_max=5, test_max=20)

    def answer(batch):
        outputs = perfect(parts)(batch)
        outputs[(batch.lengths == 2 * 13) | (batch.lengths == 2 * 17), 0] = torch.tensor([0.0, 0, 9])
        return outputs

    score = scores(parts, parts.test, answer)
    assert score["first_failure"] == 13
    tested = [n for n in range(6, 21) if n not in (7, 9)]
    assert score["accuracy_out_of_range"] == pytest.approx(1 - 2 / len(tested))


def test_beyond_n_max_validation_and_test_are_disjoint():
    parts = make(n_max=6, test_max=20)
    valid, test = ({int(n) // 2 for n in part.lengths} for part in (parts.valid, parts.test))
    assert valid == {*range(1, 7), 8, 10, 12}
    assert test == {*range(1, 8), 9, 11, *range(13, 21)}
    assert max(int(parts.train.batch(s, 64).lengths.max()) for s in range(20)) == 12 == parts.seq_len


def test_padding_changes_nothing():
    parts = make(n_max=6)
    batch = parts.train.batch(0, 16)
    outputs = torch.randn(16, batch.inputs.shape[1], 3)
    garbage = outputs.clone()
    garbage[torch.arange(batch.inputs.shape[1]) >= batch.lengths[:, None]] = math.nan
    loss = parts.objective.loss
    assert torch.equal(loss(outputs, batch), loss(garbage, batch))
    assert right(parts, batch, outputs) == right(parts, batch, garbage)


def test_the_best_loss_of_a_string_is_the_entropy_of_n():
    # Knowing that n is uniform in 1 … N, p(b after j a's) = 1 / (N − j + 1), and every string costs ln N nats in all.
    N = 6
    parts = make(n_max=N)
    for n in range(1, N + 1):
        batch = strings(torch.tensor([n]), letters=2)
        p = F.one_hot(batch.targets, 3).double()
        for j in range(1, n + 1):
            stop = 1 / (N - j + 1)
            p[0, j - 1] = torch.tensor([1 - stop, stop, 0])
        assert float(parts.objective.total(p.log(), batch)[0]) == pytest.approx(math.log(N))


def test_seq_len_sets_n_max_and_is_refused_where_no_string_has_it():
    assert make(AnBnCn, seq_len=30).metrics[0].n_max == 10
    for cls, wrong in ((AnBn, 7), (AnBnCn, 20), (AnBn, 2), (AnBn, 0)):
        with pytest.raises(UsageError, match=rf"^seq_len={wrong}: .*n_max"):
            make(cls, seq_len=wrong)
    with pytest.raises(UsageError, match=r"^dataset.n_max=1:"):
        make(n_max=1)
    with pytest.raises(UsageError, match=r"^dataset.test_max=50: .*100 or more"):
        make(n_max=50, test_max=50)
    with pytest.raises(UsageError, match=r"^train_size=0:"):
        make(train_size=0)


def test_an_n_that_comes_twice_is_right_if_both_are():
    parts = make(n_max=5)
    batch = strings(torch.tensor([2, 2]), letters=2)
    outputs = perfect(parts)(batch)
    outputs[1, -1] = torch.tensor([9.0, 0, 0])
    assert right(parts, batch, outputs) == {2: False}
    outputs[1, -1] = outputs[0, -1]
    assert right(parts, batch, outputs) == {2: True}
