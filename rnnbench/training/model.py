"""What every run trains: encoder → recurrent layers → head.

encoder     real-valued inputs as they are; symbols one-hot, or through a learned embedding
recurrent   the cell under study
readout     every step; or of a whole sequence the last step, the mean or the maximum over its real steps. In both
            directions each is read at its own last step: the reverse one's is the first
head        one linear map

Where forecasts go one after another (objectives/recursive.py) the head's answer is written into the next step's inputs,
and all three go on from there.
"""

from __future__ import annotations

from itertools import islice
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rnnbench.cells.base import Cell
from rnnbench.data.base import Parts
from rnnbench.data.batch import Batch
from rnnbench.errors import UsageError
from rnnbench.objectives.base import Readout
from rnnbench.objectives.recursive import Recursive
from rnnbench.recurrent.forget_bias import ForgetBias
from rnnbench.recurrent.layers import Recurrent

Carried = Tensor | tuple[Tensor, ...] | None
"""The recurrent state between two batches of one long sequence."""

_ALIKE = 0.01  # numbers of parameters that differ by no more than this share count as equal


def detached(state: Carried) -> Carried:
    """The same values, cut from the graph of the batch that made them."""
    if state is None or isinstance(state, Tensor):
        return None if state is None else state.detach()
    return tuple(s.detach() for s in state)


class OneHot(nn.Module):
    """Symbols (B, T) int64 → (B, T, symbols)."""

    def __init__(self, symbols: int):
        super().__init__()
        self.symbols = symbols

    def forward(self, x: Tensor) -> Tensor:
        return F.one_hot(x, self.symbols).to(torch.get_default_dtype())


class SequenceModel(nn.Module):
    keeps: Tensor  # of forecasts one after another: objectives/recursive.py
    feeds: Tensor
    offset: Tensor

    def __init__(
        self,
        cell: Cell,
        parts: Parts,
        hidden_size: int,
        *,
        readout: Readout | None = None,  # None: the objective's own
        num_layers: int = 1,
        bidirectional: bool = False,
        embedding_size: int | None = None,
        dropout: float = 0.0,
        forget_bias: ForgetBias | None = None,
        backend: str = "auto",
        **options: Any,  # recurrent/options.py
    ):
        super().__init__()
        if bidirectional and parts.objective.target_follows:
            raise UsageError("the next step is the answer, and the reverse direction has seen it", key="bidirectional",
                             value=True, allowed="false")  # fmt: skip
        self.readout = readout_of(parts, readout)
        self.recursive = parts.objective if isinstance(parts.objective, Recursive) else None
        if self.recursive is not None and (bidirectional or self.readout != "last"):
            key, value = ("bidirectional", True) if bidirectional else ("readout", self.readout)
            raise UsageError("goes on from the last step, one after another", key=key, value=value,
                             allowed="ahead=direct")  # fmt: skip
        self.encoder: nn.Module = nn.Identity()
        width = encoded_size(parts, embedding_size)
        if parts.symbols is not None:
            self.encoder = OneHot(parts.symbols) if embedding_size is None else nn.Embedding(parts.symbols, width)
        elif embedding_size is not None:
            raise UsageError("this dataset has no symbols", key="embedding_size", value=embedding_size, allowed="null")
        self.recurrent = Recurrent(
            cell, width, hidden_size, num_layers, batch_first=True, backend=backend, forget_bias=forget_bias,
            longest=parts.longest, dropout=dropout if num_layers > 1 else 0.0, bidirectional=bidirectional,
            **options,
        )  # fmt: skip
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(hidden_size * (2 if bidirectional else 1), parts.objective.output_size)
        if self.recursive is not None:
            for name, values in zip(("keeps", "feeds", "offset"), self.recursive.moving(width), strict=True):
                self.register_buffer(name, values, persistent=False)

    def forward(self, batch: Batch, state: Carried = None) -> tuple[Tensor, Carried]:
        """Outputs (B, T, K), or (B, K) of whole sequences, and the state after the last step.

        In both directions none is carried to the next batch: the reverse one begins at its end.
        """
        if self.recursive is not None:
            return self._one_after_another(batch, state, self.recursive.horizon)
        # In one direction padding comes after all that is read: without lengths the bits are those of equal lengths.
        lengths = batch.lengths if self.recurrent.bidirectional else None
        hidden, state = self.recurrent(self.encoded(batch), state, lengths=lengths)  # (B, T, D·H)
        return self.outputs(hidden, batch), None if self.recurrent.bidirectional else state

    def _one_after_another(self, batch: Batch, state: Carried, horizon: int) -> tuple[Tensor, Carried]:
        """Outputs (B, h·K), each step's inputs made of the last one's and of what was answered there."""
        x = self.encoded(batch)  # (B, T, I)
        hidden, state = self.recurrent(x, state, lengths=batch.lengths)
        last, carried = read(x, batch.lengths, "last"), state  # (B, I)
        found = [self.outputs(hidden, batch)]  # (B, K)
        for _ in range(horizon - 1):
            last = last @ self.keeps + found[-1] @ self.feeds + self.offset
            hidden, carried = self.recurrent(last[:, None], carried)
            found.append(self.head(self.dropout(hidden[:, 0])))
        return torch.cat(found, dim=1), state

    def encoded(self, batch: Batch) -> Tensor:
        """(B, T, I)"""
        return self.encoder(batch.inputs).to(self.head.weight.dtype)

    def outputs(self, hidden: Tensor, batch: Batch) -> Tensor:
        """Of what the recurrent layers give, (B, T, D·H)."""
        hidden = read_directions(hidden, batch.lengths, self.readout, self.recurrent.bidirectional)
        return self.head(self.dropout(hidden))  # of (B, T, D·H) or (B, D·H)

    def parameter_counts(self) -> dict[str, int]:
        """Numbers of trained values: in the recurrent layers, and in all."""
        return {
            "recurrent": sum(p.numel() for p in self.recurrent.parameters()),
            "total": sum(p.numel() for p in self.parameters()),
        }


def readout_of(parts: Parts, asked: Readout | None) -> Readout:
    """Which steps are read. Raises UsageError for a choice where each step has an answer of its own."""
    if asked is not None and parts.objective.per_step:
        raise UsageError("each step has an answer of its own here", key="readout", value=asked, allowed="null")
    return parts.objective.readout if asked is None else asked


def read_directions(hidden: Tensor, lengths: Tensor | None, readout: Readout, bidirectional: bool) -> Tensor:
    """(B, T, D·H) → (B, D·H), or as it is of "all": each direction read at its own steps."""
    if not bidirectional:
        return read(hidden, lengths, readout)
    forward, backward = hidden.chunk(2, dim=-1)  # (B, T, H) each
    return torch.cat((read(forward, lengths, readout), read(backward, lengths, readout, True)), dim=-1)


def read(hidden: Tensor, lengths: Tensor | None, readout: Readout, reverse: bool = False) -> Tensor:
    """(B, T, H) → (B, H): the last of each example's steps, or their mean or maximum; "all" leaves every step."""
    if readout == "all":
        return hidden
    if readout == "last" and reverse:
        return hidden[:, 0]
    if readout == "last":
        return hidden[:, -1] if lengths is None else _last(hidden, lengths)
    if lengths is None:
        return hidden.mean(dim=1) if readout == "mean" else hidden.amax(dim=1)
    lengths = lengths.to(hidden.device)
    padding = (torch.arange(hidden.shape[1], device=hidden.device) >= lengths[:, None])[..., None]  # (B, T, 1)
    if readout == "mean":
        return hidden.masked_fill(padding, 0).sum(dim=1) / lengths[:, None]
    return hidden.masked_fill(padding, -torch.inf).amax(dim=1)


def _last(hidden: Tensor, lengths: Tensor) -> Tensor:
    index = (lengths.to(hidden.device) - 1)[:, None, None].expand(-1, 1, hidden.shape[-1])
    return hidden.gather(1, index).squeeze(1)


def encoded_size(parts: Parts, embedding_size: int | None) -> int:
    """I, the width of what goes into the first recurrent layer."""
    if parts.symbols is None:
        return parts.input_size
    return parts.symbols if embedding_size is None else embedding_size


def count_parameters(cell: Cell, parts: Parts, hidden_size: int, **options: Any) -> int:
    """Trained values of the whole model at this width, without building it; `options` as SequenceModel's."""
    with torch.device("meta"):
        model = SequenceModel(cell, parts, hidden_size, **options)
    return model.parameter_counts()["total"]


def matched_hidden_size(cell: Cell, reference: Cell, parts: Parts, hidden_size: int, **options: Any) -> int:
    """The width at which `cell` has as many parameters as `reference` at `hidden_size`, within 1 %.

    Raises UsageError when no whole width comes that close, with the two that come nearest and sizes at which one does.
    """

    inputs = encoded_size(parts, options.get("embedding_size"))

    def beside(size: int) -> dict[int, float]:
        """The two widths that come nearest, each with what it has more than is wanted, as a share."""
        wanted = count_parameters(reference, parts, size, **options)

        def more(width: int) -> float:
            return count_parameters(cell, parts, width, **options) / wanted - 1

        def enough(width: int) -> bool:  # at H = I some cells lack a map, MUT1's: a dip in counts that else grow with H
            return more(width) >= 0 or (width == inputs > 1 and more(width - 1) >= 0)

        low, high = 1, 2
        while not enough(high):
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if enough(middle) else (middle, high)
        found = {width: more(width) for width in (low, high, inputs)}
        return {width: found[width] for width in sorted(sorted(found, key=lambda width: abs(found[width]))[:2])}

    def matched(found: dict[int, float]) -> int | None:
        best = min(found, key=lambda h: abs(found[h]))
        return best if abs(found[best]) <= _ALIKE else None

    found = beside(hidden_size)
    width = matched(found)
    if width is not None:
        return width
    # One unit more is nearly 2/H of the parameters: a cell of 1/_ALIKE units of its own can be matched to any size.
    near = sorted(range(1, hidden_size + round(1 / _ALIKE)), key=lambda size: abs(size - hidden_size))
    fits = islice((size for size in near if matched(beside(size)) is not None), 3)
    have = " and ".join(f"{h} has {100 * abs(e):.1f} % {'more' if e > 0 else 'fewer'}" for h, e in found.items())
    raise UsageError(
        f"match=params: no width of this cell has an LSTM's parameters within {100 * _ALIKE:g} %: {have}",
        key="hidden_size",
        value=hidden_size,
        allowed=f"{', '.join(map(str, sorted(fits)))}, or match=hidden",
    )
