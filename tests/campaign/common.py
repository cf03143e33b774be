"""What the commands of the campaign share: their arguments, a log to go on from, a product to start and to look at."""

from __future__ import annotations

import faulthandler
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from importlib import import_module
from pathlib import Path
from typing import Any

READ = ("arrays", "blank", "characters", "class", "comments", "encoding", "examples", "files", "gaps", "groups",
        "header", "inputs", "leak", "left out", "lengths", "marks", "missing", "names", "rows", "season", "separator",
        "sequences", "shape", "task", "test", "time", "trailing", "units")  # fmt: skip
TOLD = re.compile(rf"(warning|{'|'.join(READ)}): ")
"""How lines begin that are no message of an error: what was read of a file is told before anything is made of it."""

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT)]
os.environ.setdefault("OMP_NUM_THREADS", "1")
signal.signal(signal.SIGINT, signal.default_int_handler)  # nohup, or & in a script, has these ignored, and so would
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # every process that is started here

B = ("seq_len=6", "hidden_size=5", "batch_size=4", "budget.max_steps=20", "budget.eval_every=5", "budget.solved=null",
     "device=cpu", "threads=1")  # fmt: skip
"""A run that takes a blink, whatever it learns."""

OBJECTIVES: dict[str, tuple[str, ...]] = {
    "value": ("dataset=adding", "dataset.valid_size=32", "dataset.test_size=32"),
    "label a step": ("dataset=copy", "dataset.valid_size=16", "dataset.test_size=16"),
    "counting": ("dataset=anbn", "dataset.n_max=4", "seq_len=null"),
    "label": ("dataset=digits", "seq_len=8", "train_size=64"),
    "symbols": ("dataset=text", "dataset.path=book.txt"),
    "table": ("dataset=table", "dataset.path=table.csv", "dataset.target=label", "seq_len=null"),
    "forecast": ("dataset=table", "dataset.path=series.csv", "dataset.target=value", "seq_len=null"),
}
"""One dataset for each thing that is learned."""


def arguments(defaults: dict[str, Any]) -> dict[str, Any]:
    """key=value of the command line, of the defaults' types."""
    found = dict(defaults)
    for argument in sys.argv[1:]:
        key, _, value = argument.partition("=")
        if key not in defaults:
            sys.exit(f"{argument}: no such key (allowed: {', '.join(defaults)})")
        found[key] = type(defaults[key])(value)
    return found


class Log:
    """Cases done, a line each: `key` is asked for before a case is tried again."""

    def __init__(self, path: str, name: str):
        self.path = Path(path) if path else ROOT / "build" / "campaign" / f"{name}.jsonl"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        self.done = {line["key"]: line for line in map(json.loads, lines)}

    def each(self, keys: Sequence[str], case: Callable[[str], dict[str, Any]]) -> int:
        """Try every case that has no line yet; print the summary; how many broke a promise."""
        began = time.monotonic()
        for key in keys:
            if key in self.done:
                continue
            found = {"key": key, **case(key)}
            self.done[key] = found
            with self.path.open("a") as file:
                file.write(json.dumps(found) + "\n")
            if found.get("broken"):
                print(f"BROKEN {key}: {found['broken']}", flush=True)
        of_these = [self.done[key] for key in keys]
        broken = [each for each in of_these if each.get("broken")]
        kinds = Counter(str(each.get("kind", "")) for each in of_these)
        print(
            f"{len(of_these)} cases, {len(broken)} broken; {dict(kinds)}; {time.monotonic() - began:.0f} s", flush=True
        )
        return len(broken)


def files(folder: Path) -> None:
    """The data files that `OBJECTIVES` name."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "book.txt").write_text("to be or not to be, that is the question. " * 60)
    rows = [f"{i},{j},{(i * 7 + j * 3) % 11},{'ab'[i % 2]}" for i in range(40) for j in range(5)]
    (folder / "table.csv").write_text("\n".join(["id,time,x,label", *rows]) + "\n")
    days = [f"2020-{1 + d // 28:02d}-{1 + d % 28:02d},{(d * 5) % 17 + d / 10}" for d in range(300)]
    (folder / "series.csv").write_text("\n".join(["date,value", *days]) + "\n")


def started(folder: Path, *given: str, module: str = "rnnbench", **options: Any) -> subprocess.Popen[str]:
    """A command of ours in a folder, in a process group of its own."""
    env = os.environ | {"PYTHONPATH": str(ROOT)} | options.pop("env", {})
    return subprocess.Popen([sys.executable, "-m", module, *given], cwd=folder, env=env, text=True, encoding="utf-8",
                            errors="replace", stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
                            **options)  # fmt: skip


def ended(process: subprocess.Popen[str], limit: float = 300) -> tuple[int, str, str]:
    """Exit code, stdout, stderr. A hang is exit code 124."""
    try:
        out, err = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        return 124, out, err
    return process.returncode, out, err


def unpolite(code: int, out: str, err: str, allowed: Sequence[int] = (0, 1, 2, 3)) -> str:
    """What of an ending is not as documented, "" where all is."""
    if code not in allowed:
        return f"exit code {code}: {err[-1500:]}"
    if "Traceback (most recent call last)" in err + out:
        return f"a traceback: {err[-600:]}"
    lines = [line for line in err.splitlines() if line and not TOLD.match(line)]
    if code == 2 and len(lines) > 2:
        return f"more than a line: {err[-300:]}"
    return ""


def half_written(folder: Path) -> list[str]:
    """Records and pages that are not whole."""
    found = []
    for path in folder.rglob("*.json"):
        try:
            json.loads(path.read_text())
        except ValueError:
            found.append(str(path))
    return found


def loaded() -> None:
    """All that a command loads, so that what is forked from here begins at once. Nothing is computed: a fork would lack
    the threads."""
    import torch

    torch.set_num_threads(1)
    import making  # noqa: F401
    import sweeping  # noqa: F401

    import rnnbench.cli.job
    import rnnbench.cli.study
    import rnnbench.cli.sweep
    import rnnbench.report
    import rnnbench.report.__main__
    import rnnbench.run  # noqa: F401


def forked(folder: Path, given: Sequence[str], module: str = "rnnbench", before: Callable[[], None] | None = None,
           after: Callable[[], Any] | None = None) -> tuple[int, Path]:  # fmt: skip
    """A command in a process forked from this one, in a folder: its pid, and the file that its ending is in."""
    said = folder / "ending.json"
    said.unlink(missing_ok=True)
    pid = os.fork()
    if pid:
        return pid, said
    code = 70
    try:
        os.chdir(folder)
        os.environ["RNNBENCH_DATA"] = str(folder)
        faulthandler.register(signal.SIGUSR1, said.with_suffix(".txt").open("w"))
        from sweeping import here

        if before is not None:
            before()
        try:
            done = here(*given) if module == "rnnbench" else in_process(module, given)
            ending = {"code": done.returncode, "out": done.stdout, "err": done.stderr}
        except BaseException:
            ending = {"code": 1, "out": "", "err": traceback.format_exc()}
        ending["after"] = after() if after is not None else None
        said.write_text(json.dumps(ending))
        code = 0
    finally:
        os._exit(code)


def in_process(module: str, given: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Another command than `rnnbench` in this process."""
    main = import_module(f"{module}.__main__").main
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(list(given))
    return subprocess.CompletedProcess(list(given), code, out.getvalue(), err.getvalue())


def waited(pid: int, said: Path, limit: float = 120) -> dict[str, Any]:
    """How a forked command ended. A hang is exit code 124, and what its threads were at is said."""
    until = time.monotonic() + limit
    while os.waitpid(pid, os.WNOHANG) == (0, 0):
        if time.monotonic() > until:
            os.kill(pid, signal.SIGUSR1)
            time.sleep(1)
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return {"code": 124, "out": "", "err": said.with_suffix(".txt").read_text(), "after": None}
        time.sleep(0.005)
    if not said.exists():
        return {"code": -9, "out": "", "err": "", "after": None}
    found: dict[str, Any] = json.loads(said.read_text())
    return found
