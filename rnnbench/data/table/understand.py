"""A sheet → a table of sequences: what the file is taken for, on what grounds, and which key changes it."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rnnbench.data.table import official, wide
from rnnbench.data.table.columns import codes_of, is_text, shown
from rnnbench.data.table.enough import check_enough
from rnnbench.data.table.examples import MOST, examples_of, positions_of
from rnnbench.data.table.gaps import ELAPSED, Gapped, gapped
from rnnbench.data.table.inputs import inputs_of
from rnnbench.data.table.keys import Keys
from rnnbench.data.table.leaks import leaks_of
from rnnbench.data.table.order import Rows, in_order
from rnnbench.data.table.read.finish import as_text
from rnnbench.data.table.roles import STEPS_TO_END, Roles, ask_for_sequences, roles_of
from rnnbench.data.table.said import lines_of
from rnnbench.data.table.season import season
from rnnbench.data.table.sheet import Sheet
from rnnbench.data.table.table import Column, Reading, Table, Target
from rnnbench.data.table.targets import target_of, task_of
from rnnbench.data.table.times import Times, times_of
from rnnbench.data.table.understood import Understood
from rnnbench.errors import UsageError
from rnnbench.machine.freed import give_back

if TYPE_CHECKING:
    import pandas as pd


def open_table(path: str | Path, keys: Keys) -> Reading:
    """The file, or folder, read and understood, with those that `test=` and `truth=` name.

    Raises UsageError for what cannot be read or was asked for and cannot be, TooLittleData for what nothing can be
    learned from.
    """
    from rnnbench.data.table.read import read

    sheet = read(path, keys)
    test = None
    if keys.test is not None and keys.test not in sheet.frame.columns and official.share(keys.test) is None:
        test = read(keys.test, keys)
    truth = None if keys.truth is None else read(keys.truth, keys)
    return understand(sheet, keys, test, truth)


def understand(sheet: Sheet, keys: Keys, test: Sheet | None = None, truth: Sheet | None = None) -> Reading:
    """What the sheet holds. test: the file of `test=`; truth: that of `truth=`, one row for each of its sequences.

    Raises UsageError and TooLittleData, one line each.
    """
    keys = _with_implied(keys, sheet)
    if not len(sheet.frame):
        raise UsageError(f"{', '.join(sheet.files) or 'the file'} has no rows")
    if test is not None:
        sheet, test = (replace(each, frame=as_text(each.frame)) for each in (sheet, test))
    digest = "+".join(each.digest for each in (sheet, test, truth) if each is not None)
    sheet, test, keys, given = _long(sheet, test, keys)
    first = len(sheet.frame)
    if test is not None:
        sheet, given = official.joined(sheet, test)
    frame, column = sheet.frame, None
    if given is None and keys.test is not None and official.share(keys.test) is None:
        given, column = official.by_column(frame, keys.test)
    roles = roles_of(frame, keys, column, first)
    sequence, names = _sequences(frame, roles, given, keys)
    chosen = task_of(frame, roles.target, keys, sequence, roles.id is not None)
    if chosen.task == "tagging" and roles.id is None and keys.id is None and keys.task is None:
        ask_for_sequences(frame, roles)
    read = times_of(frame, roles.time, sheet.lines) if roles.time else None
    if given is not None and chosen.task == "forecast":
        sequence, names = _going_on(frame, roles, given, read)
    times, offsets = (None, None) if read is None else (read.values, read.offsets)
    if frame.shape[1] > len(roles.time) and not roles.wants_time(keys):
        frame = frame.drop(columns=list(roles.time))  # long, where spellings of times are kept
        sheet = replace(sheet, frame=frame)
        give_back()
    rows = Rows(frame, sheet.lines, sequence, times, offsets, given)
    rows = in_order(rows, ",".join(roles.time))
    pieces = gapped(rows, names, keys.gaps, cut=chosen.task in ("forecast", "tagging"))
    found = Understood(sheet, keys, roles, chosen, read, names, pieces)
    return _reading(found, _after(truth, pieces, roles), digest)


def _reading(found: Understood, after: np.ndarray | None, digest: str) -> Reading:
    pieces, rows, keys, task = found.pieces, found.pieces.rows, found.keys, found.chosen.task
    target = target_of(rows.frame, found.roles.target, task, pieces.starts, after)
    extra = {} if pieces.elapsed is None else {ELAPSED: pieces.elapsed}
    inputs = inputs_of(rows.frame, found.roles, keys, task, rows.sequence, extra)
    m, said = _season(found, target)
    groups, group_names = _groups(rows.frame, found.roles, pieces)
    table = Table(
        task=task, inputs=inputs.columns, numbers=inputs.numbers, codes=inputs.codes, starts=pieces.starts,
        ids=tuple(found.names[s] for s in pieces.owner), target=target, times=rows.times, offsets=rows.offsets,
        groups=groups, group_names=group_names, official=_official(found, target, groups),
        window=keys.window, horizon=(keys.horizon or 1) if task == "forecast" else 0, season=m, step=pieces.step,
        recursive=_recursive(found, inputs.columns), roles=tuple(found.roles.named.items()),
    )  # fmt: skip
    enough = check_enough(table)
    leaks = leaks_of(table, examples_of(table, most=MOST))
    warnings = [*(leak.sentence for leak in leaks), *pieces.warned, *enough]
    lines = lines_of(table, found, inputs, said)
    named = tuple(dict.fromkeys(name for leak in leaks for name in leak.columns))
    return Reading(table, lines, named, tuple(warnings), digest, found.roles.named)


def _with_implied(keys: Keys, sheet: Sheet) -> Keys:
    """What the file's form says, where its user says nothing."""
    return replace(keys, **{k: v for k, v in sheet.implied.items() if getattr(keys, k) is None})  # type: ignore[arg-type]


def _long(sheet: Sheet, test: Sheet | None, keys: Keys) -> tuple[Sheet, Sheet | None, Keys, np.ndarray | None]:
    """Steps in columns become rows; of a panel, whose rows are series, the test file's go on where they end."""
    shape = wide.wide(sheet, keys)
    if shape is None:
        return sheet, test, keys, None
    kinds = tuple(shape.steps)
    panel = keys.target is None and len(kinds) == 1 and shape.id is not None and keys.task in (None, "forecast")
    if not panel:
        long = wide.unrolled(sheet, shape)
        other = None if test is None else wide.unrolled(test, shape)
        id = shape.id or wide.ROW
        return long, other, replace(keys, id=id, time="none"), None
    keys = replace(keys, id=shape.id, time="none", target=kinds[0], task="forecast")
    if test is None:
        return wide.unrolled(sheet, shape), None, keys, None
    long, given = wide.extended(sheet, test, shape)
    ahead = int(np.bincount(codes_of(long.frame[str(shape.id)])[0], weights=given).min())
    return long, None, replace(keys, horizon=keys.horizon or ahead), given


def _sequences(
    frame: pd.DataFrame, roles: Roles, given: np.ndarray | None, keys: Keys
) -> tuple[np.ndarray, tuple[str, ...]]:
    """(R,) number of each row's sequence in the order in which they begin, and their names.

    The same name in both files is two sequences, in a column that says train or test too.
    """
    if roles.id is None and given is None:  # one series, perhaps of most of the memory
        return np.zeros(len(frame), np.int64), ("",)
    part = np.zeros(len(frame), np.int64) if given is None else given.astype(np.int64)
    if roles.id is None:
        codes = np.zeros(len(frame), np.int64)
        names: tuple[str, ...] = ("",)
    else:
        found, names = codes_of(frame[roles.id])
        if (found < 0).any():
            raise UsageError(f"{roles.id} is missing in {int((found < 0).sum()):,} rows", key="id", value=keys.id)
        codes = found.astype(np.int64)
    both = codes * 2 + part
    kinds, first, inverse = np.unique(both, return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first, kind="stable"), kind="stable")
    return rank[inverse], tuple(names[kind // 2] for kind in kinds[np.argsort(first, kind="stable")])


def _going_on(
    frame: pd.DataFrame, roles: Roles, given: np.ndarray, read: Times | None
) -> tuple[np.ndarray, tuple[str, ...]]:
    """To forecast: test rows go on in the sequence of that name, wherever time puts them."""
    if read is None and not bool((np.diff(given.astype(np.int64)) >= 0).all()) and roles.id is None:
        return _sequences(frame, roles, given, Keys())
    return _sequences(frame, roles, None, Keys())


def _season(found: Understood, target: Target) -> tuple[int, str]:
    if found.keys.season is not None:
        if found.keys.season < 1:
            raise UsageError("too small", key="season", value=found.keys.season, allowed="1 or more")
        return found.keys.season, "as said"
    if found.chosen.task != "forecast":
        return 1, ""
    # Of the first half of time, or of what no test set holds: rows that are judged have no say.
    assert target.values is not None
    rows, starts = found.pieces.rows, found.pieces.starts
    early = positions_of(rows.times, starts)
    half = early < np.quantile(early, 0.5) if rows.official is None else ~rows.official
    series = [target.values[a:b, 0][half[a:b]] for a, b in pairwise(starts) if half[a:b].any()]
    return season(series, found.pieces.step)


def _recursive(found: Understood, columns: tuple[Column, ...]) -> bool:
    """Raises UsageError for columns of which nobody knows what follows."""
    if found.keys.ahead is None or found.keys.ahead == "direct":
        return False
    if found.chosen.task != "forecast":
        raise UsageError("nothing lies ahead of what is learned here", key="ahead", value="recursive", allowed="direct")
    unknown = [c.name for c in columns if c.name not in found.roles.target and not (c.known or c.static)]
    if unknown:
        raise UsageError(f"nobody knows what follows of {shown(unknown)}", key="ahead", value="recursive",
                         allowed="inputs= without them, known=, or ahead=direct")  # fmt: skip
    return True


def _groups(frame: pd.DataFrame, roles: Roles, pieces: Gapped) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """(P,) the group of each piece. Raises UsageError for one that changes inside a sequence."""
    if roles.groups is None:
        return None, ()
    codes, names = codes_of(frame[roles.groups])
    starts = pieces.starts
    low, high = np.minimum.reduceat(codes, starts[:-1]), np.maximum.reduceat(codes, starts[:-1])
    if (low != high).any() or (low < 0).any():
        line = pieces.rows.lines[starts[int(np.argmax((low != high) | (low < 0)))]]
        raise UsageError(f"changes, or is missing, inside the sequence that begins in line {line}", key="groups",
                         value=roles.groups)  # fmt: skip
    return low.astype(np.int64), names


def _official(found: Understood, target: Target, groups: np.ndarray | None) -> np.ndarray | None:
    """(R,) rows of the test set, a share of them where one was asked for."""
    rows, starts = found.pieces.rows, found.pieces.starts
    part = official.share(found.keys.test) if rows.official is None and found.keys.test is not None else None
    if part is None:
        return rows.official
    if found.chosen.task == "forecast" or (found.chosen.task == "tagging" and found.roles.id is None):
        return official.last_share(rows.starts, part)
    labels = target.labels if found.chosen.task == "label" else None
    sequences = official.random_share(labels, groups, len(starts) - 1, part)
    return np.repeat(sequences, np.diff(starts))


def _after(truth: Sheet | None, pieces: Gapped, roles: Roles) -> np.ndarray | None:
    """(P,) steps that follow the last row of each of the test file's sequences, as the truth says, 0 of the others."""
    if truth is None:
        return None
    if roles.target != (STEPS_TO_END,):
        raise UsageError("is for target=steps_to_end: give other targets in a column of the test file", key="truth")
    starts, given = pieces.starts, pieces.rows.official
    test = np.zeros(len(starts) - 1, bool) if given is None else given[starts[:-1]]
    values = [truth.frame[name] for name in truth.frame.columns if not is_text(truth.frame[name])]
    if not values or len(values[-1]) != test.sum():
        raise UsageError(f"has {len(truth.frame):,} rows of numbers for {int(test.sum()):,} sequences of the test file",
                         key="truth", value=", ".join(truth.files) or None)  # fmt: skip
    found = np.zeros(len(test))
    found[test] = values[-1].to_numpy(dtype=np.float64)
    return found
