"""The longest delay that is solved: by hand, what was solved at none, and what may not be claimed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnnbench.errors import UsageError
from tests.claims import claim, verdict_of
from tests.fake_records import record

LONGEST: Mapping[str, Any] = {
    "kind": "longest_solved",
    "metric": "steps_to_threshold",
    "over": "seq_len",
    "scale": "ratio",
}
DELAYS = (50, 100, 200)


def runs(solved: Mapping[str, Sequence[Sequence[int]]]) -> list[dict[str, Any]]:
    """A run of each cell, seed and delay; solved: cell → for each seed the delays that it solved."""
    return [
        record(cell, seed=seed, seq_len=delay, timing__steps_to_threshold=100 if delay in its else None)
        for cell, seeds in solved.items()
        for seed, its in enumerate(seeds)
        for delay in DELAYS
    ]


def test_by_hand(tmp_path: Path) -> None:
    """A GRU: 200 in eight of ten seeds, 100 in two; an LSTM: 100 in eight, 50 in one, none (25) in one."""
    found = verdict_of(tmp_path, runs({
        "gru": [DELAYS] * 8 + [(50, 100)] * 2,
        "lstm": [(50, 100)] * 8 + [(50,), ()],
    }), **LONGEST)  # fmt: skip
    (measured,), (judged,) = found.measured, found.verdict.conditions
    assert measured.first.tolist() == [200.0] * 8 + [100.0] * 2
    assert measured.second.tolist() == [100.0] * 8 + [50.0, 25.0]
    assert judged.condition.effect.estimate == pytest.approx(2 ** (8 / 10 + 1 / 10 + 2 / 10))
    assert (found.verdict.outcome, measured.higher) == ("supported", True)
    assert "1 of 20 solved it at no seq_len and count as 25" in measured.left_out


def test_a_hole_does_not_end_it(tmp_path: Path) -> None:
    found = verdict_of(tmp_path, runs({"gru": [(50, 200)] * 10, "lstm": [(200,)] * 10}), **LONGEST)
    assert np.all(found.measured[0].first == 200) and found.verdict.outcome == "undecided"


def test_nobody_and_a_run_that_is_not_there(tmp_path: Path) -> None:
    nobody = verdict_of(tmp_path / "nobody", runs({"gru": [()] * 10, "lstm": [()] * 10}), **LONGEST)
    assert nobody.verdict.conditions[0].condition.obstacle == "nobody solved it at any seq_len"
    short = verdict_of(tmp_path / "short", runs({"gru": [DELAYS] * 3, "lstm": [DELAYS] * 3})[:-1], **LONGEST)
    assert short.measured[0].seeds == (0, 1)
    assert "1 seed(s) of a side lack a run of some seq_len" in short.measured[0].left_out


@pytest.mark.parametrize(("changes", "message"), [
    ({"over": None}, "claims.c.over=null.*a column of sizes"),
    ({"scale": "difference"}, "claims.c.scale=difference"),
    ({"metric": "test_score"}, "claims.c.metric=test_score"),
])  # fmt: skip
def test_what_it_cannot_decide_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        claim(**{**LONGEST, **changes})
