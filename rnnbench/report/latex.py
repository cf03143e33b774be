"""A table for a paper."""

from __future__ import annotations

from typing import Any

import pandas as pd


def latex(table: pd.DataFrame) -> str:
    """A text table as a LaTeX tabular (needs the package booktabs)."""
    lines = [" & ".join(map(_escaped, row)) + r" \\" for row in table.itertuples(index=False)]
    head = " & ".join(map(_escaped, table.columns)) + r" \\"
    columns = "p{0.26\\textwidth}l" + "p{0.22\\textwidth}" * (len(table.columns) - 2)
    return "\n".join([rf"\begin{{tabular}}{{{columns}}}", r"\toprule", head, r"\midrule", *lines, r"\bottomrule",
                      r"\end{tabular}", ""])  # fmt: skip


_TEX = {"\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
        "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "−": "$-$", "–": "--", "×": r"$\times$", "±": r"$\pm$",
        "²": "$^2$", "“": "``", "”": "''", "∞": r"$\infty$"}  # fmt: skip


def _escaped(value: Any) -> str:
    return "".join(_TEX.get(character, character) for character in str(value))
