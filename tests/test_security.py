"""What a user brings is never run: no pickle, no archive unpacked onto the disk, no YAML that makes objects."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import torch
from places import ROOT

FILES = sorted([*(ROOT / "rnnbench").rglob("*.py"), *(ROOT / "hydra_plugins").rglob("*.py")])
FORBIDDEN = {"extractall", "unpack_archive", "unsafe_load", "full_load", "read_pickle", "eval", "exec"}
"""Names of functions; `extract` of an archive would be found by reading: there is none."""


def of_concern(path: Path) -> set[str]:
    """The imports and calls of a file that could run what a user brings."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        found |= {"pickle", "dill", "shelve", "marshal", "tarfile"} & set(names)
        if isinstance(node, ast.Call) and runs(node):
            found.add(ast.unparse(node))
    return found


def runs(call: ast.Call) -> bool:
    name = ast.unparse(call.func)
    said = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
    last = name.rpartition(".")[2]
    return (
        name in ("eval", "exec", "yaml.load")
        or (last in FORBIDDEN and (last != "eval" or bool(call.args)))
        or (name == "torch.load" and said.get("weights_only") != "True")
        or (name == "np.load" and said.get("allow_pickle") != "False")
    )


def test_nothing_is_unpickled_unpacked_or_run() -> None:
    assert len(FILES) > 100
    assert {str(path.relative_to(ROOT)): of_concern(path) for path in FILES if of_concern(path)} == {}


@pytest.mark.parametrize("code", [
    "import pickle", "from marshal import loads", "import os, dill", "eval(text)", "model.eval(text)",
    "yaml.load(text)", "pd.read_pickle(path)", "torch.load(path)", "torch.load(path, weights_only=False)",
    "np.load(path)", "archive.extractall(folder)",
])  # fmt: skip
def test_what_would_run_it_is_found(tmp_path: Path, code: str) -> None:
    (tmp_path / "module.py").write_text(
        f"def read(path, text):\n    {code}\n    model.eval()\n    yaml.safe_load(text)"
    )
    assert len(of_concern(tmp_path / "module.py")) == 1


def test_a_checkpoint_that_would_run_code_runs_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from rnnbench.training import checkpoint

    class Runs:
        def __reduce__(self) -> tuple[object, tuple[str, ...]]:
            return Path.touch, (Path(tmp_path / "it ran"),)  # type: ignore[return-value]

    torch.save({"model": Runs()}, tmp_path / "checkpoint.pt")
    assert checkpoint.read(tmp_path / "checkpoint.pt", torch.device("cpu"), {"model": ()}) is None
    assert not (tmp_path / "it ran").exists()
    assert "cannot be read" in capsys.readouterr().err
