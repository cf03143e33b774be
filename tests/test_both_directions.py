"""bidirectional=true: what only a reader of both directions can know is learned, kept apart, resumed and reported."""

from __future__ import annotations

from pathlib import Path

import pytest
from making import make, tiny
from shapes import Unequal
from torch import Tensor

from rnnbench import load_results
from rnnbench.config import Config
from rnnbench.objectives.value_steps import ValueSteps
from rnnbench.preparation import prepare
from rnnbench.report.page import make_report
from rnnbench.run import run


class LastOfSequence(Unequal):
    """At each step the last value of the sequence, uniform in [0, 1): read forwards, its variance of 1/12 is left."""

    objective = ValueSteps()

    def targets(self, inputs: Tensor, lengths: Tensor) -> Tensor:
        last = inputs[..., 0].gather(1, lengths[:, None] - 1)  # (N, 1)
        return last.expand(-1, inputs.shape[1]).clone()


def own(*overrides: str) -> Config:
    return make("dataset=custom", f"dataset.target={__name__}.LastOfSequence", "dataset.name=last", "hidden_size=16",
                "batch_size=16", "optimizer.lr=1e-2", "budget.max_steps=400", "budget.eval_every=50", "device=cpu",
                "threads=1", "train_size=400", *overrides)  # fmt: skip


@pytest.mark.few(1)
@pytest.mark.parametrize("backend", ["auto", "torch"])
def test_the_last_of_each_sequence_is_known_from_its_own_end(backend: str) -> None:
    losses = {}
    for both in ("false", "true"):
        record = run(own(f"bidirectional={both}", f"backend={backend}")).record
        assert record is not None and record["status"] == "ok", record
        losses[both] = record["metrics"]["test"]["loss"]
    assert losses["true"] < 0.01 < 0.03 < losses["false"]


def test_both_directions_are_counted_and_matched() -> None:
    """LSTM 64 wide with 2 inputs, twice: 4·64·(2 + 64 + 2)·2 parameters, and a head that reads 128."""
    counts = prepare(tiny("cell=lstm", "hidden_size=64", "bidirectional=true")).model.parameter_counts()
    recurrent = 2 * 4 * 64 * (2 + 64 + 2)
    assert counts == {"recurrent": recurrent, "total": recurrent + 128 + 1}
    matched = prepare(tiny("cell=gru", "hidden_size=64", "bidirectional=true", "match=params")).model.parameter_counts()
    assert abs(matched["total"] / counts["total"] - 1) <= 0.01


@pytest.mark.slow
def test_it_is_another_condition_and_the_page_says_so(tmp_path: Path) -> None:
    for both in ("false", "true"):
        for cell in ("lstm", "gru"):
            run(tiny(f"cell={cell}", f"bidirectional={both}", f"results_dir={tmp_path}", "name=both"))
    table = load_results(tmp_path / "both")
    assert sorted(table["bidirectional"]) == [False, False, True, True]
    assert table["run_id"].nunique() == 4
    page = make_report(tmp_path / "both").read_text()
    assert "bidirectional = False" in page and "bidirectional = True" in page
