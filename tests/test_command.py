"""A command's console: pipes, encodings and signals take away what is said, never what is done."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
from making import TINY
from places import ROOT

from rnnbench import command

COMMANDS = sorted(path.parent.name for path in (ROOT / "rnnbench").glob("*/__main__.py"))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_comes_in_by_this_door(name: str) -> None:
    ending = Path(ROOT, "rnnbench", name, "__main__.py").read_text().rsplit('"__main__":\n', 1)[1]
    assert re.fullmatch(r"    command\((main|whole)\)\n", ending)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_is_there_without_docstrings(name: str) -> None:
    """As under -OO."""
    module = import_module(f"rnnbench.{name}.__main__")
    spec = find_spec(f"rnnbench.{name}.__main__")
    assert spec is not None and spec.origin is not None
    assert command.manual(None, spec.origin) == (module.__doc__ or "").strip()


@pytest.mark.slow
def test_help_in_ascii_without_docstrings_to_a_reader_that_is_gone() -> None:
    env = os.environ | {"PYTHONIOENCODING": "ascii"}
    asked = [sys.executable, "-OO", "-m", "rnnbench.predict", "--help"]
    done = subprocess.run(asked, capture_output=True, env=env)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"What a kept model says") and b"Of labels" in done.stdout
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(asked, stdout=writer, stderr=subprocess.PIPE, env=env)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


EVERY = f"""
import sys
from importlib import import_module
from rnnbench.command import quiet
quiet()
for name in {COMMANDS}:
    import_module(f"rnnbench.{{name}}.__main__").main(["--help"])
asked = ["cell=gru", "backend=torch", "size=2x3x1x4", "threads=1", "seconds=1", "out=speed"]
import_module("rnnbench.speed.__main__").main(asked)
from rnnbench.cli.main import main
named = sys.argv[1]
sys.argv[1:] = ["--help"]
main()
sys.argv[1:] = [*{TINY}, named]
main()
"""


@pytest.mark.slow
@pytest.mark.parametrize(("world", "named"), [
    ({"PYTHONIOENCODING": "ascii"}, 'name="é"'), (None, 'name="é"'),
    ({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, "name=plain"),
])  # fmt: skip
def test_what_every_command_says_fits_any_console(world: dict[str, str] | None, named: str) -> None:
    """One of ASCII alone, or one that is gone; the helps, a table, a name that is none of its letters."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([sys.executable, "-c", EVERY, named], stderr=subprocess.PIPE, env=os.environ | (world or {}),
                          stdout=writer if world is None else subprocess.PIPE)  # fmt: skip
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")
    if world is not None:
        assert done.stdout.isascii() and b"GRU" in done.stdout and done.stdout.count(b"usage: ") >= len(COMMANDS)
        assert done.stdout.endswith(b"/run.json\n")
    assert len(list(Path("results").glob("*/runs/*/run.json"))) == 1 and Path("speed/speed.csv").exists()


def test_a_sweep_whose_reader_is_gone_does_its_runs_and_makes_its_report() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([sys.executable, "-m", "rnnbench", "-m", *TINY, "seed=0,1", "workers=1"], stdout=writer,
                          stderr=subprocess.PIPE)  # fmt: skip
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")
    assert len(list(Path("results/adding/runs").glob("*/run.json"))) == 2
    assert Path("results/adding/report.html").exists()


def test_a_closed_stdout_is_not_taken_for_a_file() -> None:
    """`>&-`: the next file that is opened would be number 1, and hold what is printed."""
    code = (
        f"import os, sys; os.close(1); os.execv(sys.executable, {[sys.executable, '-m', 'rnnbench.predict', '-h']!r})"
    )
    done = subprocess.run([sys.executable, "-c", code], stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (0, b"")


def test_what_cannot_be_written_is_dropped_and_known() -> None:
    reader, writer = os.pipe()
    outlet = command.Outlet(writer)
    outlet.write(b"heard")
    assert os.read(reader, 9) == b"heard"
    os.close(reader)
    assert outlet.write(b"lost") == 4
    assert outlet.write(b"lost, too") == 9
    assert isinstance(outlet.error, BrokenPipeError)
    os.close(writer)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_under_stdout_is_said(tmp_path: Path) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run([sys.executable, "-m", "rnnbench.predict", "-h"], stdout=full, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (1, b"what was said here is lost: No space left on device\n")


@pytest.mark.parametrize(("number", "said"), [
    (signal.SIGINT, "interrupted"), (signal.SIGTERM, "stopped by SIGTERM"), (signal.SIGHUP, "stopped by SIGHUP"),
])  # fmt: skip
def test_a_signal_ends_a_command_from_its_first_line_on(number: signal.Signals, said: str) -> None:
    """Sent by what is imported first, and by what is imported within `main`, where it is raised."""
    for module in ("rnnbench/moved.py", "rnnbench/report/page.py"):
        code = f"""
import os, runpy, sys
def hook(event, given):
    if event == "open" and str(given[0]).replace(".pyc", "").find({module.partition(".")[0].rpartition("/")[2]!r}) > 0:
        os.kill(os.getpid(), {int(number)})
sys.orig_argv[:] = ["python", "-m", "rnnbench.report", "results/none"]
sys.argv[:] = ["-m", "results/none"]
sys.addaudithook(hook)
runpy.run_module("rnnbench.report", run_name="__main__", alter_sys=True)
"""
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert (done.returncode, done.stdout, done.stderr) == (130, "", f"{said}\n")


def test_what_is_ignored_stays_so() -> None:
    """As under nohup."""
    code = """
import os, signal, sys
signal.signal(signal.SIGHUP, signal.SIG_IGN)
sys.orig_argv[:], sys.argv[:] = ["python", "-m", "rnnbench"], ["-m"]
from rnnbench.command import command
command(lambda _: os.kill(os.getpid(), signal.SIGHUP))
"""
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_the_world_refusing_is_one_line() -> None:
    code = """
from rnnbench.command import command
def main(arguments):
    raise OSError(28, "No space left on device", "x")
command(main)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (2, "x: No space left on device\n")
