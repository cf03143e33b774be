"""Which column is what: the sequence, the time, what is learned, what is read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rnnbench.data.table import times
from rnnbench.data.table.columns import codes_of, distinct, is_text, one, several, shown, varies_within
from rnnbench.data.table.keys import Keys
from rnnbench.data.table.times import TIMED
from rnnbench.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

IDS = ("id", "unique_id", "item_id", "series_id", "series", "sequence", "sequence_id", "seq", "seq_id", "case",
       "case_id", "sentence", "sentence_id", "sample_id", "trial")  # fmt: skip
OWNERS = ("respondent", "participant", "person", "patient", "subject", "customer", "client", "user", "device",
          "machine", "unit", "vehicle", "student", "animal", "household", "session", "file", "filename")  # fmt: skip
TARGETS = ("target", "label", "labels", "class", "y", "outcome", "tag", "intent")
REPEATED = 0.1
"""Share of rows whose time stood there before, from which on series are asked for."""
STEPS_TO_END = "steps_to_end"
"""A target that no column holds: how many rows of its sequence follow."""


@dataclass(frozen=True)
class Roles:
    id: str | None
    time: tuple[str, ...]
    target: tuple[str, ...]
    groups: str | None
    test: str | None  # the column that says which rows are for the test
    counting: tuple[str, ...]  # columns that count rows

    @property
    def named(self) -> dict[str, str]:
        """By key what `Keys` would say of them; where there is no time, none."""
        said = {"id": self.id, "groups": self.groups, "target": ",".join(self.target)}
        return {key: value for key, value in said.items() if value} | {"time": ",".join(self.time) or "none"}

    def wants_time(self, keys: Keys) -> bool:
        """Whether a column of the time may be something else, too; by name, or by a number that counts it, too."""
        if keys.inputs is not None or keys.known is not None:
            return True
        return any(name in (*self.target, self.id, self.groups, self.test) for name in self.time)

    @property
    def taken(self) -> set[str]:
        """Columns that are no inputs, the target aside."""
        names = (self.id, *self.time, self.groups, self.test, *self.counting)
        return {name for name in names if name is not None}


def roles_of(frame: pd.DataFrame, keys: Keys, test: str | None, rows: int) -> Roles:
    """As far as keys, names and values tell. rows: those of the first file, on which counting columns are looked for.

    Raises UsageError for a column that is not there, and where nothing tells what is to be learned.
    """
    groups = None if keys.groups is None else one(frame, keys.groups, "groups")
    targets = () if keys.target in (None, STEPS_TO_END) else several(frame, str(keys.target), "target")
    known = tuple(name for name in (groups, test, *targets) if name is not None)
    one_series = keys.id == "none" and "none" not in frame.columns
    said = None if keys.id is None or one_series else one(frame, keys.id, "id")
    id = groups if one_series else said or _id(frame, known) or groups
    if keys.time == "none":
        time: tuple[str, ...] = ()
    elif keys.time is not None:
        time = several(frame, keys.time, "time")
    else:
        time = times.guessed(frame, tuple(name for name in (*known, id) if name is not None), id)
        time = time or _counter(frame, id, (*known, id))
    if id is None and time:
        _ask_for_series(frame, time, targets)
    counting = tuple(
        str(name)
        for name in frame.columns
        if name not in (*known, id, *time) and not is_text(frame[name]) and counts_rows(frame[name].iloc[:rows])
    )
    if keys.target == STEPS_TO_END:
        if id is None:
            raise UsageError("needs to know where sequences end", key="id", value=None, allowed="a column of sequences")
        return Roles(id, time, (STEPS_TO_END,), groups, test, counting)
    roles = Roles(id, time, targets, groups, test, counting)
    return roles if targets else Roles(id, time, _target(frame, roles), groups, test, counting)


def _id(frame: pd.DataFrame, known: tuple[str, ...]) -> str | None:
    """A column that is called so and has values more than once."""
    for name in frame.columns:
        if name not in known and str(name).strip().casefold() in IDS and 1 <= distinct(frame[name]) < len(frame):
            return str(name)
    return None


def _ask_for_series(frame: pd.DataFrame, time: tuple[str, ...], targets: tuple[str, ...]) -> None:
    """Raises UsageError where times come again and again, and once each by a column of few values: the series?"""
    if frame.duplicated(list(time)).mean() < REPEATED:
        return
    rows = frame.drop_duplicates()
    again = rows.duplicated(list(time))
    if again.mean() < REPEATED:
        return
    found = []
    for name in rows.columns:
        if name in time or name in targets or rows[name].isna().any():
            continue
        if is_text(rows[name]) or _whole(rows[name]):
            few = 1 < (kinds := distinct(rows[name])) <= len(rows) // 3
            if few and not rows.duplicated([name, *time]).any():
                found.append((not is_text(rows[name]), kinds, str(name)))
    if found:
        names = [name for *_, name in sorted(found)]
        what = " ".join(str(rows[part].iloc[int(np.argmax(again))]) for part in time)
        raise UsageError(f"{what} and other times stand in several rows: is {names[0]} the series?", key="id",
                         value=None, allowed=shown(names))  # fmt: skip


def ask_for_sequences(frame: pd.DataFrame, roles: Roles) -> None:
    """Raises UsageError where the steps of one long series would be tagged, but a column may tell sequences apart.

    It does so if its rows stand together and either have one label or are counted anew by another column; of one row
    each, if its name says whose they are.
    """
    found = [str(name) for name in frame.columns if name not in (*roles.target, *roles.time, roles.test)
             and not TIMED.search(str(name)) and _may_own_rows(frame, str(name), roles)]  # fmt: skip
    if found and not roles.time:
        allowed = f"id={shown(found, 4)}; id=none for one sequence"
        raise UsageError("which rows are one sequence?", key="id", value=None, allowed=allowed)


def _may_own_rows(frame: pd.DataFrame, name: str, roles: Roles) -> bool:
    column = frame[name]
    if column.isna().any() or not (is_text(column) or _whole(column)):
        return False
    codes, names = codes_of(column)
    if len(names) == len(frame):
        called = re.sub(r"[ _.-]?(id|no|nr|number)$", "", name.strip().casefold())
        return called in OWNERS or name.strip().casefold() in IDS
    together = 1 + np.count_nonzero(np.diff(codes)) == len(names)
    if not together or len(names) < 2 or len(frame) < 2 * len(names):
        return False
    steady = not any(len(varies_within(frame[each], codes.astype(np.int64))) for each in roles.target)
    return steady or bool(_counter(frame, name, (*roles.target, name)))


def _whole(column: pd.Series) -> bool:
    values = column.to_numpy(dtype=np.float64)
    return np.array_equal(values, np.round(values))


def _counter(frame: pd.DataFrame, id: str | None, known: tuple) -> tuple[str, ...]:
    """A column that counts steps within each sequence, from a same number on."""
    if id is None:
        return ()
    codes, _ = codes_of(frame[id])
    together = np.diff(codes) == 0
    for name in frame.columns:
        if name in known or is_text(frame[name]):
            continue
        values = frame[name].to_numpy(dtype=np.float64)
        if together.any() and (np.diff(values)[together] == 1).all() and not counts_rows(frame[name]):
            return (str(name),)
    return ()


def _target(frame: pd.DataFrame, roles: Roles) -> tuple[str, ...]:
    left = [str(name) for name in frame.columns if name not in roles.taken]
    alive = [name for name in left if distinct(frame[name]) > 0]
    for wanted in TARGETS:
        for name in alive:
            if name.strip().casefold() == wanted:
                return (name,)
    if len(alive) == 1:
        return (alive[0],)
    texts = [name for name in alive if is_text(frame[name])]
    numbers = [name for name in alive if name not in texts]
    if roles.id is not None:
        sequence = codes_of(frame[roles.id])[0].astype(np.int64)
        steady = [name for name in texts if not len(varies_within(frame[name], sequence))]
        if len(steady) == 1:
            return (steady[0],)
    varying = [name for name in numbers if distinct(frame[name]) > 1]
    if len(varying) == 1 and not texts:
        return (varying[0],)
    if not alive:
        raise UsageError("no column is left to be learned", key="target", value=None)
    raise UsageError("which column is to be learned?", key="target", value=None, allowed=shown(alive))


def counts_rows(column: pd.Series) -> bool:
    values = column.to_numpy(dtype=np.float64)
    return len(values) > 2 and bool((np.diff(values) == 1).all())
