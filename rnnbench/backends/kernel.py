"""The compiled kernel (csrc/fused.h) as Python sees it: found, loaded once, called with pointers.

`RNNBENCH_ISA` (avx512, avx2 or baseline) names a narrower instruction set than the processor's widest.
"""

from __future__ import annotations

import ctypes
import os
from functools import cache
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

from rnnbench.errors import UsageError

CELLS = ("lstm", "gru", "gru_reset_before", "rnn_tanh", "rnn_relu")
ISAS = ("baseline", "avx2", "avx512")
ALIGNMENT = 64


class Layer(ctypes.Structure):
    """FusedLayer of csrc/fused.h, field by field."""

    _fields_ = [
        *((name, ctypes.c_int32) for name in ("cell", "isa", "is_double", "reverse", "threads", "unused")),
        *((name, ctypes.c_int64) for name in ("T", "B", "I", "H")),
        ("x", ctypes.c_void_p),
        *((name, ctypes.c_int64) for name in ("x_t", "x_b")),
        *((name, ctypes.c_void_p) for name in ("w_ih", "w_hh", "b_ih", "b_hh", "h0", "c0", "out", "saved")),
        ("saved_t", ctypes.c_int64),
        ("d_out", ctypes.c_void_p),
        *((name, ctypes.c_int64) for name in ("d_out_t", "d_out_b")),
        *((name, ctypes.c_void_p) for name in ("d_hn", "d_cn", "d_x", "d_w_ih", "d_w_hh", "d_b_ih", "d_b_hh")),
        *((name, ctypes.c_void_p) for name in ("d_h0", "d_c0", "workspace")),
    ]


@cache
def library() -> ctypes.CDLL | None:
    """The kernel, or None when it was not built or does not load; `why_missing` tells."""
    for suffix in EXTENSION_SUFFIXES:
        path = Path(__file__).with_name("_fused" + suffix)
        if not path.exists():
            continue
        try:
            found = ctypes.CDLL(str(path))
            if found.fused_layer_bytes() != ctypes.sizeof(Layer):
                return None
        except (OSError, AttributeError):
            return None
        found.fused_workspace.argtypes, found.fused_workspace.restype = (
            [ctypes.POINTER(Layer), ctypes.c_int32],
            ctypes.c_int64,
        )
        for function in (found.fused_forward, found.fused_backward):
            function.argtypes, function.restype = [ctypes.POINTER(Layer)], None
        return found
    return None


def isa() -> str:
    """The instruction set in use: the widest of this processor, or a narrower one that RNNBENCH_ISA asks for."""
    return ISAS[_isa(os.environ.get("RNNBENCH_ISA", ""))]


@cache
def _isa(asked: str) -> int:
    kernel = library()
    assert kernel is not None
    best = int(kernel.fused_best_isa())
    if not asked:
        return best
    if asked not in ISAS[: best + 1]:
        raise UsageError(
            "not an instruction set of this processor",
            key="RNNBENCH_ISA",
            value=asked,
            allowed=", ".join(ISAS[: best + 1]),
        )
    return ISAS.index(asked)


def isa_number() -> int:
    return _isa(os.environ.get("RNNBENCH_ISA", ""))


def saved_slots(cell: int) -> int:
    """How many numbers a unit leaves behind each step for the backward pass, beside h."""
    return (5, 4, 3, 0, 0)[cell]
