"""The rows of one setting as lines on the screen."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import pandas as pd

LINE = "{:>15} {:>7}  {:<16} {:<11} {:<9} {:>4} {:>9} {:>9} {:>9} {:>17} {:>9} {:>21} {:>9} {:>6} {:>8} {:>6}"
HEAD = LINE.format("B x T x I x H", "threads", "cell", "backend", "denormals", "auto", "forward", "backward", "pass",
                   "p10–p90", "step", "over torch.nn", "its best", "of mm", "first", "error")  # fmt: skip


def lines(rows: list[dict[str, Any]]) -> list[str]:
    """One for each candidate, and one for all."""
    if not rows:
        return []
    found = [_line(list(group)) for _, group in groupby(rows, key=_candidate)]
    return [*found, f"{'':>24} torch.mm: {rows[0]['matmul_gflops']:.0f} GFLOP/s{_gru_of_lstm(rows)}"]


def _candidate(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["cell"], row["backend"], row["used_threads"], row["denormals"]


def _line(rows: list[dict[str, Any]]) -> str:
    by_phase = {row["phase"]: row for row in rows}
    row = whole(rows)[0]
    size = "x".join(str(row[name]) for name in "BTIH")
    of = {phase: _number(by_phase[phase]["ms"]) if phase in by_phase else "" for phase in
          ("forward", "backward", "pass", "step")}  # fmt: skip
    return LINE.format(
        size, row["used_threads"], row["cell"], row["backend"], row["denormals"], "*" if row["auto"] else "",
        of["forward"], of["backward"], of["pass"], f"{_number(row['ms_p10'])}–{_number(row['ms_p90'])}", of["step"],
        _ratio(row, "over_torch"), "" if pd.isna(row["over_best"]) else f"{row['over_best']:.2f}",
        f"{row['of_matmul']:.0%}", _number(row["first_ms"], 0), f"{row['error']:.0e}",
    )  # fmt: skip


def whole(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of the phase that the setting is about."""
    return [row for row in rows if row["phase"] == ("pass" if row["pass"] == "train" else "forward")]


def _gru_of_lstm(rows: list[dict[str, Any]]) -> str:
    found = [r for r in whole(rows) if r["cell"] == "gru" and not pd.isna(r["of_lstm"])
             and r["denormals"] == "flushed" and r["used_threads"] == r["threads"]]  # fmt: skip
    parts = [f"{r['backend']} {_ratio(r, 'of_lstm')}" for r in found]
    return f"; GRU/LSTM: {', '.join(parts)}" if parts else ""


def _ratio(row: dict[str, Any], name: str) -> str:
    middle, low, high = (row[column] for column in (name, f"{name}_p10", f"{name}_p90"))
    return "" if pd.isna(middle) else f"{middle:.2f} [{low:.2f}–{high:.2f}]"


def _number(milliseconds: float, decimals: int = 2) -> str:
    return f"{milliseconds:.{decimals}f}" if milliseconds >= 1 else f"{milliseconds:.4f}"
