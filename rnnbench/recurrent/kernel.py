"""The compiled kernel (csrc/fused.h) as Python sees it: found, loaded once, called with pointers.

`RNNBENCH_ISA` (avx512_bf16, avx512, avx2 or baseline) names a narrower instruction set than the processor's widest.
"""

from __future__ import annotations

import ctypes
import os
from functools import cache
from pathlib import Path

from rnnbench.cells.base import Cell
from rnnbench.cells.cifg import CIFGCell
from rnnbench.cells.cifg_nog import CIFGNOGCell
from rnnbench.cells.gru import GRUCell
from rnnbench.cells.gru_reset_before import GRUResetBeforeCell
from rnnbench.cells.janet import JANETCell
from rnnbench.cells.lstm import LSTMCell
from rnnbench.cells.mgu import MGUCell
from rnnbench.cells.niaf import NIAFCell
from rnnbench.cells.nig import NIGCell
from rnnbench.cells.noaf import NOAFCell
from rnnbench.cells.nog import NOGCell
from rnnbench.cells.rnn import RNNCell
from rnnbench.cells.ugrnn import UGRNNCell
from rnnbench.errors import UsageError

CELLS: tuple[Cell, ...] = (
    LSTMCell(), GRUCell(), GRUResetBeforeCell(), RNNCell("tanh"), RNNCell("relu"), CIFGCell(), CIFGNOGCell(),
    UGRNNCell(), MGUCell(), NOGCell(), NIGCell(), NIAFCell(), NOAFCell(), JANETCell(),
)  # fmt: skip
"""In the order of FUSED_CELLS (csrc/fused.h). Exported programs hold a cell's number, so a new one comes last."""
ISAS = ("baseline", "avx2", "avx512", "avx512_bf16")
FILE = "_fused.so"
"""A plain shared library, the same for every Python (setup.py)."""


class Layer(ctypes.Structure):
    """FusedLayer of csrc/fused.h, field by field."""

    _fields_ = [
        *((name, ctypes.c_int32) for name in ("cell", "isa", "dtype", "reverse", "threads", "keep_denormals")),
        *((name, ctypes.c_int64) for name in ("T", "B", "I", "H")),
        *((name, ctypes.c_void_p) for name in ("batch", "first")),
        ("x", ctypes.c_void_p),
        *((name, ctypes.c_int64) for name in ("x_t", "x_b")),
        *((name, ctypes.c_void_p) for name in ("w_ih", "w_hh", "b_ih", "b_hh", "h0", "c0", "out", "hn", "cn", "saved")),
        ("keep", ctypes.c_int64),
        ("d_out", ctypes.c_void_p),
        *((name, ctypes.c_int64) for name in ("d_out_t", "d_out_b")),
        *((name, ctypes.c_void_p) for name in ("d_hn", "d_cn", "d_x", "d_w_ih", "d_w_hh", "d_b_ih", "d_b_hh")),
        *((name, ctypes.c_void_p) for name in ("d_h0", "d_c0", "workspace")),
    ]


_library: ctypes.CDLL | None = None
_missing: str | None = None


def library() -> ctypes.CDLL | None:
    """The kernel, or None when it was not built or does not load; `why_missing` tells.

    Raises UsageError when RNNBENCH_ISA names no instruction set of this processor: at once, before any work.
    """
    global _library, _missing
    if _library is None and _missing is None:  # no functools.cache, which torch.compile warns of
        found = _load()
        if isinstance(found, str):
            _missing = found
        else:
            _chosen_isa(found, _asked())
            _library = found
    return _library


def why_missing() -> str:
    """What stands in the way of `library`, as the end of a sentence about the kernel."""
    return _missing or "was not compiled when rnnbench was installed"


def _load() -> ctypes.CDLL | str:
    path = Path(__file__).with_name(FILE)
    if not path.exists():
        return "was not compiled when rnnbench was installed"
    try:
        found = ctypes.CDLL(str(path))
        same_age = found.fused_layer_bytes() == ctypes.sizeof(Layer) and found.fused_cell_count() == len(CELLS)
    except (OSError, AttributeError) as error:
        return f"does not load: {' '.join(str(error).split())}"
    if not same_age:
        return f"does not load: {path} is of another version of rnnbench"
    found.fused_workspace.argtypes, found.fused_workspace.restype = (
        [ctypes.POINTER(Layer), ctypes.c_int32],
        ctypes.c_int64,
    )
    for function in (found.fused_forward, found.fused_backward):
        function.argtypes, function.restype = [ctypes.POINTER(Layer)], None
    of_bytes = found["fused_forward"]  # a function of its own, of a Layer that is written as bytes
    of_bytes.argtypes, of_bytes.restype = [ctypes.c_char_p], None
    found.forward_of_bytes = of_bytes  # type: ignore[attr-defined]
    return found


def isa() -> str:
    """The instruction set in use: the widest of this processor, or a narrower one that RNNBENCH_ISA asks for."""
    return ISAS[isa_number()]


def isa_number() -> int:
    found = _library or library()
    assert found is not None
    return _chosen_isa(found, _asked())


def unused(capability: str) -> str | None:
    """What the processor has and the kernel does not use, as a sentence; None where it uses the widest.

    capability: what torch found of the processor, "AVX512", "AVX2" or another word for less
    (torch.backends.cpu.get_cpu_capability).
    """
    has = capability.lower()
    if library() is None or has not in ISAS or isa_number() >= ISAS.index(has):
        return None
    reason = f"RNNBENCH_ISA={_asked()}" if _asked() else "it was compiled without"
    return (
        f"the fused CPU kernel uses {isa()} instructions, the processor has {has} ({reason}): slower than it could be"
    )


def _asked() -> str:
    return os.environ.get("RNNBENCH_ISA", "")


@cache
def _chosen_isa(kernel: ctypes.CDLL, asked: str) -> int:
    best = int(kernel.fused_best_isa())
    if not asked:
        return best
    names = ISAS[: best + 1]
    if asked.lower() not in names:
        raise UsageError(
            "not an instruction set of this processor", key="RNNBENCH_ISA", value=asked, allowed=", ".join(names)
        )
    return ISAS.index(asked.lower())


def saved_slots(cell: int) -> int:
    """How many numbers a unit leaves behind each step for the backward pass, beside h."""
    assert _library is not None
    return int(_library.fused_saved_slots(cell))
