"""The house: imports point down only, each room knows no more than it must, and a file fits in a sitting."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from places import ROOT

PACKAGE = ROOT / "rnnbench"
FILES = sorted(PACKAGE.rglob("*.py"))


def module_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def imports(path: Path) -> set[str]:
    """Modules that a file imports anywhere but under `if TYPE_CHECKING`."""
    tree = ast.parse(path.read_text())
    found: set[str] = set()

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            return
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(tree)
    return found


def knows(path: Path, library: str) -> bool:
    return any(name == library or name.startswith(f"{library}.") for name in imports(path))


ROOMS = [
    "stopping", "errors", "command", "moved", "growth", "conversion", "registry", "cells", "machine", "recurrent",
    "data", "objectives", "data.table", "baselines", "data.datasets", "config", "records", "statistics", "parity",
    "plots", "training", "studies", "report", "speed", "which", "predict", "export", "preparation", "run", "replicas",
    "cli", "__main__",
]  # fmt: skip
"""From the ground up: a room may import from those before it. CONTRIBUTING.md says what each holds."""


def room_of(module: str) -> str:
    """The room that a module is in: of one within another the inner."""
    inner = module.partition(".")[2]
    return max((room for room in ROOMS if f"{inner}.".startswith(f"{room}.")), key=len, default="")


def test_only_the_edge_knows_hydra() -> None:
    knowing = {module_of(path) for path in FILES if knows(path, "hydra") or knows(path, "omegaconf")}
    assert {module for module in knowing if room_of(module) != "cli"} == set()


def test_what_reads_records_knows_no_torch() -> None:
    readers = ("plots", "records", "report", "statistics", "studies")
    assert [module_of(path) for path in FILES if room_of(module_of(path)) in readers and knows(path, "torch")] == []


def above(path: Path) -> set[str]:
    """What a file imports from the rooms above its own."""
    room = room_of(module_of(path))
    higher = ROOMS[ROOMS.index(room) + 1 :] if room else []
    return {name for name in imports(path) if name.startswith("rnnbench.") and room_of(name) in higher}


def test_imports_point_down() -> None:
    assert {module_of(path): above(path) for path in FILES if above(path)} == {}


def test_nothing_imports_runs_but_the_edge() -> None:
    users = {module_of(path) for path in FILES if {"rnnbench.run", "rnnbench.replicas"} & imports(path)}
    assert {room_of(user) for user in users} <= {"replicas", "cli"}


def test_no_file_is_longer_than_a_sitting() -> None:
    """About 200 lines are preferred; 300 is the most. Of every Python file that git has or would take."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    asked = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate", "*.py"]
    listed = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    lines = {name: len((ROOT / name).read_text().splitlines()) for name in listed if (ROOT / name).exists()}
    assert len(lines) > 100
    assert {name: count for name, count in lines.items() if count > 300} == {}


def test_the_report_loads_no_torch() -> None:
    code = "import rnnbench, rnnbench.report, sys; rnnbench.load_results; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
