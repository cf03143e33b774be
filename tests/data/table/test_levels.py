"""Several series: each at a level and in a unit of its own."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from sheets import case, understood
from table_parts import N, parts, series

from rnnbench.data.splits import Split
from rnnbench.data.table.examples import examples_of
from rnnbench.data.table.keys import Keys
from rnnbench.data.table.parts import parts_of
from rnnbench.data.table.understand import open_table


def test_each_of_several_series_is_at_a_level_of_its_own():
    """File 27, 1 : 10⁴: in each one's naive error, each window less the mean of what it shows."""
    table = open_table(case("27"), Keys(window=8)).table
    examples = examples_of(table)
    train, test = (np.flatnonzero(m) for m in (examples.when[:, 1] < 150, examples.when[:, 0] >= 150))
    found = parts_of(table, examples, Split(train, test[::2], test[1::2]))
    text = pd.read_csv(case("27"))
    for level in found.transform.levels:
        y = text[text.id == level.name].y.to_numpy(np.float32).astype(np.float64)[:150]
        assert level.mean[0] == pytest.approx(y.mean(), rel=1e-6)
        assert level.naive[0] == pytest.approx(np.abs(y[table.season :] - y[: -table.season]).mean(), rel=1e-6)
    (number,) = found.transform.numbers
    for i, e in enumerate(test[1::2].tolist()):
        seen = table.target.values[examples.start[e] : examples.stop[e], 0].astype(np.float64)
        naive = found.transform.levels[examples.sequence[e]].naive[0]
        one = found.test.take(np.array([i]))
        np.testing.assert_allclose(one.inputs[0, :, 0] * number.std, (seen - seen.mean()) / naive, atol=1e-3)
        answer = table.target.values[examples.stop[e], 0]
        assert float(one.targets) == pytest.approx((answer - seen.mean()) / naive, abs=1e-3)
    values = np.concatenate([b.targets.numpy() for b in found.test.batches(50)])[:, :, None]
    back = found.test.restored(values.astype(np.float64))[:, 0, 0]
    np.testing.assert_allclose(back, table.target.values[examples.stop[test[1::2]], 0], rtol=1e-4)
    np.testing.assert_allclose(found.test.scaled(found.test.restored(values)), values, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("target", ["y,x", "x,y"])
def test_several_targets_of_several_series(target):
    """Each at its own level, whatever their order in the file."""
    columns = series(id=np.repeat([0, 1], N // 2), t=np.tile(np.arange(N // 2), 2))
    columns["x"] = columns["x"] * np.where(columns["id"], 1000, 1)
    table, examples, found = parts(columns, 6, id="id", target=target, horizon=2)
    batch = found.train.take(np.array([4]))
    e = found.train.index[4]
    for k, name in enumerate(table.target.names):
        y = np.float32(columns[name]).astype(np.float64)
        seen, wanted = y[examples.start[e] : examples.stop[e]].mean(), y[examples.stop[e] : examples.last[e]]
        naive = found.transform.levels[examples.sequence[e]].naive[k]
        np.testing.assert_allclose(batch.targets[0].reshape(2, 2)[:, k], (wanted - seen) / naive, rtol=1e-3, atol=1e-3)


def test_other_rows_change_no_bit_of_a_window_of_several_series():
    columns = series(id=np.repeat([0, 1], N // 2), t=np.tile(np.arange(N // 2), 2))
    late = columns["t"] >= 80
    changed = columns | {"y": np.where(late, columns["y"] * 1024, columns["y"])}
    pairs = []
    for each in (columns, changed):
        table = understood(each, id="id", target="y", window=5).table
        examples = examples_of(table)
        first, last = examples.when.T
        sides = (last < 60, (first >= 60) & (last < 80), first >= 80)
        pairs.append(parts_of(table, examples, Split(*map(np.flatnonzero, sides))))
    assert pairs[0].transform == pairs[1].transform and pairs[0].objective == pairs[1].objective
    for step in range(10):
        a, b = (p.train.batch(step, 16) for p in pairs)
        assert torch.equal(a.inputs, b.inputs) and torch.equal(a.targets, b.targets)
