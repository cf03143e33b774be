"""What float32 means on a GPU: IEEE's, not TF32's ten bits of fraction.

cuDNN's recurrent layers compute float32 as TF32 unless told otherwise, torch.matmul does not: left alone, backends and
cells would be compared at unlike precision. So checks, runs and step times are all in `ieee_float32`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Literal

import torch

Switch = tuple[object, str, object]
"""An object of torch.backends, the name of its attribute, and the value that means IEEE."""


def _switches() -> dict[str, Switch]:
    matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    if hasattr(matmul, "fp32_precision"):
        return {"matmul": (matmul, "fp32_precision", "ieee"), "rnn": (cudnn.rnn, "fp32_precision", "ieee")}
    return {"matmul": (matmul, "allow_tf32", False), "rnn": (cudnn, "allow_tf32", False)}  # torch before 2.9


@contextmanager
def float32_as(kind: Literal["ieee", "tf32"]) -> Iterator[None]:
    """Inside, float32 is that on a GPU, in matrix products and recurrent layers; afterwards what it was before."""
    switches = list(_switches().values())
    before = [getattr(place, name) for place, name, _ in switches]
    try:
        for place, name, ieee in switches:
            setattr(place, name, ieee if kind == "ieee" else "tf32" if ieee == "ieee" else True)
        yield
    finally:
        for (place, name, _), value in zip(switches, before, strict=True):
            setattr(place, name, value)


def ieee_float32() -> AbstractContextManager[None]:
    """Inside, float32 is IEEE's on every device; afterwards what it was before."""
    return float32_as("ieee")


def float32_facts() -> dict[str, str]:
    """What a GPU computes float32 in at this moment, float32_matmul and float32_rnn: "ieee", "tf32" or torch's word."""
    found = {kind: getattr(place, name) for kind, (place, name, _) in _switches().items()}
    before_2_9 = {False: "ieee", True: "tf32"}
    return {f"float32_{kind}": before_2_9.get(value, value) for kind, value in found.items()}
