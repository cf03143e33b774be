"""The training loop against a loop written by hand, and its promises: budgets, best weights, divergence."""

from __future__ import annotations

import math

import pytest
import torch
from loops import same, train, weights
from making import make, tiny
from torch import nn

from rnnbench.errors import UsageError
from rnnbench.preparation import prepare
from rnnbench.training.optimizers import learning_rate


def test_equals_a_loop_written_by_hand() -> None:
    """Fresh batches, loss, backward, then clip, then step: to the last bit, and clipping acts (clip_norm is small)."""
    config = tiny("cell=gru", "clip_norm=0.05", "backend=torch")
    training, progress = train(config)

    by_hand = prepare(config)
    model, parts = by_hand.model, by_hand.parts
    optimizer = torch.optim.Adam(model.parameters(), 5e-3, fused=True)
    norms, losses = [], []
    for step in range(20):
        batch = parts.train.batch(step, 4)
        loss = (model(batch)[0] - batch.targets).square().mean()
        optimizer.zero_grad()
        loss.backward()
        norms.append(float(nn.utils.clip_grad_norm_(model.parameters(), 0.05)))
        optimizer.step()
        losses.append(loss.item())
    assert max(norms) > 0.05
    assert [row["train_loss"] for row in progress.history[1:]] == [
        pytest.approx(sum(losses[i : i + 5]) / 5, rel=1e-12) for i in (0, 5, 10, 15)
    ]
    assert training.selection.best_step == 20
    assert same(weights(training), weights(by_hand))
    last = by_hand.score(parts.valid)
    assert progress.history[-1]["valid_loss"] == last["loss"]


@pytest.mark.parametrize(
    ("optimizer", "reference"),
    [
        ("adamw", lambda p: torch.optim.AdamW(p, 5e-3, weight_decay=0.01)),
        ("rmsprop", lambda p: torch.optim.RMSprop(p, 5e-3)),
        ("sgd", lambda p: torch.optim.SGD(p, 0.1, momentum=0.9)),
    ],
)
def test_optimizers_are_torchs(optimizer: str, reference: object) -> None:
    config = tiny(f"optimizer={optimizer}", "clip_norm=null", "budget.max_steps=3", "budget.eval_every=3")
    training = prepare(config)
    for _ in range(3):
        training._step()
    by_hand = prepare(config)
    other = reference(by_hand.model.parameters())  # type: ignore[operator]
    for step in range(3):
        batch = by_hand.parts.train.batch(step, 4)
        other.zero_grad()
        by_hand.parts.objective.loss(by_hand.model(batch)[0], batch).backward()
        other.step()
    for a, b in zip(weights(training), weights(by_hand), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("schedule", "expected"),  # lr 1, 2 warm-up steps, 6 steps in all: (1, 2)/2, then over the 4 that are left
    [
        ("constant", [0.5, 1, 1, 1, 1, 1]),
        ("linear", [0.5, 1, 1, 0.75, 0.5, 0.25]),
        ("cosine", [0.5, 1, 1, (1 + math.sqrt(0.5)) / 2, 0.5, (1 - math.sqrt(0.5)) / 2]),
    ],
)
def test_learning_rate_schedules(schedule: str, expected: list[float]) -> None:
    overrides = (f"optimizer.schedule={schedule}", "optimizer.lr=1", "optimizer.warmup_steps=2", "budget.max_steps=6")
    config = tiny(*overrides).optimizer
    assert [learning_rate(config, step, 6) for step in range(6)] == pytest.approx(expected)


def test_same_seed_same_bits_whatever_ran_before() -> None:
    first, a = train(tiny("dropout=0.3", "num_layers=2"))
    train(tiny("cell=gru", "seed=9", "hidden_size=7", "threads=2"))
    torch.rand(3)
    again, b = train(tiny("dropout=0.3", "num_layers=2"))
    assert same(weights(first), weights(again))
    assert [row["valid_loss"] for row in a.history] == [row["valid_loss"] for row in b.history]


def test_another_seed_is_another_run() -> None:
    assert not same(weights(train(tiny())[0]), weights(train(tiny("seed=1"))[0]))


def test_the_best_validation_weights_are_restored() -> None:
    training, progress = train(tiny("optimizer.lr=0.1", "budget.max_steps=40", "seed=1"))
    scores = {row["step"]: (row["valid_accuracy"], -row["valid_loss"]) for row in progress.history[1:]}  # type: ignore[operator]
    best_step = training.selection.best_step
    assert best_step == max(scores, key=lambda step: (scores[step], -step))  # type: ignore[operator]
    assert best_step < 40, "the test needs a run that gets worse in the end"
    assert training.score(training.parts.valid) == training.selection.best


def test_untrained_weights_are_never_the_best_of_a_run_that_went_on() -> None:
    """A rate so high that every later loss is above the first: the least bad of those is kept."""
    training, progress = train(tiny("optimizer.lr=3", "budget.max_steps=20", "seed=1"))
    rank = [(row["valid_accuracy"], -row["valid_loss"]) for row in progress.history]  # type: ignore[operator]
    assert max(rank) == rank[0], "the test needs a run that training makes worse"
    assert training.selection.best_step == progress.history[rank.index(max(rank[1:]))]["step"] != 0


def test_patience_counts_evaluations_without_a_better_score() -> None:
    training, progress = train(tiny("optimizer.lr=0.1", "budget.max_steps=1000", "budget.patience=3", "seed=1"))
    assert progress.stopped_by == "patience"
    assert progress.step == (training.selection.best_step or 0) + 3 * 5


def test_a_solved_run_ends_there_and_records_it() -> None:
    """Digits row by row pass 30 % (chance: 10 %) within a few evaluations."""
    _, progress = train(make("dataset=digits", "seq_len=8", "hidden_size=16", "budget.solved=0.3",
                             "budget.eval_every=10", "threads=1", "device=cpu"))  # fmt: skip
    assert progress.stopped_by == "solved"
    assert progress.solved_step == progress.step == progress.history[-1]["step"]
    assert progress.solved_seconds == progress.train_seconds > 0
    assert progress.history[-1]["valid_accuracy"] >= 0.3 > progress.history[-2]["valid_accuracy"]  # type: ignore[operator]


def test_budgets_in_steps_epochs_and_seconds() -> None:
    _, steps = train(tiny("budget.max_steps=7"))
    assert (steps.step, steps.stopped_by) == (7, "max_steps")
    assert [row["step"] for row in steps.history] == [0, 5, 7]  # the end is always evaluated
    _, epochs = train(tiny("train_size=12", "budget.max_epochs=2", "budget.max_steps=null"))
    assert (epochs.step, epochs.stopped_by) == (6, "max_epochs")  # 12 examples are 3 batches of 4
    _, seconds = train(tiny("budget.max_seconds=1e-9", "budget.max_steps=1000"))
    assert (seconds.step, seconds.stopped_by) == (1, "max_seconds")  # on CPU to the step


def test_epochs_of_a_stream_are_refused() -> None:
    with pytest.raises(UsageError, match=r"budget\.max_epochs=2"):
        prepare(tiny("budget.max_epochs=2"))


def test_a_loss_that_is_no_number_ends_the_run_as_diverged_with_its_step() -> None:
    training = prepare(tiny("budget.max_steps=200"))
    step = training._step

    def poisoned() -> None:
        if training.progress.step == 8:  # the ninth step then sees a weight that is no number
            with torch.no_grad():
                training.model.head.weight.fill_(math.nan)
        step()

    training._step = poisoned  # type: ignore[method-assign]
    progress = training.run()
    assert (progress.stopped_by, progress.diverged_step) == ("diverged", 9)
    assert progress.step <= 58


def test_a_learning_rate_beyond_reason_diverges() -> None:
    progress = train(tiny("cell=rnn_relu", "optimizer=sgd", "optimizer.lr=1e30", "clip_norm=null"))[1]
    assert progress.stopped_by == "diverged"
    assert progress.diverged_step is not None


def test_float64_trains_in_float64() -> None:
    training, progress = train(tiny("dtype=float64"))
    assert {p.dtype for p in training.model.parameters()} == {torch.float64}
    assert progress.stopped_by == "max_steps"


@pytest.mark.slow
def test_both_cells_learn_a_short_adding_problem() -> None:
    """Well above the 0.0784 of chance: the loop trains, it does not just run."""
    for cell in ("lstm", "gru"):
        config = make(
            f"cell={cell}", "seq_len=10", "hidden_size=32", "budget.max_steps=1500", "threads=1", "device=cpu"
        )
        assert train(config)[0].selection.best["accuracy"] > 0.9  # type: ignore[index]
