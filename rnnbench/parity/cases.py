"""The shapes and settings on which backends are compared with their reference."""

from __future__ import annotations

from dataclasses import dataclass

from rnnbench.cells.base import Cell
from rnnbench.cells.lstm import LSTMCell
from rnnbench.cells.lstm_projected import LSTMProjectedCell
from rnnbench.recurrent.layers import Recurrent


@dataclass(frozen=True)
class Case:
    """One comparison. `batch_size` None is the unbatched call; without `initial_state` none is passed.

    lengths: of the sequences, where they are unequal; not-a-numbers stand in their padding.
    proj_size: of torch.nn.LSTM, which other cells have none of (`subject`).

    `parallel` uses the CPU threads that the process has; without it one, which is many times faster for small shapes
    on a busy machine.
    """

    seq_len: int
    batch_size: int | None
    input_size: int
    hidden_size: int
    num_layers: int = 1
    bidirectional: bool = False
    bias: bool = True
    batch_first: bool = False
    initial_state: bool = True
    parallel: bool = False
    lengths: tuple[int, ...] | None = None
    proj_size: int = 0

    def subject(self, cell: Cell) -> Cell | None:
        """The cell that is checked: with projections where they are asked for; None where there are none, or where the
        case is too narrow for it."""
        if min(self.input_size, self.hidden_size) < cell.narrowest:
            return None
        if not self.proj_size:
            return cell
        return LSTMProjectedCell(self.proj_size) if type(cell) is LSTMCell else None

    def __str__(self) -> str:
        batch = "unbatched" if self.batch_size is None else f"B={self.batch_size}"
        words = [f"T={self.seq_len} {batch} I={self.input_size} H={self.hidden_size} L={self.num_layers}"]
        words += ["bidirectional"] if self.bidirectional else []
        words += [] if self.bias else ["no-bias"]
        words += ["batch-first"] if self.batch_first else []
        words += [] if self.initial_state else ["no-state"]
        words += ["parallel"] if self.parallel else []
        words += [f"lengths={','.join(map(str, self.lengths))}"] if self.lengths else []
        words += [f"P={self.proj_size}"] if self.proj_size else []
        return " ".join(words)


GRID: tuple[Case, ...] = (
    Case(1, 1, 1, 1),
    Case(1, 2, 3, 4, initial_state=False),
    Case(2, 1, 3, 1, num_layers=2, bias=False),
    Case(7, 3, 5, 9),
    Case(7, 3, 9, 9, bias=False, initial_state=False),
    Case(5, 3, 6, 6, num_layers=2, bidirectional=True, batch_first=True),
    Case(6, 4, 5, 7, num_layers=3, batch_first=True, initial_state=False),
    Case(4, 2, 3, 5, num_layers=3, bidirectional=True, bias=False),
    Case(6, None, 4, 8, bidirectional=True),
    Case(3, None, 4, 3, num_layers=2, batch_first=True, initial_state=False),
    Case(9, 1, 17, 33, bidirectional=True, initial_state=False),
    Case(11, 5, 31, 17, num_layers=2),
    Case(2, 16, 32, 64, bidirectional=True, parallel=True),
    Case(500, 2, 5, 33),
    Case(513, 3, 4, 17, batch_first=True, initial_state=False),
    Case(7, 4, 5, 9, lengths=(3, 7, 1, 7)),
    Case(6, 5, 3, 4, num_layers=2, bidirectional=True, batch_first=True, lengths=(2, 6, 6, 1, 4)),
    Case(
        40, 9, 6, 20, bidirectional=True, initial_state=False, lengths=(7, 40, 2, 31, 31, 5, 18, 1, 39), parallel=True
    ),
    Case(9, 3, 4, 17, num_layers=3, bias=False, lengths=(5, 2, 8)),
    Case(7, 3, 5, 9, proj_size=4),
    Case(5, 4, 3, 6, num_layers=2, bidirectional=True, proj_size=2, lengths=(5, 1, 3, 2)),
)
"""Ends (one step, one sequence, one unit), odd and even sizes, sizes just above a vector's width, long sequences,
unequal ones in both directions, projections."""

FINITE_DIFFERENCES: tuple[Case, ...] = (Case(4, 2, 3, 4), Case(3, 2, 2, 3, bias=False, initial_state=False))
"""Small enough to move every single number and see what the loss does."""

LARGEST_QUICK_SIZE = 256


def quick_cases(subject: Recurrent | Cell) -> tuple[Case, ...]:
    """A few cases that meet every path once; for a layer also its own shape, as far as that stays small."""
    cases = (
        Case(7, 3, 5, 9),
        Case(7, 3, 5, 9, num_layers=2, bidirectional=True, batch_first=True),
        Case(6, 4, 5, 9, bidirectional=True, lengths=(2, 6, 1, 5)),
    )
    if isinstance(subject, Cell):
        return cases
    own = Case(
        seq_len=7,
        batch_size=3,
        input_size=min(subject.input_size, LARGEST_QUICK_SIZE),
        hidden_size=min(subject.hidden_size, LARGEST_QUICK_SIZE),
        num_layers=min(subject.num_layers, 2),
        bidirectional=subject.bidirectional,
        bias=subject.bias,
        batch_first=subject.batch_first,
        initial_state=False,
    )
    return (*cases, own)
