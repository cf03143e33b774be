"""How Sphinx builds these pages: `scripts/docs`. Every warning is an error there, and nothing is fetched."""

from __future__ import annotations

import re
import sys
import tempfile
import zlib
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT))

import rnnbench  # noqa: E402

project = "rnnbench"
author = "the rnnbench authors"
release = rnnbench.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.intersphinx"]
exclude_patterns = ["inventories"]
html_theme = "furo"
html_title = "rnnbench"
myst_heading_anchors = 4
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # signatures as they are written; docstrings say shapes and units
nitpicky = True


def inventory(name: str, where: str) -> str:
    """inventories/NAME.txt as the file that intersphinx reads: a line a name, packed."""
    lines = []
    for line in (HERE / "inventories" / f"{name}.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            full, kind, page = line.split()
            lines.append(f"{full} py:{kind} 1 {page} -\n")
    head = f"# Sphinx inventory version 2\n# Project: {name}\n# Version: \n"
    head += "# The remainder of this file is compressed using zlib.\n"
    path = Path(where) / f"{name}.inv"
    path.write_bytes(head.encode() + zlib.compress("".join(lines).encode()))
    return str(path)


_folder = tempfile.mkdtemp(prefix="inventories-")
intersphinx_mapping = {
    "torch": ("https://docs.pytorch.org/docs/stable", inventory("torch", _folder)),
    "pandas": ("https://pandas.pydata.org/docs", inventory("pandas", _folder)),
}
intersphinx_disabled_reftypes: list[str] = []


def as_pages(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Docstrings here are plain text: `code`, indented lines as they stand, examples. Sphinx wants its own marks."""
    found: list[str] = []
    for paragraph in re.split(r"\n\s*\n", "\n".join(lines)):
        first = paragraph.lstrip("\n")
        if first.startswith(">>>"):
            found += [first, ""]
        elif "\n    " in f"\n{first}" or "→" in first.partition("\n")[0]:
            found += ["::", "", *(f"    {line}" for line in first.splitlines()), ""]
        else:
            pieces = re.split(r"(`[^`]+`)", first)  # words and code in turn
            found += ["".join(f"`{piece}`" if i % 2 else marked(piece) for i, piece in enumerate(pieces)), ""]
    lines[:] = found


LINKED = re.compile(r"(?<![\w.`])(torch\.nn\.(?:LSTM|GRU|RNN|Module))(?![\w.`])")


def marked(words: str) -> str:
    """Words without what Sphinx would take for marks, and with links."""
    words = re.sub(r"[*|\\]|(?<=\w)_(?=\W|$)", r"\\\g<0>", words)
    return LINKED.sub(r":class:`\1`", words).replace("pandas DataFrame", "pandas :class:`~pandas.DataFrame`")


def inside(app: Any, name: str, content: list[str]) -> None:
    """Links that leave docs/ for a file of the checkout become its path, once it is seen to be there."""

    def path(match: re.Match[str]) -> str:
        target = (HERE / match[2]).resolve()
        if not target.exists():
            raise FileNotFoundError(f"docs/{name}: there is no {match[2]}")
        return f"{match[1]} (`{target.relative_to(ROOT)}`)"

    content[0] = re.sub(r"\[([^\]]+)\]\((\.\./[^)#\s]+)[^)]*\)", path, content[0])


def setup(app: Any) -> None:
    app.connect("autodoc-process-docstring", as_pages)
    app.connect("source-read", inside)
