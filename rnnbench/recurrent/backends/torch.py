"""What nn.LSTM, nn.GRU and nn.RNN call: the library's own implementation, on the same weights.

On CPU that is oneDNN for a float32 LSTM and a loop of ATen operators for the rest; on CUDA it is cuDNN.
"""

from __future__ import annotations

import torch
from torch import Tensor

from rnnbench.cells.base import Cell, State
from rnnbench.recurrent.backends.base import Backend, Stack


class Torch(Backend):
    rank = 2

    def unsupported(self, cell: Cell, device: torch.device, dtype: torch.dtype) -> str | None:
        return None if cell.torch_mode else "torch.nn has no such cell"

    def forward(self, stack: Stack, x: Tensor, state: State) -> tuple[Tensor, State]:
        weights = [tensor for layer in stack.layers for p in layer for tensor in p.values()]
        has_bias = "bias_ih" in stack.layers[0][0]
        settings = (has_bias, len(stack.layers), stack.dropout, stack.training, len(stack.layers[0]) == 2, False)
        state = tuple(s.contiguous() for s in state)  # cuDNN asks for it
        if stack.cell.torch_mode == "LSTM":
            output, h, c = torch.lstm(x, state, weights, *settings)
            return output, (h, c)
        function = {"GRU": torch.gru, "RNN_TANH": torch.rnn_tanh, "RNN_RELU": torch.rnn_relu}[
            str(stack.cell.torch_mode)
        ]
        output, h = function(x, state[0], weights, *settings)
        return output, (h,)
