"""Recurrent layers: drop-in for torch.nn.LSTM, GRU and RNN; `Recurrent` is the same for every other cell.

Constructor, parameter names, shapes, gate order, initial distribution and calling convention are torch.nn's. What
differs, and why, is in docs/drop_in.md.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import nn

from rnnbench.cells.gru import GRUCell
from rnnbench.cells.lstm import LSTMCell
from rnnbench.cells.lstm_projected import LSTMProjectedCell
from rnnbench.cells.rnn import RNNCell
from rnnbench.recurrent.forget_bias import ForgetBias
from rnnbench.recurrent.recurrent import Recurrent

__all__ = ["GRU", "LSTM", "RNN", "Recurrent"]


class LSTM(Recurrent, nn.LSTM):
    """torch.nn.LSTM, with `backend`, `forget_bias` and `longest`. `proj_size`: cells/lstm_projected.py.

    >>> import rnnbench, torch
    >>> layer = rnnbench.LSTM(input_size=2, hidden_size=64, batch_first=True, forget_bias=1.0)
    >>> output, (h, c) = layer(torch.rand(3, 10, 2))  # (B, T, I)
    >>> tuple(output.shape), tuple(h.shape)
    ((3, 10, 64), (1, 3, 64))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        *,
        backend: str = "auto",
        forget_bias: ForgetBias | None = None,
        longest: int | None = None,
    ):
        if proj_size and not 0 < proj_size < hidden_size:
            raise ValueError(f"proj_size must be 0 for none, or positive and below hidden_size, got {proj_size}")
        cell = LSTMProjectedCell(proj_size) if proj_size else LSTMCell()
        super().__init__(cell, input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional,
                         device, dtype, backend=backend, forget_bias=forget_bias, longest=longest)  # fmt: skip


class GRU(Recurrent, nn.GRU):
    """torch.nn.GRU, with `backend`.

    >>> import rnnbench, torch
    >>> layer = rnnbench.GRU(input_size=2, hidden_size=64, batch_first=True)
    >>> theirs = torch.nn.GRU(2, 64, batch_first=True)
    >>> _ = layer.load_state_dict(theirs.state_dict())
    >>> x = torch.rand(3, 10, 2)  # (B, T, I)
    >>> torch.allclose(layer(x)[0], theirs(x)[0], atol=1e-6)
    True
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        *,
        backend: str = "auto",
    ):
        super().__init__(GRUCell(), input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional,
                         device, dtype, backend=backend)  # fmt: skip


class RNN(Recurrent, nn.RNN):
    """torch.nn.RNN, with `backend`; `nonlinearity` is "tanh" or "relu".

    >>> import rnnbench, torch
    >>> layer = rnnbench.RNN(input_size=2, hidden_size=64, nonlinearity="relu")
    >>> bool((layer(torch.rand(10, 3, 2))[0] >= 0).all())  # (T, B, I)
    True
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: Literal["tanh", "relu"] = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        *,
        backend: str = "auto",
    ):
        super().__init__(RNNCell(nonlinearity), input_size, hidden_size, num_layers, bias, batch_first, dropout,
                         bidirectional, device, dtype, backend=backend)  # fmt: skip
        self.nonlinearity = nonlinearity
