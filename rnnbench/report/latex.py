"""A table for a paper."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd


def latex(table: pd.DataFrame, notes: Sequence[tuple[str, str]] = ()) -> str:
    """A text table as a LaTeX tabular (needs the package booktabs); below it notes, each with its letter."""
    lines = [" & ".join(map(_escaped, row)) + r" \\" for row in table.itertuples(index=False)]
    head = " & ".join(map(_escaped, table.columns)) + r" \\"
    wide = f"p{{{min(0.22, 0.66 / max(1, len(table.columns) - 2)):.2f}\\textwidth}}"
    columns = "p{0.26\\textwidth}l" + wide * (len(table.columns) - 2)
    below = [rf"\par\noindent {_escaped(letter)}: {_escaped(words)}" for letter, words in notes]
    return "\n".join([rf"\begin{{tabular}}{{{columns}}}", r"\toprule", head, r"\midrule", *lines, r"\bottomrule",
                      r"\end{tabular}", *below, ""])  # fmt: skip


_TEX = {"\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
        "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "−": "$-$", "–": "--", "×": r"$\times$", "±": r"$\pm$",
        "²": "$^2$", "ⁿ": "$^n$", "≈": r"$\approx$", "“": "``", "”": "''", "∞": r"$\infty$"}  # fmt: skip


def _escaped(value: Any) -> str:
    return "".join(_TEX.get(character, character) for character in str(value))
