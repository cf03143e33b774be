"""Turns and ratios: who goes when, what is dropped, and a ratio that lies within its own band."""

from __future__ import annotations

import random

import numpy as np
import pytest

from rnnbench.cells.gru import GRUCell
from rnnbench.cells.lru import LRUCell
from rnnbench.cells.lstm import LSTMCell
from rnnbench.cells.mingru import MinGRUCell
from rnnbench.speed import Setting, Size
from rnnbench.speed.candidates import Candidate, Problem, Results
from rnnbench.speed.measure import LEAST_ROUNDS, MOST_ROUNDS, WARM_UP, take_turns
from rnnbench.speed.rows import rows_of

SETTING = Setting(Size(B=2, T=3, I=5, H=7))


def test_flops_by_hand() -> None:
    # LSTM: per step and sequence 4·7 sums over 5 + 7 products, a multiplication and an addition each
    assert SETTING.flops(LSTMCell(), "forward") == 2 * 3 * 2 * 4 * 7 * (5 + 7)
    # backward: dW_ih (I), dW_hh (H) and dh (H), no gradient of the input
    assert SETTING.flops(LSTMCell(), "backward") == 2 * 3 * 2 * 4 * 7 * (5 + 7 + 7)
    assert SETTING.flops(LSTMCell(), "pass") == SETTING.flops(LSTMCell(), "forward") + SETTING.flops(
        LSTMCell(), "backward"
    )


def test_flops_of_a_layer_above_and_of_the_inputs_gradient_by_hand() -> None:
    setting = Setting(Size(B=2, T=3, I=5, H=7), layers=2, input_grad=True)
    # the second layer's input is 7 wide; backward it gives dx (7) beside dW_ih (7), dW_hh (7) and dh (7)
    assert setting.flops(LSTMCell(), "forward") == 2 * 3 * 2 * 4 * 7 * (5 + 7 + 7 + 7)
    assert setting.flops(LSTMCell(), "backward") == 2 * 3 * 2 * 4 * 7 * (5 + 5 + 7 + 7 + 4 * 7)


def test_flops_of_what_hears_the_input_alone_by_hand() -> None:
    """minGRU: 2·7 sums over 5 products; backward dW alone. LRU: 3·7 over 5, then, of the state, 7 over 14 and back."""
    assert SETTING.flops(MinGRUCell(), "forward") == SETTING.flops(MinGRUCell(), "backward") == 2 * 3 * 2 * 2 * 7 * 5
    assert SETTING.flops(LRUCell(), "forward") == 2 * 3 * 2 * (3 * 7 * 5 + 7 * 14 + 14 * 7)
    assert SETTING.flops(LRUCell(), "backward") == 2 * 3 * 2 * (3 * 7 * 5 + 2 * (7 * 14 + 14 * 7))


class Noted(Candidate):
    """Takes the times that it is given, and notes that it was its turn."""

    def __init__(self, name: str, backend: str, times: list[float], log: list[str]):
        cell = {"lstm": LSTMCell(), "gru": GRUCell()}[name]
        super().__init__(Problem.drawn(name, cell, SETTING, 0), backend, 1)
        self.times, self.log = times, log

    def step(self) -> dict[str, float]:
        self.log.append(f"{self.problem.name} {self.backend}")
        return {"pass": self.times[len(self.seconds.get("pass", [])) % len(self.times)]}

    def results(self) -> Results:
        return {}


def test_everyone_has_one_turn_a_round_in_an_order_that_changes() -> None:
    log: list[str] = []
    everyone = [Noted("gru", backend, [1.0], log) for backend in ("torch", "fused", "eager")]
    take_turns(everyone, 1e9, random.Random(0))
    rounds = [log[i : i + 3] for i in range(0, len(log), 3)]
    assert len(rounds) == WARM_UP + MOST_ROUNDS
    assert all(sorted(each) == ["gru eager", "gru fused", "gru torch"] for each in rounds)
    assert len({tuple(each) for each in rounds}) == 6
    assert all(len(each.seconds["pass"]) == MOST_ROUNDS for each in everyone)  # the first two are dropped


def test_a_short_step_is_made_once_untimed_before_it_is_timed() -> None:
    log: list[str] = []
    take_turns([Noted("gru", "torch", [0.001], log)], 0.0, random.Random(0))
    assert len(log) == 2 * (WARM_UP + LEAST_ROUNDS) - 1  # of the first nobody knows yet


def times(theirs: list[float], ours: list[float]) -> list[dict]:
    pair = [Noted("gru", "torch", [], []), Noted("gru", "fused", [], [])]
    for candidate, seconds in zip(pair, (theirs, ours), strict=True):
        candidate.seconds = {"pass": seconds}
    return rows_of(pair, SETTING, 1e9, 0)


def test_a_ratio_is_the_median_of_the_ratios_within_rounds() -> None:
    """By hand: 1/2, 10/4, 100/50 = 0.5, 2.5, 2; the ratio of the medians, 10/4, would be another number."""
    _, ours = times([1, 10, 100], [2, 4, 50])
    assert ours["over_torch"] == ours["over_best"] == pytest.approx(2.0)
    assert ours["ms"] == pytest.approx(4000)


def test_it_never_lies_outside_its_band() -> None:
    generator = np.random.default_rng(0)
    for _ in range(100):
        theirs, ours = np.exp(3 * generator.normal(size=(2, 7)))
        row = times(list(theirs), list(ours))[1]
        assert row["over_torch_p10"] <= row["over_torch"] <= row["over_torch_p90"]


def test_gru_over_lstm_is_of_the_same_backend() -> None:
    found = {("lstm", "torch"): [4.0, 4.0], ("gru", "torch"): [8.0, 12.0], ("lstm", "fused"): [2.0, 2.0],
             ("gru", "fused"): [1.0, 1.0]}  # fmt: skip
    everyone = []
    for (name, backend), seconds in found.items():
        everyone.append(Noted(name, backend, [], []))
        everyone[-1].seconds = {"pass": seconds}
    rows = {(row["cell"], row["backend"]): row for row in rows_of(everyone, SETTING, 1e9, 0)}
    assert {key: row["of_lstm"] for key, row in rows.items()} == {
        ("lstm", "torch"): 1, ("gru", "torch"): 2.5, ("lstm", "fused"): 1, ("gru", "fused"): 0.5
    }  # fmt: skip
