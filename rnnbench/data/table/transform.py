"""Raw columns → what a model reads, learned from training rows alone and kept with it.

    number      (x − mean) / std; where it is missing the last value seen before it in its sequence, or the mean;
                and beside it, where training rows lack some, 1 for a missing one
    category    one-hot of the spellings that training rows hold, the commonest first, the last place for all others,
                for new ones and for missing ones; alone, many of them: a symbol, 0 for what was never seen

Of values that are forecast or answered, mean and standard deviation of training targets are in the objective. What is
forecast is read, and answered, less the mean of what each window shows of it: a series that grows leaves what was
learned from otherwise. Of several series each is in its own naive error, too, and errors are counted in that unit: a
series in thousands then counts as much as one in units.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from rnnbench.data.table.levels import Level, levels_learned, moments
from rnnbench.data.table.origin import Origin
from rnnbench.data.table.table import Column, Table

MOST_ONE_HOT = 32
"""Places of a category that is one-hot, the one for all others included."""


@dataclass(frozen=True)
class Number:
    name: str
    mean: float
    std: float  # 0: it is the same in all training rows, so that nothing is known of other values: it reads 0
    mask: bool = False  # whether training rows lack some


@dataclass(frozen=True)
class Category:
    name: str
    values: tuple[str, ...]  # spellings, the commonest in training rows first


@dataclass(frozen=True)
class TableTransform:
    """Rows of a table with these columns → (…, I) float32, or (…,) int64 symbols."""

    numbers: tuple[Number, ...] = ()
    categories: tuple[Category, ...] = ()
    symbols: bool = False  # the one category is a symbol
    ahead: tuple[str, ...] = ()  # columns known ahead: of each their values at the `horizon` next steps, too
    horizon: int = 0
    targets: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()  # names of the labels that a model answers with
    levels: tuple[Level, ...] = ()  # of the series that are forecast
    origin: Origin | None = None  # what another file must have to be read likewise

    def __call__(self, numbers: np.ndarray, missing: np.ndarray | None, codes: np.ndarray) -> np.ndarray:
        """numbers (…, C), at their levels, missing values filled from earlier ones or NaN; missing (…, C) bool, None:
        none; codes (…, D), of the spellings in `categories`: see `recoded`. What is known ahead is not put beside yet.
        """
        if self.symbols:
            return codes[..., 0].astype(np.int64)
        shape = codes.shape[:-1] if self.categories else numbers.shape[:-1]
        found = np.zeros((*shape, self.width), np.float32)
        place = 0
        for c, column in enumerate(self.numbers):
            if column.std > 0:
                scaled = (numbers[..., c] - np.float32(column.mean)) / np.float32(column.std)
                found[..., place] = np.where(np.isnan(scaled), 0, scaled)
            place += 1
            if column.mask:
                found[..., place] = 0 if missing is None else missing[..., c]
                place += 1
        for d, category in enumerate(self.categories):
            width = len(category.values) + 1
            found[..., place : place + width] = codes[..., d, None] == np.arange(width)
            place += width
        return found

    @property
    def width(self) -> int:
        """Inputs a step, less those known ahead; of symbols their number."""
        if self.symbols:
            return len(self.categories[0].values) + 1
        return len(self.names)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the inputs, less those known ahead."""
        found: list[str] = []
        for number in self.numbers:
            found += [number.name, *([f"{number.name} is missing"] if number.mask else [])]
        for category in self.categories:
            found += [f"{category.name}={value}" for value in category.values] + [f"{category.name}: another"]
        return tuple(found)

    @property
    def ahead_places(self) -> tuple[int, ...]:
        """Which inputs are of columns known ahead."""
        return self.places(self.ahead)

    def places(self, columns: Collection[str]) -> tuple[int, ...]:
        """Which inputs are of these columns, less their values ahead."""
        owners: list[str] = []
        for number in self.numbers:
            owners += [number.name] * (2 if number.mask else 1)
        for category in self.categories:
            owners += [category.name] * (len(category.values) + 1)
        return tuple(i for i, owner in enumerate(owners) if owner in columns)

    @property
    def input_size(self) -> int:
        return self.width if self.symbols else self.width + self.horizon * len(self.ahead_places)

    def levels_of(self, ids: Sequence[str], unknown: Level | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Means and naive errors, (n, K) each, of the series of these names. unknown: of those that were not trained
        on; None: the median of those that were."""
        known = {level.name: level for level in self.levels}
        if unknown is None:
            means, naives = (np.median([getattr(v, f) for v in self.levels], axis=0) for f in ("mean", "naive"))
            unknown = Level("", tuple(means.tolist()), tuple(naives.tolist()))
        found = [known.get(name, unknown) for name in ids]
        return np.array([level.mean for level in found]), np.array([level.naive for level in found])

    def recoded(self, codes: np.ndarray, spellings: Sequence[Sequence[str]]) -> np.ndarray:
        """(R, D) codes of a table with these spellings, by column → this transform's: never seen and missing are last,
        of symbols first."""
        found = np.empty(codes.shape, np.int32)
        for d, (category, names) in enumerate(zip(self.categories, spellings, strict=True)):
            first = 1 if self.symbols else 0
            other = 0 if self.symbols else len(category.values)
            place = {value: i + first for i, value in enumerate(category.values)}
            known = np.array([place.get(name, other) for name in names] + [other], np.int32)
            found[:, d] = known[codes[:, d]]  # −1, a missing one, is the last
        return found


def learned(table: Table, rows: np.ndarray) -> TableTransform:
    """From the rows that are True in `rows` (R,) and no others."""
    levels = levels_learned(table, rows)
    numbers = [column for column in table.inputs if column.kind == "number"]
    categories = [column for column in table.inputs if column.kind == "category"]
    symbols = not numbers and len(categories) == 1
    levelled = TableTransform(levels=levels)
    return TableTransform(
        numbers=tuple(_number(column, at_level(table, levelled, column)[rows]) for column in _in_order(numbers)),
        categories=tuple(
            _category(column, table.codes[rows, column.index], None if symbols else MOST_ONE_HOT - 1)
            for column in _in_order(categories)
        ),
        symbols=symbols,
        ahead=tuple(column.name for column in table.inputs if column.known and table.horizon),
        horizon=table.horizon,
        targets=table.target.names,
        classes=table.target.classes,
        levels=levels,
    )


def at_level(table: Table, transform: TableTransform, column: Column, filled: bool = False) -> np.ndarray:
    """(R,) the table's numbers in a column, those of a target at the levels of their series. filled: with missing ones
    replaced by the last before."""
    numbers = (table.filled if filled else table.numbers)[:, column.index]
    if not transform.levels or column.name not in table.target.names:
        return numbers
    k, lengths = table.target.names.index(column.name), np.diff(table.starts)
    mean, naive = (np.repeat(v[:, k].astype(np.float32), lengths) for v in transform.levels_of(table.ids))
    return (numbers - mean) / naive


def scale_of(values: np.ndarray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Means (K,) and standard deviations (K,) of the known values (n, K): 0 and 1 where none is, 1 where all are the
    same. A factor of a power of two in is the same factor out, exactly."""
    shift, scale = [], []
    for column in np.asarray(values).T:
        mean, std = moments(column)
        shift.append(mean)
        scale.append(std)
    return tuple(shift), tuple(scale)


def _in_order(columns: list[Column]) -> list[Column]:
    return sorted(columns, key=lambda column: column.index)


def _number(column: Column, values: np.ndarray) -> Number:
    mean, std = moments(values)
    known = values[~np.isnan(values)]
    moves = len(known) > 0 and known.min() < known.max()
    return Number(column.name, mean, std if moves else 0.0, bool(np.isnan(values).any()))


def _category(column: Column, codes: np.ndarray, most: int | None) -> Category:
    counts = np.bincount(codes[codes >= 0], minlength=len(column.values))
    order = np.argsort(-counts, kind="stable")
    return Category(column.name, tuple(column.values[i] for i in order[:most] if counts[i] > 0))
