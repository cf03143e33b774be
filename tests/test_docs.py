"""The documentation: its examples run, its pages are built without a warning, what they name is there."""

from __future__ import annotations

import doctest
import inspect
import os
import re
import subprocess
import sys
import zlib
from importlib.util import find_spec
from pathlib import Path

import pytest
from places import ROOT

import rnnbench

FUNCTIONS = sorted(name for name in rnnbench.__all__ if inspect.isfunction(getattr(rnnbench, name)))
SHOWN = ("GRU", "LSTM", "RNN", "Recurrent", *FUNCTIONS)
"""Layers and functions of `import rnnbench`; the other names are what a user's own classes derive from (README.md)."""


@pytest.mark.few(3)
@pytest.mark.parametrize("name", SHOWN)
def test_each_public_function_shows_an_example_that_runs(name: str) -> None:
    (example,) = doctest.DocTestFinder(recurse=False).find(getattr(rnnbench, name), name)
    assert example.examples
    said: list[str] = []
    result = doctest.DocTestRunner(verbose=False).run(example, out=said.append)
    assert result.failed == 0, "".join(said)


def test_every_public_name_is_on_the_page_of_python_names() -> None:
    page = (ROOT / "docs" / "api.md").read_text()
    listed = re.findall(r"^\.\. auto(?:class|function):: (\w+)$", page, re.MULTILINE)
    assert set(listed) == set(rnnbench.__all__) - {"Parameters", "State"}  # two names of types


def test_links_between_files_lead_somewhere() -> None:
    """Of README, CHANGELOG, CONTRIBUTING, docs/ and examples/; those to the web are not followed."""
    files = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("examples/**/*.md")]
    broken = []
    for file in files:
        text = re.sub(r"```.*?```", "", file.read_text(), flags=re.DOTALL)
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            path, _, anchor = target.partition("#")
            place = (file.parent / path) if path else file
            if "://" in target:
                continue
            if not place.exists() or (anchor and place.suffix == ".md" and anchor not in anchors(place)):
                broken.append(f"{file.relative_to(ROOT)}: {target}")
    assert broken == [] and len(files) > 8


def anchors(file: Path) -> set[str]:
    """Of the headings, as forges and Sphinx make them."""
    heads = re.findall(r"^#+ (.*)$", file.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.slow
@pytest.mark.skipif(find_spec("furo") is None, reason="the extra `docs` is not installed")
def test_the_pages_are_built_without_a_warning_and_can_be_searched(tmp_path: Path) -> None:
    folder = tmp_path / "html"
    done = subprocess.run([ROOT / "scripts" / "docs", folder], capture_output=True, text=True,
                          env={**os.environ, "PYTHON": sys.executable})  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    page = (folder / "api.html").read_text()
    assert all(f'id="rnnbench.{name}"' in page for name in SHOWN)
    assert 'href="https://docs.pytorch.org/docs/stable/generated/torch.nn.GRU.html#torch.nn.GRU"' in page
    assert 'href="https://pandas.pydata.org/docs/reference/api/pandas.DataFrame.html#pandas.DataFrame"' in page
    index = (folder / "searchindex.js").read_text()
    assert all(word in index for word in ("chrono", "denorm", "slurm"))  # stems, from three pages
    assert zlib.decompress((folder / "objects.inv").read_bytes().split(b"zlib.\n", 1)[1]).count(b"rnnbench.train") == 1
