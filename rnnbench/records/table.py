"""All the records under a results directory as one table."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rnnbench.config import PLACES
from rnnbench.errors import UsageError
from rnnbench.records.columns import ASKED, COLUMNS, INTEGER, NUMBER, TEXT, TIME, TRUTH, configured, is_score, with_role
from rnnbench.records.files import RECORD, read_file, warn
from rnnbench.records.history import HISTORY
from rnnbench.records.pack import PACK, pack_of, packed
from rnnbench.records.regular import read_regular
from rnnbench.records.schema import SCHEMA_VERSION, RecordError, flat, is_text


class Results(NamedTuple):
    """All that stands under a results directory."""

    runs: pd.DataFrame  # a row a run, `COLUMNS` first
    skipped: list[tuple[Path, str]]  # records that cannot be believed, and why
    unfinished: list[Path]  # run directories without a record
    rebuilt: list[str]  # of each record that its run did not write: what it was made from


def load_results(path: Path | str | Iterable[Path | str]) -> pd.DataFrame:
    """The records as a pandas DataFrame: a row a run, columns flat and typed.

    `rnnbench.records.COLUMNS` says what each column is. Unreadable records are named on stderr and left out.

    path: results/NAME, or results (all of its names), or several such. Raises UsageError when one does not exist.

    >>> import rnnbench
    >>> record = rnnbench.train(cell="gru", seq_len=10, name="first", **{"budget.max_steps": 20})
    >>> runs = rnnbench.load_results("results/first")
    >>> runs[["cell", "seq_len", "status"]].to_dict("records")
    [{'cell': 'gru', 'seq_len': 10, 'status': 'ok'}]
    """
    return read_results(path).runs


def read_results(path: Path | str | Iterable[Path | str]) -> Results:
    """`load_results` with what it left out. Rows are sorted by name and run_id."""
    rows: dict[Path, dict[str, Any]] = {}
    skipped, unfinished, rebuilt = [], [], []
    for directory in _directories([path] if isinstance(path, str | Path) else path):
        own, bad, without = _own_rows(directory)
        pack, there = pack_of(directory), {row["run_id"]: row["status"] for row in own.values()}
        for run_id in pack.lines:
            if there.get(run_id, "failed") == "failed":
                record, _ = pack.run(run_id)
                if run_id in there and record["status"] == "failed":
                    continue
                own[directory / "runs" / run_id] = flat(record)
                rebuilt += [str(record["rebuilt"])] if record.get("rebuilt") else []
        rows |= {run_dir: row | {"name": directory.name, "path": str(run_dir)} for run_dir, row in own.items()}
        skipped += [*bad, *((directory / PACK, problem) for problem in pack.problems)]
        unfinished += [run_dir for run_dir in without if run_dir.name not in pack.lines]
    return Results(_frame([rows[run_dir] for run_dir in sorted(rows)]), skipped, unfinished, rebuilt)


def _own_rows(directory: Path) -> tuple[dict[Path, dict[str, Any]], list[tuple[Path, str]], list[Path]]:
    """The records under results/NAME/runs, those that cannot be believed, and the directories without one.

    A run counts once: of directories with one run id the one of that name, else the first.
    """
    rows, skipped, without = {}, [], []
    for run_dir in run_dirs(directory):
        try:
            record = read_file(run_dir / RECORD)
            if record is None:
                without.append(run_dir)
                continue
            row = flat(record)
            if not is_text(run_dir.name):
                raise RecordError("its folder's name is no text")
            rows[run_dir] = row
        except RecordError as error:
            warn(run_dir / RECORD, error)
            skipped.append((run_dir / RECORD, str(error)))
    counts: dict[str, Path] = {}
    for run_dir in sorted(rows, key=lambda each: each.name != rows[each]["run_id"]):
        it = counts.setdefault(rows[run_dir]["run_id"], run_dir)
        if it != run_dir:
            del rows[run_dir]
            skipped.append((run_dir / RECORD, f"a copy: this run is in runs/{it.name}"))
            warn(*skipped[-1])
    return rows, skipped, without


def load_history(run_dir: Path | str) -> pd.DataFrame:
    """The evaluations of a run: step, seconds, train_loss, valid_loss, valid_<metric>; empty when there are none.

    It comes from where the record does; from a pack it is thinned. Raises RecordError for a file that is no table.
    """
    run_dir = Path(run_dir)
    found = packed(run_dir) if _packed_wins(run_dir) else None
    try:
        if found is None:
            return pd.read_csv(BytesIO(read_regular(run_dir / HISTORY)))
        return pd.read_csv(StringIO(found[1] or ""))
    except (FileNotFoundError, pd.errors.EmptyDataError):
        return pd.DataFrame({"step": pd.Series(dtype="int64")} | {
            name: pd.Series(dtype="float64") for name in ("seconds", "train_loss", "valid_loss")
        })  # fmt: skip
    except (pd.errors.ParserError, UnicodeDecodeError, OSError) as error:
        raise RecordError(f"{run_dir / HISTORY}: {error}") from error


def _packed_wins(run_dir: Path) -> bool:
    try:
        own = read_file(run_dir / RECORD)
    except RecordError:
        return True
    return own is None or own.get("status") == "failed"


def with_missing(runs: pd.DataFrame, requested: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """The rows of `runs` that were requested, and a row with status "missing" for each request without a record.

    requested: run_id → configuration. What is decided in a run (seq_len=null, backend=auto) is, where missing, what it
    was in the others of that configuration, else as asked.
    """
    there = runs[runs["run_id"].isin(list(requested))]
    known = set(there["run_id"])
    absent = [run_id for run_id in requested if run_id not in known]
    if not absent:
        return decided_by_sisters(there.reset_index(drop=True), there["status"].to_numpy() == "failed")
    head = {"schema_version": SCHEMA_VERSION, "status": "failed"}
    unknown = {"status": "missing"} | dict.fromkeys(with_role("numerics"))
    rows = [flat(head | {"run_id": run_id, "config": requested[run_id]}) | unknown for run_id in absent]
    every = pd.concat([there, _frame(rows)], ignore_index=True) if len(there) else _frame(rows)
    return decided_by_sisters(every, every["status"].isin(["missing", "failed"]))


def decided_by_sisters(runs: pd.DataFrame, undecided: pd.Series | NDArray[np.bool_]) -> pd.DataFrame:
    """`runs`, those that are `undecided` with what null and auto were decided to be in runs of the same configuration.

    A length and a number of training examples are the dataset's, whatever else differs.
    """
    if not np.any(undecided):
        return runs
    alike = [name for name in config_columns(runs) if name not in (*ASKED, *with_role("numerics"))]
    of_task = [name for name in ASKED if COLUMNS[name].where.startswith("task.")]
    of_dataset = [name for name in alike if name.startswith("dataset")] + [ASKED[name] for name in of_task]
    sisters = runs.assign(**{name: runs[name].mask(undecided) for name in ASKED})
    filled = {}
    for name in ASKED:
        by = of_dataset if name in of_task else alike
        decided = sisters.groupby(by, dropna=False, sort=False)[name].transform("first")
        filled[name] = runs[name].mask(undecided & decided.notna(), decided)
    return runs.assign(**filled)


def config_columns(runs: pd.DataFrame) -> list[str]:
    """Columns of `runs` that say what is run, without the seed: of the configuration, and the numerics."""
    known = [name for name in COLUMNS if configured(name) and name in runs]
    extra = [name for name in runs.columns if name not in COLUMNS and name not in _NOT_WHAT]
    return [*known, *(name for name in extra if not is_score(name) and not name.startswith("env_"))]


_NOT_WHAT = {*(f"config_{key}" if key in COLUMNS else key for key in PLACES), "condition", "dataset_path", "tuning"}
"""But where and how. Of a data file the content says what it is."""


def _directories(paths: Iterable[Path | str]) -> list[Path]:
    """Every results/NAME that the paths mean: each itself and what lies in it."""
    found: set[Path] = set()
    for path in map(Path, paths):
        if not path.is_dir():
            raise UsageError(f"no such results directory: {path}")
        found |= {path, *(inside.parent for name in ("runs", PACK) for inside in path.glob(f"*/{name}"))}
    return sorted(found)


def run_dirs(directory: Path) -> list[Path]:
    """The directories under results/NAME/runs."""
    runs = Path(directory) / "runs"
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(runs) as entries:
        return sorted(runs / entry.name for entry in entries if _is_dir(entry))
    return []


def _is_dir(entry: os.DirEntry[str]) -> bool:
    """A link that leads to itself, or where nobody may look, would be one: who reads the record in it says so."""
    try:
        return entry.is_dir()
    except OSError:
        return True


def _frame(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    metrics = sorted({key for row in rows for key in row if key not in COLUMNS and is_score(key)})
    others = sorted({key for row in rows for key in row if key not in COLUMNS} - set(metrics))
    columns: dict[str, pd.Series] = {}
    with pd.option_context("mode.string_storage", "python"):  # pyarrow's is slow to cut into the many small tables
        for name in (*COLUMNS, *metrics, *others):
            values = [row.get(name) for row in rows]
            kind: Any = COLUMNS[name].kind if name in COLUMNS else NUMBER if name in metrics else _kind(values)
            if kind == TIME:
                columns[name] = _times(values).astype(kind)
            elif kind == TEXT:
                columns[name] = pd.Series([None if v is None else str(v) for v in values], dtype=kind)
            else:
                columns[name] = pd.Series(values, dtype=kind)
    return pd.DataFrame(columns)


def _times(values: Sequence[str | None]) -> pd.Series:
    return pd.to_datetime(pd.Series(list(values), dtype="str"), utc=True, errors="coerce", format="ISO8601")


def _kind(values: Sequence[Any]) -> str:
    kinds = {type(value) for value in values if value is not None}
    if kinds == {int} and all(value is None or abs(value) < 2**63 for value in values):
        return INTEGER
    if kinds and kinds <= {int, float}:
        return NUMBER
    return TRUTH if kinds == {bool} else TEXT
