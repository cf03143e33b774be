"""Parts: what a model sees, answers and is counted by, against sums done apart; nothing is learned from test rows."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch
from sheets import case, understood
from table_parts import N, parts, series, thirds

from rnnbench.data.checks import check_parts
from rnnbench.data.splits import Split
from rnnbench.data.table.examples import examples_of
from rnnbench.data.table.keys import Keys
from rnnbench.data.table.parts import parts_of
from rnnbench.data.table.transform import MOST_ONE_HOT
from rnnbench.data.table.understand import open_table
from rnnbench.objectives.metrics.mae import MAE
from rnnbench.training.described import described, made


def whole(held):
    batches = list(held.batches(7))
    assert [len(b.inputs) for b in batches[:-1]] == [7] * (len(batches) - 1)
    return batches


def test_windows_and_their_targets():
    """Inputs are (x − mean) / std of training rows; what is forecast is read and answered less the window's mean."""
    columns = series()
    _, examples, found = parts(columns, 10, target="y", horizon=2)
    assert (found.seq_len, found.input_size, found.objective.output_size) == (10, 2, 2)
    assert len(examples) == N - 10 - 2 + 1
    last_row = examples.last[thirds(examples).train].max()
    batch = torch.cat([b.inputs for b in whole(found.test)])
    targets = torch.cat([b.targets for b in whole(found.test)])
    first = thirds(examples).test[0]
    for c, name in enumerate(("x", "y")):
        values = np.float32(columns[name])
        mean, std = values[:last_row].mean(dtype=np.float64), values[:last_row].std(dtype=np.float64)
        seen = values[first : first + 10].astype(np.float64)
        level = mean if name == "x" else seen.mean()
        np.testing.assert_allclose(batch[0, :, c], (seen - level) / std, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(targets[0], columns["y"][first + 10 : first + 12] - seen.mean(), atol=1e-4)


def test_no_copy_of_windows_is_held():
    """A hundred thousand windows of 500 steps would be 200 MB; rows are 1.2 MB."""
    table = understood({"t": np.arange(100_000), "y": np.random.default_rng(0).normal(size=100_000)}).table
    examples = examples_of(table, 500)
    found = parts_of(table, examples, thirds(examples))
    held = sum(v.numel() * v.element_size() for v in vars(found.train.rows).values() if torch.is_tensor(v))
    assert held <= 4 * 100_000
    assert found.train.batch(0, 32).inputs.shape == (32, 500, 1)


def test_training_order_is_a_function_of_seed_and_step():
    table = understood(series(), target="y").table
    examples = examples_of(table, 5)
    one, same, other = (parts_of(table, examples, thirds(examples), seed=seed) for seed in (1, 1, 2))
    assert torch.equal(one.train.batch(3, 8).inputs, same.train.batch(3, 8).inputs)
    assert not torch.equal(one.train.batch(3, 8).inputs, other.train.batch(3, 8).inputs)
    index = np.concatenate([one.train.batch(step, 8).targets.numpy() for step in range(one.train.epoch_steps(8))])
    assert len(np.unique(index)) == len(index)  # each once in a pass


def test_test_rows_times_1024_leave_all_that_is_learned_bit_equal():
    columns = series(
        kind=np.where(np.arange(N) % 3, "a", "b"), sick=np.where(np.arange(N) % 11, np.arange(N) % 5, np.nan)
    )
    _, examples, found = parts(columns, 8, target="y")
    first = int(examples.start[thirds(examples).test].min())
    changed = {k: v.copy() for k, v in columns.items()}
    late = np.arange(N) >= examples.last[thirds(examples).valid].max()
    assert late[first:].any()
    for name in ("x", "y", "sick"):
        changed[name] = np.where(late, changed[name] * 1024, changed[name])
    changed["kind"] = np.where(late, "new", changed["kind"])
    _, _, other = parts(changed, 8, target="y")
    assert found.transform == other.transform and found.objective == other.objective
    for step in range(20):
        a, b = found.train.batch(step, 16), other.train.batch(step, 16)
        assert torch.equal(a.inputs, b.inputs) and torch.equal(a.targets, b.targets)


def test_target_times_1024_scales_answers_exactly():
    columns = series()
    found, other = (parts(columns | {"y": np.float32(columns["y"]) * f}, 8, target="y")[2] for f in (1, 1024))
    for step in range(10):
        a, b = found.train.batch(step, 16), other.train.batch(step, 16)
        assert torch.equal(a.inputs, b.inputs) and torch.equal(a.targets * 1024, b.targets)
        outputs = torch.randn(16, 1)
        assert torch.equal(found.objective.predict(outputs) * 1024, other.objective.predict(outputs))
        assert torch.equal(found.objective.loss(outputs, a), other.objective.loss(outputs, b))


def test_what_never_moves_in_training_reads_0_later():
    still = np.where(np.arange(N) < 190, 3.0, 1e6)
    _, _, found = parts(series(still=still), 5, target="y")
    place = found.transform.names.index("still")
    assert not next(found.test.batches(1000)).inputs[..., place].any()


def test_missing_inputs_are_the_past_beside_a_mask_and_missing_targets_count_nowhere():
    y = np.arange(1.0, N + 1)
    y[[0, 20, 21, 150]] = np.nan
    _, examples, found = parts({"t": np.arange(N), "y": y}, 4)
    assert not np.isin(examples.stop, [20, 21, 150]).any()  # nothing is asked there
    number = found.transform.numbers[0]
    assert number.mask and found.input_size == 2
    take = found.train.take(np.flatnonzero(examples.stop[thirds(examples).train] == 23)[:1])  # rows 19 … 22
    scaled = (np.array([20, 20, 20, 23]) - 20.75) / number.std
    np.testing.assert_allclose(take.inputs[0, :, 0], scaled, rtol=1e-5)
    assert take.inputs[0, :, 1].tolist() == [0, 1, 1, 0]
    begin = found.train.take(np.flatnonzero(examples.start[thirds(examples).train] == 0)[:1])
    assert begin.inputs[0, 0].tolist() == [0, 1]  # nothing before it: the mean of what the window shows
    np.testing.assert_allclose(begin.inputs[0, 1:, 0], (np.array([2, 3, 4]) - 3) / number.std, rtol=1e-5)


def test_part_of_a_horizon_that_is_missing():
    y = np.arange(1.0, N + 1)
    y[30] = np.nan
    _, examples, found = parts({"t": np.arange(N), "y": y}, 4, horizon=3)
    where = np.flatnonzero(examples.stop[thirds(examples).train] == 29)
    batch = found.train.take(where)
    level = np.mean([26, 27, 28, 29])
    np.testing.assert_allclose(batch.targets[0], [30 - level, 0, 32 - level], rtol=1e-4)
    assert batch.observed[0].tolist() == [True, False, True]
    outputs = torch.tensor([[1.0, 99.0, 2.0]])
    scale, shift = found.objective.scale[0], found.objective.shift[0]
    count = MAE().begin(found.objective)
    count.update((outputs - shift) / scale, batch, (torch.tensor(0.0), 1.0))
    assert count.compute() == pytest.approx((1.5 + 2.5) / 2, rel=1e-4)


def test_known_columns_stand_beside_each_step_with_the_next_values():
    """holiday at t + 1, t + 2 beside step t, scaled as it is at t."""
    holiday = (np.arange(N) % 7 == 0) * 1.0
    _, examples, found = parts(series(holiday=holiday), 5, target="y", horizon=2, known="holiday")
    assert found.input_size == 3 + 2 and found.transform.ahead == ("holiday",)
    number = next(n for n in found.transform.numbers if n.name == "holiday")
    batch = found.train.take(np.array([3]))
    start = examples.start[3]
    for t in range(5):
        wanted = (holiday[start + t + 1 : start + t + 3] - number.mean) / number.std
        np.testing.assert_allclose(batch.inputs[0, t, 3:], wanted, rtol=1e-5)


def test_categories_new_ones_and_missing_ones():
    kind = np.where(np.arange(N) % 3 == 0, "rain", "sun").astype(object)
    kind[5] = None
    kind[180] = "hail"
    _, examples, found = parts(series(kind=kind), 1, target="y")
    (category,) = found.transform.categories
    assert category.values == ("sun", "rain") and found.input_size == 2 + 3
    rows = found.train.take(np.array([0, 1, 5])).inputs[:, 0, 2:]
    assert rows.tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 1]]
    test = thirds(examples).test
    new = found.test.take(np.flatnonzero(examples.start[test] == 180))
    assert new.inputs[0, 0, 2:].tolist() == [0, 0, 1]


def test_of_many_categories_the_commonest_are_one_hot():
    kind = [f"k{min(i % 50, i % 7)}" if i % 2 else f"z{i % 90}" for i in range(N)]
    _, _, found = parts(series(kind=kind), 1, target="y")
    assert len(found.transform.categories[0].values) + 1 <= MOST_ONE_HOT


def test_a_single_column_of_text_is_symbols():
    """Names, a character a row: symbols by how often training rows hold them, 0 for what they lack."""
    words = ["abba", "cab", "bad", "daab", "baba"] * 8
    rows = [(i, c) for i, word in enumerate(words) for c in word]
    columns = {"id": [i for i, _ in rows], "c": [c for _, c in rows], "label": [("x", "y")[i % 2] for i, _ in rows]}
    table = understood(columns, target="label").table
    examples = examples_of(table)
    train = np.flatnonzero([("c" not in words[s]) for s in examples.sequence])
    rest = np.setdiff1d(np.arange(40), train)
    found = parts_of(table, examples, Split(train, rest[:4], rest[4:]))
    check_parts(found, 8, "table")
    assert found.symbols == 4 and found.transform.categories[0].values == ("a", "b", "d")
    batch = next(found.test.batches(1))
    assert batch.inputs.tolist() == [[0, 1, 2]]  # c, a, b


def test_unequal_lengths_are_padded_and_read_whole():
    table = open_table(case("16"), Keys()).table
    examples = examples_of(table)
    found = parts_of(table, examples, thirds(examples))
    check_parts(found, 8, "table")
    lengths = pd.read_csv(case("16")).groupby("id").size().to_numpy()
    seen = np.concatenate([b.lengths.numpy() if b.lengths is not None else [b.inputs.shape[1]] * len(b.inputs)
                           for b in found.test.batches(4)])  # fmt: skip
    assert seen.tolist() == lengths[thirds(examples).test].tolist()
    batch = found.train.take(np.array([0, 1, 2]))
    assert not batch.inputs[torch.arange(batch.inputs.shape[1]) >= batch.lengths[:, None]].any()
    last = parts_of(table, examples, thirds(examples), window=5)
    assert last.seq_len == 5
    assert torch.equal(last.test.take(np.array([0])).inputs[0], found.test.take(np.array([0])).inputs[0, -5:]) or (
        last.transform != found.transform  # of other training rows
    )


def test_tagging_counts_each_labelled_step_once():
    tags = np.where(np.arange(1000) // 20 % 2, "up", "down").astype(object)
    tags[[3, 700]] = None
    table = understood({"t": np.arange(1000), "x": np.arange(1000) % 13, "state": tags}, target="state").table
    examples = examples_of(table, 64)
    found = parts_of(table, examples, thirds(examples))
    check_parts(found, 4, "table")
    total = 0
    for held in (found.valid, found.test):
        for batch in held.batches(3):
            out = batch.left_out(batch.targets.shape, per_step=True)
            total += batch.targets.numel() - (0 if out is None else int(out.expand(batch.targets.shape).sum()))
    index = np.concatenate((thirds(examples).valid, thirds(examples).test))
    steps = np.concatenate([np.arange(a, b) for a, b in zip(examples.start[index], examples.stop[index], strict=True)])
    assert total == (table.target.labels[steps] >= 0).sum() and len(np.unique(steps)) == len(steps)


def test_the_transform_is_made_again_of_plain_values():
    columns = series(
        kind=np.where(np.arange(N) % 3, "a", "b"), z=np.where(np.arange(N) % 9, 1.0 * np.arange(N), np.nan)
    )
    _, _, found = parts(columns, 6, target="y", horizon=2)
    again = made(described(found.transform))
    assert again == found.transform and made(described(found.objective)) == found.objective
    names = found.transform.names
    assert names == ("x", "y", "z", "z is missing", "kind=a", "kind=b", "kind: another")


@pytest.mark.parametrize("batch_size", [1, 7, 32])
def test_a_score_depends_on_no_batch_size(batch_size):
    _, _, found = parts(series(), 10, target="y")
    count = MAE().begin(found.objective)
    total = 0
    for batch in found.test.batches(batch_size):
        count.update(torch.zeros(len(batch.targets), 1), batch, (torch.tensor(0.0), 1.0))
        total += len(batch.targets)
    y = series()["y"]
    assert total == len(found.test)
    errors = [y[i] - y[i - 10 : i].mean() - found.objective.shift[0] for i in range(N - total, N)]
    assert count.compute() == pytest.approx(np.abs(errors).mean(), rel=1e-4)


def test_a_large_table_is_transformed_as_it_is_read(monkeypatch):
    columns = series(
        kind=np.where(np.arange(N) % 3, "a", "b"), z=np.where(np.arange(N) % 9, 1.0 * np.arange(N), np.nan)
    )
    _, _, once = parts(columns, 6, target="y")
    monkeypatch.setattr("rnnbench.data.table.windows.MOST_HELD", 0)
    _, _, each = parts(columns, 6, target="y")
    assert torch.equal(once.test.take(np.arange(20)).inputs, each.test.take(np.arange(20)).inputs)


def test_a_training_part_may_have_another_seed():
    _, _, found = parts(series(), 6, target="y")
    other = dataclasses.replace(found.train, seed=5)
    assert len(other) == len(found.train)
