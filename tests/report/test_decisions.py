"""What to take: each row from a verdict, the winner by the metric's own way, nobody where nothing is shown."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from rnnbench.plots.look import drawing_context
from rnnbench.records.table import load_results
from rnnbench.report.decisions import decisions, of_many_pairs
from rnnbench.report.forest import forest, rows
from rnnbench.studies import Evaluated, evaluate_claims, study_from, told_apart
from tests.claims import claim
from tests.fake_records import record, write


def runs_of(
    tmp_path: Path, gap: float, dataset: str = "adding", seeds: int = 10, spread: float = 0.001
) -> pd.DataFrame:
    """GRU − LSTM is `gap` in every pair, but for a wave of `spread`."""
    level = {"adding": 0.7, "jsb": 8.4}[dataset]
    contents = [
        record(cell, dataset, 50, seed=s, test_score=level + (gap + spread * math.sin(s) if cell == "gru" else 0.0))
        for cell in ("lstm", "gru") for s in range(seeds)
    ]  # fmt: skip
    write(tmp_path, contents, histories=False)
    return load_results(tmp_path)


def judged(runs: pd.DataFrame, *claims: dict[str, Any]) -> list[Evaluated]:
    return list(evaluate_claims([claim(**{"id": f"c{place}"} | each) for place, each in enumerate(claims)], runs))


@pytest.mark.parametrize(
    ("dataset", "gap", "direction", "take"),
    [
        ("adding", 0.1, "greater", "GRU"),  # accuracy: higher is better
        ("adding", -0.1, "greater", "LSTM"),  # contradicted
        ("adding", -0.1, "equivalent", "LSTM"),  # beyond the margin
        ("jsb", 0.5, "greater", "LSTM"),  # nats: lower is better
        ("jsb", -0.5, "either", "GRU"),
        ("adding", 0.0, "equivalent", "either"),
        ("adding", 0.001, "greater", "either"),
    ],
)
def test_the_side_that_is_better_is_taken(tmp_path: Path, dataset: str, gap: float, direction: str, take: str) -> None:
    runs = runs_of(tmp_path, gap, dataset)
    (row,) = decisions(judged(runs, {"direction": direction, "metric": "test_score"}), runs)
    assert row.take == take and row.settled
    assert ("shown alike" if take == "either" else "p = 0.002") in row.sure and "n = 10" in row.sure
    assert row.problem == {"adding": "adding: accuracy", "jsb": "jsb: nll"}[dataset]
    assert row.why.startswith("GRU − LSTM ")


def test_nobody_is_taken_of_three_pairs(tmp_path: Path) -> None:
    runs = runs_of(tmp_path, 0.1, seeds=3)
    (row,) = decisions(judged(runs, {"direction": "either", "metric": "test_score"}), runs)
    assert (row.take, row.settled) == ("", False)
    assert row.sure.startswith("open (n = 3 pairs): too few seeds to say")


def test_of_many_pairs_each_has_its_row_and_its_question(tmp_path: Path) -> None:
    level = {"lstm": 0.7, "gru": 0.8, "gru_reset_before": 0.7}
    contents = [
        record(cell, "adding", 50, seed=s, test_score=level[cell] + 0.001 * math.sin(s + place))
        for place, cell in enumerate(level) for s in range(10)
    ]  # fmt: skip
    write(tmp_path, contents, histories=False)
    runs, one = load_results(tmp_path), {"direction": "either", "metric": "test_score"}
    found = judged(
        runs,
        *(
            one | {"compare": pair}
            for pair in (["gru", "lstm"], ["gru_reset_before", "gru"], ["gru_reset_before", "lstm"])
        ),
    )
    assert of_many_pairs(found) and not of_many_pairs(found[:2])
    rows = {row.problem.partition(": ")[0]: row.take for row in decisions(found, runs)}
    assert rows == {"GRU or LSTM": "GRU", "GRU (reset before) or GRU": "GRU", "GRU (reset before) or LSTM": "either"}


def test_exploratory_claims_are_no_ground_for_a_choice(tmp_path: Path) -> None:
    runs = runs_of(tmp_path, 0.1)
    one = {"direction": "either", "metric": "test_score"}
    found = judged(runs, one, one | {"primary": False, "problem": "a text"})
    assert [row.judged.claim.id for row in decisions(found, runs)] == ["c0"]
    assert [row.problem for row in decisions(found[1:], runs)] == ["a text"]


@pytest.mark.parametrize(("dataset", "gap", "side"), [("adding", 0.1, -1), ("jsb", 0.5, 1), ("jsb", -0.5, -1)])
def test_left_of_the_forests_line_the_first_cell_is_better(tmp_path: Path, dataset: str, gap: float, side: int) -> None:
    """GRU, the first, is better by accuracy where it has more, by nats where it has fewer."""
    runs = runs_of(tmp_path, gap, dataset)
    found = judged(runs, {"direction": "either", "metric": "test_score"})
    (row,) = rows(found, runs)
    assert row.solved == ("10/10, 10/10" if dataset == "adding" else "")
    drawn = forest(found, runs)
    assert drawn is not None and f"{gap:.3f}"[:4] in drawn.finding
    with drawing_context():
        (axes,) = drawn.make(1).axes
    places = [line.get_xdata()[0] for line in axes.lines if line.get_marker() == "o"]
    assert [math.copysign(1, place) for place in places] == [side]
    assert [text.get_text() for text in axes.texts][-2:] == ["← GRU better", "LSTM better →"]


def test_what_lies_beyond_the_frame_has_an_arrow_and_its_number(tmp_path: Path) -> None:
    """0.1 nats matter: 5 nats are 50 margins, beside a difference of none in another metric."""
    runs = pd.concat([runs_of(tmp_path / "a", 5.0, "jsb"), runs_of(tmp_path / "b", 0.0)], ignore_index=True)
    one = {"direction": "either", "metric": "test_score"}
    found = judged(runs, *(one | {"select": {"dataset": name}} for name in ("jsb", "adding")))
    drawn = forest(found, runs)
    assert drawn is not None and "in margins" in drawn.caption
    with drawing_context():
        (axes,) = drawn.make(3).axes
    assert [line.get_marker() for line in axes.lines if line.get_marker() in "<>"] == [">"]
    assert any(text.get_text().startswith("50") for text in axes.texts)
    assert axes.get_xlim()[1] < 10


def test_a_cell_is_not_told_apart_from_itself(tmp_path: Path) -> None:
    """Twenty seeds of one cell make ten pairs of itself; of twenty that differ by turns it says so."""
    runs = runs_of(tmp_path / "same", 0.0, seeds=20)
    same = {"compare": ["gru", "gru"], "direction": "either", "metric": "test_score"}
    (fine,) = judged(runs, same)
    assert fine.claim.names == ("GRU", "GRU again") and fine.verdict.n == 10
    assert fine.verdict.outcome in ("undecided", "equivalent") and not told_apart([fine])
    assert decisions([fine], runs) == [] and forest([fine], runs) is None
    gru = runs["cell"] == "gru"
    turns = runs.assign(test_score=runs["test_score"].mask(gru, 0.8 + 0.1 * (runs["seed"] % 2)))
    (found,) = judged(turns, same)
    assert told_apart([found]) == [found]


def test_that_there_are_differences_is_found_of_no_cell_and_itself(tmp_path: Path) -> None:
    """Alike in both tasks: the claim that one is ahead somewhere is contradicted, as it must be."""
    runs = pd.concat([runs_of(tmp_path / name, 0.0, name, seeds=20) for name in ("jsb", "adding")], ignore_index=True)
    asked = {"kind": "heterogeneity", "direction": "either", "metric": "test_score", "by": ["dataset"], "margin": 0.5}
    (found,) = judged(runs, asked | {"compare": ["gru", "gru"]})
    assert found.verdict.outcome == "contradicted" and told_apart([found]) == []


def test_an_a_a_claim_takes_no_part_in_the_shared_error(tmp_path: Path) -> None:
    runs = runs_of(tmp_path, 0.1, seeds=20)
    one = {"direction": "either", "metric": "test_score"}
    alone = judged(runs, one)
    beside = judged(runs, one, {"compare": ["lstm", "lstm"]} | one)
    assert beside[0].verdict.conditions[0].p_adjusted == alone[0].verdict.conditions[0].p_adjusted


def test_an_a_a_claim_says_either() -> None:
    from rnnbench.errors import UsageError

    with pytest.raises(UsageError, match="of a cell and itself direction: either"):
        study_from({"title": "t", "sweeps": [{"cell": "gru"}], "claims": [{
            "id": "aa", "statement": "s", "folklore": "", "kind": "paired", "metric": "test_score",
            "compare": ["gru", "gru"], "direction": "greater"}]})  # fmt: skip
