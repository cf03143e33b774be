"""Which runs a claim is about: those that it selects, its two sides, its conditions and their names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rnnbench.records import cell_name, setting, spelled
from rnnbench.records.columns import with_role
from rnnbench.records.table import config_columns
from rnnbench.studies.claim import StudyClaim

UNIT = "tuning"
"""Column of runs that are averaged in units before they are compared: the number of the tuning that a run is of."""


class Selection:
    """The runs of a table that claims select. A column is split by its values once, however many claims ask for it."""

    def __init__(self, runs: pd.DataFrame) -> None:
        self._runs = runs
        self._split: dict[str, tuple[NDArray[np.intp], pd.Series]] = {}
        self._among: dict[tuple[str, str], NDArray[np.bool_]] = {}  # which of a column's values have been asked for

    def of(self, claim: StudyClaim) -> pd.DataFrame:
        """The runs of the claim's two sides."""
        return self._runs[self.where({**claim.select, claim.between: list(claim.compare)})]

    def where(self, select: Mapping[str, Any]) -> NDArray[np.bool_]:
        """Which of the n runs have these values, (n,): each a value or a list; none where a column is unknown."""
        chosen = np.full(len(self._runs), all(column in self._runs for column in select))
        if chosen.any():
            for column, wanted in select.items():
                chosen &= self._having(column, wanted if isinstance(wanted, list | tuple) else [wanted])
        return chosen

    def _having(self, column: str, wanted: Sequence[Any]) -> NDArray[np.bool_]:
        if column not in self._split:
            codes, _ = pd.factorize(self._runs[column], use_na_sentinel=False)
            _, first = np.unique(codes, return_index=True)
            self._split[column] = codes, self._runs[column].iloc[first]
        codes, distinct = self._split[column]
        asked = (column, repr(wanted))
        if asked not in self._among:
            among = distinct.isin(_as_in(distinct, [value for value in wanted if value is not None]))
            if None in wanted:
                among |= distinct.isna()
            self._among[asked] = among.to_numpy(dtype=bool, na_value=False)
        return self._among[asked][codes]


def selected(select: Mapping[str, Any], runs: pd.DataFrame) -> pd.DataFrame:
    """The runs whose columns have these values, each a value or a list of them; none where a column is unknown."""
    return runs[Selection(runs).where(select)]


def several(runs: pd.DataFrame, one: Sequence[str]) -> str:
    """Where runs have the same values of `one`, which they should not, what tells them apart, in words; else ""."""
    if _all_differ(runs, one):
        return ""
    twice = runs[runs.duplicated(list(one), keep=False)]
    first = twice.groupby(list(one), sort=True, dropna=False).get_group(tuple(twice[list(one)].iloc[0]))
    differ = [column for column in config_columns(runs) if first[column].nunique(dropna=False) > 1]
    return f"several runs for one seed, which differ in {', '.join(differ) or 'nothing recorded'}"


def _all_differ(runs: pd.DataFrame, one: Sequence[str]) -> bool:
    """Whether no two runs have the same values of `one`."""
    columns = [runs[name] for name in one]
    if not any(column.hasnans for column in columns):  # a quick way, which takes a missing value for unlike another
        return len(set(zip(*(column.tolist() for column in columns), strict=True))) == len(runs)
    return not runs.duplicated(list(one)).any()


def sides(claim: StudyClaim, runs: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The runs of each of the two values that the claim compares."""
    first, second = (runs[own] for own in of_sides(claim, runs))
    return first, second


def of_sides(claim: StudyClaim, runs: pd.DataFrame) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which of the n runs are of each of the two, (n,) each."""
    own = runs[claim.between].to_numpy()
    first, second = (own == value for value in _as_in(runs[claim.between], claim.values))
    return first, second


def _as_in(column: pd.Series, values: Iterable[Any]) -> list[Any]:
    """Values of a study file as this column has them: in a text column, such as forget_bias, 1 is "1"."""
    return [spelled(value) for value in values] if pd.api.types.is_string_dtype(column) else list(values)


def by_device(claim: StudyClaim, runs: pd.DataFrame) -> tuple[str, ...]:
    """The columns that make conditions: of times and bytes also the device, where runs of several have ended.

    What a step takes on a GPU is another quantity than on a CPU, and so is what the device holds at its peak.
    """
    costs = (*with_role("time"), *with_role("memory"))
    over = runs["status"].isin(["ok", "diverged"])
    if claim.metric not in costs or {"device", "device_asked"} & {claim.between, claim.over, *claim.by}:
        return claim.by
    return (*claim.by, "device") if runs["device"][over].nunique() > 1 else claim.by


def conditions(runs: pd.DataFrame, by: tuple[str, ...]) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
    known = [column for column in by if column in runs]
    if runs.empty:
        return
    if not known:
        yield {}, runs
        return
    first = {column: runs[column].iloc[0] for column in known}
    if all(_is_all(runs[column], value) for column, value in first.items()):  # as of the claims that a sweep implies
        yield first, runs
        return
    for values, part in runs.groupby(known, dropna=False, sort=True):
        yield dict(zip(known, values if isinstance(values, tuple) else (values,), strict=True)), part


def _is_all(column: pd.Series, value: Any) -> bool:
    """Whether the column holds this value alone, which is not missing."""
    return not pd.isna(value) and not column.hasnans and bool((column.array == value).all())


def condition_name(settings: Mapping[str, Any], runs: pd.DataFrame) -> str:
    """What a condition is called; a dataset that is one file of one's own, by the file: "monthly-sunspots"."""
    parts = []
    for column, value in settings.items():
        plain = cell_name(str(value)) if column == "cell" else str(value) if column == "dataset" else ""
        named = plain in ("table", "text") and "dataset_path" in runs
        files = list(runs["dataset_path"].unique()) if named else []
        if len(files) == 1 and isinstance(files[0], str) and "dataset_path" not in settings:
            plain = Path(files[0]).stem or plain
        parts.append(plain or setting(column, value))
    return ", ".join(parts) or "all runs"
