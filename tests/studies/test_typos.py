"""A mistake in a study's file costs one line before the first run, and leaves nothing behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sweeping import here

from rnnbench.errors import UsageError
from rnnbench.studies import check_names, overrides, study_from
from tests.fake_records import record

CLAIM: dict[str, Any] = {
    "id": "c", "statement": "Better.", "folklore": "So they say.", "kind": "paired", "metric": "test_score",
    "compare": ["gru", "lstm"], "direction": "greater", "margin": 0.1,
}  # fmt: skip
RUNS = {each["run_id"]: each["config"] for each in (record("gru"), record("lstm"))}


def study(claim: dict[str, Any], **more: Any) -> Any:
    return study_from({"title": "t", "sweeps": [{"cell": "lstm,gru"}], "claims": [CLAIM | claim]} | more)


@pytest.mark.parametrize("change", [
    {}, {"metric": "test_accuracy"}, {"metric": "step_ms_median"}, {"select": {"dataset": "adding", "seq_len": 64}},
    {"select": {"optimizer_lr": 5e-3, "forget_bias": [1, None]}}, {"by": ["seq_len", "env_cpu", "dataset"]},
    {"besides": ["hidden_size_asked"]}, {"between": "backend", "compare": ["fused", "torch"]},
])  # fmt: skip
def test_what_is_there_or_decided_in_the_run_is_accepted(change: dict[str, Any]) -> None:
    check_names(study(change), RUNS)


@pytest.mark.parametrize(("change", "line"), [
    ({"metric": "test_scor"}, "study.claims.c.metric=test_scor: no column of numbers (allowed: test_score, …)"),
    ({"metric": "dataset"}, "study.claims.c.metric=dataset: no column of numbers"),
    ({"between": "cel"}, "study.claims.c.between=cel: no such column (allowed: cell"),
    ({"select": {"datset": "adding"}}, "study.claims.c.select=datset: no such column (allowed: dataset"),
    ({"by": ["seq_length"]}, "study.claims.c.by=seq_length: no such column (allowed: seq_len"),
    ({"besides": ["hidden"]}, "study.claims.c.besides=hidden: no such column"),
    ({"kind": "interaction", "over": "train_sz"}, "study.claims.c.over=train_sz: no such column (allowed: train_size"),
    ({"compare": ["gru", "lstn"]}, "study.claims.c.compare=lstn: no run of this study has it"),
    ({"select": {"dataset": "ading"}}, "study.claims.c.compare=gru: no run of this study has it"),
])  # fmt: skip
def test_what_no_run_has_is_refused_by_name(change: dict[str, Any], line: str) -> None:
    with pytest.raises(UsageError) as refused:
        check_names(study(change), RUNS)
    assert str(refused.value).startswith(line)


def test_a_tuned_side_is_not_compared_with_one_that_is_not() -> None:
    gru, lstm = RUNS
    for tuned in ((), (gru, lstm)):
        check_names(study({}), RUNS, tuned)
    for one in (gru, lstm):
        with pytest.raises(UsageError, match=r"^study\.claims\.c\.compare=gru, lstm: one side alone is tuned"):
            check_names(study({}), RUNS, [one])


@pytest.mark.parametrize("row", [{"select": {"datasett": "jsb"}}, {"select": {"dataset": "jsb"}}, {"metric": "tst"}])
def test_a_published_figure_needs_runs_beside_it(row: dict[str, Any]) -> None:
    published = [{"select": {"dataset": "adding"}, "value": 1, "source": "A 2020"} | row]
    with pytest.raises(UsageError, match=r"^study\.published\."):
        check_names(study({}, published=published), RUNS)


TUNING = {"trials": 2, "seeds": [9], "space": {"optimizer.lr": [0.001, 0.1]}}


@pytest.mark.parametrize(("change", "line"), [
    ({"claims": [CLAIM | {"id": "../../evil"}]}, "study.claims.id=../../evil"),
    ({"claims": [CLAIM | {"id": ""}]}, "study.claims.id="),
    ({"claims": [CLAIM | {"select": {"cell": "lstm"}}]}, "study.claims.c.select="),
    ({"claims": [CLAIM | {"horizon": 100.0}]}, "study.claims.c.horizon=100"),
    ({"claims": [CLAIM | {"findings": {"supported": 3}}]}, "study.claims.c.findings.supported=3"),
    ({"sweeps": [{"budget": {"max_steps": 3}}]}, "study.sweeps.0.budget={'max_steps': 3}"),
    ({"sweeps": [{"tune": {}, "optimizer.lr": 0.3}]}, "study.sweeps.0.optimizer.lr=0.3: chosen by the trials"),
    ({"sweeps": [{"tune": {"optimizer.lr": 0.3}}]}, "study.sweeps.0.tune.optimizer.lr=0.3: chosen by the trials"),
    ({"sweeps": [{"tune": {"seed": 8}}]}, "study.sweeps.0.tune.seed=8: seeds are not tuned"),
])  # fmt: skip
def test_what_contradicts_itself_is_refused(change: dict[str, Any], line: str) -> None:
    with pytest.raises(UsageError) as refused:
        study_from({"title": "t", "sweeps": [{"tune": {}}], "claims": [CLAIM], "tuning": TUNING} | change)
    assert str(refused.value).startswith(line)


def test_a_list_in_a_grid_is_several_values() -> None:
    assert overrides({"cell": ["lstm", "gru"], "clip_norm": [None, 1.0]}) == ["cell=lstm,gru", "clip_norm=null,1.0"]


GOOD = """\
# @package _global_
# Mine.
name: mine
study:
  title: t
  sweeps: [{cell: [lstm, gru], hidden_size: 3}]
  claims:
    - {id: c, statement: Fewer., folklore: Fewer., kind: closed_form, metric: recurrent_parameters,
       compare: [gru, lstm], scale: ratio, direction: less}
"""


@pytest.mark.few(2)
@pytest.mark.parametrize(("text", "asked", "line"), [
    (GOOD.replace("recurrent_parameters", "recurent_parameters"), [], "study.claims.c.metric=recurent_parameters: no"),
    (GOOD.replace("name: mine\n", ""), [], "name=default: the name of plain runs"),
    (GOOD.replace("[gru, lstm]", "[gru, lstm"), [], "no YAML: "),
    (GOOD, ["study=mine,mien"], "study=mien: no such choice"),
    (GOOD, ["study=mine,memory", "name=both"], "name=both: several studies under one name"),
])  # fmt: skip
def test_nothing_has_begun_when_it_is_refused(tmp_path: Path, text: str, asked: list[str], line: str) -> None:
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "mine.yaml").write_text(text)
    done = here("-m", "--config-dir", ".", *(asked or ["study=mine"]))
    assert done.returncode == 2, done.stdout + done.stderr
    assert line in done.stderr and done.stderr.startswith("rnnbench: ") and done.stderr.count("\n") == 1
    assert not (tmp_path / "results").exists() and "finished before" not in done.stdout
