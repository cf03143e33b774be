"""Times of release 0.1 (numerics 1) are shown, and nothing is said of them: by rule, in verdicts, titles and words."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rnnbench.report import make_report
from rnnbench.studies import WORDS, evaluate, study_from, write_request
from tests.claims import RAMP, scores, table, verdict_of
from tests.fake_records import write

STEP = {"metric": "step_ms_median", "scale": "ratio", "direction": "less"}
SECONDS = {"kind": "solve_time", "metric": "seconds_to_threshold", "direction": "less"}
LIBRARY = {"between": "backend_asked", "compare": ["fused", "torch"], "metric": "saved_activation_bytes",
           "kind": "closed_form", "scale": "ratio", "direction": "less", "select": {"cell": "gru"}}  # fmt: skip
MEMORY = {"metric": "saved_activation_bytes", "kind": "closed_form", "scale": "ratio", "direction": "less"}


def runs(numerics: int, **changes: Any) -> list[dict[str, Any]]:
    made = scores(0.8 + RAMP, np.full(10, 0.7), numerics=numerics, stopped_by="patience", **changes)
    both = [each for each in made if each["config"]["cell"]["name"] == "gru"]
    for each in both:  # the same through the other backend, which a claim about the library compares
        other = {"run_id": each["run_id"] + "-torch", "config": each["config"] | {"backend": "torch"}}
        each["config"]["backend"] = "fused"
        made.append(each | other)
    return made


@pytest.mark.parametrize(("claim", "old"), [
    (STEP | {"select": {"backend_asked": ["fused", "auto"]}}, True), (SECONDS, True), (LIBRARY, True), (MEMORY, False),
    ({}, False), ({"metric": "steps_to_threshold", "kind": "success"}, False),
])  # fmt: skip
def test_what_rests_on_old_instruments_is_withdrawn(tmp_path: Path, claim: dict[str, Any], old: bool) -> None:
    first = verdict_of(tmp_path / "1", runs(1), **claim)
    assert (first.verdict.outcome == "withdrawn") == (first.verdict.reason == WORDS) == old
    assert {j.outcome == "withdrawn" for j in first.verdict.conditions} == {old}
    assert verdict_of(tmp_path / "2", runs(2), **claim).verdict.outcome != "withdrawn"


def test_it_takes_no_share_of_the_error(tmp_path: Path) -> None:
    """Beside 25 claims on times that are withdrawn a single one is judged with the whole 5 %."""
    values = {"statement": "s", "folklore": "f", "kind": "paired", "compare": ["gru", "lstm"]}
    times = [values | STEP | {"id": f"t{index}"} for index in range(25)]
    score = values | {"id": "s", "metric": "test_score", "direction": "greater"}
    study = study_from({"title": "t", "sweeps": [{"cell": "gru,lstm"}], "claims": [*times, score]})
    found = evaluate(study, table(tmp_path, scores(0.8 + RAMP, np.full(10, 0.7), numerics=1, stopped_by="patience")))
    assert [each.verdict.outcome for each in found.claims] == ["withdrawn"] * 25 + ["supported"]
    assert found.claims[-1].verdict.conditions[0].p_adjusted == pytest.approx(2 / 1024)
    assert found.claims[0].kind.would_change(found.claims[0]).startswith("Its runs made again")


def test_the_page_and_its_tables_say_so(tmp_path: Path) -> None:
    contents = scores(0.8 + RAMP, np.full(10, 0.7), numerics=1, stopped_by="patience")
    write(tmp_path, contents)
    claim = {"id": "step", "statement": "A GRU is quicker.", "folklore": "f", "kind": "paired",
             "compare": ["gru", "lstm"], "findings": {"supported": "Take a GRU:"}} | STEP  # fmt: skip
    study = study_from({"title": "t", "sweeps": [{"cell": "gru,lstm"}], "claims": [claim]})
    write_request(tmp_path, "old", study, {each["run_id"]: each["config"] for each in contents})
    page = make_report(tmp_path).read_text()
    assert '<span class="withdrawn">withdrawn</span>' in page and "1 more about times are withdrawn." in page
    assert f"Times of 20 run(s) are withdrawn: {WORDS}." in page
    assert "| withdrawn | ms a training step |" in (tmp_path / "verdicts.md").read_text()
    assert pd.read_csv(tmp_path / "verdicts.csv")["condition_verdict"].tolist() == ["withdrawn"]
    titles = re.findall(r'aria-label="([^"]*)"', page)
    assert any(title.startswith("Step time. adding: withdrawn") for title in titles)
    assert any(title.startswith("Score against training time.") and "time withdrawn" in title for title in titles)
    assert "Time a training step" not in page and "Take a GRU" not in page
