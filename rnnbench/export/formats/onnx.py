"""ONNX, float32, any number of rows of any length, checked in ONNX Runtime where that is installed (out: SOURCE/onnx):

model.onnx       x, lengths → output, answer: `rnnbench.export.graph` says what each is; of a table raw columns for x
transform.json   what columns, categories and series there are, and what answers mean: the dataset's transform, or null
"""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch

from rnnbench.errors import UsageError
from rnnbench.export.drawn import drawn
from rnnbench.export.formats.base import Format
from rnnbench.export.graph import raw_of
from rnnbench.training.artifact import load_model
from rnnbench.training.kept import kept_directory, written
from rnnbench.training.kept_model import KeptModel

TOLERANCE = 1e-4
"""Of outputs in ONNX Runtime, relative and absolute: float32 sums in another order, T steps long."""


class Onnx(Format):
    def missing(self) -> str | None:
        return None if find_spec("onnx") else "is not installed here: pip install onnx onnxruntime"

    def write(self, source: Path, out: str | None) -> list[str]:
        from rnnbench.export.graph import onnx_of

        model = load_model(kept_directory(source))
        content = onnx_of(model)
        checked = _checked(content, model)
        facts = {key: model.facts[key] for key in ("run_id", "objective", "transform")}
        files = {"model.onnx": content, "transform.json": json.dumps(facts, indent=1, ensure_ascii=False).encode()}
        return [*written(Path(out) if out else source / "onnx", files), checked]


def _checked(content: bytes, model: KeptModel) -> str:
    """Outputs against ours, at one and at three rows, of two lengths. Raises UsageError where they differ."""
    if not find_spec("onnxruntime"):
        return "not checked: pip install onnxruntime"
    import onnxruntime

    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    random, furthest = np.random.default_rng(0), 0.0
    for N, T in ((1, 7), (3, 12)):
        lengths = np.array([T, *random.integers(1, T + 1, N - 1)], np.int64)
        if raw_of(model) is not None:
            fed, batch = drawn(model, lengths, random)
            x = batch.inputs.numpy()
        else:
            x = _rows(model, N, T, random)
            fed = {"x": x}
        theirs = session.run(["output"], fed | {"lengths": lengths})[0]
        with torch.no_grad():
            rows = torch.from_numpy(x)
            rows = rows if model.reads_symbols else rows.to(model.network.head.weight.dtype)
            ours = model(rows, torch.from_numpy(lengths)).float().numpy()
        if ours.ndim == 3:
            real = np.arange(T) < lengths[:, None]
            ours, theirs = ours[real], theirs[real]
        furthest = max(furthest, float(np.max(np.abs(ours - theirs) / (1 + np.abs(ours)))))
    if not furthest < TOLERANCE:
        raise UsageError(f"ONNX Runtime's outputs differ from ours by {furthest:.1g}: nothing is written")
    return f"checked in onnxruntime {onnxruntime.__version__}: 1 and 3 rows of 7 and 12 steps, within {furthest:.1g}"


def _rows(model: KeptModel, N: int, T: int, random: np.random.Generator) -> np.ndarray:
    if model.reads_symbols:
        return random.integers(0, model.facts["model"]["symbols"], (N, T))
    return random.normal(size=(N, T, model.network.recurrent.input_size)).astype(np.float32)
