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


def calls(path: Path) -> list[ast.Call]:
    return [node for node in ast.walk(ast.parse(path.read_bytes())) if isinstance(node, ast.Call)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_is_unpickled_unpacked_or_run(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_bytes())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert not {"pickle", "dill", "shelve", "marshal", "tarfile"} & set(names)
    for call in calls(path):
        name = ast.unparse(call.func)
        said = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
        last = name.rpartition(".")[2]
        assert name not in ("eval", "exec") and (last not in FORBIDDEN or (last == "eval" and not call.args))
        assert name != "torch.load" or said.get("weights_only") == "True"
        assert name != "np.load" or said.get("allow_pickle") == "False"
        assert name != "yaml.load"


def test_a_checkpoint_that_would_run_code_runs_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from rnnbench.training import checkpoint

    class Runs:
        def __reduce__(self) -> tuple[object, tuple[str, ...]]:
            return Path.touch, (Path(tmp_path / "it ran"),)  # type: ignore[return-value]

    torch.save({"model": Runs()}, tmp_path / "checkpoint.pt")
    assert checkpoint.read(tmp_path / "checkpoint.pt", torch.device("cpu"), {"model": ()}) is None
    assert not (tmp_path / "it ran").exists()
    assert "cannot be read" in capsys.readouterr().err
