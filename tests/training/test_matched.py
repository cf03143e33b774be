"""match=params: as wide as an LSTM has parameters, or one line that says which widths come nearest."""

from __future__ import annotations

import pytest
import torch

from rnnbench.cells.lstm import LSTMCell
from rnnbench.config import cell_choices
from rnnbench.data.base import Parts
from rnnbench.data.datasets.adding import Adding
from rnnbench.data.examples import Examples
from rnnbench.errors import UsageError
from rnnbench.objectives.label import Label
from rnnbench.training.model import count_parameters, matched_hidden_size


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Parts:
    return Adding().load(seq_len=10, train_size=None, seed=0, data_dir=tmp_path_factory.mktemp("data"))


def test_of_units_that_are_too_coarse_the_nearest_widths_are_told(parts: Parts) -> None:
    """An LSTM of 64 on two inputs and one output has 4·64·(2 + 64 + 2) + 65 = 17,473; an sLSTM, 4H(2 + H + 1) + H + 1,
    has 17,217 at 64 and 17,746 at 65. At H of both the share is nearly 1/H, and below 1 % from 96 on."""
    with pytest.raises(UsageError) as refused:
        matched_hidden_size(cell_choices()["slstm"], LSTMCell(), parts, 64)
    assert str(refused.value) == (
        "hidden_size=64: match=params: no width of this cell has an LSTM's parameters within 1 %: 64 has 1.5 % fewer "
        "and 65 has 1.6 % more (allowed: 96, 97, 98, or match=hidden)"
    )


@pytest.mark.parametrize("cell", sorted(cell_choices()))
def test_at_a_hundred_units_every_cell_can_be_matched(cell: str, parts: Parts) -> None:
    width = matched_hidden_size(cell_choices()[cell], LSTMCell(), parts, 100)
    counts = [count_parameters(c, parts, h) for c, h in ((cell_choices()[cell], width), (LSTMCell(), 100))]
    assert abs(counts[0] / counts[1] - 1) <= 0.01


@pytest.mark.parametrize(
    ("cell", "inputs", "size"), [("mut1", 88, 62), ("mut2", 28, 20), ("mut2", 64, 48), ("gru", 64, 41)]
)
def test_a_width_beside_the_inputs_is_found(cell: str, inputs: int, size: int) -> None:
    """As wide as their input MUT1 and MUT2 need no map of it, and have fewer parameters than a unit narrower. Of all
    widths one is within 1 %, and it is found."""
    examples = Examples(torch.zeros(2, 3, inputs), torch.zeros(2, dtype=torch.long))
    parts = Parts(examples, examples, examples, Label(2))
    wanted = count_parameters(LSTMCell(), parts, size)
    off = {h: abs(count_parameters(cell_choices()[cell], parts, h) / wanted - 1) for h in range(1, 100)}
    assert min(off.values()) <= 0.01
    assert off[matched_hidden_size(cell_choices()[cell], LSTMCell(), parts, size)] == min(off.values())


@pytest.mark.parametrize("cell", ["mut1", "mut2", "peephole"])
def test_below_it_sizes_that_can_be_are_named_and_can_be(cell: str, parts: Parts) -> None:
    with pytest.raises(UsageError, match=r"within 1 %: \d+ has \d\.\d % fewer and \d+ has \d\.\d % more") as refused:
        matched_hidden_size(cell_choices()[cell], LSTMCell(), parts, 64)
    named = str(refused.value).partition("(allowed: ")[2].partition(", or match=hidden")[0].split(", ")
    assert len(named) == 3
    for size in map(int, named):
        matched_hidden_size(cell_choices()[cell], LSTMCell(), parts, size)
