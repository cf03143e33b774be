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

from rnnbench.config.imported import with_imported
from rnnbench.moved import HOMES, MOVED

_PYTHONS_OWN = frozenset({"rnnbench", *sys.stdlib_module_names})


@dataclass(frozen=True)
class ClassFacts:
    """`files`: of the class and of those that it derives from, less rnnbench's own and Python's, in the order in which
    methods are looked up, then of what these import from the user's own package. `added`: options that came after its
    first release, with their defaults. `may_name_files`: those that name files beside `path`, or say something else."""

    forget_gate: str | None = None
    files: tuple[str, ...] = ()
    added: Mapping[str, Any] = field(default_factory=dict)
    may_name_files: tuple[str, ...] = ()


@cache
def class_facts(key: str, target: str) -> ClassFacts:
    """What the class at an import path says. Raises UsageError where there is none; key: cell, dataset or backend."""
    try:
        return _read(target)
    except Exception:  # not plainly written, or in a way that nobody thought of: the class itself knows
        return _asked(key, target)


def _asked(key: str, target: str) -> ClassFacts:
    from rnnbench.config.classes import resolve

    cls = resolve(key, target)
    own = [base for base in cls.__mro__ if base.__module__.partition(".")[0] not in _PYTHONS_OWN]
    new = {f.name: f.default for f in fields(cls) if f.metadata.get("added")} if is_dataclass(cls) else {}
    files = tuple(dict.fromkeys(inspect.getsourcefile(base) or "" for base in own))
    files = with_imported(files, cls.__module__) if own else files
    return ClassFacts(getattr(cls, "forget_gate", None), files, new, getattr(cls, "may_name_files", ()))


def _read(target: str) -> ClassFacts:
    module, _, name = target.rpartition(".")
    found = [_TEXTS[marker] for marker in _stand_in(module, name).__mro__ if marker in _TEXTS]
    values: dict[str, Any] = {}
    new: dict[str, Any] = {}
    for text in reversed(found):
        for attribute, value in _attributes(text.definition):
            new.pop(attribute, None)  # defined again, it is the subclass's own
            if attribute in ("forget_gate", "may_name_files"):
                values[attribute] = _literal(value)
            elif _is_added(value):
                new[attribute] = _literal(value.args[0])  # type: ignore[attr-defined]
    own = [text.file for text in found if text.module.partition(".")[0] not in _PYTHONS_OWN]
    files = with_imported(tuple(dict.fromkeys(own)), module)
    return ClassFacts(values.get("forget_gate"), files, new, values.get("may_name_files", ()))


def _attributes(definition: ast.ClassDef) -> Iterator[tuple[str, ast.expr]]:
    """Names and values of a class body of definitions and plain assignments alone."""
    for decorator in definition.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        if ast.unparse(called) not in ("dataclass", "dataclasses.dataclass"):
            raise _NotPlainError
    for statement in definition.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                yield name, value
            case ast.AnnAssign(target=ast.Name(id=name), value=value):
                if value is not None:
                    yield name, value
            case ast.FunctionDef(name=name) if name != "forget_gate":
                pass
            case ast.Expr(value=ast.Constant()) | ast.Pass():
                pass
            case _:
                raise _NotPlainError


def _is_added(value: ast.expr) -> bool:
    """Whether a default is written `added(…)`; another call is not plain, but for a dataclass's `field`."""
    if not isinstance(value, ast.Call):
        return False
    called = ast.unparse(value.func).split(".")[-1]
    if called == "field" and not any(keyword.arg == "metadata" for keyword in value.keywords):
        return False
    if called == "added" and len(value.args) == 1 and not value.keywords:
        return True
    raise _NotPlainError


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
    if module == "rnnbench":
        module = HOMES[name]
    if module.partition(".")[0] in sys.stdlib_module_names:
        return type(name, (), {})
    file, tree = _parsed(module)
    match _binding(tree, name):
        case ast.ClassDef() as definition:
            bases = [_of_expression(module, base) for base in definition.bases]
            if definition.keywords:  # a metaclass, or what __init_subclass__ is told
                raise _NotPlainError
            made = type(name, tuple(bases), {})
            _TEXTS[made] = _Text(module, file, definition)
            return made
        case ast.ImportFrom() as statement:
            (origin,) = (alias.name for alias in statement.names if (alias.asname or alias.name) == name)
            return _stand_in(_absolute(module, file, statement), origin)
        case _:
            raise _NotPlainError


def _binding(tree: ast.Module, name: str) -> ast.stmt:
    """The one statement of a module that binds this name, at its top level and to good purpose."""
    found = [statement for statement in tree.body if name in _bound(statement)]
    everywhere = [node for node in ast.walk(tree) if isinstance(node, ast.stmt) and name in _bound(node)]
    touched = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute | ast.Subscript)
               and isinstance(node.ctx, ast.Store | ast.Del) and ast.unparse(node.value) == name]  # fmt: skip
    if len(found) != 1 or len(everywhere) != 1 or touched:
        raise _NotPlainError
    return found[0]


def _bound(statement: ast.stmt) -> set[str]:
    """Names that a statement gives a value, less those inside of what it holds."""
    if isinstance(statement, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return {statement.name}
    if isinstance(statement, ast.Import | ast.ImportFrom):
        names = {alias.asname or alias.name.partition(".")[0] for alias in statement.names}
        if "*" in names:  # who knows
            raise _NotPlainError
        return names
    targets = [*getattr(statement, "targets", []), getattr(statement, "target", None)]
    stored = (node for target in targets if target is not None for node in ast.walk(target))
    return {node.id for node in stored if isinstance(node, ast.Name)}


def _of_expression(module: str, expression: ast.expr) -> type:
    if isinstance(expression, ast.Subscript):  # Generic[T]
        expression = expression.value
    if isinstance(expression, ast.Name):
        return type(expression.id, (), {}) if expression.id == "object" else _stand_in(module, expression.id)
    path = ast.unparse(expression)
    first, _, rest = path.partition(".")
    statement = _binding(_parsed(module)[1], first)
    if not isinstance(statement, ast.Import):
        raise _NotPlainError
    (alias,) = (each for each in statement.names if (each.asname or each.name.partition(".")[0]) == first)
    return _stand_in(*(f"{alias.name}.{rest}" if alias.asname else path).rpartition(".")[::2])


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
        spec = PathFinder.find_spec(name, list(spec.submodule_search_locations))
    return spec


def _absolute(module: str, file: str, statement: ast.ImportFrom) -> str:
    if statement.level == 0:
        return statement.module or ""
    package = module.split(".") if Path(file).name == "__init__.py" else module.split(".")[:-1]
    package = package[: len(package) - statement.level + 1]
    return ".".join([*package, *([statement.module] if statement.module else [])])


def _literal(value: ast.expr) -> Any:
    try:
        return ast.literal_eval(value)
    except ValueError as error:
        raise _NotPlainError from error
