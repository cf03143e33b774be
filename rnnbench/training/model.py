"""What every run trains: encoder → recurrent layers → head.

encoder     real-valued inputs as they are; symbols one-hot, or through a learned embedding
recurrent   the cell under study
head        one linear map, of every step or of the last valid step
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rnnbench.cells.base import Cell
from rnnbench.data.base import Batch, Task
from rnnbench.errors import UsageError
from rnnbench.recurrent.forget_bias import ForgetBias
from rnnbench.recurrent.layers import Recurrent

Carried = Tensor | tuple[Tensor, ...] | None
"""The recurrent state between two batches of one long sequence."""


class OneHot(nn.Module):
    """Symbols (B, T) int64 → (B, T, symbols)."""

    def __init__(self, symbols: int):
        super().__init__()
        self.symbols = symbols

    def forward(self, x: Tensor) -> Tensor:
        return F.one_hot(x, self.symbols).to(torch.get_default_dtype())


class SequenceModel(nn.Module):
    def __init__(
        self,
        cell: Cell,
        task: Task,
        hidden_size: int,
        *,
        num_layers: int = 1,
        embedding_size: int | None = None,
        dropout: float = 0.0,
        forget_bias: ForgetBias | None = None,
        backend: str = "auto",
    ):
        super().__init__()
        self.readout = task.readout
        self.encoder: nn.Module = nn.Identity()
        width = task.input_size
        if task.symbols is not None:
            width = task.symbols if embedding_size is None else embedding_size
            self.encoder = OneHot(task.symbols) if embedding_size is None else nn.Embedding(task.symbols, width)
        elif embedding_size is not None:
            raise UsageError("this dataset has no symbols", key="embedding_size", value=embedding_size, allowed="null")
        self.recurrent = Recurrent(
            cell, width, hidden_size, num_layers, batch_first=True, backend=backend, forget_bias=forget_bias,
            longest=task.longest, dropout=dropout if num_layers > 1 else 0.0,
        )  # fmt: skip
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(hidden_size, task.output_size)

    def forward(self, batch: Batch, state: Carried = None) -> tuple[Tensor, Carried]:
        """Outputs (B, T, K), or (B, K) when only the last valid step is read, and the state after the last step."""
        encoded = self.encoder(batch.inputs).to(self.head.weight.dtype)  # (B, T, I)
        hidden, state = self.recurrent(encoded, state)  # (B, T, H)
        if self.readout == "last":
            hidden = hidden[:, -1] if batch.lengths is None else _last_valid(hidden, batch.lengths)  # (B, H)
        return self.head(self.dropout(hidden)), state

    def parameter_counts(self) -> dict[str, int]:
        """Numbers of trained values: in the recurrent layers, and in all."""
        return {
            "recurrent": sum(p.numel() for p in self.recurrent.parameters()),
            "total": sum(p.numel() for p in self.parameters()),
        }


def _last_valid(hidden: Tensor, lengths: Tensor) -> Tensor:
    """(B, T, H) and lengths (B,) → (B, H): each example's own last step."""
    index = (lengths.to(hidden.device) - 1)[:, None, None].expand(-1, 1, hidden.shape[-1])
    return hidden.gather(1, index).squeeze(1)


def count_parameters(cell: Cell, task: Task, hidden_size: int, num_layers: int, embedding_size: int | None) -> int:
    """Trained values of the whole model at this width, without building it."""
    with torch.device("meta"):
        model = SequenceModel(cell, task, hidden_size, num_layers=num_layers, embedding_size=embedding_size)
    return model.parameter_counts()["total"]


def matched_hidden_size(
    cell: Cell, reference: Cell, task: Task, hidden_size: int, num_layers: int, embedding_size: int | None
) -> int:
    """The width at which `cell` has as many parameters as `reference` at `hidden_size`, within 1 %.

    Raises UsageError when no whole width comes that close, naming nearby sizes at which one does.
    """

    def nearest(size: int) -> tuple[int, float]:
        wanted = count_parameters(reference, task, size, num_layers, embedding_size)
        low, high = 1, 2
        while count_parameters(cell, task, high, num_layers, embedding_size) < wanted:
            low, high = high, 2 * high
        while high - low > 1:  # counts grow with the width: bisect
            middle = (low + high) // 2
            if count_parameters(cell, task, middle, num_layers, embedding_size) < wanted:
                low = middle
            else:
                high = middle
        errors = {h: abs(count_parameters(cell, task, h, num_layers, embedding_size) / wanted - 1) for h in (low, high)}
        best = min(errors, key=errors.__getitem__)
        return best, errors[best]

    width, error = nearest(hidden_size)
    if error <= 0.01:
        return width
    near = sorted(range(max(1, hidden_size - 16), hidden_size + 17), key=lambda size: abs(size - hidden_size))
    fits = [size for size in near if nearest(size)[1] <= 0.01][:3]
    raise UsageError(
        f"match=params: the nearest width, {width}, differs by {100 * error:.1f} % in parameters",
        key="hidden_size",
        value=hidden_size,
        allowed="one that can be matched within 1 %, such as " + ", ".join(map(str, sorted(fits))) if fits else None,
    )
