"""Cells, datasets and data files of a user's own: what they do wrong is named, and what was edited is told apart."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from making import TINY, make, tiny
from places import ROOT
from sweeping import here, rnnbench

from rnnbench.config import Config
from rnnbench.data.datasets.adding import Adding
from rnnbench.objectives.metrics.accuracy import Accuracy
from rnnbench.records import read_record
from rnnbench.records.conditions import with_conditions
from rnnbench.records.table import load_results
from rnnbench.run import TRACE, run


def record_of(config: Config) -> dict[str, Any]:
    record = read_record(config.run_dir)
    assert record is not None
    return record


class WithoutEnd(Adding):
    """The adding problem with a test set on which no model is finite."""

    def load(self, **asked: Any) -> Any:
        parts = super().load(**asked)
        return replace(parts, test=replace(parts.test, targets=parts.test.targets * 1e30))  # whose square is no float32


class Elegance(Accuracy):
    """A metric of one's own that counts nothing."""

    name = "elegance"

    def compute(self) -> float:
        raise KeyError("f1")


class Unscored(Adding):
    """One with a metric that fails."""

    def load(self, **asked: Any) -> Any:
        return replace(super().load(**asked), metrics=(Elegance(0.1),))


def own(dataset: type) -> Config:
    """A tiny run of a dataset of one's own."""
    config = tiny()
    return replace(config, dataset=replace(config.dataset, name="own", target=f"{__name__}.{dataset.__name__}"))


def test_what_is_finite_in_validation_alone_has_diverged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, __name__, sys.modules[WithoutEnd.__module__])
    config = own(WithoutEnd)
    assert run(config).status == "diverged"
    record = record_of(config)
    assert (record["metrics"]["test"], record["steps"]) == (None, 20)
    assert record["error"] == "finite in validation, but not on the test set"
    assert run(config).status == "skipped"


def test_a_metric_of_ones_own_that_fails_fails_the_run_with_its_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, __name__, sys.modules[Unscored.__module__])
    ending = run(own(Unscored))
    assert ending.status == "failed"
    assert (
        record_of(own(Unscored))["error"]
        == f"KeyError: 'f1' ({__file__}, line {Elegance.compute.__code__.co_firstlineno + 1})"
    )


def test_a_loss_of_ones_own_that_fails_names_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """With Hydra's own switch for traces, too."""
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")
    monkeypatch.syspath_prepend(Path.cwd())
    Path("own_loss.py").write_text(
        "from shapes import LabelOfSequence\nfrom rnnbench.objectives.label import Label\n\n\n"
        "class Mine(Label):\n    def loss(self, outputs, batch):\n"
        '        return {}["f1"]\n\n\nclass Own(LabelOfSequence):\n    objective = Mine(2)\n'
    )
    done = here("dataset=custom", "dataset.target=own_loss.Own", "batch_size=4", "hidden_size=3", "device=cpu")
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.endswith(": KeyError: 'f1' (own_loss.py, line 7)\n") and done.stdout.count("\n") == 1
    (trace,) = Path("results").rglob(TRACE)
    assert 'return {}["f1"]' in trace.read_text()


ENDINGS = """
import signal
from dataclasses import dataclass

from rnnbench.cells.gru import GRUCell


class OwnError(BaseException):
    pass


class MuteError(Exception):
    def __str__(self):
        raise OwnError


RAISED = {
    "exit": SystemExit(0), "generator": GeneratorExit("over"), "own": OwnError("mine"), "mute": MuteError(),
    "text": ValueError("\\ud800 \\x1b[31mx"), "ok": None,
}


@dataclass(frozen=True)
class Ending(GRUCell):
    mode: str = "ok"

    def step(self, *given):
        if self.mode == "signal":
            signal.raise_signal(signal.SIGUSR1)
        elif self.mode != "ok":
            raise RAISED[self.mode]
        return super().step(*given)
"""
OF_ENDING = ("cell=custom", "cell.target=ending_cells.Ending", "cell.name=ending", *TINY)


@pytest.fixture
def ending_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(Path.cwd())
    Path("ending_cells.py").write_text(ENDINGS)


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        ("exit", "SystemExit: 0"),
        ("generator", "GeneratorExit: over"),
        ("own", "OwnError: mine"),
        ("mute", "MuteError: no text: its __str__ raises OwnError"),
        ("text", r"ValueError: \ud800 \x1b[31mx"),
    ],
)
@pytest.mark.usefixtures("ending_cells")
def test_whatever_a_cell_of_ones_own_raises_is_a_failed_run_that_names_its_line(mode: str, said: str) -> None:
    """`sys.exit(0)` too: nothing says that it was ok."""
    done = here(*OF_ENDING, f"+cell.mode={mode}")
    assert (done.returncode, done.stderr) == (1, "")
    assert (
        done.stdout.startswith("failed: ")
        and done.stdout.endswith("ending_cells.py, line 31)\n")
        and f": {said} (" in done.stdout
    )
    (trace,) = Path("results").rglob(TRACE)
    assert "ending_cells.py" in trace.read_text()


@pytest.mark.usefixtures("ending_cells")
def test_a_sweep_goes_on_after_one_that_would_exit() -> None:
    done = here("-m", *OF_ENDING, "+cell.mode=exit,ok", "seed=0,1")
    assert done.returncode == 1
    assert "2 ok, 0 diverged, 2 failed, 0 skipped" in done.stdout
    assert done.stdout.count(": SystemExit: 0 (") == 2


@pytest.mark.usefixtures("ending_cells")
def test_an_exit_of_a_signals_handler_ends_the_process() -> None:
    """As that of submitit's does, which puts its job back into the queue."""

    def handler(number: int, frame: object) -> None:
        sys.exit(7)

    before = signal.signal(signal.SIGUSR1, handler)
    try:
        done = here(*OF_ENDING, "+cell.mode=signal")
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert done.returncode == 7
    assert not list(Path("results").rglob("run.json"))


def test_the_console_script_finds_what_python_m_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Started by its path it has that folder, and not the one where it is called, among the places to import from."""
    monkeypatch.setattr(sys, "path", [each for each in sys.path if each not in ("", str(Path.cwd()))])
    Path("cells_here.py").write_text("from rnnbench.cells.gru import GRUCell\n\n\nclass Leaky(GRUCell):\n    pass\n")
    done = here(*TINY, "cell=custom", "cell.target=cells_here.Leaky", "cell.name=leaky")
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.startswith("ok: leaky-adding-T6-h5-s0-")


def test_a_module_that_reads_what_was_typed_as_it_is_imported_finds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(Path.cwd())
    Path("parsing_cells.py").write_text(
        "from argparse import ArgumentParser\nfrom rnnbench.cells.gru import GRUCell\n\nparser = ArgumentParser()\n"
        "parser.add_argument('--scale', type=float, default=1.0)\nGIVEN = parser.parse_args()\n\n\n"
        "class Parsing(GRUCell):\n    pass\n"
    )
    done = here(*TINY, "cell=custom", "cell.target=parsing_cells.Parsing", "cell.name=parsing")
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.startswith("ok: parsing-adding-T6-h5-s0-")


CELL = """
from dataclasses import dataclass
from rnnbench.cells.lstm import LSTMCell

@dataclass(frozen=True)
class Mine(LSTMCell):
    note = "{}"
"""


@pytest.mark.slow
def test_a_cell_of_ones_own_that_was_edited_is_another_condition(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its runs are never averaged with those of the old one, though every key is the same."""
    monkeypatch.syspath_prepend(tmp_path)
    mine = (*TINY, "cell=custom", "cell.name=mine", "cell.target=edited_cells.Mine")
    (tmp_path / "edited_cells.py").write_text(CELL.format("first"))
    assert here(*mine).returncode == 0
    monkeypatch.delitem(sys.modules, "edited_cells")
    (tmp_path / "edited_cells.py").write_text(CELL.format("second"))
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    done = rnnbench(*mine, env={**os.environ, "PYTHONPATH": path})  # as after an edit: in another process
    assert done.returncode == 0, done.stderr
    runs = load_results("results/default")
    assert len(runs) == 2
    assert runs["cell_source"].nunique() == 2
    assert with_conditions(runs)["condition"].nunique() == 2


def test_one_data_file_under_two_paths_is_one_condition(tmp_path: Path) -> None:
    small = ("hidden_size=4", "seq_len=5", "batch_size=2", "budget.max_steps=2", "device=cpu", "threads=1")
    for name, seed in (("a", 0), ("b", 1)):
        (tmp_path / f"{name}.txt").write_text("to be or not to be " * 40)
        path = f"dataset.path={tmp_path / f'{name}.txt'}"
        assert run(make("dataset=text", path, f"seed={seed}", "budget.max_epochs=null", *small)).status == "ok"
    runs = with_conditions(load_results("results/default"))
    assert (len(runs), runs["dataset_content"].nunique(), runs["condition"].nunique()) == (2, 1, 1)


@pytest.mark.skipif(sys.platform == "darwin", reason="its file names are UTF-8")
def test_a_data_file_whose_name_is_no_text_is_a_run_like_any_other(tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"caf\xe9.txt")
    odd.write_text("to be or not to be " * 40)
    small = ("hidden_size=4", "seq_len=5", "batch_size=2", "budget.max_steps=2", "device=cpu", "threads=1")
    config = make("dataset=text", f'dataset.path="{odd}"', "budget.max_epochs=null", *small)
    assert run(config).status == "ok"
    assert record_of(config)["config"]["dataset"]["path"].endswith(r"caf\udce9.txt")
    assert load_results("results/default")["status"].tolist() == ["ok"]


def test_a_record_that_could_not_be_read_back_is_a_failed_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rnnbench.training.facts.task_facts", lambda training: {"seq_len": training.parts.seq_len})
    assert run(tiny()).status == "failed"
    assert record_of(tiny())["error"] == "RecordError: task.higher_is_better is missing"


def test_what_breaks_in_a_job_of_a_sweep_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hydra keeps a job's exceptions to itself, and another machine may lack what this one has."""

    def lost(*_: object, **__: object) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr("rnnbench.run.run", lost)
    done = here("-m", *TINY, "seed=0,1")
    assert done.returncode == 1, done.stderr
    assert done.stderr.count("failed: lstm-adding-T6-h5-s") == done.stderr.count(": OSError: the disk is gone") == 2
    assert "0 ok, 0 diverged, 0 failed, 0 skipped, 2 unfinished" in done.stdout
