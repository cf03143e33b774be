"""Twenty cells of a user's own, with long names: each can be read, and what is not drawn is counted."""

from __future__ import annotations

from itertools import combinations, product
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure as Drawn

from rnnbench.plots.look import MOST_LETTERS, MOST_LINES, drawing_context, fitted, legend_columns, title
from rnnbench.records.conditions import with_conditions
from rnnbench.records.table import load_results
from rnnbench.report.figures import Material
from rnnbench.report.figures.base import Figure
from rnnbench.report.figures.learning_curves import BEST, LearningCurves
from rnnbench.report.figures.score_time import ScoreAgainstTime
from rnnbench.report.figures.scores import Scores
from rnnbench.report.figures.step_time import StepTime
from tests import fake_records
from tests.fake_records import record, write

OWN = [f"leaky_integrator_of_my_own_number_{n}" for n in range(1, 21)]
FIVE = ["lstm", "gru", "rnn", "mgu", "ugrnn"]
FIGURES: list[type[Figure]] = [Scores, StepTime, ScoreAgainstTime, LearningCurves]


@pytest.fixture(autouse=True)
def _of_any_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("GATES", 3), ("SOLVES_TO", 300)):
        monkeypatch.setattr(fake_records, name, dict.fromkeys([*OWN, *FIVE], value))


def material(directory: Path, records: list[dict[str, Any]]) -> Material:
    write(directory, records)
    runs = with_conditions(load_results(directory))
    return Material(runs, runs)


def own(cells: list[str]) -> list[dict[str, Any]]:
    return [record(cell, seed=seed, test_score=0.9 - 0.01 * place + 0.002 * seed)
            for place, cell in enumerate(cells) for seed in range(2)]  # fmt: skip


def grid() -> list[dict[str, Any]]:
    """Five cells × four optimizers × three dropouts."""
    made = []
    for cell, name, dropout in product(FIVE, ("adam", "sgd", "rmsprop", "adamw"), (0.0, 0.1, 0.3)):
        made.append(record(cell, config__optimizer={"name": name, "lr": 5e-3}, config__dropout=dropout))
        made[-1]["run_id"] += f"-{name}-{dropout}"
    return made


def laid_out(figure: Drawn) -> Drawn:
    figure.draw_without_rendering()
    return figure


def readable(figure: Drawn) -> None:
    """Names side by side do not touch, all is within the figure, and the panels are not squeezed between the words."""
    for axes in (each for each in figure.axes if each.get_visible()):
        places = [each.get_window_extent() for each in axes.get_xticklabels() if each.get_text()]
        assert not [pair for pair in combinations(places, 2) if pair[0].overlaps(pair[1])]
        box = axes.get_tightbbox()
        assert box is not None and box.x0 > -1 and box.x1 < figure.bbox.x1 + 1 and box.y1 < figure.bbox.y1 + 1
        assert axes.get_window_extent().height / figure.dpi > 1.3
    for legend in figure.legends:
        box = legend.get_window_extent()
        assert box.x0 > -1 and box.x1 < figure.bbox.x1 + 1 and box.y0 > -1


@pytest.mark.slow
@pytest.mark.parametrize("columns", [1, 3])
@pytest.mark.parametrize("kind", FIGURES)
@pytest.mark.parametrize("records", ["twenty", "five"])
def test_names_are_readable(tmp_path: Path, kind: type[Figure], columns: int, records: str) -> None:
    page = material(tmp_path, own(OWN) if records == "twenty" else grid())
    with drawing_context():
        for drawing in kind().drawings(page):
            readable(laid_out(drawing.make(columns)))


def test_twelve_names_are_readable_in_a_figure_of_scores(tmp_path: Path) -> None:
    with drawing_context():
        (drawing,) = Scores().drawings(material(tmp_path, own(OWN[:12])))
        figure = laid_out(drawing.make(3))
        readable(figure)
        named = [each.get_text() for each in figure.legends[0].get_texts()]
        assert sorted(named) == sorted(map(fitted, OWN[:12])) and len(set(named)) == 12


def test_of_many_curves_the_best_are_drawn_and_counted(tmp_path: Path) -> None:
    """The scores fall from the first to the last."""
    with drawing_context():
        drawing, _ = LearningCurves().drawings(material(tmp_path, own(OWN)))
        named = [each.get_text() for each in drawing.make(1).legends[0].get_texts()]
    assert sorted(named) == sorted(map(fitted, OWN[:BEST]))
    assert "Drawn: 7 of 20 cells, those of the best mean test score; summary.csv has all." in drawing.caption
    few, _ = LearningCurves().drawings(material(tmp_path / "few", own(OWN[:12])))
    assert "of 12 cells" not in few.caption


def test_long_names_keep_their_beginning_and_their_end() -> None:
    assert fitted("GRU") == "GRU" and fitted("a" * MOST_LETTERS) == "a" * MOST_LETTERS
    assert fitted(OWN[0]) == "leaky_integra…y_own_number_1"
    assert len(fitted(OWN[11])) == MOST_LETTERS and fitted(OWN[11]).endswith("_number_12")
    assert len({fitted(name) for name in OWN}) == 20


def test_a_legend_is_as_wide_as_its_figure() -> None:
    """Of 28 letters of 0.072 inches and 0.8 inches besides each: 2.82."""
    assert legend_columns(["GRU", "LSTM"], 4.6) == 2
    assert legend_columns(["GRU"] * 9, 4.6) == 4
    assert [legend_columns(["x" * 28] * 9, width) for width in (2.0, 4.6, 9.2, 13.8)] == [1, 1, 3, 4]


def test_a_title_leaves_room_for_the_panel() -> None:
    with drawing_context():
        axes = Drawn(figsize=(4.6, 3.6)).subplots()
        title(axes, "adding", "; ".join(f"leaky_integrator_v{n} 1.00 × leaky_integrator_v1" for n in range(2, 13)))
        lines = axes.get_title(loc="left").split("\n")
        assert len(lines) <= 1 + MOST_LINES and lines[-1] == "(5 more in summary.csv)"
        title(axes, "adding", "GRU ahead; LSTM behind")
        assert axes.get_title(loc="left") == "adding\nGRU ahead; LSTM behind"
        title(axes, "adding", "word " * 200)
        assert axes.get_title(loc="left").count("\n") == MOST_LINES and axes.get_title(loc="left").endswith("\n…")
