"""What nn.LSTM, nn.GRU and nn.RNN call: the library's own implementation, on the same weights.

On CPU that is oneDNN for a float32 LSTM and a loop of ATen operators for the rest; on CUDA it is cuDNN.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from rnnbench.cells.base import Cell, State
from rnnbench.recurrent.backends.base import Backend, Stack
from rnnbench.recurrent.packing import Packing

FUNCTIONS: dict[str, Any] = {
    "LSTM": torch.lstm,
    "GRU": torch.gru,
    "RNN_TANH": torch.rnn_tanh,
    "RNN_RELU": torch.rnn_relu,
}


class Torch(Backend):
    rank = 2

    def unsupported(self, cell: Cell, device: torch.device, dtype: torch.dtype) -> str | None:
        return None if cell.torch_mode else "torch.nn has no such cell"

    def forward(self, stack: Stack, x: Tensor, state: State, packing: Packing | None) -> tuple[Tensor, State]:
        weights = [tensor for layer in stack.layers for p in layer for tensor in p.values()]
        has_bias = "bias_ih" in stack.layers[0][0]
        settings = (has_bias, len(stack.layers), stack.dropout, stack.training, len(stack.layers[0]) == 2)
        state = tuple(s.contiguous() for s in state)  # cuDNN asks for it
        steps = (False,) if packing is None else ()  # batch_first, which there is only where nothing is packed
        rows = (x,) if packing is None else (x, packing.batch_sizes)
        if stack.cell.torch_mode == "LSTM":
            output, h, c = FUNCTIONS["LSTM"](*rows, state, weights, *settings, *steps)
            return output, (h, c)
        output, h = FUNCTIONS[str(stack.cell.torch_mode)](*rows, state[0], weights, *settings, *steps)
        return output, (h,)
