"""What becomes of a table's columns, as nodes of an ONNX graph: raw numbers and categories in, a model's inputs out.

    numbers     (N, T, C) float32, in the file's units, NaN where missing, in the order of transform.json's `numbers`
    categories  (N, T, D) int64, each the place of its value in transform.json's `values`, from 0; any other: −1
    known ahead the rows after a window have their values in `numbers` and `categories`, then (N, T + h, …)
    naive       (N, K) float32 of several series: the naive error of each row's series, in transform.json's `levels`

The same as `rnnbench.data.table.windows.Gathered` and `TableTransform` do: a missing number is the last one before it,
what is forecast is read less its mean over the window's known steps, and answered with that mean added:

    x_t = (y_t − ȳ) / (naive · std)        ŷ = ȳ + naive · (shift + scale · output)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from rnnbench.data.table.transform import TableTransform

INT64, FLOAT, BOOL = 7, 1, 9
"""Of onnx.TensorProto."""


class Graph(Protocol):
    def add(self, kind: str, inputs: Sequence[str], *outputs: str, **attributes: Any) -> str: ...

    def constant(self, name: str, value: Any, dtype: Any = None) -> str: ...


def inputs_of(transform: TableTransform) -> list[tuple[str, int, list[str | int]]]:
    """(name, type, shape) of what a graph reads beside `lengths`."""
    T = "T + h" if transform.ahead else "T"
    found: list[tuple[str, int, list[str | int]]] = []
    if transform.numbers:
        found.append(("numbers", FLOAT, ["N", T, len(transform.numbers)]))
    if transform.categories:
        found.append(("categories", INT64, ["N", T, len(transform.categories)]))
    if len(transform.levels) > 1:
        found.append(("naive", FLOAT, ["N", len(transform.targets)]))
    return found


def encoded(graph: Graph, transform: TableTransform) -> str:
    """x (N, T, I), as the network reads it; of a forecast `window_mean` (N, K) beside it."""
    h = transform.horizon if transform.ahead else 0
    columns = [*_numbers(graph, transform, h), *_categories(graph, transform)]
    every = graph.add("Concat", columns, "columns", axis=2) if len(columns) > 1 else columns[0]
    if not h:
        return every
    places = graph.constant("ahead", list(transform.ahead_places), np.int64)
    steps = [_steps(graph, every, 0, h, "window")]
    later = graph.add("Gather", [every, places], "known_ahead", axis=2)
    steps += [_steps(graph, later, j, h - j, f"known_{j}") for j in range(1, h + 1)]
    return graph.add("Concat", steps, "rows", axis=2)


def restored(graph: Graph, transform: TableTransform, value: str) -> str:
    """(N, h·K) a forecast's values → in the unit of the file, `answer`."""
    h = transform.horizon
    times = graph.constant("each_step", [1, h], np.int64)
    if len(transform.levels) > 1:
        value = graph.add("Mul", [value, graph.add("Tile", ["naive", times], "naive_each")], "value")
    return graph.add("Add", [value, graph.add("Tile", ["window_mean", times], "mean_each")], "answer")


def _numbers(graph: Graph, transform: TableTransform, h: int) -> list[str]:
    if not transform.numbers:
        return []
    missing = graph.add("IsNaN", ["numbers"], "missing")
    filled = _filled(graph, len(transform.numbers))
    moving = [number.std > 0 for number in transform.numbers]
    std = graph.constant("std", [n.std if n.std > 0 else 1.0 for n in transform.numbers], np.float32)
    if transform.levels:
        level = _leveled(graph, transform, filled, h)
        if len(transform.levels) > 1:
            std = graph.add("Mul", [std, _of_targets(graph, transform, "naive", 1.0)], "std_of_series")
    else:
        level = graph.constant("mean", [number.mean for number in transform.numbers], np.float32)
    scaled = graph.add("Div", [graph.add("Sub", [filled, level], "moved"), std], "in_deviations")
    scaled = graph.add("Mul", [scaled, graph.constant("moving", moving, np.float32)], "scaled_or_0")
    unknown = graph.add("IsNaN", [scaled], "unknown")
    scaled = graph.add("Where", [unknown, graph.constant("no_number", 0, np.float32), scaled], "known")
    if not any(number.mask for number in transform.numbers):
        return [scaled]
    both = graph.add("Concat", [scaled, graph.add("Cast", [missing], "mask", to=FLOAT)], "with_masks", axis=2)
    C, order = len(transform.numbers), []
    for c, number in enumerate(transform.numbers):
        order += [c, C + c] if number.mask else [c]
    return [graph.add("Gather", [both, graph.constant("in_order", order, np.int64)], "number_columns", axis=2)]


def _filled(graph: Graph, C: int) -> str:
    """(N, T, C): each missing number is the last one before it; NaN where there is none."""
    from onnx import helper

    one = [helper.make_tensor_value_info(name, FLOAT, [None, C]) for name in ("before", "now", "kept", "out")]
    steps = (
        ("IsNaN", ["now"], ["gone"]),
        ("Where", ["gone", "before", "now"], ["kept"]),
        ("Identity", ["kept"], ["out"]),
    )
    nodes = [helper.make_node(*step) for step in steps]
    body = helper.make_graph(nodes, "last_known", one[:2], one[2:])
    first = graph.constant("first_step", 0, np.int64)
    start = graph.add("Gather", ["numbers", first], "step_0", axis=1)  # (N, C)
    graph.add("Scan", [start, "numbers"], "last_step", "filled", body=body, num_scan_inputs=1, scan_input_axes=[1],
              scan_output_axes=[1])  # fmt: skip
    return "filled"


def _leveled(graph: Graph, transform: TableTransform, filled: str, h: int) -> str:
    """(N, 1, C) what is taken off each number: its mean in training rows, of a target that of its window's known steps,
    0 where none is known."""
    own = _own(transform)
    past = _steps(graph, graph.add("Gather", [filled, graph.constant("own", own, np.int64)], "own_past", axis=2), 0, h,
                  "own_window")  # fmt: skip
    T = graph.add(
        "Gather", [graph.add("Shape", [past], "own_shape"), graph.constant("at_1", 1, np.int64)], "steps_seen"
    )
    place = graph.add("Range", [graph.constant("from_0", 0, np.int64), T, graph.constant("by_1", 1, np.int64)], "step")
    axis = graph.constant("last_axis", [1], np.int64)
    inside = graph.add("Less", [place, graph.add("Unsqueeze", ["lengths", axis], "length")], "inside")  # (N, T)
    inside = graph.add("Unsqueeze", [inside, graph.constant("third_axis", [2], np.int64)], "inside_each")
    known = graph.add(
        "And", [inside, graph.add("Not", [graph.add("IsNaN", [past], "own_gone")], "own_there")], "own_known"
    )
    zero = graph.constant("nothing_yet", 0, np.float32)
    total = graph.add(
        "ReduceSum", [graph.add("Where", [known, past, zero], "own_values"), axis], "own_total", keepdims=0
    )
    count = graph.add("ReduceSum", [graph.add("Cast", [known], "own_ones", to=FLOAT), axis], "own_count", keepdims=0)
    count = graph.add("Max", [count, graph.constant("at_least_1", 1, np.float32)], "own_number")
    graph.add("Div", [total, count], "window_mean")  # (N, K)
    return _of_targets(graph, transform, "window_mean", [number.mean for number in transform.numbers])


def _of_targets(graph: Graph, transform: TableTransform, each: str, others: Any) -> str:
    """(N, 1, C): of targets what `each` (N, K) has, of other numbers `others`."""
    C, own = len(transform.numbers), _own(transform)
    spread = np.zeros((len(own), C))
    spread[np.arange(len(own)), own] = 1
    rest = np.broadcast_to(np.asarray(others, np.float64), C).copy()
    rest[own] = 0
    placed = graph.add("MatMul", [each, graph.constant(f"{each}_place", spread, np.float32)], f"{each}_placed")
    whole = graph.add("Add", [placed, graph.constant(f"{each}_others", rest, np.float32)], f"{each}_whole")
    return graph.add("Unsqueeze", [whole, graph.constant(f"{each}_axis", [1], np.int64)], f"{each}_of_columns")


def _own(transform: TableTransform) -> list[int]:
    """Which numbers are of targets."""
    names = [number.name for number in transform.numbers]
    return [names.index(name) for name in transform.targets]


def _categories(graph: Graph, transform: TableTransform) -> list[str]:
    found = []
    for d, category in enumerate(transform.categories):
        V = len(category.values)
        place = graph.constant(f"category_{d}", d, np.int64)
        code = graph.add("Gather", ["categories", place], f"code_{d}", axis=2)
        limits = [graph.constant(f"{name}_{d}", value, np.int64) for name, value in (("least", 0), ("most", V))]
        bad = graph.add("Or", [graph.add("Less", [code, limits[0]], f"low_{d}"),
                               graph.add("GreaterOrEqual", [code, limits[1]], f"high_{d}")], f"other_{d}")  # fmt: skip
        code = graph.add("Where", [bad, limits[1], code], f"place_{d}")
        table = graph.constant(f"one_hot_{d}", np.eye(V + 1), np.float32)
        found.append(graph.add("Gather", [table, code], f"columns_{d}", axis=0))
    return found


def _steps(graph: Graph, x: str, first: int, after: int, name: str) -> str:
    """(N, T, …) steps `first` on, but the last `after`, of (N, T + h, …)."""
    if not first and not after:
        return x
    edges = [graph.constant(f"{name}_{end}", [value], np.int64)
             for end, value in (("from", first), ("to", -after if after else 2**62), ("axis", 1))]  # fmt: skip
    return graph.add("Slice", [x, *edges], name)
