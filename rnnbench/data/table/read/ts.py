"""`.ts`, in which the UCR, UEA and Monash archives publish labelled series: a header, then one sequence a line.

@problemName PickupGesture
@classLabel true 1 2
@data
0.885,0.885,0.846:1          univariate: values, and behind the last colon the label
0.1,0.2:5.0,6.0:2            two values a step
(2020-01-01,1.5),(2020-01-02,?):1     with time stamps; a missing value
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rnnbench.data.table.columns import shown
from rnnbench.data.table.keys import Keys
from rnnbench.data.table.read.cells import narrow
from rnnbench.data.table.read.columns import column_of, numbered, repeated
from rnnbench.data.table.read.finish import joined_numbers
from rnnbench.data.table.read.records import lines_in
from rnnbench.data.table.read.source import Source, blocks, digest_of, encoding_of
from rnnbench.data.table.sheet import Line, Sheet
from rnnbench.errors import UsageError

_HEAD = 64 << 10
_STAMPED = re.compile(r"\(\s*([^()]+?)\s*,\s*([^,()]*)\s*\)")


def is_ts(source: Source) -> bool:
    """By its header rather than its name."""
    head = source.head(_HEAD).decode("latin-1").lower()
    return any(line.startswith(("@problemname", "@data")) for line in head.splitlines())


@dataclass
class _File:
    unknown: frozenset[str]  # spellings of a missing value
    header: dict[str, str] = field(default_factory=dict)
    lines: list[int] = field(default_factory=list)  # (N,)
    steps: list[np.ndarray] = field(default_factory=list)  # (N,) of (T, C) float32
    stamps: list[list[str]] = field(default_factory=list)  # (N,) of T, where there are any
    labels: list[str] = field(default_factory=list)
    missing: int = 0
    uneven: int = 0  # sequences with values of unequal length, filled up with missing ones


def read_ts(source: Source, keys: Keys) -> Sheet:
    """One row a step: sequence, time where there are stamps, values "1" to "C", and the class or the target."""
    import pandas as pd

    encoding = encoding_of(source, source.head(_HEAD), keys.encoding)
    file = _File(frozenset(["?", "nan", "na", "", *(keys.missing or "").lower().split(",")]))
    data, line = False, 0
    for block in blocks(source, encoding):
        for text in lines_in(block):
            line += 1
            text = text.strip()
            if not text or text.startswith(("#", "%")):
                continue
            if data:
                _sequence(text, line, file, source.name)
            else:
                data = _header(text, line, file, source.name)
    if not file.steps:
        raise UsageError(f"{source.name}: no sequences behind @data")
    lengths = np.array([len(steps) for steps in file.steps])
    lines = np.repeat(np.array(file.lines, np.int64), lengths)
    notes = _told(file, lengths)
    columns: dict[str, Any] = {"sequence": numbered(len(lengths), lengths)}
    implied = {"id": "sequence", "time": "none"}
    if file.stamps:
        columns["time"] = _times([stamp for stamps in file.stamps for stamp in stamps])
        implied["time"] = "time"
    channels = file.steps[0].shape[1]
    for c in range(channels):
        columns[str(c + 1)] = joined_numbers([steps[:, c] for steps in file.steps])
    file.steps.clear()
    if file.labels:
        name = "target" if _says(file, "targetlabel") else "class"
        labels = _values(file, source.name) if name == "target" else column_of(np.array(file.labels, object), name)
        columns[name] = repeated(labels, lengths)
        implied |= {"target": name, "task": "value" if name == "target" else "label"}
    frame = pd.DataFrame(columns, copy=False)
    return Sheet(frame, lines, notes, implied, (str(source.path),), digest_of([source.path]))


def _header(text: str, line: int, file: _File, name: str) -> bool:
    """Whether the data begin behind this line."""
    if not text.startswith("@"):
        raise UsageError(f"{name}: line {line:,} of a .ts file stands above @data and begins with no @")
    key, _, value = text[1:].partition(" ")
    if key.lower() in ("relation", "attribute"):
        raise UsageError(f"{name}: this is ARFF or .tsf, which are not read: write it as CSV, a row a step or a series")
    file.header[key.lower()] = value.strip()
    return key.lower() == "data"


def _says(file: _File, key: str) -> bool:
    return file.header.get(key, "").lower().startswith("true")


def _sequence(text: str, line: int, file: _File, name: str) -> None:
    """One line: values of each channel, behind colons, and the label."""
    labelled = _says(file, "classlabel") or _says(file, "targetlabel")
    if "(" in text:
        body, _, label = text.rpartition("):") if labelled else (text, "", "")
        parts = [_STAMPED.findall(part) for part in re.split(r":\s*(?=\()", f"{body})")]
        if any([stamp for stamp, _ in part] != [stamp for stamp, _ in parts[0]] for part in parts):
            raise UsageError(f"{name}: line {line:,}: its values have different time stamps: bring it into a CSV")
        file.stamps.append([stamp for stamp, _ in parts[0]])
        cells = [[value for _, value in part] for part in parts]
        label = label.strip()
    else:
        fields = text.split(":")
        label = fields.pop().strip() if labelled else ""
        cells = [part.split(",") if part.strip() else [] for part in fields]
    if not cells or not any(cells):
        raise UsageError(f"{name}: line {line:,} holds no values" + (" beside a label" if labelled else ""))
    if file.steps and len(cells) != file.steps[0].shape[1]:
        raise UsageError(f"{name}: line {line:,} has {len(cells)} values a step, the first {file.steps[0].shape[1]}")
    if labelled:
        file.labels.append(label)
    longest = max(map(len, cells))
    file.uneven += any(len(channel) != longest for channel in cells)
    values = np.full((longest, len(cells)), np.nan)
    for c, channel in enumerate(cells):
        values[: len(channel), c] = _numbers(channel, line, file, name)
    file.missing += int(np.isnan(values).sum())
    file.steps.append(narrow(values))
    file.lines.append(line)


def _numbers(cells: list[str], line: int, file: _File, name: str) -> np.ndarray:
    known = [np.nan if cell.strip().lower() in file.unknown else cell for cell in cells]
    try:
        values = np.array(known, dtype=object).astype(np.float64)
    except ValueError as problem:
        raise UsageError(f"{name}: line {line:,} holds what is no number: {problem}") from None
    return np.where(np.isfinite(values), values, np.nan)


def _values(file: _File, name: str) -> np.ndarray:
    """(N,) of @targetLabel."""
    rows = zip(file.labels, file.lines, strict=True)
    return narrow(np.concatenate([_numbers([label], line, file, name) for label, line in rows]))


def _times(stamps: list[str]) -> object:
    try:
        return column_of(np.array(stamps, dtype=np.float64), "time")
    except ValueError:
        return column_of(np.array(stamps, dtype=object), "time")


def _told(file: _File, lengths: np.ndarray) -> tuple[Line, ...]:
    short, long = int(lengths.min()), int(lengths.max())
    span = f"{short:,} steps" if short == long else f"{short:,} to {long:,} steps"
    channels = file.steps[0].shape[1]
    lines = [Line("rows", f"{len(lengths):,} sequences of {span}, {channels} value{'s' * (channels > 1)} a step (.ts)")]
    if _says(file, "equallength") and short != long:
        lines.append(Line("header", f"says equal lengths, but they are {span}: the data are trusted"))
    if _says(file, "univariate") and channels > 1:
        lines.append(Line("header", f"says one value a step, but there are {channels}: the data are trusted"))
    if file.missing and file.header.get("missing", "").lower() == "false":
        lines.append(Line("header", "says that nothing is missing, but it is: the data are trusted"))
    if file.uneven:
        lines.append(Line("header", f"{file.uneven:,} sequences have values of unequal length: the rest is missing"))
    if file.labels and not _says(file, "targetlabel"):
        named, found = set(file.header["classlabel"].split()[1:]), set(file.labels)
        lines.append(Line("class", f"{len(found)} labels: {shown(sorted(found), 8)}", "target"))
        if named and found - named:
            lines.append(Line("header", f"does not name the labels {', '.join(sorted(found - named))}: they are kept"))
    lines.append(Line("missing", f"{file.missing:,} values" if file.missing else "no values", "missing"))
    return tuple(lines)
