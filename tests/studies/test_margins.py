"""One margin a quantity, whoever states it; and cells compared one way round on every page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnnbench.errors import UsageError
from rnnbench.studies import Study, evaluate, evaluate_claim, study_from
from rnnbench.studies.margins import MARGINS
from tests.claims import RAMP, claim, scores, table

PAIR = {"statement": "s", "folklore": "f", "kind": "paired", "metric": "test_score", "compare": ["gru", "lstm"]}


def study(*claims: dict[str, Any], **more: Any) -> Study:
    made = [PAIR | {"id": f"c{index}", "direction": "greater"} | changes for index, changes in enumerate(claims)]
    return study_from({"title": "t", "sweeps": [{"cell": "gru,lstm"}], "claims": made} | more)


def test_a_claim_has_the_margin_of_its_metric(tmp_path: Path) -> None:
    """0.01 apart: within the two points of accuracy that stand in the table, and not within 0.005, said once."""
    runs = table(tmp_path, scores(0.81 + RAMP, 0.80 + RAMP))
    found = evaluate_claim(claim(), runs)
    assert (found.claim.margin, found.verdict.outcome) == (MARGINS["accuracy"], "equivalent")
    own = evaluate(study({}, {"metric": "test_accuracy"}, margins={"accuracy": 0.005}), runs)
    assert [(each.claim.margin, each.verdict.outcome) for each in own.claims] == [(0.005, "supported")] * 2
    once = evaluate(study({"margin": 0.005}, {"direction": "less"}), runs)
    assert [(each.claim.margin, each.verdict.outcome) for each in once.claims] == [
        (0.005, "supported"), (0.005, "contradicted"),
    ]  # fmt: skip


def test_what_has_no_margin_has_none(tmp_path: Path) -> None:
    """Seconds, for which no number is right everywhere; what is counted; a metric that is not ours."""
    runs = table(tmp_path, scores(0.81 + RAMP, 0.80 + RAMP))
    assert evaluate_claim(claim(metric="seconds_to_threshold"), runs).claim.margin is None
    counted = claim(kind="closed_form", metric="recurrent_parameters", scale="ratio", direction="less")
    assert evaluate_claim(counted, runs).claim.margin is None
    own = runs.assign(metric="f1")
    with pytest.raises(UsageError, match=r"study.claims.c.margin=null: .*there is none for f1"):
        evaluate_claim(claim(direction="equivalent"), own)


@pytest.mark.parametrize(("claims", "more", "line"), [
    ([{"margin": 0.02}, {"margin": 0.05}], {}, "study.claims.c1.margin=0.05: not allowed (allowed: 0.02, as in c0"),
    ([{"margin": 0.02, "select": {"dataset": "jsb"}}, {"margin": 0.05, "select": {"dataset": "jsb"}}], {},
     "study.claims.c1.margin=0.05: not allowed (allowed: 0.02, as in c0: one margin for all of score of jsb)"),
    ([{"metric": "steps_to_threshold", "kind": "solve_time", "margin": 50}], {"margins": {"steps_to_threshold": 100}},
     "study.claims.c0.margin=50.0: not allowed (allowed: 100, as in study.margins"),
    ([{}], {"margins": {"acuracy": 0.02}}, "study.margins.acuracy=0.02: no such quantity (allowed: accuracy)"),
    ([{}], {"margins": {"accuracy": 0}}, "study.margins.accuracy=0: not allowed (allowed: above 1 for a ratio"),
    ([{}], {"margins": {"ratio of test_loss": 0.5}}, "study.margins.ratio of test_loss=0.5: not allowed"),
])  # fmt: skip
def test_a_contradiction_is_one_line(claims: list[dict[str, Any]], more: dict[str, Any], line: str) -> None:
    with pytest.raises(UsageError) as caught:
        study(*claims, **more)
    assert str(caught.value).startswith(line)


def test_datasets_of_one_metric_contradict_each_other_once_it_is_known(tmp_path: Path) -> None:
    """Before their runs nobody knows that both are accuracies; a change with each doubling is another quantity."""
    two = study({"margin": 0.02, "select": {"dataset": "adding"}}, {"margin": 0.05, "select": {"dataset": "copy"}})
    runs = table(tmp_path, [*scores(RAMP, RAMP), *scores(RAMP, RAMP, dataset="copy")])
    with pytest.raises(UsageError, match=r"^study.claims.c1.margin=0.05: .*0.02, as in c0: one margin for all of acc"):
        evaluate(two, runs)
    change = {"kind": "interaction", "over": "train_size", "margin": 0.001}
    evaluate(study({"margin": 0.02}, change, {"kind": "success", "metric": "steps_to_threshold", "margin": 0.1}), runs)


def test_a_claim_turned_round_is_the_same_claim(tmp_path: Path) -> None:
    """LSTM above GRU is GRU below LSTM, whichever was written; of a ratio the other way up."""
    runs = table(tmp_path, scores(0.7 + RAMP, np.full(10, 0.9)))
    written = [claim(direction="less"), claim(compare=["lstm", "gru"], direction="greater")]
    assert written[0] == written[1]
    found = evaluate_claim(written[1], runs)
    assert found.claim.compared == "GRU − LSTM" and found.verdict.outcome == "supported"
    assert found.verdict.conditions[0].condition.effect.estimate == pytest.approx(-0.2 + RAMP.mean())
    counted = {"kind": "closed_form", "metric": "recurrent_parameters", "scale": "ratio"}
    turned = claim(compare=["lstm", "gru"], direction="greater", expected=4 / 3, **counted)
    assert turned.expected == pytest.approx(0.75)
    assert evaluate_claim(turned, runs).verdict.outcome == "supported"
    numbers = claim(between="hidden_size", compare=[32, 64])
    assert numbers.compare == (32, 64)  # of other columns the claim says which way round
