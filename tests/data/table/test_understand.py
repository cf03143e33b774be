"""What a file is taken for, what is said of it, and what is refused."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from sheets import case, each, sequences, sheet, told, understood

from rnnbench.data.table.examples import examples_of, labels_of, values_of
from rnnbench.data.table.inputs import inputs_like
from rnnbench.data.table.keys import Keys
from rnnbench.data.table.understand import open_table, understand
from rnnbench.errors import TooLittleData, UsageError

N = 120
WAVE = np.sin(np.arange(N) * 0.9) + np.arange(N) % 3


class TestTask:
    def test_one_column_of_numbers_is_forecast(self):
        table = understood({"t": np.arange(N), "load": WAVE}).table
        assert (table.task, table.target.names, table.horizon) == ("forecast", ("load",), 1)
        assert [c.name for c in table.inputs] == ["load"]

    def test_a_text_that_is_one_in_each_sequence_is_its_label(self):
        reading = open_table(case("16"), Keys())
        table = reading.table
        text = pd.read_csv(case("16"))
        first = text.groupby("id").label.first()
        assert table.task == "label" and table.target.classes == ("Straße", "sit", "walk")
        assert [table.target.classes[k] for k in table.target.labels] == first.tolist()
        assert np.diff(table.starts).tolist() == text.groupby("id").size().tolist()

    def test_whole_numbers_in_each_sequence_are_labels_and_it_is_said(self):
        reading = open_table(case("20"), Keys())
        assert reading.table.target.classes == ("1", "2", "3")
        assert "whole numbers, one in each sequence: 1, 2, 3" in told(reading, "task")
        as_value = open_table(case("20"), Keys(task="value")).table
        text = pd.read_csv(case("20")).groupby("id").label.first()
        assert as_value.task == "value" and as_value.target.values[:, 0].tolist() == text.tolist()

    def test_a_number_in_each_sequence_is_a_value(self):
        table = understood(sequences(y=each(np.linspace(0, 1, 40)))).table
        assert table.task == "value" and table.target.values.shape == (40, 1)
        assert [c.name for c in table.inputs] == ["a"]

    def test_a_label_that_changes_inside_a_sequence_is_asked_about(self):
        with pytest.raises(UsageError, match=r"label changes inside 1 of 20 sequences.*tagging"):
            open_table(case("19"), Keys())
        table = open_table(case("19"), Keys(task="tagging")).table
        text = pd.read_csv(case("19"))
        assert [table.target.classes[k] for k in table.target.labels] == text.label.tolist()

    def test_words_of_sentences_are_tagged(self):
        """One column of text alone: symbols."""
        words = ["play", "some", "jazz", "by", "miles"] * 8
        tags = ["O", "O", "B-genre", "O", "B-artist"] * 8
        columns = {"sentence": np.repeat(np.arange(8), 5), "word": words, "tag": tags}
        table = understood(
            columns | {"intent": ["a"] * 20 + ["b"] * 20}, target="tag", task="tagging", inputs="word"
        ).table
        assert table.task == "tagging" and np.diff(table.starts).tolist() == [5] * 8
        assert [(c.name, c.kind) for c in table.inputs] == [("word", "category")]
        assert [table.target.classes[k] for k in table.target.labels] == tags

    def test_text_at_each_step_of_one_series_is_tagged(self):
        tags = np.where(np.arange(N) // 7 % 2, "up", "down")
        assert understood({"t": np.arange(N), "x": WAVE, "state": tags}, target="state").table.task == "tagging"
        quarter = np.arange(N) // 30  # stands together, but labels change in it and nothing is counted anew
        columns = {"t": np.arange(N), "x": WAVE, "quarter": quarter, "state": tags}
        assert understood(columns, target="state").table.task == "tagging"

    @pytest.mark.parametrize("form", ["{:.1f} kW", "${:,.2f}", "{:.1f}%", "EUR {:.2f}", "{:.1f}kW"])
    def test_numbers_with_a_unit_are_no_labels(self, form):
        texts = [form.format(1000 + i) for i in range(N)]
        said = r"target=y: holds numbers with a sign or a unit \(\"" + re.escape(form.format(1000))
        with pytest.raises(UsageError, match=said):
            understood({"t": np.arange(N), "x": WAVE, "y": texts}, target="y")
        codes = [f"V{i % 40}" if i % 2 else f"{i % 40}a" for i in range(N)]
        assert understood({"t": np.arange(N), "x": WAVE, "y": codes}, target="y").table.task == "tagging"

    def test_labels_that_may_include_na_name_the_key(self):
        labels = each(np.array([None, "EU", "AS"] * 20))
        (warning,) = understood(sequences(60, region=labels), target="region").warnings
        assert warning == "20 sequences without a label left out; missing=not:NA takes NA for a label"

    @pytest.mark.parametrize(
        ("columns", "name"),
        [
            ({"device": np.arange(N) // 6 + 7, "state": np.where(np.arange(N) // 6 % 2, "up", "down")}, "device"),
            ({"run": [f"r{i // 6}" for i in range(N)], "tick": np.arange(N) % 6,
              "state": np.where(np.arange(N) % 5, "up", "down")}, "run"),
            ({"respondent": np.arange(N) + 1000, "state": np.where(np.arange(N) % 5, "up", "down")}, "respondent"),
        ],
    )  # fmt: skip
    def test_before_one_long_series_is_tagged_a_column_that_may_tell_sequences_is_asked_about(self, columns, name):
        with pytest.raises(UsageError, match=f"which rows are one sequence.*id={name}; id=none for one sequence"):
            understood(columns | {"x": WAVE}, target="state")
        one = understood(columns | {"x": WAVE}, target="state", id="none").table
        assert one.task == "tagging" and len(one.starts) == 2
        assert understood(columns | {"x": WAVE}, target="state", task="tagging").table.task == "tagging"

    @pytest.mark.parametrize(
        ("keys", "said"),
        [
            ({"task": "forecast", "target": "tag"}, "tag holds text"),
            ({"task": "label", "target": "x"}, "id=null: x is of whole sequences"),
            ({"target": "nothing"}, "target=nothing: no such column"),
            ({"target": "X"}, "did you mean x"),
            ({"known": "x", "target": "x"}, "is what is to be forecast"),
            ({"inputs": "tag,y", "target": "x"}, "inputs=y: no such column"),
        ],
    )
    def test_what_cannot_be(self, keys, said):
        columns = {"t": np.arange(N), "x": WAVE, "tag": np.where(np.arange(N) % 2, "a", "b")}
        with pytest.raises(UsageError, match=said):
            understood(columns, **keys)

    def test_which_column_is_asked_where_nothing_tells(self):
        with pytest.raises(UsageError, match=r"target=null: which column is to be learned.*load, temp"):
            open_table(case("10"), Keys())

    def test_several_targets(self):
        table = understood({"t": np.arange(N), "a": WAVE, "b": WAVE**2, "c": -WAVE}, target="a,b", horizon=3).table
        examples = examples_of(table, 10)
        found = values_of(table, examples, np.array([0]))
        assert found.shape == (1, 3, 2)
        assert np.array_equal(found[0], np.float32(np.stack((WAVE, WAVE**2), axis=1)[10:13]))


class TestColumns:
    def test_constant_empty_and_counting_columns_are_left_out_with_a_word(self):
        reading = open_table(case("12"), Keys())
        assert told(reading, "left out") == "const (constant), empty (empty)"
        numbered = understood({"No": np.arange(1, N + 1), "y": WAVE}, time="none")
        assert told(numbered, "left out") == "No (counting rows)"

    def test_static_and_known(self):
        columns = sequences(y=np.sin(np.arange(240.0)), place=each(np.where(np.arange(40) % 2, "north", "south")))
        table = understood(columns | {"price": np.arange(240) % 7}, known="price", window=3).table
        kinds = {c.name: (c.kind, c.known, c.static) for c in table.inputs}
        assert kinds == {"a": ("number", False, False), "y": ("number", False, False), "price": ("number", True, False),
                         "place": ("category", False, True)}  # fmt: skip

    def test_names_and_numbers_of_columns(self):
        columns = {"1": np.arange(N), "2": WAVE, "3": WAVE**2}
        assert understood(columns, target="3").table.target.names == ("3",)
        named = {"t": np.arange(N), "a,b": WAVE, "C6H6(GT)": WAVE}
        assert understood(named, target="a,b").table.target.names == ("a,b",)
        assert understood(named, target="3").table.target.names == ("C6H6(GT)",)

    def test_numbers_that_float32_cannot_hold_are_missing(self):
        table = open_table(case("30"), Keys()).table
        assert int(np.isnan(table.target.values).sum()) == 3  # inf, -inf and 1e308

    def test_a_target_of_which_all_are_beyond_it_is_not_called_empty(self):
        with pytest.raises(UsageError, match=r"^target=sales: all are beyond 3\.4e\+38, .*a larger unit"):
            understood({"t": np.arange(N), "sales": 1e300 * (2 + WAVE)}, target="sales")


class TestTooLittle:
    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("11", "y is 5 everywhere: nothing is to be learned, the last value is exact"),
            ("17", "label has one class, ok"),
            ("22", "too few: .* windows .* in 6 rows; at least 50 wanted"),
        ],
    )
    def test_it_is_said_in_one_line_with_a_code_of_its_own(self, name, said):
        with pytest.raises(TooLittleData, match=said) as caught:
            open_table(case(name), Keys())
        assert caught.value.exit_code == 3 and "\n" not in str(caught.value)

    def test_classes_of_few_are_named(self):
        warning = open_table(case("18_"), Keys()).warnings[-1]  # it is sorted by class, too, which is told first
        assert "fire (1)" in warning and "they train, no claim is about them" in warning

    def test_one_class_that_can_be_judged_is_one_too_few(self):
        with pytest.raises(TooLittleData, match=r"fewer than two classes .*: fail \(3\), ok \(97\)"):
            open_table(case("18b"), Keys())

    def test_classes_of_few_are_never_drawn_for_a_test_and_where_they_are_given_it_is_said(self):
        labels = each(np.array(["a"] * 20 + ["b"] * 16 + ["c"] * 4))
        drawn = understood(sequences(label=labels), target="label", test="0.25")
        assert drawn.table.official.reshape(40, 6)[-4:].sum() == 0
        assert any("c (4) to judge them by: they train, no claim is" in line for line in drawn.warnings)
        part = each(np.where(np.arange(40) % 2, "test", "train"))
        given = understood(sequences(label=labels, part=part), target="label", test="part")
        assert any("c (4) to judge them by: they count only where" in line for line in given.warnings)

    def test_twenty_sequences(self):
        with pytest.raises(TooLittleData, match="20 sequences with a label"):
            understood(sequences(20, label=each(np.where(np.arange(20) % 2, "a", "b"))))


def test_groups_are_whole_and_never_change_inside():
    person = each(np.arange(40) % 8)
    columns = sequences(label=each(np.where(np.arange(40) % 2, "a", "b")), person=person)
    table = understood(columns, groups="person").table
    assert table.groups.tolist() == (np.arange(40) % 8).tolist() and "person" not in [c.name for c in table.inputs]
    columns["person"] = np.arange(240) % 8
    with pytest.raises(UsageError, match="groups=person: changes"):
        understood(columns, groups="person")


def test_who_might_be_learned_is_named():
    assert "groups=subject would keep each of its 10 values" in told(open_table(case("16"), Keys()), "groups")


def test_what_a_form_implies_is_taken_unless_said():
    found = sheet(sequences(kind=each(np.where(np.arange(40) % 2, "a", "b"))))
    found = type(found)(found.frame, found.lines, implied={"target": "kind", "id": "id"})
    assert understand(found, Keys()).table.target.names == ("kind",)
    assert understand(found, Keys(target="a", task="forecast", window=2)).table.target.names == ("a",)


def test_each_line_names_its_key():
    reading = open_table(case("02"), Keys())
    known = set(Keys.__dataclass_fields__)
    assert {line.key for line in reading.lines} - {None} <= known
    assert {"id", "time", "gaps", "horizon", "inputs", "season", "window"} <= {line.key for line in reading.lines}
    assert all("\n" not in line.text for line in open_table(case("28"), Keys()).lines)


class TestSeason:
    def test_rows_that_are_judged_have_no_say(self):
        times = pd.date_range("2019-01-01", periods=400, freq="h").astype(str)
        y = 10 * np.sin(2 * np.pi * np.arange(400) / 24) + np.random.default_rng(0).normal(size=400)
        late = np.where(np.arange(400) < 200, y, y * 1024)
        assert understood({"time": times, "y": late}).table.season == 24

    @pytest.mark.parametrize(("period", "step", "wanted"), [(24, "h", 24), (7, "D", 7), (12, "MS", 12)])
    def test_of_the_calendar(self, period, step, wanted):
        times = pd.date_range("2019-01-01", periods=400, freq=step)
        random = np.random.default_rng(0)
        y = 10 * np.sin(2 * np.pi * np.arange(400) / period) + random.normal(size=400) + 0.1 * np.arange(400)
        assert understood({"time": times.astype(str), "y": y}).table.season == wanted

    def test_a_walk_has_none_and_the_key_decides(self):
        reading = open_table(case("15"), Keys())
        assert reading.table.season == 1
        assert open_table(case("15"), Keys(season=7)).table.season == 7
        times = pd.date_range("2019-01-01", periods=1000, freq="h").astype(str)
        for seed in range(5):
            walk = np.random.default_rng(seed).normal(size=1000).cumsum()
            assert understood({"time": times, "y": walk}).table.season == 1


def test_labels_of_examples():
    table = open_table(case("16"), Keys()).table
    examples = examples_of(table)
    assert np.array_equal(labels_of(table, examples, np.arange(len(examples))), examples.label)
    short = examples_of(table, 5)
    assert (short.stop - short.start == 5).all() and np.array_equal(short.stop, examples.stop)


def test_the_same_columns_of_another_file():
    columns = {"t": np.arange(N), "x": WAVE, "kind": np.where(np.arange(N) % 2, "a", "b"), "y": WAVE**2}
    reading = understood(columns, target="y")
    assert reading.roles == {"target": "y", "time": "t"}
    inputs = reading.table.inputs
    new = sheet({"kind": ["c", "b", "a"], "x": [1.0, 1.0, 1.0], "more": [0.0, 0, 0], "y": [1.0, np.nan, 2]}).frame
    numbers, codes = inputs_like(new, inputs)
    assert np.array_equal(numbers, np.float32([[1, 1], [1, np.nan], [1, 2]]), equal_nan=True)
    assert codes[:, 0].tolist() == [-1, 1, 0]
    with pytest.raises(UsageError, match="the file lacks x, y"):
        inputs_like(new[["kind"]], inputs)
    with pytest.raises(UsageError, match=r'x holds text \("high"\)'):
        inputs_like(sheet({"x": ["high"], "y": [1.0], "kind": ["a"]}).frame, inputs)
