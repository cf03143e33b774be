"""This project's C++ kernel: of LSTM, GRU, RNN and their kin one layer over all steps is one node of autograd.

CPU, float32, float64 and bfloat16; threads are torch's (`torch.set_num_threads`). rnnbench/recurrent/op.py is how
torch sees it; where it cannot see it at all, what torch.nn or the cell's equations do takes its place
(rnnbench/recurrent/seen.py).
"""

from __future__ import annotations

import torch
from torch import Tensor

from rnnbench.cells.base import Cell, State
from rnnbench.recurrent import kernel, seen
from rnnbench.recurrent.backends.base import Backend, Stack, carry
from rnnbench.recurrent.backends.eager import Eager
from rnnbench.recurrent.backends.torch import Torch
from rnnbench.recurrent.gate import DTYPES
from rnnbench.recurrent.op import number_of, recurrent, shown
from rnnbench.recurrent.packing import Packing

FEW = {"GRU": 2 if torch.backends.cpu.get_cpu_capability() == "AVX512" else 8, "RNN": 31}
"""Steps of one wide layer, without gradients, up to which torch.nn is faster."""


class Fused(Backend):
    rank = 1
    layer_by_layer = True

    def unsupported(self, cell: Cell, device: torch.device, dtype: torch.dtype) -> str | None:
        if number_of(cell) is None:
            return "no kernel for this cell"
        if device.type != "cpu":
            return f"no kernel for {device.type}"
        if dtype not in DTYPES:
            return f"no kernel for {str(dtype).removeprefix('torch.')}"
        if kernel.library() is None:
            return f"the kernel {kernel.why_missing()}"
        return None

    def preferred(self, cell: Cell, shape: tuple[int, int, int, int]) -> bool:
        """False under autocast, whose shorter numbers are torch.nn's, and where torch.nn was measured to be faster.

        Without gradients for a few steps of one wide GRU or RNN: reading the weights is then all there is to do, and
        turning them as they are read costs more. With gradients for a step or two, where a node of autograd that is
        written in Python costs as much as the arithmetic.

        Speed-up over torch.nn at (B, T, I, H), one thread, float32. Without gradients (1, 1, 28, 512) LSTM 2.4, GRU
        0.90, RNN 0.93; (1, 1, 1024, 1024) 3.2, 0.80, 0.49; (1, 3, 28, 512) LSTM 1.7, GRU 1.07; (1, 5, 512, 1024) 1.9,
        1.06, RNN 0.69; (4, 5, 512, 1024) 2.0, 2.0, 2.0; (1, 20, 512, 1024) LSTM 1.2, GRU 1.04. With those of the
        weights at H = 32, 128, 512 (1, 1, 28, H) LSTM 1.3, 1.4, 2.0, GRU 0.88, 0.85, 0.68, RNN 0.53, 0.56, 0.59;
        (2, 1, 28, H) GRU 0.94, 0.91, 1.5; (1, 2, 28, H) GRU 1.25, 1.20, 0.90, RNN 0.73, 0.76, 0.80; (8, 2, 28, H) RNN
        0.74, 0.89, 2.2; (1, 3, 28, H) RNN 0.89, 0.92, 1.35. In bfloat16 torch.nn is behind, most of all where the
        processor cannot multiply it (docs/kernel.md).

        With AVX2: without gradients GRU at (1, 3, 512, 512) 0.88, (1, 5, 512, 512) 0.87, (1, 8, 512, 512) 0.91, (1, 20,
        512, 512) 1.2, of 1,024 units (1, 3) 0.68, (1, 5) 0.72, (1, 8) 0.86, (1, 20) 1.03; with gradients, one step of 8
        and 32 sequences at H = 1 0.9.
        """
        if not cell.torch_mode:
            return True
        if torch.is_autocast_enabled("cpu"):
            return False
        T, B, _, H = shape
        kind = cell.torch_mode.split("_")[0]
        if torch.is_grad_enabled():
            return not (
                (kind == "GRU" and T == 1 and (B == 1 or B * H <= 32))
                or (kind == "RNN" and T <= 2 and (H <= 128 or B <= 4))
            )
        return H < 512 or B >= 4 or FEW.get(kind, 0) < T * B

    def forward(self, stack: Stack, x: Tensor, state: State, packing: Packing | None) -> tuple[Tensor, State]:
        weights = [w for directions in stack.layers for p in directions for w in p.values()]
        way = seen.way((x, *state, *weights))
        run_layer = recurrent if way == "kernel" else shown
        if way == "equations" or (way == "library" and not (stack.cell.torch_mode and stack.plain)):
            return Eager().forward(stack, x, state, packing)
        if way == "library":
            return Torch().forward(stack, x, state, packing)
        if torch.is_autocast_enabled("cpu"):  # the kernel has no shorter arithmetic to gain from: it keeps the weights'
            dtype = torch.get_autocast_dtype("cpu")
            x, state = x.to(weights[0].dtype), tuple(s.to(weights[0].dtype) for s in state)
            output, state = carry(run_layer, stack, x, state, packing)
            return output.to(dtype), tuple(s.to(dtype) for s in state)
        return carry(run_layer, stack, x, state, packing)
