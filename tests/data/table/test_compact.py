"""The rows that a sample of windows sees, and nothing else: what models and baselines read stays the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from baselines.series import series

from rnnbench.baselines import of_table
from rnnbench.data.splits import Split
from rnnbench.data.table.compact import compacted
from rnnbench.data.table.examples import evenly, examples_of
from rnnbench.data.table.parts import parts_of


def test_windows_and_answers_are_the_same_of_fewer_rows() -> None:
    """1,000 steps; 15 windows of 8 with 2 ahead, each from a season of 7 before its beginning on: three that lie side
    by side share rows, so that there are 13 pieces."""
    rng = np.random.default_rng(0)
    y = np.sin(np.arange(1000) * 2 * np.pi / 7) + rng.normal(size=1000)
    table = series(y, horizon=2, season=7, window=8)
    table = replace(table, times=np.arange(1000))
    examples = examples_of(table)
    some = np.unique(np.append(np.linspace(5, len(examples) - 1, 12).astype(int), [300, 304, 305]))
    few = replace(examples, **{k: getattr(examples, k)[some] for k in ("sequence", "start", "stop", "last", "when")})
    smaller, moved = compacted(table, few)
    seen = np.unique(np.concatenate([np.arange(max(0, a - 7), b) for a, b in zip(few.start, few.last, strict=True)]))
    assert np.array_equal(smaller.times, seen) and len(smaller.starts) == 13 + 1
    assert (np.diff(smaller.times)[smaller.starts[1:-1] - 1] > 1).all()
    split = Split(np.arange(9), np.arange(9, 12), np.arange(12, 15))
    whole, parts = parts_of(table, few, split), parts_of(smaller, moved, split)
    for name in ("train", "valid", "test"):
        one, other = (getattr(each, name).take(np.arange(3)) for each in (whole, parts))
        assert bool((one.inputs == other.inputs).all()) and bool((one.targets == other.targets).all())
    for baseline in of_table(table):
        if baseline.title != "drift":  # from the first row that there is
            answers = [baseline.answer(t, e, split, 8) for t, e in ((table, few), (smaller, moved))]
            np.testing.assert_allclose(answers[1].test, answers[0].test, rtol=1e-5)


def test_where_most_rows_are_seen_all_are_kept() -> None:
    table = series(np.arange(100.0) % 7, horizon=1, window=5)
    examples = examples_of(table)
    assert compacted(table, examples) == (table, examples)


def test_a_sample_keeps_a_given_test_set_up_to_half_of_itself() -> None:
    given = np.arange(1000) >= 950
    for most, kept in ((200, 50), (60, 30), (980, 50), (990, 50)):
        some = evenly(given, 1000, most)
        assert len(np.unique(some)) == most and given[some].sum() == kept
    assert evenly(np.arange(1000) >= 20, 1000, 600)[:20].tolist() == list(range(20))  # little else is there
    assert evenly(None, 10, 4).tolist() == [0, 3, 6, 9]
