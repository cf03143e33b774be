"""What a room holds, found by looking: a file is a thing, its name the file's; a name with a dot is an import path.

    names("rnnbench.studies.kinds")                     ["closed_form", "paired", …], nothing imported
    get("rnnbench.studies.kinds", "paired", Kind)       the one Kind of that file
    get("rnnbench.studies.kinds", "mine.Sorted", Kind)  a user's own, from anywhere
    words("rnnbench.recurrent.backends", "eager")       what its docstring begins with, nothing imported

A file holds one class that derives from the room's base, and `base.py` that base; files whose names begin with an
underscore hold what the others share.
"""

from __future__ import annotations

import ast
import sys
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

from rnnbench.errors import UsageError, in_one_line, text_of
from rnnbench.stopping import let_end

T = TypeVar("T")


def imported(path: str) -> Any:
    """What stands at an import path such as package.module.Class, which may raise anything where it is a user's.

    A module that reads what was typed as it is imported finds nothing: that was meant for us.
    """
    module, _, attribute = path.rpartition(".")
    typed = sys.argv
    sys.argv = typed[:1]
    try:
        return getattr(import_module(module), attribute)
    finally:
        sys.argv = typed


@cache
def names(room: str) -> list[str]:
    """The names of what stands in the room, a package."""
    spec = find_spec(room)
    assert spec is not None and spec.submodule_search_locations is not None
    files = [file for folder in spec.submodule_search_locations for file in Path(folder).glob("[!_]*.py")]
    return sorted(file.stem for file in files if file.stem != "base")


@cache
def words(room: str, name: str) -> str:
    """What a file says it is, up to the colon in its first line, without running it: "step by step in Python"."""
    spec = find_spec(room)
    assert spec is not None and spec.submodule_search_locations is not None
    file = Path(spec.submodule_search_locations[0], f"{name}.py")
    said = (ast.get_docstring(ast.parse(file.read_bytes())) or "").partition("\n")[0].partition(":")[0]
    return said[:1].lower() + said[1:]


@cache
def get(room: str, name: str, base: type[T], key: str = "") -> T:
    """An instance of what has this name. Raises UsageError, naming `key`, where there is none or it is of another kind.

    base: what it derives from. key: whose value the name is, on the command line or in a file.
    """
    key = key or room.rpartition(".")[2]
    if "." in name:
        try:
            found = imported(name)
        except BaseException as error:  # a user's module may raise anything
            let_end(error)
            raise UsageError(f"cannot be imported ({type(error).__name__}): {text_of(error)}", key=key, value=name,
                             allowed="package.module.Class") from error  # fmt: skip
        if not (isinstance(found, type) and issubclass(found, base)):
            raise UsageError("wrong kind", key=key, value=name, allowed=f"a class derived from {base.__name__}")
        return _made(found, key, name)
    if name not in names(room):
        raise UsageError(f"no such {key.rpartition('.')[2]}", key=key, value=name, allowed=", ".join(names(room)))
    module_name = f"{room}.{name}"
    own = [c for c in vars(import_module(module_name)).values() if isinstance(c, type) and c.__module__ == module_name]
    things = [c for c in own if issubclass(c, base)]
    if len(things) != 1:
        raise UsageError(f"{module_name} holds {len(things)} classes derived from {base.__name__}: one a file")
    return _made(things[0], key, name)


def _made(cls: type[T], key: str, name: str) -> T:
    try:
        return cls()
    except BaseException as error:  # abstract, wanting arguments, or whatever a user's own raises
        let_end(error)
        raise UsageError(f"cannot be made ({in_one_line(error)})", key=key, value=name) from error
