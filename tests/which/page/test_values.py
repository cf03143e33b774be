"""Where cells differ on values, worked out by hand."""

from __future__ import annotations

import numpy as np

from rnnbench.which.page.answers import NAIVE, Said
from rnnbench.which.page.values import by_series, by_step

CELLS = ("LSTM", "GRU")
TARGET = np.array([[1.0, 2.0], [3.0, np.nan]])
SAID = [
    Said(0, np.array([5, 6]), TARGET, {0: np.array([[1.0, 4.0], [3.0, 9.0]]), 1: np.array([[4.0, 2.0], [-1.0, 0.0]]),
                                       NAIVE: np.array([[1.0, 1.0], [1.0, 1.0]])})
]  # fmt: skip


def test_error_by_step_ahead() -> None:
    """First step: LSTM right twice, GRU off by 3 and 4 (√12.5), naive by 0 and 2 (√2); second: one known target."""
    table = by_step(SAID, 2, CELLS)
    assert table["LSTM (RMSE)"].astype(float).tolist() == [0, 2]
    assert np.allclose(table["GRU (RMSE)"].astype(float), [12.5**0.5, 0], atol=5e-4)
    assert np.allclose(table["naive (RMSE)"].astype(float), [2**0.5, 1], atol=5e-4)


def test_series_whose_errors_differ_most_come_first() -> None:
    """Row 5, of b: squared errors LSTM (0, 4), GRU (9, 0): √2 and √4.5; row 6, of a: LSTM 0, GRU 16."""
    names = ["a"] * 5 + ["b", "a"]
    table = by_series(SAID, names, CELLS)
    assert table["series"].tolist() == ["a", "b"]
    assert np.allclose(table["LSTM (RMSE)"].astype(float), [0, 2**0.5], atol=5e-4)
    assert np.allclose(table["GRU (RMSE)"].astype(float), [4, 4.5**0.5], atol=5e-4)
    assert table["LSTM / GRU"].tolist()[1] == "0.667"
