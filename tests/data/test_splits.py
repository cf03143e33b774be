"""Splits: no row in two parts, groups whole, time in order with its gap, whatever the data look like."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from rnnbench.data import splits as cut
from rnnbench.data.splits import Split
from rnnbench.errors import TooLittleData


def disjoint(split: Split) -> bool:
    parts = [set(part.tolist()) for part in (split.train, split.valid, split.test)]
    return len(set.union(*parts)) == sum(map(len, parts)) == sum(map(len, (split.train, split.valid, split.test)))


def windows(steps: int, window: int, horizon: int) -> np.ndarray:
    """(N, 2): first input and last target of every window of one series."""
    starts = np.arange(steps - window - horizon + 1)
    return np.stack((starts, starts + window + horizon - 1), axis=1)


@settings(max_examples=60, deadline=None)
@drawn(st.integers(150, 900), st.integers(1, 12), st.integers(1, 6))
def test_time_is_in_order_with_a_gap_of_window_and_horizon(steps: int, window: int, horizon: int) -> None:
    when = windows(steps, window, horizon)
    found = cut.in_time(when, horizon)
    tested: set[int] = set()
    for block in range(10):
        split = found[block]
        assert disjoint(split)
        # Examples are numbered by their start: the gap is what lies between two parts.
        assert split.valid.min() - split.train.max() - 1 >= window + horizon - 1
        assert split.test.min() - split.valid.max() - 1 >= window + horizon - 1
        targets = {step for i in split.test for step in range(i + window, i + window + horizon)}
        assert len(targets) >= horizon
        assert not targets & tested  # blocks share no target
        tested |= targets
        assert split.train.min() == 0  # all that came before
    assert found.most == 10
    assert found.rho == pytest.approx(np.mean([len(found[b].test) / (len(found[b].train) + len(found[b].valid))
                                               for b in range(10)]))  # fmt: skip


def test_the_gap_is_no_longer_than_it_must_be() -> None:
    """1,000 steps, windows of 10, 3 ahead: 988 examples, and between two parts exactly 12 of them."""
    split = cut.in_time(windows(1000, 10, 3), 3)[0]
    assert split.test.min() - split.valid.max() - 1 == 12
    assert split.valid.min() - split.train.max() - 1 == 12


def test_series_that_share_dates_are_cut_at_the_same_date() -> None:
    one = windows(400, 5, 1)
    both = np.concatenate((one, one))  # two series over the same 400 dates
    for block in range(10):
        alone, together = cut.in_time(one)[block], cut.in_time(both)[block]
        for part in ("train", "valid", "test"):
            index = getattr(alone, part)
            np.testing.assert_array_equal(getattr(together, part), np.concatenate((index, index + len(one))))


@pytest.mark.parametrize(("steps", "horizon"), [(36, 1), (100, 48), (12, 1)])
def test_a_short_series_is_refused(steps: int, horizon: int) -> None:
    with pytest.raises(TooLittleData):
        cut.in_time(windows(max(steps, 8 + horizon), 8, horizon), horizon)


def test_too_few_are_told_in_the_words_of_their_task() -> None:
    with pytest.raises(TooLittleData, match=r"7 windows to tag: .* of 5 each .*100 or more"):
        cut.in_time(windows(7, 1, 0), what="windows to tag")


@settings(max_examples=60, deadline=None)
@drawn(st.lists(st.integers(0, 3), min_size=60, max_size=300), st.integers(0, 5), st.integers(0, 30))
def test_labels_keep_their_shares(labels: list[int], seed: int, index: int) -> None:
    y = np.array(labels)
    split = cut.stratified(y, len(y), seed)[index]
    assert disjoint(split)
    assert len(split.train) + len(split.valid) + len(split.test) == len(y)
    for label in set(labels):
        count = labels.count(label)
        tested = int((y[split.test] == label).sum())
        assert tested == (0 if count < 5 else max(1, round(0.2 * count)))


@pytest.mark.parametrize("few", [1, 2, 3, 4])
def test_a_class_of_fewer_than_five_trains_and_is_judged_by_nobody(few: int) -> None:
    """As the warning says of it: one test example of three would be half of a balanced accuracy."""
    y = np.array([0] * 50 + [1] * few)
    for split in (cut.stratified(y, len(y), 0)[1], cut.given(np.arange(len(y)) < 10, 0, labels=y)[1]):
        held = np.concatenate((split.valid, split.test))
        assert not (y[held] == 1).any()
    assert (y[cut.stratified(y, len(y), 0)[1].train] == 1).sum() == few


def test_splits_of_classes_that_can_be_judged_keep_their_rows() -> None:
    """By split j of seed s published answers are repeated."""
    y = np.arange(60) % 7 % 4
    split = cut.stratified(y, len(y), 3)[2]
    assert split.test.tolist() == [8, 10, 12, 14, 19, 20, 21, 31, 41, 46, 51]
    assert split.valid.tolist() == [4, 22, 23, 29, 30, 39, 40, 44, 56, 59]


def test_split_j_is_the_same_however_many_are_asked_for() -> None:
    y = np.arange(100) % 3
    a, b = cut.stratified(y, 100, 4), cut.stratified(y, 100, 4)
    b[0], b[1]
    np.testing.assert_array_equal(a[2].test, b[2].test)
    assert not np.array_equal(a[2].test, a[3].test)
    assert not np.array_equal(a[2].test, cut.stratified(y, 100, 5)[2].test)
    assert a.rho == pytest.approx(0.25, rel=0.1)  # a fifth over four fifths


@settings(max_examples=40, deadline=None)
@drawn(st.integers(3, 40), st.integers(0, 3), st.data())
def test_groups_stay_whole(groups: int, seed: int, data: st.DataObject) -> None:
    sizes = data.draw(st.lists(st.integers(10, 14), min_size=groups, max_size=groups))
    of = np.repeat(np.arange(groups), sizes)
    of = np.random.default_rng(seed).permutation(of)
    found = cut.grouped(of, seed)
    left_out = []
    for index in range(found.most or 5):
        split = found[index]
        assert disjoint(split)
        parts = [set(of[part].tolist()) for part in (split.train, split.valid, split.test)]
        assert len(set.union(*parts)) == sum(map(len, parts)) == groups
        left_out.append(parts[2])
    if groups <= 20:
        assert found.most == groups
        assert found.rho == 0
        assert sorted(g for one in left_out for g in one) == list(range(groups))  # each once
    else:
        assert found.most is None
        assert found.rho == pytest.approx(0.25)
        assert all(len(one) == max(1, round(0.2 * groups)) for one in left_out)


def test_two_groups_are_too_few() -> None:
    with pytest.raises(TooLittleData, match="3 or more"):
        cut.grouped(np.arange(100) % 2, 0)


def test_a_given_test_set_is_the_same_in_each_split_and_80_percent_train() -> None:
    official = np.arange(200) >= 150
    found = cut.given(official, 0, labels=np.arange(200) % 2)
    trained = []
    for index in range(10):
        split = found[index]
        assert disjoint(split)
        np.testing.assert_array_equal(split.test, np.arange(150, 200))
        used = np.union1d(split.train, split.valid)
        assert len(used) == 120  # 80 % of 150
        assert len(split.valid) == 24  # a fifth of them
        trained.append(set(used.tolist()))
    assert len({frozenset(each) for each in trained}) == 10
    assert found.rho == pytest.approx(0.25)


def test_a_given_test_set_in_time_is_trained_before() -> None:
    when = windows(500, 6, 1)
    official = when[:, 1] >= 400
    split = cut.given(official, 0, when=when)[0]
    assert disjoint(split)
    assert split.valid.min() - split.train.max() - 1 >= 6
    assert set(split.test) == set(np.flatnonzero(official))


def test_given_with_groups_validates_on_groups_of_its_own() -> None:
    of = np.arange(300) % 15
    official = of >= 12
    split = cut.given(official, 0, groups=of)[0]
    assert not set(of[split.train]) & set(of[split.valid])
    assert not set(of[split.test]) & set(of[split.train])
