"""Shared by all tests: the --slow and --measure options, and a results directory of each test's own."""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before torch is imported, here and in every process that a test starts: small
# tensors gain nothing from threads, and several test processes share the cores

import atexit
import random
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
    many: dict[tuple[Path, str], list[pytest.Item]] = {}
    for item in items:
        if item.get_closest_marker("few"):
            many.setdefault((item.path, item.nodeid.partition("[")[0]), []).append(item)
    for (_, name), alike in many.items():
        _mark_slow_but_few(name, alike)
    left_out = [name for name in ("slow", "measure") if not config.getoption(f"--{name}")]
    kept = [item for item in items if not any(name in item.keywords for name in left_out)]
    keeping = set(kept)
    if len(kept) < len(items):  # not skipped, which costs as much as a small test
        config.hook.pytest_deselected(items=[item for item in items if item not in keeping])
        items[:] = kept


def _mark_slow_but_few(name: str, alike: list[pytest.Item]) -> None:
    """Of n alike `few(k)` run always: one drawn from each k-th part, by the test's name and so the same everywhere."""
    k = alike[0].get_closest_marker("few").args[0]  # type: ignore[union-attr]
    draw, n = random.Random(name), len(alike)
    fast = {(i * n + draw.randrange(n)) // k for i in range(k)}
    for i, item in enumerate(alike):
        if i not in fast:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(autouse=True)
def _own_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test works in an empty directory, where results/ would be made."""
    monkeypatch.chdir(tmp_path)
