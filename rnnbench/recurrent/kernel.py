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
        *((name, ctypes.c_int32) for name in ("cell", "isa", "is_double", "reverse", "threads", "keep_denormals")),
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
    paths = (Path(__file__).with_name("_fused" + suffix) for suffix in EXTENSION_SUFFIXES)
    path = next((path for path in paths if path.exists()), None)
    if path is None:
        return "was not compiled when rnnbench was installed"
    try:
        found = ctypes.CDLL(str(path))
        same_age = found.fused_layer_bytes() == ctypes.sizeof(Layer)
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
    return found


def isa() -> str:
    """The instruction set in use: the widest of this processor, or a narrower one that RNNBENCH_ISA asks for."""
    return ISAS[isa_number()]


def isa_number() -> int:
    found = library()
    assert found is not None
    return _chosen_isa(found, _asked())


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
    return (5, 4, 3, 0, 0)[cell]
