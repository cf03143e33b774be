"""Shared by all tests: the --slow and --measure options, and a results directory of each test's own."""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before torch is imported, here and in every process that a test starts: small
# tensors gain nothing from threads, and several test processes share the cores

import atexit
import shutil
import signal
import tempfile
from pathlib import Path

import pytest

signal.signal(signal.SIGINT, signal.default_int_handler)  # nohup, or & in a script, has these ignored, and so would
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # every process that a test starts

if "PYTEST_XDIST_WORKER" in os.environ:  # in a temporary folder of its own each test process sees no run of the others,
    os.environ["TMPDIR"] = tempfile.tempdir = tempfile.mkdtemp(prefix="rnnbench-")  # and times none as beside another
    atexit.register(shutil.rmtree, tempfile.tempdir, ignore_errors=True)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="also run the tests that take longer")
    parser.addoption("--measure", action="store_true", help="also run those that measure, on a machine of their own")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for name in ("slow", "measure"):
        if config.getoption(f"--{name}"):
            continue
        for item in items:
            if name in item.keywords:
                item.add_marker(pytest.mark.skip(reason=f"{name}: runs with --{name}"))


@pytest.fixture(autouse=True)
def _own_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test works in an empty directory, where results/ would be made."""
    monkeypatch.chdir(tmp_path)
