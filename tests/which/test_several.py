"""A view over files: counts by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from rnnbench.which.page.over_files import make_page
from rnnbench.which.several import File, printed, sentences, view

CELLS = ("LSTM", "GRU")


def test_counts_and_ranks() -> None:
    """Scores of LSTM, GRU and the naive baseline. Ranks: 1 2 3, 2 1 3, 1 2 3: means 4/3, 5/3, 3."""
    files = [File("a.ts", "use LSTM", "first", (0.9, 0.8, 0.5), 0.1),
             File("b.ts", "either", "either", (0.80, 0.81, 0.5), -0.01),
             File("c.ts", "not decided", "not decided", (0.7, 0.6, 0.5), 0.1)]  # fmt: skip
    found = view(files, CELLS)
    assert (found["first_wins"], found["second_wins"], found["alike"], found["not_decided"]) == (1, 0, 1, 1)
    assert found["mean_ranks"] == pytest.approx({"LSTM": 4 / 3, "GRU": 5 / 3, "naive": 3.0})
    assert found["better_on"]["LSTM"] == {"GRU": 2, "naive": 3}
    assert found["better_on"]["GRU"] == {"LSTM": 1, "naive": 3}
    assert found["better_on"]["naive"] == {"LSTM": 0, "GRU": 0}
    assert found["next_file"]["first_better"] > found["next_file"]["second_better"]
    assert sum(found["next_file"].values()) == pytest.approx(1)
    text = printed(found, CELLS)
    assert "use LSTM 1, use GRU 0, either 1, not decided 1" in text
    assert "b.ts" in text


def test_one_file_has_no_ranks() -> None:
    found = view([File("a.ts", "either", "either", (0.9, 0.9, 0.5, 0.6), 0.0)], CELLS)
    assert "mean_ranks" not in found
    assert "simple" in found["better_on"]
    assert printed(found, CELLS)


def test_the_page_of_files(tmp_path: Path) -> None:
    """Each file with its answer and a way to its page, refusals by name; names of files are no markup."""
    files = [File("data/<b>.ts", "use LSTM", "first", (0.9, 0.8, 0.5), 0.1, 0.05, 0.15, "accuracy", "_b_"),
             File("b.csv", "either", "either", (-2.0, -2.01, -3.0), 0.005, -0.01, 0.02, "rmse", "b")]  # fmt: skip
    found = view(files, CELLS) | {"refused": [{"path": "c.csv", "why": "too few"}], "seconds": 90.0, "asked": "…"}
    page = make_page(tmp_path, found, CELLS, sentences(found, CELLS))
    text = page.read_text()
    assert "use LSTM on 1, use GRU on 0, either on 1, not decided on 0" in text
    assert '<a href="_b_/report.html">&lt;b&gt;.ts</a>' in text and "<b>.ts" not in text
    assert "c.csv: too few" in text and "+0.100 [+0.050, +0.150]" in text and "2.010" in text
    assert "2 files: fewer than 10 decide nothing." in text and "1.5 min in all" in text
    assert {each.name for each in (tmp_path / "figures").iterdir()} >= {"differences.svg", "ranks.png"}
