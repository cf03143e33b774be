"""The house: imports point down only, and each room knows no more than it must."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "rnnbench"
FILES = sorted(PACKAGE.rglob("*.py"))


def module_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


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


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_only_the_edge_knows_hydra(path: Path) -> None:
    allowed = {"rnnbench.__main__", "rnnbench.config", "rnnbench.sweep"}
    assert module_of(path) in allowed or not (knows(path, "hydra") or knows(path, "omegaconf"))


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_what_reads_records_knows_no_torch(path: Path) -> None:
    readers = ("rnnbench.report", "rnnbench.statistics", "rnnbench.records", "rnnbench.studies")
    assert not module_of(path).startswith(readers) or not knows(path, "torch")


ABOVE = {  # a room → what it must not import: what stands above it
    "cells": ("backends", "layers", "model", "datasets", "training", "run", "sweep", "config", "parity", "report"),
    "backends": ("layers", "model", "datasets", "training", "run", "sweep", "config", "parity", "report"),
    "layers": ("model", "datasets", "training", "run", "sweep", "config", "parity", "report"),
    "datasets": ("cells", "backends", "layers", "model", "training", "run", "sweep", "config", "parity", "report"),
    "model": ("training", "run", "sweep", "config", "parity", "report"),
    "training": ("run", "sweep", "parity", "report"),
    "optimizers": ("training", "run", "sweep", "model", "report"),
    "config": ("model", "training", "run", "sweep", "parity", "report", "layers", "backends"),
    "statistics": ("records", "report", "studies", "config", "run", "sweep", "datasets"),
    "records": ("report", "studies", "config", "run", "sweep", "datasets", "statistics"),
    "studies": ("report", "config", "run", "sweep", "training", "model", "datasets", "cells"),
    "speed": ("model", "datasets", "training", "run", "sweep"),
    "report": ("config", "run", "sweep", "training", "model", "datasets", "cells"),
}


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_imports_point_down(path: Path) -> None:
    room = [*module_of(path).split("."), ""][1]
    above = tuple(f"rnnbench.{name}." for name in ABOVE.get(room, ()))
    upward = [name for name in imports(path) if above and f"{name}.".startswith(above)]
    assert not upward


def test_nothing_imports_run_but_the_sweep() -> None:
    users = {module_of(path) for path in FILES if "rnnbench.run" in imports(path)}
    assert users <= {"rnnbench.sweep"}


def test_the_report_loads_no_torch() -> None:
    code = "import rnnbench, rnnbench.report, sys; rnnbench.load_results; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
