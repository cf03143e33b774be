"""This project's Triton kernels: of LSTM and GRU the loop over time on a GPU.

Never chosen by "auto": no GPU has timed them yet. TRITON_INTERPRET=1 interprets the same source on the CPU, slowly,
which is how it is tested. What torch must see (export, transforms, fake tensors) is computed as torch.nn does or by the
cell's equations, as for the CPU kernel (rnnbench/recurrent/seen.py).
"""

from __future__ import annotations

import os
from importlib.util import find_spec

import torch
from torch import Tensor

from rnnbench.cells.base import Cell, State
from rnnbench.cells.gru import GRUCell
from rnnbench.cells.lstm import LSTMCell
from rnnbench.recurrent import seen
from rnnbench.recurrent.backends.base import Backend, Stack, carry
from rnnbench.recurrent.backends.eager import Eager
from rnnbench.recurrent.backends.torch import Torch
from rnnbench.recurrent.packing import Packing


class Triton(Backend):
    rank = 50

    def unsupported(self, cell: Cell, device: torch.device, dtype: torch.dtype) -> str | None:
        if type(cell) not in (LSTMCell, GRUCell):
            return "no kernel for this cell"
        if find_spec("triton") is None:
            return "triton is not installed"
        interpreted = os.environ.get("TRITON_INTERPRET") == "1"
        if device.type != "cuda" and not (device.type == "cpu" and interpreted):
            return f"no kernel for {device.type}" + (" unless TRITON_INTERPRET=1" if device.type == "cpu" else "")
        if dtype not in (torch.float32, torch.bfloat16):
            return f"no kernel for {str(dtype).removeprefix('torch.')}"
        return None

    def preferred(self, cell: Cell, shape: tuple[int, int, int, int]) -> bool:
        """Not yet timed on any device."""
        return False

    def forward(self, stack: Stack, x: Tensor, state: State, packing: Packing | None) -> tuple[Tensor, State]:
        way = seen.way((x, *state, *(w for directions in stack.layers for p in directions for w in p.values())))
        if way == "equations":
            return Eager().forward(stack, x, state, packing)
        if way != "kernel":
            return Torch().forward(stack, x, state, packing)
        from rnnbench.recurrent.gpu.layer import run_layer

        return carry(run_layer, stack, x, state, packing)
