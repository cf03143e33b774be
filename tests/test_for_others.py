"""What others' programs read of this repository: citation, a forge's workflow, the example that is a notebook."""

from __future__ import annotations

import re
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml
from places import ROOT

import rnnbench

NOTEBOOK = ROOT / "examples" / "first_hour.py"


def test_the_citation_names_this_release() -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert cited["version"] == project["version"] == rnnbench.__version__
    assert cited["license"] == project["license"] and {"cff-version", "message", "title", "authors"} <= set(cited)


def test_a_forge_runs_what_is_run_here() -> None:
    (job,) = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())["jobs"].values()
    assert [step["run"] for step in job["steps"] if "run" in step] == ["bash .ci/run"]
    assert (ROOT / ".ci/run").exists()


def test_what_is_refused_is_said_with_its_reason() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    refused = text[text.index("## Refused") :]
    for what in ("leaderboard", "timing gate", "native Windows", "every tracker"):
        assert re.search(rf"^- \*\*.*{what}.*\*\*.*: ", refused, re.MULTILINE | re.IGNORECASE), what


@pytest.mark.slow
@pytest.mark.skipif(find_spec("nbclient") is None, reason="the extra `dev` is not installed")
def test_the_notebook_runs_in_a_kernel_and_shows_its_progress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a tenth of its steps."""
    import jupytext
    from nbclient import NotebookClient

    book = jupytext.reads(
        NOTEBOOK.read_text().replace('"budget.max_steps": 600', '"budget.max_steps": 60'), "py:percent"
    )
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    NotebookClient(book, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    cells = [cell for cell in book.cells if cell.cell_type == "code"]
    runs = rnnbench.load_results(tmp_path / "results/first_hour")
    assert sorted(zip(runs["cell"], runs["seed"], runs["steps"], strict=True)) == [
        (cell, seed, 60) for cell in ("gru", "lstm") for seed in range(3)
    ]
    (training,) = (cell for cell in cells if "rnnbench.train(" in cell.source)
    shown = " ".join(str(output) for output in training.outputs)
    assert re.search(r"gru-adding-T20\S*: +\d+%", shown), "no progress"
    (plot,) = (cell for cell in cells if "plt.subplots" in cell.source)
    assert any("image/png" in output.get("data", {}) for output in plot.outputs)
