"""A kept model as an ONNX graph: the standard's own LSTM, GRU and RNN nodes, any number of rows of any length.

    x (N, T, I) float32, or (N, T) int64 symbols; lengths (N,) int64  →  output and answer, (N, K) or (N, T, K) each

Of a table the raw columns stand in the place of x: `rnnbench.export.raw`. `output` is what the model puts out, `answer`
what it says: probabilities of labels, values in the unit of the file.
What stands beyond a length is not read. Initial states are zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import nn

from rnnbench.data.table.transform import TableTransform
from rnnbench.errors import UsageError
from rnnbench.export import raw
from rnnbench.objectives.value import Value
from rnnbench.speed.peers.onnxruntime import FORMAT, GATES, OPSET, ROLES
from rnnbench.training.kept_model import KeptModel
from rnnbench.training.model import OneHot


class Graph:
    """Nodes and constants, added one by one."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def add(self, kind: str, inputs: Sequence[str], *outputs: str, **attributes: Any) -> str:
        from onnx import helper

        self.nodes.append(helper.make_node(kind, list(inputs), list(outputs), **attributes))
        return outputs[0]

    def constant(self, name: str, value: Any, dtype: Any = None) -> str:
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name


def onnx_of(model: KeptModel) -> bytes:
    """The file. Raises UsageError for a cell that ONNX has no node of."""
    from onnx import TensorProto, checker, helper

    graph, network = Graph(), model.network
    if network.recurrent.cell.torch_mode is None:
        raise UsageError("ONNX has no such cell", key="cell", value=type(network.recurrent.cell).__name__,
                         allowed="LSTM, GRU and RNN as torch.nn has them")  # fmt: skip
    if network.recursive is not None:
        raise UsageError("no graph is made of forecasts one after another", key="ahead", value="recursive",
                         allowed="a model learned with ahead=direct")  # fmt: skip
    hidden, last = _layers(graph, model, _encoded(graph, model))
    head = {name: value.detach().cpu().numpy().astype(np.float32) for name, value in network.head.state_dict().items()}
    read = _read(graph, hidden, last, network.readout, network.head.in_features)
    product = graph.add("MatMul", [read, graph.constant("head_weight", head["weight"].T)], "product")
    output = graph.add("Add", [product, graph.constant("head_bias", head["bias"])], "output")
    _answer(graph, model, output)
    transform = raw_of(model)
    steps = network.readout == "all"
    K = network.head.out_features
    shape: list[str | int | None] = ["N", "T", K] if steps else ["N", K]
    fed: list[tuple[str, int, Any]] = [("x", TensorProto.FLOAT, ["N", "T", network.recurrent.input_size])]
    if model.reads_symbols:
        fed = [("x", TensorProto.INT64, ["N", "T"])]
    elif transform is not None:
        fed = raw.inputs_of(transform)
    inputs = [helper.make_tensor_value_info(*each) for each in [*fed, ("lengths", TensorProto.INT64, ["N"])]]
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in ("output", "answer")]
    whole = helper.make_graph(graph.nodes, model.facts["run_id"], inputs, outputs, graph.constants)
    made = helper.make_model(whole, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=FORMAT)
    checker.check_model(made, full_check=True)
    return made.SerializeToString()


def raw_of(model: KeptModel) -> TableTransform | None:
    """How raw columns become the model's inputs, where the graph does it."""
    transform = model.transform
    return transform if isinstance(transform, TableTransform) and not transform.symbols else None


def _encoded(graph: Graph, model: KeptModel) -> str:
    """(T, N, I)"""
    encoder = model.network.encoder
    transform = raw_of(model)
    x = "x" if transform is None else raw.encoded(graph, transform)
    if model.reads_symbols:
        assert isinstance(encoder, OneHot | nn.Embedding)
        table = np.eye(encoder.symbols) if isinstance(encoder, OneHot) else encoder.weight.detach().cpu().numpy()
        x = graph.add("Gather", [graph.constant("symbols", table, np.float32), "x"], "encoded", axis=0)
    return graph.add("Transpose", [x], "layer0", perm=[1, 0, 2])


def _layers(graph: Graph, model: KeptModel, x: str) -> tuple[str, str]:
    """All hidden states (N, T, D·H), and the last one of each direction (N, D·H)."""
    recurrent = model.network.recurrent
    H, D = recurrent.hidden_size, 2 if recurrent.bidirectional else 1
    kind, _, nonlinearity = str(recurrent.cell.torch_mode).partition("_")
    attributes: dict[str, Any] = {"hidden_size": H, "direction": "bidirectional" if D == 2 else "forward"}
    if kind == "GRU":
        attributes["linear_before_reset"] = 1  # the reset gate acts after the product, as torch.nn's does
    if kind == "RNN":
        attributes["activations"] = [nonlinearity.capitalize()] * D
    weights = {name: value.detach().cpu().numpy().astype(np.float32) for name, value in recurrent.state_dict().items()}
    steps = graph.add("Cast", ["lengths"], "steps", to=6)  # int32
    joined = graph.constant("joined", [0, 0, D * H], np.int64)
    last = ""
    for n in range(recurrent.num_layers):
        each = [[_ordered(weights[f"{role}_l{n}{suffix}"], kind) for role in ROLES] for suffix in ("", "_reverse")[:D]]
        W, R, b, b_h = (np.stack(parts) for parts in zip(*each, strict=True))
        names = [graph.constant(f"W{n}", W), graph.constant(f"R{n}", R),
                 graph.constant(f"B{n}", np.concatenate([b, b_h], axis=1))]  # fmt: skip
        y = graph.add(kind, [x, *names, steps], f"y{n}", f"last{n}", **attributes)  # (T, D, N, H), (D, N, H)
        y = graph.add("Transpose", [y], f"side{n}", perm=[0, 2, 1, 3])
        x, last = graph.add("Reshape", [y, joined], f"layer{n + 1}"), f"last{n}"  # (T, N, D·H)
    hidden = graph.add("Transpose", [x], "hidden", perm=[1, 0, 2])
    last = graph.add("Transpose", [last], "sides", perm=[1, 0, 2])
    return hidden, graph.add("Reshape", [last, graph.constant("flat", [0, D * H], np.int64)], "last")


def _read(graph: Graph, hidden: str, last: str, readout: str, width: int) -> str:
    if readout == "all":
        return hidden
    if readout == "last":
        return last
    T = graph.add("Gather", [graph.add("Shape", [hidden], "shape"), graph.constant("second", 1, np.int64)], "T")
    zero, one = graph.constant("zero", 0, np.int64), graph.constant("one", 1, np.int64)
    places = graph.add("Range", [zero, T, one], "places")
    axes = graph.constant("axis1", [1], np.int64)
    per_row = graph.add("Unsqueeze", ["lengths", axes], "per_row")
    real = graph.add("Less", [places, per_row], "real")  # (N, T)
    real = graph.add("Unsqueeze", [real, graph.constant("axis2", [2], np.int64)], "real_states")
    if readout == "max":
        lowest = graph.constant("lowest", -np.inf, np.float32)
        return graph.add(
            "ReduceMax", [graph.add("Where", [real, hidden, lowest], "masked")], "read", axes=[1], keepdims=0
        )
    masked = graph.add("Where", [real, hidden, graph.constant("nothing", 0, np.float32)], "masked")
    total = graph.add("ReduceSum", [masked, axes], "total", keepdims=0)
    return graph.add("Div", [total, graph.add("Cast", [per_row], "count", to=1)], "read")


def _answer(graph: Graph, model: KeptModel, output: str) -> None:
    objective = model.objective
    if objective.answers == "labels":
        graph.add("Softmax", [output], "answer", axis=-1)
    elif objective.answers == "keys":
        graph.add("Sigmoid", [output], "answer")
    elif isinstance(objective, Value) and objective.scale:
        scaled = graph.add("Mul", [output, graph.constant("unit", objective.scale, np.float32)], "scaled")
        transform, shift = raw_of(model), graph.constant("shift", objective.shift, np.float32)
        if transform is not None and transform.levels:
            raw.restored(graph, transform, graph.add("Add", [scaled, shift], "at_level"))
        else:
            graph.add("Add", [scaled, shift], "answer")
    else:
        graph.add("Identity", [output], "answer")


def _ordered(weight: np.ndarray, kind: str) -> np.ndarray:
    """(G·H, …) in torch.nn's order of gates → in ONNX's."""
    gates = np.split(weight, len(GATES[kind]))
    return np.concatenate([gates[place] for place in GATES[kind]])
