"""Which runs a claim is about: those that it selects, its two sides, its conditions and their names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from rnnbench.records import cell_name, said, spelled
from rnnbench.records.columns import short
from rnnbench.records.table import config_columns
from rnnbench.studies.claim import StudyClaim


def selected(select: Mapping[str, Any], runs: pd.DataFrame) -> pd.DataFrame:
    """The runs whose columns have these values, each a value or a list of them; none where a column is unknown."""
    chosen = pd.Series(True, index=runs.index)
    for column, wanted in select.items():
        if column not in runs:
            return runs.iloc[:0]
        values = wanted if isinstance(wanted, list | tuple) else [wanted]
        among = runs[column].isin(_as_in(runs[column], [value for value in values if value is not None]))
        if None in values:
            among |= runs[column].isna()
        chosen &= among.fillna(False).astype(bool)
    return runs[chosen]


def several(runs: pd.DataFrame, one: Sequence[str]) -> str:
    """Where runs have the same values of `one`, which they should not, what tells them apart, in words; else ""."""
    twice = runs[runs.duplicated(list(one), keep=False)]
    if twice.empty:
        return ""
    first = twice.groupby(list(one), sort=True, dropna=False).get_group(tuple(twice[list(one)].iloc[0]))
    differ = [column for column in config_columns(runs) if first[column].nunique(dropna=False) > 1]
    return f"several runs for one seed, which differ in {', '.join(differ) or 'nothing recorded'}"


def sides(claim: StudyClaim, runs: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The runs of each of the two values that the claim compares."""
    own = runs[claim.between].to_numpy()
    first, second = (runs[own == value] for value in _as_in(runs[claim.between], claim.compare))
    return first, second


def _as_in(column: pd.Series, values: Iterable[Any]) -> list[Any]:
    """Values of a study file as this column has them: in a text column, such as forget_bias, 1 is "1"."""
    return [spelled(value) for value in values] if pd.api.types.is_string_dtype(column) else list(values)


def conditions(runs: pd.DataFrame, by: tuple[str, ...]) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
    known = [column for column in by if column in runs]
    if runs.empty:
        return
    if not known:
        yield {}, runs
        return
    for values, part in runs.groupby(known, dropna=False, sort=True):
        yield dict(zip(known, values if isinstance(values, tuple) else (values,), strict=True)), part


def condition_name(settings: Mapping[str, Any]) -> str:
    parts = []
    for column, value in settings.items():
        plain = cell_name(str(value)) if column == "cell" else str(value) if column == "dataset" else ""
        parts.append(plain or f"{short(column)} = {said(value)}")
    return ", ".join(parts) or "all runs"
