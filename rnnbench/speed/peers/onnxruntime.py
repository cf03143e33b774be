"""ONNX Runtime on CPU: the standard's own LSTM, GRU and RNN nodes, forward alone."""

from __future__ import annotations

import time
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch

from rnnbench.machine.denormals import flushing
from rnnbench.speed.candidates import Candidate, Problem, Results
from rnnbench.speed.peers.base import Peer
from rnnbench.speed.setting import Setting

OPSET, FORMAT = 14, 8
"""Of the operators and of the file: what every ONNX Runtime of the last years reads."""

GATES = {"LSTM": (0, 3, 1, 2), "GRU": (1, 0, 2), "RNN": (0,)}
"""ONNX's order of the gates by their places in torch.nn's: i o f c of i f g o, z r h of r z n."""


ROLES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


class OnnxRuntime(Peer):
    allowed = "pass=forward or steps=call, dtype=float32 and device=cpu"

    def missing(self) -> str | None:
        there = find_spec("onnx") and find_spec("onnxruntime")
        return None if there else "is not installed here: pip install onnx onnxruntime"

    def takes(self, setting: Setting) -> bool:
        return super().takes(setting) and not setting.trains

    def candidate(self, problem: Problem) -> Candidate:
        return Session(problem)


class Session(Candidate):
    """A session of its own, with denormals flushed in its threads."""

    pool = "onnxruntime"

    def __init__(self, problem: Problem):
        import onnxruntime

        threads, library = problem.setting.threads, f"onnxruntime {version('onnxruntime')}"
        super().__init__(problem, "onnxruntime", threads, library=library)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.threads
        options.add_session_config_entry("session.set_denormal_as_zero", "1")
        with flushing(True):  # the thread that makes a session would flush from then on
            self.session = onnxruntime.InferenceSession(model(problem), options, providers=["CPUExecutionProvider"])
        self.inputs = [x.numpy() for x in self.problem.x.chunk(self.problem.setting.calls)]
        names = [f"{part}0" for part in self.problem.cell.state]
        self.zeros = {name: zeros.numpy() for name, zeros in zip(names, self.problem.state(), strict=True)}

    def step(self) -> dict[str, float]:
        start = time.perf_counter()
        self._run()
        return {"forward": (time.perf_counter() - start) / len(self.inputs)}

    def results(self) -> Results:
        outputs, state = self._run()
        found = {"output": np.concatenate(outputs)} | {f"last state {i}": s for i, s in enumerate(state)}
        return {name: torch.from_numpy(value) for name, value in found.items()}

    def _run(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        outputs, state = [], list(self.zeros.values())
        for x in self.inputs:
            output, *state = self.session.run(None, {"x": x} | dict(zip(self.zeros, state, strict=True)))
            outputs.append(output)
        return outputs, state


def model(problem: Problem) -> bytes:
    """An ONNX model of the problem's layers: x (T, B, I), h0 (and c0) (L, B, H) → output (T, B, H), h (and c)."""
    from onnx import TensorProto, checker, helper

    size, layers, parts = problem.setting.size, problem.setting.layers, problem.cell.state
    kind, _, nonlinearity = str(problem.cell.torch_mode).partition("_")
    attributes: dict[str, Any] = {"hidden_size": size.H}
    if kind == "GRU":
        attributes["linear_before_reset"] = 1  # the reset gate acts after the product, as torch.nn's does
    if kind == "RNN":
        attributes["activations"] = [nonlinearity.capitalize()]
    nodes, constants = [], [_constant("first", np.array([1]))]  # the axis of directions
    if layers > 1:
        nodes += [helper.make_node("Split", [f"{part}0"], [f"{part}0_{n}" for n in range(layers)]) for part in parts]
    x = "x"
    for n in range(layers):
        W, R, b, b_h = (_ordered(problem.weights[f"{role}_l{n}"].numpy(), kind) for role in ROLES)
        constants += [_constant(f"W{n}", W), _constant(f"R{n}", R), _constant(f"B{n}", np.concatenate([b, b_h], 1))]
        of_layer = f"_{n}" if layers > 1 else ""
        before, after = ([f"{part}{when}{of_layer}" for part in parts] for when in ("0", "T"))
        inputs = [x, f"W{n}", f"R{n}", f"B{n}", "", *before]  # "": no lengths
        nodes.append(helper.make_node(kind, inputs, [f"y{n}", *after], **attributes))
        x = "output" if n + 1 == layers else f"x{n + 1}"
        nodes.append(helper.make_node("Squeeze", [f"y{n}", "first"], [x]))
    if layers > 1:
        ends = {f"{part}T": [f"{part}T_{n}" for n in range(layers)] for part in parts}
        nodes += [helper.make_node("Concat", each, [whole], axis=0) for whole, each in ends.items()]

    def value(name: str, *shape: int) -> Any:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    states = [[value(f"{part}{when}", layers, size.B, size.H) for part in parts] for when in ("0", "T")]
    graph = helper.make_graph(nodes, problem.name, [value("x", size.T, size.B, size.I), *states[0]],
                              [value("output", size.T, size.B, size.H), *states[1]], constants)  # fmt: skip
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=FORMAT)
    checker.check_model(made)
    return made.SerializeToString()


def _ordered(weight: np.ndarray, kind: str) -> np.ndarray:
    """(G·H, …) in torch.nn's order of gates → (1, G·H, …) in ONNX's."""
    gates = np.split(weight, len(GATES[kind]))
    return np.concatenate([gates[place] for place in GATES[kind]])[None]


def _constant(name: str, value: np.ndarray) -> Any:
    from onnx import numpy_helper

    return numpy_helper.from_array(value, name)
