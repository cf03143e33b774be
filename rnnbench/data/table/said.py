"""The lines of what a file was taken for, each with the key that changes it."""

from __future__ import annotations

import numpy as np

from rnnbench.data.table.columns import many, shown
from rnnbench.data.table.examples import MOST, default_window, examples_of, forecasts
from rnnbench.data.table.inputs import Inputs
from rnnbench.data.table.order import spoken
from rnnbench.data.table.sheet import Line
from rnnbench.data.table.table import Table
from rnnbench.data.table.understood import Understood


def lines_of(table: Table, found: Understood, inputs: Inputs, season: str) -> tuple[Line, ...]:
    """In the order in which a reader asks: rows, time, task, inputs, windows."""
    lines = [*found.sheet.notes, _shape(table, found), *_time(table, found)]
    lines += [Line("gaps", text, "gaps") for text in found.pieces.said]
    lines += [_task(table, found), *inputs.lines]
    if table.task == "forecast":
        lines.append(Line("season", season, "season"))
    lines += _window(table)
    if table.groups is not None:
        lines.append(Line("groups", f"{len(table.group_names)} of {found.roles.groups}, kept whole", "groups"))
    elif owners := [c for c in table.inputs if c.static and c.kind == "category" and len(c.values) > 2]:
        kept = f"groups={owners[0].name} would keep each of its {len(owners[0].values)} values on one side of a split"
        lines.append(Line("groups", f"none; {kept}", "groups"))
    if table.official is not None:
        lines.append(Line("test", f"{int(table.official.sum()):,} of {many(len(table.official), 'row')}", "test"))
    return tuple(lines)


def _shape(table: Table, found: Understood) -> Line:
    rows = len(table.numbers)
    count = len(set(table.ids)) if table.task == "forecast" else len(found.names)
    if found.roles.id is None:
        return Line("sequences", f"one series of {many(rows, 'row')}", "id")
    lengths = np.diff(found.pieces.rows.starts)
    low, high = int(lengths.min()), int(lengths.max())
    spread = many(high, "row") if low == high else f"{low:,} to {high:,} rows"
    return Line("sequences", f"{many(count, 'sequence')} by {found.roles.id}, of {spread}", "id")


def _time(table: Table, found: Understood) -> list[Line]:
    if found.times is None or table.times is None:
        return [Line("time", "none: rows follow each other", "time")]
    columns = " and ".join(found.roles.time) if len(found.roles.time) < 3 else ", ".join(found.roles.time)
    span = f"{spoken(table.times.min())} to {spoken(table.times.max())}"
    step = f", {table.step} a step" if table.step else ""
    lines = [Line("time", f"{columns}: {found.times.said}{step}, {span}", "time")]
    if table.step == "1 working day":
        lines.append(Line("time", f"{len(table.numbers):,} rows, weekdays only, no gaps invented", "gaps"))
    return lines + [Line("time", text, "time") for text in found.pieces.rows.said]


def _task(table: Table, found: Understood) -> Line:
    names = shown(table.target.names, 4)
    if table.task == "forecast":
        text = f"forecast of {names}, {many(table.horizon, 'step')} ahead" + (
            ", one after another" if table.recursive else ""
        )
    elif table.task == "tagging":
        text = f"a label at each step, {names}: {shown(table.target.classes, 6)}"
    elif table.task == "label":
        text = f"a label a sequence, {names}: {shown(table.target.classes, 6)}"
    else:
        text = f"a value a sequence, {names}"
    return Line("task", f"{text} ({found.chosen.why})", "horizon" if table.task == "forecast" else "task")


def _window(table: Table) -> list[Line]:
    examples = examples_of(table, most=MOST)
    count = forecasts(table) if table.task == "forecast" else len(examples)
    if table.target.running:
        cut = int((~examples.official).sum()) if examples.official is not None else len(examples)
        return [
            Line("examples", f"{cut:,} beginnings of whole runs, cut as test runs are; no cap on the steps", "target")
        ]
    if table.task not in ("forecast", "tagging") or count == len(table.starts) - 1:
        return [Line("examples", f"{count:,}", "window")]
    window = table.window or (
        default_window(table) if table.task == "forecast" else int((examples.stop - examples.start).max())
    )
    pieces = len(table.starts) - 1 - (len(set(table.ids)) - 1)
    text = f"{many(count, 'window')} of {many(window, 'step')}"
    if table.task == "forecast" and pieces > 1:
        steps = np.diff(table.starts)
        uncut = int(max(steps.sum() - window - table.horizon + 1, 0)) if len(set(table.ids)) == 1 else 0
        lost = uncut - int(np.maximum(steps - window - table.horizon + 1, 0).sum())
        text += f", {lost:,} lost at holes" if lost > 0 else ""
    return [Line("examples", text, "window")]
