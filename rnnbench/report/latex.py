"""A table for a paper."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

_MANY = 8
"""Columns from which a table is set in small print with little between them (for a page on its side)."""
_LONGEST = 60  # characters of a cell that widen its column; longer ones wrap


def latex(table: pd.DataFrame, notes: Sequence[tuple[str, str]] = ()) -> str:
    r"""A text table as a LaTeX tabular as wide as the text; below it notes, each with its letter.

    Needs the packages booktabs and array. Columns are as wide as what stands in them asks for, and with 2\tabcolsep
    each they sum to \textwidth.
    """
    head, lines = _row(table.columns), [_row(row) for row in table.itertuples(index=False)]
    columns = "".join(
        rf">{{\raggedright\arraybackslash}}p{{\dimexpr {share:.3f}\textwidth-2\tabcolsep\relax}}"
        for share in shares(table)
    )
    below = [rf"\par\noindent {_escaped(letter)}: {_escaped(words)}" for letter, words in notes]
    made = [rf"\begin{{tabular}}{{{columns}}}", r"\toprule", head, r"\midrule", *lines, r"\bottomrule",
            r"\end{tabular}"]  # fmt: skip
    if len(table.columns) >= _MANY:
        made = [r"{\tiny\setlength{\tabcolsep}{2pt}", *made, "}"]
    return "\n".join([*made, *below, ""])


def _row(cells: Iterable[Any]) -> str:
    row = " & ".join(map(_escaped, cells)) + r" \\"
    return f"{{}}{row}" if row.startswith("[") else row  # else the line before takes it for an option


def shares(table: pd.DataFrame) -> list[float]:
    """Of the text's width, the part of each column: (columns,), in thousandths, never more than 1 in all.

    As the longest word where that is more than the root of the longest cell, both of which a narrow column breaks.
    """
    asked = []
    for index, name in enumerate(table.columns):
        cells = [str(name), *map(str, table.iloc[:, index])]
        word = max(len(each) for cell in cells for each in cell.split() or [""])
        longest = min(_LONGEST, max(map(len, cells)))
        asked.append(max(word, 3 * math.sqrt(longest), 3.0))
    return [math.floor(1000 * each / sum(asked)) / 1000 for each in asked]


_TEX = {"\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
        "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": "$<$", ">": "$>$", "|": "$|$", "−": "$-$",
        "–": "--", "—": "---", "×": r"$\times$", "·": r"$\cdot$", "±": r"$\pm$", "≈": r"$\approx$", "≤": r"$\leq$",
        "≥": r"$\geq$", "∞": r"$\infty$", "→": r"$\to$", "²": "$^2$", "ⁿ": "$^n$", "₂": "$_2$", "“": "``", "”": "''",
        "’": "'", "…": r"\ldots{}", "\u00a0": "~"}  # fmt: skip


def _escaped(value: Any) -> str:
    return "".join(_TEX.get(character, character) for character in str(value))
