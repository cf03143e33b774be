"""How much of a cell has to change for one more gate? Counted from the files: python count_changes.py

+n −m as in a diff against the unmodified cell: n lines are new, m are gone, a changed line is one of each. A line is a
statement, as ast.unparse writes it: no comments, docstrings or blank lines, and no statement spread over several.
Tokens are names, numbers and operators: how many statements they are put in changes little. Equations are the module
docstring's.
"""

from __future__ import annotations

import ast
import inspect
import io
import re
import tokenize
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from importlib import import_module
from math import prod
from typing import Any

MODIFIED = {  # column: unmodified cell, modified cell
    "LSTM, write": ("rnnbench.cells.lstm.LSTMCell", "lstm_write.LSTMWrite"),
    "LSTM, hold": ("rnnbench.cells.lstm.LSTMCell", "lstm_hold.LSTMHold"),
    "GRU, write = hold": ("rnnbench.cells.gru.GRUCell", "gru_write.GRUWrite"),
}
I, H = 2, 32


@dataclass(frozen=True)
class Source:
    """One cell, as it is written and as it is."""

    equations: list[str]
    step: list[str]  # lines of `step`
    rest: list[str]  # all other lines
    cell: Any

    @property
    def tokens(self) -> list[str]:
        """Of `step`."""
        found = tokenize.generate_tokens(io.StringIO("\n".join(self.step)).readline)
        return [t.string for t in found if t.string.strip()]

    @property
    def parameters(self) -> int:
        """Numbers in one layer with I inputs, u_t among them, and H units."""
        return sum(map(prod, self.cell.parameter_shapes(I, H, True).values()))


def read(target: str) -> Source:
    name, _, attribute = target.rpartition(".")
    module = import_module(name)
    tree = ast.parse(inspect.getsource(module))
    tree.body = tree.body[1:]  # the docstring
    (cell,) = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == attribute)
    (step,) = (node for node in cell.body if isinstance(node, ast.FunctionDef) and node.name == "step")
    cell.body.remove(step)
    equations = re.findall(r"^    (\S+_t = .*)$", module.__doc__ or "", re.MULTILINE)
    return Source(equations, _lines(step), _lines(tree), getattr(module, attribute)())


def _lines(node: ast.AST) -> list[str]:
    return [line for line in ast.unparse(node).splitlines() if line.strip()]


def diff(old: Sequence[str], new: Sequence[str]) -> tuple[list[str], list[str]]:
    """What is only in the new and what is only in the old, in order."""
    added: list[str] = []
    gone: list[str] = []
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            gone += old[a:b]
            added += new[c:d]
    return added, gone


def counts(old: Source, new: Source) -> dict[str, str]:
    """Row by row, one column of the table."""

    def size(old: Sequence[str], new: Sequence[str]) -> str:
        added, gone = diff(old, new)
        return f"{len(old)} → {len(new)}: +{len(added)} −{len(gone)}"

    touched = {equation.split("_t")[0] for equation in diff(old.equations, new.equations)[0]}
    return {
        "lines of `step`": size(old.step, new.step),
        "lines elsewhere": size(old.rest, new.rest),
        "tokens of `step`": size(old.tokens, new.tokens),
        "equations": size(old.equations, new.equations),
        "state tensors whose equation changes": ", ".join(name for name in new.cell.state if name in touched),
        "state tensors carried": f"{len(old.cell.state)} → {len(new.cell.state)}",
        "gates, candidate included": f"{len(old.cell.gates)} → {len(new.cell.gates)}",
        f"parameters at I = {I}, H = {H}": f"{old.parameters:,} → {new.parameters:,}",
    }


def table() -> str:
    columns = {name: counts(read(old), read(new)) for name, (old, new) in MODIFIED.items()}
    rows = next(iter(columns.values()))
    lines = [["against the unmodified cell", *columns], ["---"] * (len(columns) + 1)]
    lines += [[row, *(column[row] for column in columns.values())] for row in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


if __name__ == "__main__":
    print(table())
