"""Best step, patience and threshold, on scores written by hand."""

from __future__ import annotations

import pytest

from rnnbench.training.selection import Selection


def told(selection: Selection, scores: list[float], losses: list[float] | None = None) -> list[str | None]:
    losses = losses or [1.0] * len(scores)
    return [selection.observe(10 * i, {selection.metric: score, "loss": loss})
            for i, (score, loss) in enumerate(zip(scores, losses, strict=True))]  # fmt: skip


@pytest.mark.parametrize(("better", "best_step"), [("higher", 30), ("lower", 20)])
def test_the_best_is_the_first_of_the_best(better: str, best_step: int) -> None:
    selection = Selection("s", better)  # type: ignore[arg-type]
    assert told(selection, [0.0, 0.5, 0.1, 0.9, 0.9, 0.1]) == [None] * 6
    assert (selection.best_step, selection.best) == (best_step, {"s": 0.9 if best_step == 30 else 0.1, "loss": 1.0})


def test_ties_are_broken_by_the_loss() -> None:
    selection = Selection("s")
    told(selection, [0.0, 0.5, 0.5, 0.5], [9.0, 3.0, 2.0, 2.5])
    assert selection.best_step == 20


def test_what_was_before_training_is_better_than_nothing_only() -> None:
    selection = Selection("s", patience=2)
    assert told(selection, [0.9, 0.1, 0.2, 0.2, 0.1]) == [None, None, None, None, "patience"]
    assert (selection.best_step, selection.worse) == (20, 2)


def test_patience_counts_from_the_best() -> None:
    assert told(Selection("s", patience=2), [0.0, 0.5, 0.4, 0.6, 0.5, 0.5])[3:] == [None, None, "patience"]


@pytest.mark.parametrize(
    ("better", "solved", "scores"), [("higher", 0.9, [0.1, 0.89, 0.9]), ("lower", 0.2, [0.9, 0.21, 0.2])]
)
def test_a_threshold_is_met_from_its_side_and_before_patience(better: str, solved: float, scores: list[float]) -> None:
    selection = Selection("s", better, patience=1, solved=solved)  # type: ignore[arg-type]
    assert told(selection, scores) == [None, None, "solved"]


def test_its_state_is_all_of_it() -> None:
    selection = Selection("s", "lower", 3, 0.1)
    told(selection, [0.5, 0.4, 0.6])
    assert Selection(**selection.state()) == selection
