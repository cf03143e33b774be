"""What a class says of itself, read from its file and its bases' without running any: a run's id must not need torch.

Only what is plainly written is believed. Where a class cannot be found so (it is made by a call, or its base by an
expression), it is imported and asked.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cache
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rnnbench.moved import MOVED

_PYTHONS_OWN = frozenset({"rnnbench", *sys.stdlib_module_names})


@dataclass(frozen=True)
class ClassFacts:
    """`files`: of the class and of those that it derives from, less rnnbench's own and Python's, in the order in which
    methods are looked up. `added`: options that came after its first release, with their defaults."""

    forget_gate: str | None = None
    files: tuple[str, ...] = ()
    added: Mapping[str, Any] = field(default_factory=dict)


@cache
def class_facts(key: str, target: str) -> ClassFacts:
    """What the class at an import path says. Raises UsageError where there is none; key: cell, dataset or backend."""
    try:
        return _read(target)
    except _NotPlainError:
        return _asked(key, target)


def _asked(key: str, target: str) -> ClassFacts:
    from rnnbench.config.choices import resolve

    cls = resolve(key, target)
    own = [base for base in cls.__mro__ if base.__module__.partition(".")[0] not in _PYTHONS_OWN]
    new = {f.name: f.default for f in fields(cls) if f.metadata.get("added")} if is_dataclass(cls) else {}
    files = tuple(dict.fromkeys(inspect.getsourcefile(base) or "" for base in own))
    return ClassFacts(getattr(cls, "forget_gate", None), files, new)


def _read(target: str) -> ClassFacts:
    module, _, name = target.rpartition(".")
    found = [_TEXTS[marker] for marker in _stand_in(module, name).__mro__ if marker in _TEXTS]
    values: dict[str, Any] = {}
    new: dict[str, Any] = {}
    for text in reversed(found):
        for statement in text.definition.body:
            if isinstance(statement, ast.FunctionDef) and statement.name == "forget_gate":
                raise _NotPlainError
            for attribute, value in _values(statement):
                if attribute == "forget_gate":
                    values[attribute] = _literal(value)
                if isinstance(value, ast.Call) and ast.unparse(value.func).split(".")[-1] == "added":
                    new[attribute] = _literal(value.args[0])
    own = [text.file for text in found if text.module.partition(".")[0] not in _PYTHONS_OWN]
    return ClassFacts(values.get("forget_gate"), tuple(dict.fromkeys(own)), new)


class _NotPlainError(Exception):
    """The text does not say it."""


@dataclass(frozen=True)
class _Text:
    module: str
    file: str
    definition: ast.ClassDef


_TEXTS: dict[type, _Text] = {}
"""Of each stand-in the text of the class that it stands for; classes of Python's own have none."""


@cache
def _stand_in(module: str, name: str) -> type:
    """An empty class whose bases stand in for those of the class of that name: Python then says in which order."""
    module = MOVED.get(module, module)
    if module.partition(".")[0] in sys.stdlib_module_names:
        return type(name, (), {})
    file, tree = _parsed(module)
    for statement in _statements(tree.body):
        if isinstance(statement, ast.ClassDef) and statement.name == name:
            bases = [_of_expression(module, base) for base in statement.bases]
            try:
                made = type(name, tuple(bases), {})
            except TypeError as error:
                raise _NotPlainError from error
            _TEXTS[made] = _Text(module, file, statement)
            return made
        if isinstance(statement, ast.ImportFrom):
            for alias in statement.names:
                if (alias.asname or alias.name) == name:
                    return _stand_in(_absolute(module, file, statement), alias.name)
    raise _NotPlainError


def _of_expression(module: str, expression: ast.expr) -> type:
    if isinstance(expression, ast.Subscript):  # Generic[T]
        expression = expression.value
    if isinstance(expression, ast.Name):
        return type(expression.id, (), {}) if expression.id == "object" else _stand_in(module, expression.id)
    path = ast.unparse(expression)
    first, _, rest = path.partition(".")
    for statement in _statements(_parsed(module)[1].body):
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                if alias.asname == first:
                    path = f"{alias.name}.{rest}"
                elif alias.asname is not None or alias.name.partition(".")[0] != first:
                    continue
                return _stand_in(*path.rpartition(".")[::2])
    raise _NotPlainError


@cache
def _parsed(module: str) -> tuple[str, ast.Module]:
    spec = _spec(module)
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        raise _NotPlainError
    try:
        return spec.origin, ast.parse(Path(spec.origin).read_bytes())
    except (OSError, SyntaxError, ValueError) as error:
        raise _NotPlainError from error


def _spec(module: str) -> ModuleSpec | None:
    """Where a module is, without importing the packages that it is in, as importlib's own search does."""
    first, *rest = module.split(".")
    try:
        spec = find_spec(first)
    except (ImportError, ValueError):
        return None
    name = first
    for part in rest:
        if spec is None or spec.submodule_search_locations is None:
            return None
        name = f"{name}.{part}"
        spec = PathFinder.find_spec(name, spec.submodule_search_locations)
    return spec


def _absolute(module: str, file: str, statement: ast.ImportFrom) -> str:
    if statement.level == 0:
        return statement.module or ""
    package = module.split(".") if Path(file).name == "__init__.py" else module.split(".")[:-1]
    package = package[: len(package) - statement.level + 1]
    return ".".join([*package, *([statement.module] if statement.module else [])])


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The last first, since a later definition counts; those under `if` and `try` too."""
    for statement in reversed(body):
        for part in ("finalbody", "orelse", "handlers", "body"):
            if isinstance(statement, ast.If | ast.Try) and part != "handlers":
                yield from _statements(getattr(statement, part, []))
        yield statement


def _values(statement: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(statement, ast.Assign):
        yield from ((target.id, statement.value) for target in statement.targets if isinstance(target, ast.Name))
    elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name) and statement.value:
        yield statement.target.id, statement.value


def _literal(value: ast.expr) -> Any:
    try:
        return ast.literal_eval(value)
    except ValueError as error:
        raise _NotPlainError from error
