"""Dates that follow, and quantiles, by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rnnbench.errors import UsageError
from rnnbench.predict.ahead import RESIDUALS, dates_after, quantiles_of
from rnnbench.which.winner import _coverage


@pytest.mark.parametrize(
    ("last", "step", "wanted"),
    [
        ("2024-01-31T00:00:00", "1 month", ["2024-02-29", "2024-03-31"]),
        ("2024-01-30T00:00:00", "1 month", ["2024-02-29", "2024-03-30"]),
        ("2023-11-01T00:00:00", "1 quarter", ["2024-02-01", "2024-05-01"]),
        ("2024-03-01T00:00:00", "1 working day", ["2024-03-04", "2024-03-05"]),  # a Friday
        ("2024-02-28T12:30:00", "1 day", ["2024-02-29T12:30", "2024-03-01T12:30"]),
        ("2024-02-28T23:45:00", "15 minutes", ["2024-02-29T00:00", "2024-02-29T00:15"]),
    ],
)
def test_the_dates_that_follow(last: str, step: str, wanted: list[str]) -> None:
    found = dates_after(np.datetime64(last), 2, step)
    assert (found == np.array(wanted, "datetime64[s]")).all()


def test_counted_steps_count_on_and_an_unknown_step_is_refused() -> None:
    assert dates_after(np.int64(7), 3, "").tolist() == [8, 9, 10]
    with pytest.raises(UsageError, match="two rows or more"):
        dates_after(np.datetime64("2024-01-01T00:00:00"), 2, "")


def test_quantiles_are_by_step_ahead(tmp_path: Path) -> None:
    residuals = np.stack([np.arange(11.0), 100 * np.arange(11.0)], axis=1)  # (11, 2): two steps
    np.savez(tmp_path / RESIDUALS, residual=residuals)
    found, where = quantiles_of(tmp_path, [0.1, 0.5], 2, 1)
    np.testing.assert_allclose(found[..., 0], [[1, 100], [5, 500]])
    assert "11 residuals on validation" in where
    for asked, problem in (([1.5], "out of range"), ([0.01], "too few")):
        with pytest.raises(UsageError, match=problem):
            quantiles_of(tmp_path, asked, 2, 1)
    with pytest.raises(UsageError, match="keeps no residuals"):
        quantiles_of(tmp_path / "none", [0.5], 2, 1)


def test_coverage_and_pinball_loss_by_hand() -> None:
    """Of residuals 0 … 10 the quantiles are 1 and 9: of 0, 5 and 12 one lies between, and the losses at .1 are .9, .4
    and 1.1, at .9 they are .9, .4 and 2.7."""
    found = _coverage(np.arange(11.0)[:, None], np.array([[0.0], [5.0], [12.0], [np.nan]]))
    assert found["measured"] == pytest.approx(1 / 3)
    assert found["pinball"] == pytest.approx({"0.1": 0.8, "0.9": 4 / 3})
