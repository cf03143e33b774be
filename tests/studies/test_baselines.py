"""A baseline of the dataset bars as chance does: who is not clearly better than a table of counts has not learned."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rnnbench.records.schema import RecordError, check
from rnnbench.records.table import load_results
from tests.claims import scores, table, verdict_of
from tests.fake_records import record

TABLE = {"letter table": 0.3, "bigram table": 0.5}
RISE = np.arange(10) / 1000  # 0 to 0.009


def test_nobody_is_ahead_below_the_best_baseline(tmp_path: Path) -> None:
    """All are far above chance, 0.066; GRU is above LSTM in all ten seeds; neither is above 0.5."""
    runs = scores(0.45 + RISE, 0.4 + RISE, task__baselines=TABLE)
    found = verdict_of(tmp_path, runs, direction="either")
    assert found.verdict.outcome == "undecided"
    assert found.verdict.reason == "not learned: neither GRU nor LSTM is clearly better than the bigram table"


def test_one_that_is_better_than_all_baselines_is_ahead(tmp_path: Path) -> None:
    found = verdict_of(tmp_path / "above", scores(0.6 + RISE, 0.4 + RISE, task__baselines=TABLE), direction="either")
    assert (found.verdict.outcome, found.word) == ("supported", "GRU ahead")
    without = verdict_of(tmp_path / "chance", scores(0.45 + RISE, 0.4 + RISE), direction="either")
    assert (without.verdict.outcome, without.word) == ("supported", "GRU ahead")  # records from before baselines


def test_clearly_is_by_the_interval(tmp_path: Path) -> None:
    """Mean gain 0.002 over the table with a standard deviation of 0.02 · √(10/9): its t interval reaches below zero."""
    swing = 0.502 + 0.02 * (-1.0) ** np.arange(10)
    found = verdict_of(tmp_path, scores(swing, 0.4 + RISE, task__baselines=TABLE), direction="either")
    assert found.verdict.reason == "not learned: neither GRU nor LSTM is clearly better than the bigram table"


@pytest.mark.parametrize(("baselines", "level", "what"), [
    ({}, 61.0, "chance"),
    ({"the last frame again": 12.5, "a mean frame": 20.0}, 12.5, "the last frame again"),
    ({"a poor one": 70.0}, 61.0, "chance"),
])  # fmt: skip
def test_the_best_counts_where_lower_is_better(
    tmp_path: Path, baselines: dict[str, float], level: float, what: str
) -> None:
    row = table(tmp_path, [record(dataset="jsb", task__baselines=baselines)]).iloc[0]
    assert (row["to_beat"], row["to_beat_is"]) == (level, what)


def test_a_baseline_alone_and_none_at_all(tmp_path: Path) -> None:
    (row,) = table(tmp_path / "a", [record(task__chance={}, task__baselines=TABLE)]).to_dict("records")
    assert (row["to_beat"], row["to_beat_is"]) == (0.5, "bigram table")
    assert table(tmp_path / "b", [record(task__chance={})])["to_beat"].isna().all()


def test_one_that_is_no_number_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"^task\.baselines\.bigram table is 'low', not a number$"):
        check(record(task__baselines={"bigram table": "low"}))


def test_a_text_of_ones_own_carries_its_table_into_the_verdict(tmp_path: Path) -> None:
    """Words of one letter after another, which a table of pairs foretells and a width of 1 does not in two steps."""
    from making import make

    from rnnbench.run import run

    (tmp_path / "abc.txt").write_text("abcdefgh" * 500)
    config = make("dataset=text", f"dataset.path={tmp_path / 'abc.txt'}", "seq_len=10", "hidden_size=1",
                  "budget.max_steps=2", "budget.eval_every=2", "budget.max_epochs=null", "device=cpu",
                  "threads=1")  # fmt: skip
    assert run(config).status == "ok"
    (row,) = load_results("results/default").to_dict("records")
    assert row["to_beat_is"] == "bigram table"
    assert row["to_beat"] < 0.1 < row["chance"] < row["test_score"] + 0.5
