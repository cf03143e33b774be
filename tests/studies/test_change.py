"""A ladder's claims: each change by itself on each task, and together which part counts, in words and in a figure."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from rnnbench.errors import UsageError
from rnnbench.records.table import load_results
from rnnbench.report import report_and_verdicts
from rnnbench.studies import evaluate, study_from, write_request
from tests.fake_records import record, write

CELLS = ("lstm", "gru_reset_before", "gru")  # as if a gate were taken away, and then a part added


def claim(name: str, first: str, second: str, **changes: Any) -> dict[str, Any]:
    return {"id": name, "statement": f"{name} matters.", "folklore": "", "kind": "change", "metric": "test_score",
            "compare": [first, second], "direction": "either", "combine": "any",
            "by": ["dataset"]} | changes  # fmt: skip


STUDY: dict[str, Any] = {
    "title": "Which part?",
    "margins": {"accuracy": 0.02, "nll": 0.1},
    "sweeps": [{"cell": "lstm,gru_reset_before,gru"}],
    "claims": [
        claim("gate", "gru", "lstm", change={"removes": "the gate"}),
        claim("part", "gru_reset_before", "gru", change={"adds": "the part"}),
    ],
}


def contents() -> list[dict[str, Any]]:
    """Without the gate accuracy on adding falls by 0.2, the part changes nothing there; in music, where lower is
    better, the gate changes nothing and the part brings 0.5 nats. Ten seeds, whose wobble is common to all cells."""
    score = {("adding", "lstm"): 0.9, ("adding", "gru"): 0.7, ("adding", "gru_reset_before"): 0.7,
             ("jsb", "lstm"): 9.0, ("jsb", "gru"): 9.0, ("jsb", "gru_reset_before"): 8.5}  # fmt: skip
    return [
        record(cell, dataset, seq_len=50, seed=seed,
               test_score=level + 0.001 * seed + 0.0001 * (cell == "gru") * (seed % 3),
               timing__steps_to_threshold=None, stopped_by="max_steps", steps=1000, best_step=500)
        for (dataset, cell), level in score.items()
        for seed in range(10)
    ]  # fmt: skip


def test_each_task_is_decided_by_itself_with_the_margin_of_its_score(tmp_path: Path) -> None:
    write(tmp_path, contents(), histories=False)
    gate, part = evaluate(study_from(STUDY), load_results(tmp_path)).claims
    said = {
        each.claim.id: [(j.condition.name, j.outcome, j.reason, j.condition.margin) for j in each.verdict.conditions]
        for each in (gate, part)
    }
    assert [s[:2] for s in said["gate"]] == [("adding", "supported"), ("jsb", "equivalent")]
    assert [s[:2] for s in said["part"]] == [("adding", "equivalent"), ("jsb", "supported")]
    assert said["gate"][0][2:] == ("LSTM ahead", 0.02) and said["part"][1][2:] == ("GRU (reset before) ahead", 0.1)
    assert part.claim.compare == ("gru_reset_before", "gru")  # a change is not turned round
    assert part.verdict.conditions[1].condition.effect.estimate == pytest.approx(-0.5, abs=0.001)


def test_the_page_leads_with_the_parts_that_count(tmp_path: Path) -> None:
    rows = contents()
    write(tmp_path, rows, histories=False)
    write_request(tmp_path, "ladder", study_from(STUDY), {each["run_id"]: each["config"] for each in rows})
    page, _ = report_and_verdicts(tmp_path)
    text = page.read_text()
    lead = text.index('class="lead"')
    words = '<a href="#claim-gate">Which part counts: the gate (adding), the part (jsb).</a>'
    assert re.match(rf'class="lead"><p>{re.escape(words)} adding -0\.(1999|2).*?, jsb -0\.50', text[lead:])
    figure = text.index("What each change does: test score")
    assert lead < figure < text.index('id="claims"')
    assert (tmp_path / "figures" / "changes_test_score.png").exists()


def test_nothing_shown_is_said_with_the_reason(tmp_path: Path) -> None:
    write(tmp_path, [each for each in contents() if each["config"]["seed"] < 3], histories=False)
    found = evaluate(study_from(STUDY), load_results(tmp_path)).claims
    ((words, *_),) = found[0].kind.answer(found)
    assert words == "Which part counts: not shown of any (too few seeds to say in 4)."


@pytest.mark.parametrize(("changes", "message"), [
    ({"change": None}, "study.claims.gate.change"),
    ({"change": {"takes": "it"}}, "study.claims.gate.change"),
    ({"direction": "less"}, "study.claims.gate.direction=less"),
    ({"by": []}, "study.claims.gate.by"),
    ({"kind": "paired"}, "study.claims.gate.change"),
])  # fmt: skip
def test_a_malformed_change_is_one_line(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        study_from(STUDY | {"claims": [claim("gate", "gru", "lstm", change={"removes": "it"}) | changes]})
