"""examples/extra_gate: its equations, its gradients, its data, what its README says, and the README's commands."""

from __future__ import annotations

import csv
import re
import shlex
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import count_changes
import numpy as np
import pytest
import torch
import yaml
from gru_write import GRUWrite
from last_kept import LastKept, sample
from lstm_hold import LSTMHold
from lstm_write import LSTMWrite
from places import ROOT
from scipy import stats
from scoring import score, scores
from torch import Tensor, nn
from torch.func import functional_call

from rnnbench.cells.base import Cell
from rnnbench.data.base import generator
from rnnbench.data.batch import Batch
from rnnbench.data.examples import Examples
from rnnbench.recurrent.layers import Recurrent
from rnnbench.studies import study_from

EXAMPLE = ROOT / "examples" / "extra_gate"
README = (EXAMPLE / "README.md").read_text()
COMMANDS = [
    line
    for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    for line in block.replace("\\\n", " ").splitlines()
    if line.strip()
]
CELLS = {"lstm_write": LSTMWrite(), "lstm_hold": LSTMHold(), "gru_write": GRUWrite()}
TORCH = {"lstm_write": nn.LSTM, "lstm_hold": nn.LSTM, "gru_write": nn.GRU}


@pytest.fixture(params=CELLS)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


def layer_and_input(name: str, k_bias: float) -> tuple[Recurrent, Tensor]:
    """H = 5, I = 3 (x_t of 2 and u_t) over 7 steps in float64; σ(k_bias) is what k_t nearly is everywhere."""
    generator = torch.Generator().manual_seed(11)
    layer = Recurrent(CELLS[name], 3, 5, dtype=torch.float64, backend="eager")
    with torch.no_grad():
        for weight in layer.parameters():
            weight.copy_(torch.randn(weight.shape, generator=generator, dtype=torch.float64))
        layer.bias_ih_l0[-5:] = k_bias  # type: ignore[index]
    return layer, torch.randn((7, 2, 3), generator=generator, dtype=torch.float64)


def test_an_open_gate_leaves_torchs_own_cell(name: str) -> None:
    """k_t = σ(1000 + …) = 1 to the last bit: what remains is nn.LSTM or nn.GRU on x_t, without u_t."""
    layer, x = layer_and_input(name, 1000.0)
    rows = (len(CELLS[name].gates) - 1) * 5
    plain = TORCH[name](2, 5, dtype=torch.float64)
    plain.load_state_dict({k: v[:rows] for k, v in layer.state_dict().items() if "uk" not in k})
    torch.testing.assert_close(layer(x)[0], plain(x[..., :2])[0], rtol=1e-12, atol=1e-14)


def test_a_closed_gate_holds(name: str) -> None:
    """k_t = σ(−1000 + …) = 0: GRU and LSTM-hold stay where they were; what an LSTM-write has in its cell only fades."""
    layer, x = layer_and_input(name, -1000.0)
    states = [torch.full((1, 2, 5), value, dtype=torch.float64) for value in (0.3, -0.8)[: len(CELLS[name].state)]]
    last = layer(x, tuple(states) if len(states) > 1 else states[0])[1]
    last = (last,) if isinstance(last, Tensor) else last
    if name == "lstm_write":
        assert (last[1] < 0).all() and (last[1] > -0.8).all()
    else:
        assert all(torch.equal(a, b) for a, b in zip(last, states, strict=True))


def scalar_step(cell: Cell, x: float, u: float, *state: float) -> list[float]:
    """One unit of which every gate but k is σ(0) = 1/2 and the candidate tanh(x); k = σ(ln 3 (u + 5 h − 1))."""
    gates, ln3 = len(cell.gates), np.log(3.0)
    of_k = [0.0] * (gates - 1)
    p = {
        "weight_ih": torch.tensor([[float(gate in ("g", "n"))] for gate in cell.gates[:-1]], dtype=torch.float64),
        "weight_uk": torch.tensor([[ln3]], dtype=torch.float64),
        "weight_hh": torch.tensor([*of_k, 5 * ln3], dtype=torch.float64)[:, None],
        "bias_ih": torch.tensor([*of_k, 2 * ln3], dtype=torch.float64),
        "bias_hh": torch.tensor([*of_k, -3 * ln3], dtype=torch.float64),
    }
    gates_x = cell.project(torch.tensor([[[x, u]]], dtype=torch.float64), p)[0]
    return [float(s) for s in cell.step(gates_x, tuple(torch.tensor([[s]], dtype=torch.float64) for s in state), p)]


def test_steps_by_hand() -> None:
    """u = 1, h = 0.2 and c = 0.4 before give k = σ(ln 3) = 3/4; x = ln 2 gives the candidate 3/5.

    LSTM-write  c = 1/2 · 0.4 + 3/4 · 1/2 · 3/5 = 0.425          h = 1/2 tanh 0.425
    LSTM-hold   c' = 1/2 · 0.4 + 1/2 · 3/5 = 0.5                 c = 0.4 + 3/4 · 0.1 = 0.475
                h = 0.2 + 3/4 (1/2 tanh 0.5 − 0.2)
    GRU-write   h = 0.2 + 3/4 · 1/2 · (3/5 − 0.2) = 0.35
    """
    x = np.log(2.0)
    assert scalar_step(LSTMWrite(), x, 1, 0.2, 0.4) == pytest.approx([np.tanh(0.425) / 2, 0.425], rel=1e-13)
    held = 0.05 + 0.375 * np.tanh(0.5)
    assert scalar_step(LSTMHold(), x, 1, 0.2, 0.4) == pytest.approx([held, 0.475], rel=1e-13)
    assert scalar_step(GRUWrite(), x, 1, 0.2) == pytest.approx([0.35], rel=1e-13)


@pytest.mark.few(2)
@pytest.mark.parametrize("bias", [True, False])
def test_gradients_are_the_finite_differences(name: str, bias: bool) -> None:
    layer = Recurrent(CELLS[name], 3, 4, bias=bias, dtype=torch.float64, backend="eager")
    names = [parameter for parameter, _ in layer.named_parameters()]
    states = len(CELLS[name].state)
    draw = torch.Generator().manual_seed(3)
    shapes = [(4, 2, 3), *[(1, 2, 4)] * states, *(tuple(weight.shape) for weight in layer.parameters())]
    leaves = [torch.randn(shape, generator=draw, dtype=torch.float64).requires_grad_() for shape in shapes]

    def run(x: Tensor, *rest: Tensor) -> tuple[Tensor, ...]:
        hx = rest[:states] if states > 1 else rest[0]
        output, last = functional_call(layer, dict(zip(names, rest[states:], strict=True)), (x, hx))
        return (output, last) if isinstance(last, Tensor) else (output, *last)

    assert torch.autograd.gradcheck(run, leaves)


def test_the_extra_input_reaches_its_gate_alone(name: str) -> None:
    """Without its one weight into k, u may be anything."""
    layer, x = layer_and_input(name, 0.0)
    other = torch.cat((x[..., :2], -5 * x[..., 2:]), dim=-1)
    assert not torch.allclose(layer(x)[0], layer(other)[0])
    with torch.no_grad():
        layer.weight_uk_l0.zero_()  # type: ignore[union-attr, operator]
    assert torch.equal(layer(x)[0], layer(other)[0])


def test_the_target_is_the_last_kept_number() -> None:
    inputs, targets = sample(50, torch.Generator().manual_seed(5), seq_len=40, extra=True)[:2]
    assert inputs.shape == (50, 40, 2) and targets.shape == (50, 40, 1)
    for x, u, row in zip(inputs[..., 0].tolist(), inputs[..., 1].tolist(), targets[..., 0].tolist(), strict=True):
        kept = None
        for number, keep, target in zip(x, u, row, strict=True):
            kept = number if keep else kept
            assert target == kept
    assert 0.05 < inputs[:, 1:, 1].mean() < 0.15  # 0.1; n = 1950, so ± 0.014 would be two standard errors


def test_without_the_extra_input_all_else_is_the_same() -> None:
    (with_u, targets, *_), (without, same, *_) = (
        sample(3, torch.Generator().manual_seed(5), seq_len=9, extra=extra) for extra in (True, False)
    )
    assert torch.equal(with_u[..., :1], without) and torch.equal(targets, same)


def test_accuracy_counts_what_is_recalled_and_half_is_chance(tmp_path: Path) -> None:
    """Showing the number in sight is right where it does not count; 1/2 is within 0.04 with probability 0.08."""
    parts = LastKept().load(seq_len=None, train_size=None, seed=0, data_dir=tmp_path)
    batch = Batch(*sample(4000, generator(0, "chance"), seq_len=30, extra=True)[:2])
    half = scores(parts, Examples(*batch[:2]), lambda batch: batch.targets * 0 + 0.5)
    assert half == pytest.approx(parts.chance, abs=0.005)
    right, counted = score(parts, batch, batch.targets, "accuracy")
    assert right == counted == (batch.inputs[..., 1] == 0).sum()


def test_the_counts_in_the_readme_are_the_files() -> None:
    assert count_changes.table() in README


def test_the_page_on_extending_tells_the_same_counts() -> None:
    root = (EXAMPLE.parent.parent / "docs" / "extending.md").read_text()
    for old, new in count_changes.MODIFIED.values():
        row = count_changes.counts(count_changes.read(old), count_changes.read(new))
        size = row["lines of `step`"].partition(": ")[2]
        assert f"({size})" in root and size in README.partition("## The gate")[0]


def test_a_diff_by_hand() -> None:
    """b became x y, and d is new: three lines are new, one is gone."""
    assert count_changes.diff(["a", "b", "c"], ["a", "x", "y", "c", "d"]) == (["x", "y", "d"], ["b"])


def published_scores() -> dict[tuple[str, str], list[float]]:
    """Cell and dataset → test accuracies in percent, one a seed."""
    found = defaultdict(list)
    with (EXAMPLE / "scores.csv").open() as file:
        for row in csv.DictReader(file):
            found[row["cell"], row["dataset"]].append(100 * float(row["test_accuracy"]))
    return found


def test_the_scores_in_the_readme_are_the_records() -> None:
    """Each row of the README's table from scores.csv, with the interval of t."""
    assert {len(values) for values in published_scores().values()} == {10}
    for (cell, dataset), values in published_scores().items():
        low, high = stats.t.interval(0.95, 9, np.mean(values), stats.sem(values))
        label = f"`{cell}`" + (", without u" if dataset == "without_u" else "")
        cells = f"{np.mean(values):.1f} [{low:.1f}, {high:.1f}] | {min(values):.1f} to {max(values):.1f}"
        assert re.search(rf"^\| {re.escape(label)} \| [\d,]+ \| {re.escape(cells)} \|$", README, re.MULTILINE), cells


DIFFERENCES = [("gru_write", "gru", "more"), ("gru_write", "gru_wide", "more"), ("lstm_write", "lstm", "more"),
               ("gru_write", "lstm_write", "on par"), ("gru_write", "lstm_hold", "on par")]  # fmt: skip
ROW = re.compile(r"^\| .*? \| (−?[\d.]+) \[(−?[\d.]+), (−?[\d.]+)\] \| (\w+) \|$", re.MULTILINE)


def flip_interval(d: np.ndarray, confidence: float) -> tuple[float, float]:
    """Where scipy's sign-flip test, all 2¹⁰ patterns, begins to reject: by bisection, from far outside to the mean."""

    def end(side: str) -> float:
        rejected, kept = d.mean() + (-5 if side == "greater" else 5), d.mean()
        for _ in range(14):
            centre = (rejected + kept) / 2
            found = stats.permutation_test(
                (d - centre,), np.mean, permutation_type="samples", n_resamples=np.inf, alternative=side
            )
            rejected, kept = (centre, kept) if found.pvalue <= (1 - confidence) / 2 else (rejected, centre)
        return kept

    return end("greater"), end("less")


def test_the_differences_in_the_readme_are_the_records() -> None:
    """In the order of the README's table, by scipy alone. More: supported where 0 is left of the 95 % interval, if the
    90 % interval is not within the margin of 1 point; on par: where it is within the margin of 2; else undecided."""
    of = {cell: np.array(values) for (cell, dataset), values in published_scores().items() if dataset == "last_kept"}
    printed = [(*(float(number.replace("−", "-")) for number in row[:3]), row[3]) for row in ROW.findall(README)]
    for (first, second, claim), (mean, low, high, word) in zip(DIFFERENCES, printed, strict=True):
        d = of[first] - of[second]  # seeds 0 … 9 in both
        bounds, narrow = flip_interval(d, 0.95), flip_interval(d, 0.90)
        assert mean == pytest.approx(d.mean(), abs=0.05)
        assert (low, high) == pytest.approx(bounds, abs=0.052)  # a printed digit, and bisection's last step
        within = max(np.abs(narrow)) < (1 if claim == "more" else 2)
        shown = within if claim == "on par" else bounds[0] > 0 and not within
        assert word == ("supported" if shown else "undecided"), (first, second)


def test_the_study_is_well_formed() -> None:
    study = study_from(yaml.safe_load((EXAMPLE / "study" / "extra_gate.yaml").read_text())["study"])
    targets = {grid["cell.target"] for grid in study.sweeps if "cell.target" in grid}
    assert targets == {target for _, target in count_changes.MODIFIED.values()}


SMALL = ("budget.max_steps=2", "budget.eval_every=2", "batch_size=2", "threads=1", "progress=false", "device=cpu",
         "++dataset.valid_size=4", "++dataset.test_size=4")  # fmt: skip


def test_the_readme_has_its_commands() -> None:
    assert COMMANDS[0] == "cd examples/extra_gate"
    for each in ("count_changes.py", "rnnbench.parity", "GRUWrite", "LSTMWrite", "cell=lstm", "study=extra_gate"):
        assert any(each in command for command in COMMANDS), each


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS[1:])
def test_the_command_runs(command: str, tmp_path: Path) -> None:
    words = [sys.executable, *shlex.split(command)[1:]]
    if words[1:3] == ["-m", "rnnbench"]:
        words += [*SMALL, f"results_dir={tmp_path}"]
        words += ["seed=0"] if "study=extra_gate" in words else []
    done = subprocess.run(words, cwd=EXAMPLE, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout
