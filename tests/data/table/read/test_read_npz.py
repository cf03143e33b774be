"""Arrays: which hold values, which are of a sequence, which of a step; nothing is unpickled."""

from __future__ import annotations

import io

import numpy as np
import pytest
from reading import told


def arrays(**named: object) -> bytes:
    written = io.BytesIO()
    np.savez(written, **{name: np.asarray(array) for name, array in named.items()})
    return written.getvalue()


def test_values_by_sequence_step_and_channel(sheet) -> None:
    X = np.arange(12, dtype=np.float64).reshape(2, 3, 2)
    found = sheet(arrays(X=X, y=[1, 0], who=["ann", "bob"], tag=[[0, 1, 0], [1, 1, 1]]), "some.npz")
    assert found.frame["sequence"].tolist() == ["1"] * 3 + ["2"] * 3
    assert found.frame["1"].tolist() == [0, 2, 4, 6, 8, 10] and found.frame["2"].tolist() == [1, 3, 5, 7, 9, 11]
    assert found.frame["y"].tolist() == [1, 1, 1, 0, 0, 0] and found.frame["who"][5] == "bob"
    assert found.frame["tag"].tolist() == [0, 1, 0, 1, 1, 1]
    assert found.implied == {"id": "sequence", "time": "none", "target": "y"}


def test_one_value_a_step(sheet) -> None:
    found = sheet(arrays(x=[[1.5, 2.5], [3.5, np.nan], [5.5, 6.5]], label=["a", "b", "a"]), "some.npz")
    np.testing.assert_array_equal(found.frame["1"], np.float32([1.5, 2.5, 3.5, np.nan, 5.5, 6.5]))
    assert found.frame["label"].tolist() == ["a", "a", "b", "b", "a", "a"] and found.implied["target"] == "label"
    assert "1 (1 1)" in told(found, "missing")


@pytest.mark.parametrize("name", ["lengths", "n"])
def test_rows_end_to_end_and_padded_ones_are_the_same_sequences(sheet, name) -> None:
    rows, lengths = [[1.5], [2.5], [3.5]], [1, 2]
    padded = [[[1.5], [0]], [[2.5], [3.5]]]
    keys = {} if name == "lengths" else {"lengths": name}
    for values in (rows, padded):
        found = sheet(arrays(values=values, y=[0, 1], **{name: lengths}), "some.npz", **keys)
        assert found.frame["1"].tolist() == [1.5, 2.5, 3.5] and found.frame["y"].tolist() == [0, 1, 1]
        assert found.implied["lengths"] == name


def test_names_of_channels_and_of_classes(sheet) -> None:
    names = ["sit", "run", "go", "lie"]
    found = sheet(arrays(X=np.zeros((3, 2, 2)), y=[1, 0, 2], axes=["ax", "ay"], y_names=names), "some.npz")
    assert list(found.frame.columns) == ["sequence", "ax", "ay", "y"]
    assert found.frame["y"].tolist()[::2] == ["run", "sit", "go"]


def test_marks_of_missing_values(sheet) -> None:
    found = sheet(arrays(X=[[1.0, -999], [2, 3]], y=["a", "none"]), "a.npz", missing="-999,none")
    assert found.frame["1"].isna().sum() == 1 and found.frame["y"].isna().sum() == 2


@pytest.mark.parametrize(
    ("named", "keys", "words"),
    [
        ({"y": [1, 2]}, {}, "no array of values"),
        ({"x": [[1.0, 2]], "lengths": [[1]]}, {}, "lengths=lengths"),
        ({"x": [[1.0, 2]]}, {"lengths": "n"}, "lengths=n"),
        ({"x": [[1.0, 2]], "lengths": [3]}, {}, "lengths=lengths"),
        ({"a": np.zeros((2, 3, 1)), "b": np.zeros((4, 3, 1))}, {}, "both hold values"),
    ],
)
def test_what_does_not_fit(refusal, named, keys, words) -> None:
    assert words in refusal(arrays(**named), "some.npz", **keys)


def test_pickles_are_never_opened(refusal) -> None:
    objects = np.empty(2, object)
    objects[:] = [np.zeros(2), np.zeros(3)]
    assert "np.concatenate" in refusal(arrays(X=objects), "some.npz")
    assert "damaged" in refusal(arrays(X=np.zeros((2, 2)))[:-40], "some.npz")
