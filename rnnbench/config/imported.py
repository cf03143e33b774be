"""What a user's class imports from the user's own package, found by reading import statements, executing nothing.

A class is what its file says and what that file imports: an edited `helpers.py` makes another run. Files of installed
packages and Python's own do not count; an environment's versions are in the record.
"""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Iterator
from functools import cache
from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path

_INSTALLED = {"site-packages", "dist-packages"}


@cache
def with_imported(files: tuple[str, ...], module: str) -> tuple[str, ...]:
    """The files of a class, and then, by their names, those of the same package that they import, and so on.

    module: that of the class. Where there are such, a line says so once.
    """
    found = _root(module.partition(".")[0])
    if found is None:
        return files
    root, begins = found
    names = {_real(file): _name(file, root, begins) for file in files if _within(file, root)}
    left, seen = list(names.items()), dict(names)
    while left:
        file, name = left.pop()
        for imported in _imported(file, name):
            place = _place(imported, root)
            if place is not None and place not in seen:
                seen[place] = imported
                left.append((place, imported))
    more = sorted(place for place in seen if place not in {_real(file) for file in files})
    if more:
        shown = ", ".join(os.path.relpath(place) for place in more[:4]) + (", …" if len(more) > 4 else "")
        print(f"{module}: what it imports counts in run ids, too: {shown}", file=sys.stderr, flush=True)
    return (*files, *more)


def _root(package: str) -> tuple[Path, tuple[str, ...]] | None:
    """The folder of a package, and what its modules' names begin with; of a module by itself the folder that it lies
    in, unless packages are installed there."""
    try:
        spec = find_spec(package)
    except (ImportError, ValueError):
        return None
    if spec is None:
        return None
    if spec.submodule_search_locations is not None:
        places = list(spec.submodule_search_locations)
        return (Path(places[0]).resolve(), (package,)) if places else None
    if spec.origin is None or not spec.origin.endswith(".py"):
        return None
    root = Path(spec.origin).resolve().parent
    return None if root.name in _INSTALLED else (root, ())


def _within(file: str, root: Path) -> bool:
    return Path(file).resolve().is_relative_to(root)


def _real(file: str) -> str:
    return str(Path(file).resolve())


def _name(file: str, root: Path, begins: tuple[str, ...]) -> str:
    """How a file is imported: mypkg.cells.leaky."""
    return ".".join((*begins, *Path(file).resolve().relative_to(root).with_suffix("").parts))


def _imported(file: str, name: str) -> Iterator[str]:
    """Every module that a file may mean: of `from a import b` both a and a.b."""
    try:
        tree = ast.parse(Path(file).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return
    parents = name.split(".")
    here = parents if file.endswith("__init__.py") else parents[:-1]
    here = here[:-1] if here[-1:] == ["__init__"] else here
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            before = here[: len(here) - node.level + 1] if node.level else []
            module = ".".join([*before, *([node.module] if node.module else [])])
            if module:
                yield module
            yield from (".".join(filter(None, (module, alias.name))) for alias in node.names)


def _place(name: str, root: Path) -> str | None:
    """The file of a module under the root, found without importing anything; None where it is elsewhere."""
    first, *rest = name.split(".")
    if first in sys.stdlib_module_names or first == "rnnbench" or (not name.isascii() and not name.isidentifier()):
        return None
    try:
        spec = find_spec(first)
    except (ImportError, ValueError):
        return None
    for part in rest:
        if spec is None or spec.submodule_search_locations is None:
            return None
        first = f"{first}.{part}"
        spec = PathFinder.find_spec(first, list(spec.submodule_search_locations))
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        return None
    place = Path(spec.origin).resolve()
    if not place.is_relative_to(root) or _INSTALLED & set(place.relative_to(root).parts):
        return None
    return None if place.name == "__init__.py" and _is_empty(place) else str(place)


def _is_empty(place: Path) -> bool:
    """Whether it says nothing, a docstring aside."""
    try:
        return all(isinstance(each, ast.Expr) for each in ast.parse(place.read_bytes()).body)
    except (OSError, SyntaxError, ValueError):
        return False
