"""What is asked of a table of scores: which column is what, checked against the columns that there are."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from rnnbench.config.arguments import one_of
from rnnbench.errors import UsageError
from rnnbench.report.scores.read import is_table, read

__all__ = ["KEYS", "Request", "is_table", "request_of"]

NEEDED = ("cell", "seed", "score", "better")
KEYS = (*NEEDED, "conditions", "tuned", "select", "chance", "margin", "beside", "name")


@dataclass(frozen=True)
class Request:
    """`table`: a row a run, cleaned of nothing. `chance`: the same for each row, NaN where it is not known."""

    path: Path
    name: str
    cell: str  # this and those below that are no numbers: columns of `table`
    seed: str
    score: str
    higher: bool  # is better, of `score` and of `select`
    conditions: tuple[str, ...]
    tuned: tuple[str, ...]  # settings of which each cell has the one that `select` says is best
    select: str  # the score on validation; "" where nothing was tuned
    chance: pd.Series
    margin: float | None
    beside: str  # the cell that the others are compared with; "": the LSTM, else the first
    table: pd.DataFrame


def request_of(path: Path, given: Mapping[str, str]) -> Request:
    """The request that key=value pairs make. Raises UsageError, in one line, for what the table does not have."""
    table = read(path)
    for key in NEEDED:
        if key not in given:
            allowed = "lower, higher" if key == "better" else f"a column of {path}: {_some(list(map(str, table)))}"
            raise UsageError(f"{key}= must be given", allowed=allowed)
    better = one_of("better", given["better"], ["lower", "higher"])
    of = {key: _column(key, given[key], table) for key in ("cell", "seed", "score")}
    many = {key: _columns(key, given.get(key, ""), table) for key in ("conditions", "tuned")}
    select = _column("select", given["select"], table) if "select" in given else ""
    if bool(many["tuned"]) != bool(select):
        present, absent = ("tuned", "select") if many["tuned"] else ("select", "tuned")
        words = "which column is its validation score" if absent == "select" else "which columns it chooses"
        raise UsageError(f"goes with {absent}=, {words}", key=present, value=given[present])
    used = [*of.values(), *many["conditions"], *many["tuned"], *([select] if select else [])]
    if twice := [name for name in dict.fromkeys(used) if used.count(name) > 1]:
        raise UsageError(f"column {twice[0]} is asked for twice", allowed="each column in one key")
    for key in ("cell", "seed"):
        if absent_in := int(table[of[key]].isna().sum()):
            raise UsageError(f"{absent_in} row(s) have none", key=key, value=of[key], allowed="one in each row")
    for name in (*many["conditions"], *many["tuned"]):
        if table[name].isna().any():
            table = table.assign(**{name: table[name].astype(object).where(table[name].notna(), "null")})
    for key, name in (("score", of["score"]), ("select", select)):
        if name:
            table = table.assign(**{name: _numbers(key, name, table)})
    return Request(
        path, _name(given.get("name", path.name.partition(".")[0])), **of, higher=better == "higher",
        conditions=many["conditions"], tuned=many["tuned"], select=select,
        chance=_chance(given.get("chance", ""), table, many["conditions"]),
        margin=_margin(given.get("margin", "")),
        beside=_cell(given.get("beside", ""), table[of["cell"]]), table=table,
    )  # fmt: skip


def _column(key: str, name: str, table: pd.DataFrame) -> str:
    """`name`, if it is a column."""
    columns = list(map(str, table.columns))
    if name in columns:
        return name
    by_low = {column.lower(): column for column in columns}
    close = difflib.get_close_matches(name.lower(), by_low, n=1, cutoff=0.5)
    hint = f"; did you mean {by_low[close[0]]}?" if close else ""
    raise UsageError(f"no such column{hint}", key=key, value=name, allowed=_some(columns))


def _columns(key: str, names: str, table: pd.DataFrame) -> tuple[str, ...]:
    return tuple(_column(key, name.strip(), table) for name in names.split(",")) if names else ()


def _some(columns: Sequence[str], most: int = 30) -> str:
    return ", ".join(columns[:most]) + (f" and {len(columns) - most} more" if len(columns) > most else "")


def _numbers(key: str, name: str, table: pd.DataFrame) -> pd.Series:
    """A column of numbers; NaN where a cell is empty or says that there is none."""
    values = pd.to_numeric(table[name], errors="coerce").astype("float64")
    said = table[name].astype(object).map(str).str.strip().str.lower()
    wrong = values.isna() & ~said.isin(["", "nan", "na", "n/a", "none", "null", "<na>", "-"])
    if wrong.any():
        place = int(wrong.to_numpy().argmax())
        raise UsageError(f"row {place + 1} is no number: {table[name].iloc[place]}", key=key, value=name,
                         allowed="a column of numbers; empty where there is none")  # fmt: skip
    return values


def _chance(said: str, table: pd.DataFrame, conditions: Sequence[str]) -> pd.Series:
    """A number for all, a column, or a table of the conditions with a column `chance`."""
    if not said:
        return pd.Series(math.nan, table.index)
    if (number := _number(said)) is not None:
        return pd.Series(number, table.index)
    if not is_table(said):
        return _numbers("chance", _column("chance", said, table), table)
    levels = read(Path(said))
    level = _column("chance", "chance", levels)
    by = [name for name in conditions if name in levels]
    if not by:
        raise UsageError("has none of the conditions' columns", key="chance", value=said,
                         allowed=", ".join(conditions) or "conditions= must be given")  # fmt: skip
    known = {tuple(map(str, row)): value for *row, value in levels[[*by, level]].itertuples(index=False)}
    rows = table[by].astype(str).itertuples(index=False, name=None)
    return pd.Series([known.get(row, math.nan) for row in rows], table.index, dtype="float64")


def _margin(said: str) -> float | None:
    if not said:
        return None
    number = _number(said)
    if number is None or not number > 0:
        raise UsageError("not allowed", key="margin", value=said, allowed="above 0, in the unit of the score")
    return number


def _number(said: str) -> float | None:
    try:
        return float(said) if math.isfinite(float(said)) else None
    except ValueError:
        return None


def _cell(said: str, cells: pd.Series) -> str:
    return one_of("beside", said, sorted(set(cells.astype(str)))) if said else ""


def _name(said: str) -> str:
    if said in ("", ".", "..") or "/" in said:
        raise UsageError("no name of a folder", key="name", value=said, allowed="one that results/NAME can have")
    return said
