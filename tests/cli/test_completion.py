"""Completion in a real shell: what Hydra installs, with values of keys that it does not know."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rnnbench.cli.completion import completions
from rnnbench.cli.main import main
from rnnbench.recurrent.backends import NAMES


@pytest.mark.parametrize(("line", "wanted"), [
    ("rnnbench device=", ["device=auto", "device=cpu", "device=cuda"]),
    ("rnnbench cell=gru dtype=float6", ["dtype=float64"]),
    ("rnnbench -m match=hidden,", ["match=hidden,params"]),
    ("rnnbench optimizer.schedule=c", ["optimizer.schedule=constant", "optimizer.schedule=cosine"]),
    ("rnnbench force=", ["force=true", "force=false"]),
    ("rnnbench readout=", ["readout=last", "readout=mean", "readout=max", "readout=null"]),
    ("rnnbench cell=", None),
    ("rnnbench seq_len=", None),
    ("rnnbench dev", None),
])  # fmt: skip
def test_values_of_a_key(line: str, wanted: list[str] | None) -> None:
    assert completions(line) == wanted


def test_every_backend_is_offered() -> None:
    assert completions("rnnbench backend=") == [f"backend={name}" for name in NAMES]


@pytest.mark.parametrize(("line", "wanted"), [("rnnbench backend=", "backend=eager"), ("rnnbench cell=", "cell=gru")])
def test_the_command_answers_the_shell(
    line: str, wanted: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COMP_LINE", line)
    monkeypatch.setenv("COMP_POINT", str(len(line)))
    monkeypatch.setattr(sys, "argv", ["rnnbench", "-sc", "query=bash"])
    main()
    assert wanted in capfd.readouterr().out.split()


@pytest.mark.slow
def test_bash_completes() -> None:
    command = Path(sys.executable).parent / "rnnbench"
    if not command.exists():
        pytest.skip("the command is not installed")
    script = f"""
PATH={command.parent}:$PATH
eval "$(rnnbench -sc install=bash)"
COMP_LINE='rnnbench cell=gru backend=to' COMP_POINT=28 COMP_WORDS=(rnnbench cell=gru backend=to) COMP_CWORD=2
hydra_bash_completion
echo "${{COMPREPLY[@]}}"
"""
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "backend=torch", done.stderr
