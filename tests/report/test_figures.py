"""The figures of a page: found by looking, in their order, and a user's own among them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from places import ROOT

from rnnbench.errors import UsageError
from rnnbench.registry import names
from rnnbench.report import figures as room
from rnnbench.report import make_report
from rnnbench.report.figures import Material, all_figures
from tests.fake_records import sweep, write

OWN = '''
from matplotlib.figure import Figure as Canvas

from rnnbench.plots.panels import Drawing
from rnnbench.report.figures import Figure, Material


class Spread(Figure):
    """How far the scores of a condition's seeds lie apart."""

    order = 25

    def drawings(self, page: Material) -> list[Drawing]:
        spread = page.scored.groupby("condition")["test_score"].std()

        def make(columns: int) -> Canvas:
            canvas = Canvas(figsize=(4.6, 3))
            canvas.subplots().plot(spread.index, spread, "o")
            return canvas

        return [Drawing("spread", "Spread of the seeds", "Standard deviation.", make, f"{len(spread)} conditions")]


class Last(Spread):
    order = 1000

    def drawings(self, page: Material) -> list[Drawing]:
        return []


class Broken(Spread):
    def drawings(self, page: Material) -> list[Drawing]:
        return [page.runs["no_such_column"]]


class NoFigure:
    pass
'''


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of results, and `spread_of_mine` beside it."""
    (tmp_path / "spread_of_mine.py").write_text(OWN)
    monkeypatch.syspath_prepend(str(tmp_path))
    write(tmp_path / "results", sweep(seq_lens=(50, 100), seeds=(0, 1)))
    return tmp_path / "results"


def test_every_file_is_a_figure_with_a_place_of_its_own() -> None:
    found = all_figures()
    assert len(found) == len(names(room.__name__)) >= 7
    orders = [figure.order for figure in found]
    assert orders == sorted(set(orders))


def test_figures_of_no_runs_draw_nothing() -> None:
    """Runs of which none has ended well have no score, no time and no bytes."""
    failed = pd.DataFrame({"status": ["failed"], "dataset": ["adding"], "cell": ["gru"]})
    for column in ("hidden_size", "num_layers", "recurrent_parameters", "total_parameters", "step_ms_median",
                   "train_seconds", "saved_activation_bytes", "peak_bytes"):  # fmt: skip
        failed[column] = pd.Series([None], dtype="Float64")
    assert [figure.drawings(Material(failed, failed)) for figure in all_figures()] == [[]] * len(all_figures())


@pytest.mark.slow
def test_ones_own_is_on_the_page_in_its_place_and_among_the_files(own: Path) -> None:
    page = make_report(own, figures=["spread_of_mine.Spread", "spread_of_mine.Last"]).read_text()
    headings = [page.index(f'id="{name}"') for name in ("curves_seconds", "spread", "step_time")]
    assert headings == sorted(headings)
    assert 'aria-label="Spread of the seeds. 4 conditions"' in page
    assert {"spread.png", "spread.svg"} <= {path.name for path in (own / "figures").iterdir()}
    assert "Spread of the seeds" not in make_report(own).read_text()


@pytest.mark.slow
def test_the_command_adds_several(own: Path) -> None:
    """Found beside where it is typed, as `python -m` finds modules."""
    command = [sys.executable, "-m", "rnnbench.report", str(own), "figure=spread_of_mine.Spread,spread_of_mine.Last"]
    where: dict[str, Any] = {"cwd": own.parent, "env": os.environ | {"PYTHONPATH": str(ROOT)}}
    done = subprocess.run(command, capture_output=True, text=True, check=True, **where)
    assert done.stdout == f"{own / 'report.html'}\n"
    assert 'id="spread"' in (own / "report.html").read_text()
    wrong = subprocess.run([*command[:-1], "figure=nowhere.Spread"], capture_output=True, text=True, **where)
    assert (wrong.returncode, len(wrong.stderr.splitlines())) == (2, 1)


@pytest.mark.few(1)
@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("spread_of_mine.Broken", "figure=spread_of_mine.Broken: cannot be drawn (KeyError: 'no_such_column')"),
        (
            "spread_of_mine.NoFigure",
            "figure=spread_of_mine.NoFigure: wrong kind (allowed: a class derived from Figure)",
        ),
        ("spread_of_mine.Nothing", "figure=spread_of_mine.Nothing: cannot be imported (AttributeError"),
        ("spraed", "figure=spraed: no such figure (allowed: learning_curves, memory, "),
    ],
)
def test_what_is_no_figure_is_one_line_that_names_it(own: Path, name: str, line: str) -> None:
    with pytest.raises(UsageError) as caught:
        make_report(own, figures=[name])
    assert str(caught.value).startswith(line)
