"""Where cells differ on labels, counted by hand."""

from __future__ import annotations

import numpy as np

from rnnbench.which.page.answers import NAIVE, Said
from rnnbench.which.page.labels import class_table, confusion, disagreements, matrices

CELLS = ("LSTM", "GRU")


def said(split: int, examples: list[int], target: list[int], first: list[int], second: list[int]) -> Said:
    """Probabilities of three classes: .8 on what is said."""
    of = {who: np.full((len(target), 3), 0.1) for who in (0, 1, NAIVE)}
    for who, labels in ((0, first), (1, second), (NAIVE, [0] * len(target))):
        of[who][np.arange(len(target)), labels] = 0.8
    return Said(split, np.array(examples), np.array(target), of)


SAID = [said(0, [4, 7, 9], [0, 1, 1], [0, 1, 2], [0, 0, 1]), said(1, [7, 2], [1, 0], [1, 1], [2, 0])]


def test_what_is_taken_for_what() -> None:
    assert confusion(SAID, 0, 3).tolist() == [[1, 1, 0], [0, 2, 1], [0, 0, 0]]
    assert confusion(SAID, 1, 3).tolist() == [[2, 0, 0], [1, 1, 1], [0, 0, 0]]


def test_class_by_class() -> None:
    table = class_table(SAID, ["a", "b", "c"], CELLS)
    assert table.columns.tolist() == ["class", "test rows", "found by LSTM", "found by GRU", "found by naive",
                                      "LSTM − GRU (points)"]  # fmt: skip
    assert table.to_numpy().tolist() == [
        ["a", "2", "50.0 %", "100.0 %", "100.0 %", "-50.0"],
        ["b", "3", "66.7 %", "33.3 %", "0.0 %", "+33.3"],
        ["c", "0", "–", "–", "–", "–"],
    ]


def test_unknown_steps_are_counted_nowhere() -> None:
    steps = Said(0, np.array([0]), np.array([[1, -1, 0]]), {0: np.array([[1, 0, 1]]), 1: np.array([[1, 0, 0]])})
    assert confusion([steps], 0, 2).tolist() == [[0, 1], [0, 1]]
    assert confusion([steps], 1, 2).tolist() == [[1, 0], [0, 1]]


def test_examples_on_which_one_is_right_more_often() -> None:
    table = disagreements(SAID, ["a", "b", "c"], CELLS, [f"n{i}" for i in range(10)])
    assert table["example"].tolist() == ["n7", "n2", "n9"]  # twice right against never; then once against never
    assert table["LSTM right"].tolist() == ["2 of 2", "0 of 1", "0 of 1"]
    assert table["GRU right"].tolist() == ["0 of 2", "1 of 1", "1 of 1"]
    assert table["GRU said last"].tolist() == ["c", "a", "b"]


def test_of_many_classes_no_matrix_is_drawn() -> None:
    assert matrices(SAID, ["a", "b", "c"], CELLS) is not None
    assert matrices(SAID, [str(i) for i in range(21)], CELLS) is None
