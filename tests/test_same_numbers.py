"""A run's numbers follow from its id and its recorded threads: the state of the process decides nothing."""

from __future__ import annotations

import os
import random
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from making import tiny
from sweeping import here

from rnnbench.machine.clocks import StepClock
from rnnbench.machine.interrupts import deferred_interrupt
from rnnbench.run import TRACE, run
from rnnbench.training.loop import Training


def scores(*overrides: str) -> Any:
    ending = run(tiny("cell=gru", "dropout=0.1", "num_layers=2", *overrides))
    assert ending.record is not None
    return ending.record["metrics"], ending.record["parameters"]


def _default_device() -> None:
    torch.set_default_device("meta")


def _hooked() -> object:
    """A hook of every module that doubles what comes out."""
    return torch.nn.modules.module.register_module_forward_hook(
        lambda module, given, output: output * 2 if isinstance(output, torch.Tensor) else None
    )


def _hooks() -> dict[int, object]:
    return dict(torch.nn.modules.module._global_forward_hooks)


STATES: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
    "dtype": (lambda: torch.set_default_dtype(torch.float64), torch.get_default_dtype),
    "device": (_default_device, lambda: torch.empty(0).device.type),
    "deterministic": (lambda: torch.use_deterministic_algorithms(True), torch.are_deterministic_algorithms_enabled),
    "gradients": (lambda: torch.set_grad_enabled(False), torch.is_grad_enabled),
    "autocast": (lambda: torch.set_autocast_enabled("cpu", True), lambda: torch.is_autocast_enabled("cpu")),
    "hooks": (_hooked, _hooks),
    "random": (lambda: random.seed(12), random.random),
    "numpy": (lambda: np.random.seed(12), np.random.random),  # noqa: NPY002 - what others use
    "torch": (lambda: torch.manual_seed(12), lambda: None),
    "threads": (lambda: torch.set_num_threads(2), torch.get_num_threads),
    "locale": (lambda: os.environ.update(LC_ALL="C", MPLBACKEND="module://none.such"), lambda: None),
}


@pytest.mark.few(3)
@pytest.mark.parametrize("state", STATES)
def test_the_state_of_the_process_decides_nothing_and_is_put_back(state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "MPLBACKEND"):
        monkeypatch.setenv(name, os.environ.get(name, ""))
    plain = scores("name=before")
    move, read = STATES[state]
    before = torch.get_num_threads()
    try:
        move()
        expected = read()
        if state in ("random", "numpy"):
            move()
        assert scores("name=moved") == plain
        assert read() == expected
    finally:
        torch.set_default_dtype(torch.float32)
        torch.set_default_device(None)
        torch.use_deterministic_algorithms(False)
        torch.set_grad_enabled(True)
        torch.set_autocast_enabled("cpu", False)
        torch.nn.modules.module._global_forward_hooks.clear()
        torch.set_num_threads(before)


def test_a_users_module_that_moves_the_process_moves_no_other_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Imported once a process: the first run of its cell, the second and another cell's give what they would alone."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    Path("moving_cell.py").write_text(
        "import os, torch\nfrom rnnbench.cells.gru import GRUCell\n"
        "torch.set_default_dtype(torch.float64)\ntorch.set_grad_enabled(False)\n"
        f"os.chdir({str(tmp_path / 'elsewhere')!r})\n"
        "class Moving(GRUCell):\n    pass\n"
    )
    own = ("cell=custom", "cell.target=moving_cell.Moving", "cell.name=moving", "backend=torch")
    first = run(tiny(*own, "name=first")).record
    assert torch.get_default_dtype() == torch.float32 and torch.is_grad_enabled()
    second, other = run(tiny(*own, "name=second")).record, run(tiny("cell=gru", "backend=torch")).record
    assert first is not None and second is not None and other is not None
    assert first["status"] == "ok", first["error"]
    assert first["metrics"] == second["metrics"] == other["metrics"]
    assert Path.cwd() == tmp_path
    assert len(list(tmp_path.glob("results/*/runs/*/run.json"))) == 3


HELPERS = {
    "mypkg/__init__.py": '"""Mine."""\n', "mypkg/cells/__init__.py": "",
    "mypkg/helpers.py": "from mypkg import deeper\nRATE = 0.5\n", "mypkg/deeper.py": "import json\n",
    "mypkg/unused.py": "", "mypkg/near.py": "",
    "mypkg/cells/leaky.py": "from rnnbench.cells.gru import GRUCell\nfrom ..helpers import RATE\n"
    "class Leaky(GRUCell):\n    def f(self):\n        from mypkg import near\n",
}  # fmt: skip


@pytest.mark.parametrize(("edited", "another"), [
    ("mypkg/cells/leaky.py", True), ("mypkg/helpers.py", True), ("mypkg/deeper.py", True), ("mypkg/near.py", True),
    ("mypkg/unused.py", False),
])  # fmt: skip
def test_every_file_that_a_users_class_imports_is_part_of_the_id(
    edited: str, another: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from rnnbench.config import imported, source

    def fresh_id() -> str:
        for cached in (imported.with_imported, source.class_facts, source._stand_in, source._parsed):
            cached.cache_clear()
        return tiny("cell=custom", "cell.target=mypkg.cells.leaky.Leaky", "cell.name=leaky").run_id

    monkeypatch.syspath_prepend(tmp_path)
    for name, text in HELPERS.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    before = fresh_id()
    line = "mypkg.cells.leaky: what it imports counts in run ids, too: mypkg/deeper.py, mypkg/helpers.py, mypkg/near.py"
    assert capsys.readouterr().err == f"{line}\n"
    assert fresh_id() == before and "mypkg" not in sys.modules
    file = tmp_path / edited
    file.write_text(file.read_text() + "# edited\n")
    assert (fresh_id() != before) is another


def test_a_class_alone_keeps_the_id_that_it_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The digest of its one file, as before imported files counted."""
    import hashlib

    from rnnbench.config.identity import identity

    monkeypatch.syspath_prepend(tmp_path)
    Path("alone_cell.py").write_text(
        "import json\nfrom rnnbench.cells.gru import GRUCell\nclass Alone(GRUCell): pass\n"
    )
    hashed = identity(tiny("cell=custom", "cell.target=alone_cell.Alone", "cell.name=alone"))
    assert hashed["cell"]["source"] == hashlib.sha256(Path("alone_cell.py").read_bytes()).hexdigest()


def test_stopped_time_is_not_training_time() -> None:
    """SIGSTOP and SIGCONT: the step that it fell into took as long as the one before."""
    clock = StepClock(torch.device("cpu"))
    clock._seconds = [0.5]
    clock.start()
    clock._started -= 1000.0  # stopped for so long
    clock.stop()
    with deferred_interrupt() as interrupts:
        assert not interrupts.woken()
        os.kill(os.getpid(), signal.SIGCONT)
        assert interrupts.woken() and not interrupts.woken()
    clock.forget_pause()
    assert clock.collect() == [0.5, 0.5]


def test_a_run_that_was_stopped_does_its_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    step = Training._step

    def stopped_once(training: Training) -> None:
        step(training)
        if training.progress.step == 7:
            training.clock._seconds[-1] += 1000.0
            os.kill(os.getpid(), signal.SIGCONT)

    monkeypatch.setattr(Training, "_step", stopped_once)
    record = run(tiny("budget.max_seconds=100")).record
    assert record is not None and record["steps"] == 20 and record["timing"]["train_seconds"] < 100


def test_what_fails_in_a_users_code_names_its_line_and_leaves_the_whole_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(Path.cwd())
    Path("own_metric.py").write_text(
        "from rnnbench.objectives.metrics.accuracy import Accuracy\n\n\nclass Elegance(Accuracy):\n"
        '    name = "elegance"\n\n    def compute(self):\n        return {}["f1"]\n'
    )
    done = here("dataset=digits", "hidden_size=4", "budget.max_steps=3", "train_size=40", "metric=own_metric.Elegance",
                "device=cpu", "threads=1")  # fmt: skip
    assert done.returncode == 1
    assert "KeyError: 'f1' (own_metric.py, line 8)" in done.stderr + done.stdout
    (trace,) = Path("results").rglob(TRACE)
    assert "Traceback" in trace.read_text() and 'return {}["f1"]' in trace.read_text()
