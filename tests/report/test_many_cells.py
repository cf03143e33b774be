"""Many cells on a page: ranks, each against each other, and who is worth its time, from records alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rnnbench.records.conditions import with_conditions
from rnnbench.records.table import load_results
from rnnbench.report import make_report
from rnnbench.report.figures._many import blocks
from rnnbench.report.figures.base import Material
from rnnbench.report.figures.pareto import front
from tests import fake_records
from tests.fake_records import record, write

CELLS = ("lstm", "gru", "rnn", "mut1", "lru")  # two of them are drawn as letters


@pytest.fixture(autouse=True)
def _of_any_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fake_records, "GATES", dict.fromkeys(CELLS, 3))
    monkeypatch.setattr(fake_records, "SOLVES_TO", dict.fromkeys(CELLS, 300))


def contents(seeds: int = 3) -> list[dict[str, Any]]:
    """On adding the first cell is the best and so on; in music, where lower is better, the other way round. The last
    cell's first run on adding diverged."""
    made = []
    for place, cell in enumerate(CELLS):
        for seed in range(seeds):
            made.append(record(cell, seed=seed, test_score=0.9 - 0.1 * place, timing__steps_to_threshold=None))
            made.append(record(cell, "jsb", seed=seed, test_score=9.0 - 0.1 * place))
    made[-2 * seeds] = record(CELLS[-1], seed=0, status="diverged")
    return made


def material(directory: Path, records: list[dict[str, Any]]) -> Material:
    write(directory, records, histories=False)
    runs = with_conditions(load_results(directory))
    return Material(runs, runs)


def test_a_block_holds_every_cell_once_and_what_diverged_is_the_worst(tmp_path: Path) -> None:
    """Ranks 1 to 5 in three blocks, 5 to 1 in three others: 3 on average for all."""
    found = blocks(material(tmp_path, contents()))
    assert found is not None and set(found.cells) == set(CELLS)
    assert found.tasks == ["adding"] * 3 + ["jsb"] * 3
    assert found.ranks.mean == pytest.approx([3.0] * 5)
    first, last = found.cells.index("lstm"), found.cells.index("lru")
    assert found.of("adding")[0, last] == found.of("adding")[:, last].min()
    assert found.ahead[first, last] == 0.5 and np.diag(found.ahead).tolist() == [0.5] * 5


def test_fewer_cells_are_not_ranked(tmp_path: Path) -> None:
    assert blocks(material(tmp_path, [each for each in contents() if each["config"]["cell"]["name"] != "lru"])) is None


def test_who_is_beaten_in_both_is_not_on_the_front() -> None:
    """b is slower than a and worse; c is slower and better; d as fast as a and worse."""
    points = pd.DataFrame({"time": [1.0, 2.0, 3.0, 1.0], "score": [0.5, 0.4, 0.9, 0.1]}, index=list("abcd"))
    assert front(points, higher=True) == ["a", "c"]
    assert front(points, higher=False) == ["d"]


def test_a_page_of_five_cells_shows_all_three(tmp_path: Path) -> None:
    write(tmp_path, contents(10), histories=False)
    page = make_report(tmp_path).read_text()
    for name in ("ranks", "pairwise", "pareto"):
        assert (tmp_path / "figures" / f"{name}.png").exists() and f'id="{name}"' in page
    assert "No difference among 5 cells is shown" in page
