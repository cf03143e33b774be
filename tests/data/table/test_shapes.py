"""Tables that are wide, rows that are given for the test, runs that are cut."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sheets import case, each, sequences, understood

from rnnbench.data.table.examples import examples_of, values_of
from rnnbench.errors import UsageError

N = 120
WAVE = np.sin(np.arange(N) * 0.9) + np.arange(N) % 3


class TestWide:
    def test_a_row_a_sequence(self):
        """Two kinds of steps; trailing cells that are empty are no steps."""
        random = np.random.default_rng(0)
        a, b = random.normal(size=(40, 8)), random.normal(size=(40, 8))
        a[3, 5:], b[3, 5:] = np.nan, np.nan
        label = np.where(np.arange(40) % 3, "x", "y")
        columns = {"kind": label, **{f"a_{t}": a[:, t] for t in range(8)}, **{f"b_{t}": b[:, t] for t in range(8)}}
        table = understood(columns).table
        assert table.task == "label" and [c.name for c in table.inputs] == ["a", "b"]
        assert np.diff(table.starts).tolist() == [8] * 3 + [5] + [8] * 36
        assert np.array_equal(table.numbers[24:29], np.float32(np.stack((a[3, :5], b[3, :5]), axis=1)))
        assert [table.target.classes[k] for k in table.target.labels] == label.tolist()

    def test_a_value_a_row_and_no_name(self):
        columns = {"1": np.linspace(0, 1, 40)} | {str(t): np.arange(40) * t + WAVE[:40] for t in range(2, 20)}
        table = understood(columns, target="1", task="value").table
        assert table.task == "value" and len(table.starts) == 41 and table.starts[1] == 18
        assert understood(columns | {"1": np.arange(40) % 3}, target="1").table.target.classes == ("0", "1", "2")

    def test_a_column_that_counts_rows_names_them_and_others_are_the_same_at_each_step(self):
        random = np.random.default_rng(0)
        steps = {f"Q{t}": random.normal(size=60) for t in range(1, 11)}
        label = np.where(np.arange(60) % 3, "yes", "no")
        counted = understood(
            {"respondent": np.arange(60) + 1000, **steps, "satisfied": label}, target="satisfied"
        ).table
        assert counted.ids[:2] == ("1000", "1001") and [c.name for c in counted.inputs] == ["Q"]
        assert np.diff(counted.starts).tolist() == [10] * 60
        named = understood({"who": [f"a{i}" for i in range(60)], **steps, "satisfied": label}, target="satisfied").table
        assert named.ids[:2] == ("a0", "a1") and [c.name for c in named.inputs] == ["Q"]
        patient, age = [f"P{i // 3}" for i in range(60)], random.integers(20, 80, 60)
        more = understood({"patient": patient, "age": age, **steps, "class": label}).table
        assert {c.name: c.static for c in more.inputs} == {"patient": True, "age": True, "Q": False}
        assert more.task == "label" and np.diff(more.starts).tolist() == [10] * 60

    @pytest.mark.parametrize("other", ["t", "day", "index"])
    def test_beside_a_time_numbered_columns_are_no_steps(self, other):
        columns = {other: np.arange(N), **{f"s{i}": WAVE * i for i in range(1, 13)}}
        columns["state"] = np.where(np.arange(N) // 7 % 2, "up", "down")
        assert len(understood(columns, target="state").table.numbers) == N

    def test_few_steps_are_steps_where_a_row_is_said_to_be_a_sequence(self):
        random = np.random.default_rng(0)
        steps = {f"t{t}": random.normal(size=60) for t in range(6)}
        columns = {"who": np.arange(60) * 7, **steps, "yield": random.normal(size=60)}
        for keys in ({"task": "value"}, {"id": "who"}):
            table = understood(columns, target="yield", **keys).table
            assert table.task == "value" and np.diff(table.starts).tolist() == [6] * 60
        assert "t" in [c.name for c in table.inputs] and table.ids[1] == "7"
        assert understood({"id": columns.pop("who"), **columns}, target="yield").table.task == "value"
        assert understood(columns, target="yield").table.task == "forecast"  # nothing says so

    def test_sequences_of_one_row_are_warned_of(self):
        columns = {"who": np.arange(60) * 7, "height": WAVE[:60], "kind": np.where(np.arange(60) % 2, "a", "b")}
        reading = understood(columns, target="kind", id="who")
        assert any("each of the 60 sequences has one row: there is no order" in line for line in reading.warnings)

    def test_a_test_file_without_the_steps_is_refused_by_their_names(self):
        columns = {f"t{t}": np.arange(60) * t + WAVE[:60] for t in range(8)}
        columns["kind"] = np.where(np.arange(60) % 2, "a", "b")
        with pytest.raises(UsageError, match="lacks t7"):
            understood(columns, target="kind", test={k: v for k, v in columns.items() if k != "t7"})

    def test_numbered_sensors_are_no_steps(self):
        """Beside a date, or beside a number to be learned."""
        sensors = {f"s{i}": WAVE * i for i in range(1, 22)}
        dated = {"time": pd.date_range("2021-01-01", periods=N).astype(str), **sensors, "y": WAVE}
        for columns in (dated, sensors | {"y": WAVE}):
            assert len(understood(columns, target="y").table.numbers) == N

    def test_time_none_leaves_rows_as_steps(self):
        columns = {f"V{t}": WAVE + t for t in range(1, 12)}
        table = understood(columns, target="V3", time="none").table
        assert table.task == "forecast" and len(table.numbers) == N

    def test_a_panel_goes_on_in_its_test_file(self):
        random = np.random.default_rng(0)
        values = random.normal(size=(5, 40)).cumsum(axis=1)
        values[2, 30:] = np.nan
        train = {"V1": [f"H{i}" for i in range(5)], **{f"V{t + 2}": values[:, t] for t in range(40)}}
        test = {"V1": [f"H{i}" for i in (1, 0, 2, 3, 4)], **{f"V{t + 2}": [t, 10 + t, 20, 30, 40] for t in range(3)}}
        table = understood(train, test=test, id="V1").table
        assert table.horizon == 3 and np.diff(table.starts).tolist() == [43, 43, 33, 43, 43]
        assert table.target.values[40:43, 0].tolist() == [10, 11, 12]  # of H0
        examples = examples_of(table, 10)
        assert examples.official.sum() == 5 and (examples.stop[examples.official] == table.starts[1:] - 3).all()
        assert not table.official[examples.last[~examples.official] - 1].any()
        with pytest.raises(UsageError, match="H4 stands in one of the two files only"):
            understood(train, test={k: v[:4] for k, v in test.items()}, id="V1")


class TestOfficial:
    COLUMNS = sequences(label=each(np.where(np.arange(40) % 2, "a", "b")))

    def test_a_file(self):
        other = {k: v[:60] for k, v in self.COLUMNS.items()}
        table = understood(self.COLUMNS, test=other).table
        assert len(table.starts) == 51 and table.official.sum() == 60
        assert table.ids.count("0") == 2  # the same name in both files is two sequences

    def test_a_column(self):
        part = each(np.where(np.arange(40) < 30, "train", "test"))
        table = understood({**self.COLUMNS, "part": part}, test="part").table
        assert table.official.tolist() == (part == "test").tolist()
        assert "part" not in [c.name for c in table.inputs]

    def test_a_share(self):
        """A quarter of 20 and of 20 sequences; of a series its last quarter."""
        table = understood(self.COLUMNS, test="0.25").table
        examples = examples_of(table)
        assert np.bincount(examples.label[examples.official]).tolist() == [5, 5]
        series = understood({"t": np.arange(N), "y": WAVE}, test="0.25").table
        assert np.flatnonzero(series.official).tolist() == list(range(90, 120))

    @pytest.mark.parametrize(
        ("test", "said"),
        [("1.5", "test=1.5: no share"), ("a", "a holds"), ("nope", "test=nope: no such column")],
    )
    def test_what_it_cannot_be(self, test, said):
        with pytest.raises(UsageError, match=said):
            understood(self.COLUMNS, test=test)

    def test_a_test_file_without_the_columns(self):
        with pytest.raises(UsageError, match="lacks label"):
            understood(self.COLUMNS, test={k: v for k, v in self.COLUMNS.items() if k != "label"})

    def test_categories_of_both_files(self):
        train, new = (pd.read_csv(case(name)) for name in ("29_train", "29_new"))
        table = understood(train, test=new).table
        weather = next(c for c in table.inputs if c.name == "weather")
        assert weather.values == ("hail", "rain", "sun")
        assert len(table.starts) == 2  # time goes on: one series


def test_steps_to_the_end_of_runs_cut_as_the_test_is():
    """Three runs to the end, two test runs of which 7 and 4 steps follow."""
    lengths = [30] * 40
    random = np.random.default_rng(0)
    train = {"1": np.repeat(np.arange(40), lengths), "2": np.concatenate([np.arange(1, n + 1) for n in lengths]),
             "3": random.normal(size=1200)}  # fmt: skip
    test = {"1": [0] * 20 + [1] * 12, "2": [*range(1, 21), *range(1, 13)], "3": random.normal(size=32)}
    reading = understood(train, test=test, truth={"1": [7, 4]}, id="1", time="2", target="steps_to_end")
    table = reading.table
    assert table.task == "value" and [c.name for c in table.inputs] == ["3"]
    examples = examples_of(table)
    official = np.flatnonzero(examples.official)
    assert values_of(table, examples, official)[:, 0].tolist() == [7, 4]
    cut = np.flatnonzero(~examples.official)
    ends = table.starts[examples.sequence[cut] + 1]
    assert np.array_equal(values_of(table, examples, cut)[:, 0], ends - examples.stop[cut])
    steps = examples.stop[cut] - examples.start[cut]
    assert steps.min() == 12 and steps.max() == 30  # from the shortest test run on
    assert np.array_equal(examples.group[cut], examples.sequence[cut])
    with pytest.raises(UsageError, match="3 rows of numbers for 2 sequences"):
        understood(train, test=test, truth={"1": [7, 4, 1]}, id="1", time="2", target="steps_to_end")
