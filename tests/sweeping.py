"""Sweeps through the real command line, for tests, and what they left."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from unittest import mock

from making import TINY

SWEEP = (*TINY, "cell=lstm,gru", "seed=0,1", "name=swept")


def rnnbench(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "rnnbench", *arguments]
    return subprocess.run(command, capture_output=True, text=True, **options)


def here(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The same in this process, where torch and all else is loaded already: most of a small sweep's time is loading."""
    from rnnbench.cli.main import main

    code, out, err = 0, io.StringIO(), io.StringIO()
    with (
        mock.patch.object(sys, "argv", ["rnnbench", *arguments]),
        mock.patch.dict(os.environ),
        mock.patch.object(tempfile, "tempdir", None),  # TMPDIR is read again
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())


def outcomes(directory: str) -> dict[str, Any]:
    """What each record says, less what no two runs share: times, dates, load, memory peak, places; with histories."""
    found = {}
    for path in Path(directory).glob("runs/*/run.json"):
        record = json.loads(path.read_text())
        for key in ("timing", "started", "finished"):
            del record[key]
        del record["environment"]["load_average"], record["config"]["name"]
        del record["config"]["workers"], record["config"]["replicas"]
        record["environment"].pop("replicas", None)
        record["memory"].pop("peak_bytes", None)
        history = (path.parent / "history.csv").read_text().splitlines()
        rows = [line.split(",") for line in history]
        seconds = rows[0].index("seconds")
        record["history"] = [[value for i, value in enumerate(row) if i != seconds] for row in rows]
        found[record["run_id"]] = record
    return found
