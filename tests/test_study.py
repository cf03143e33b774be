"""Studies: hand-made runs of which the verdict is known, the definitions under conf/study, and the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra._internal.utils import create_config_search_path
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.types import RunMode
from making import TINY
from scipy import stats

from rnnbench.cells.lstm import LSTMCell
from rnnbench.config import CONF, make_cell, make_dataset
from rnnbench.errors import UsageError
from rnnbench.model import matched_hidden_size
from rnnbench.records import COLUMNS, load_results, with_missing
from rnnbench.studies import Evaluated, StudyClaim, evaluate_claim, overrides, read_request, study_from, write_request
from rnnbench.study import study_jobs
from rnnbench.sweep import Composer
from tests.fake_records import record, write

MADE = ("adding", "digits", "anbn")  # data that is not downloaded
STUDIES = sorted((CONF / "study").glob("*.yaml"))


def claim(**changes: Any) -> StudyClaim:
    values: dict[str, Any] = {
        "id": "c", "statement": "GRU is better.", "folklore": "They say so.", "kind": "paired", "metric": "test_score",
        "compare": ["gru", "lstm"], "direction": "greater",
    }  # fmt: skip
    study = study_from({"title": "t", "sweeps": [{"cell": "lstm,gru"}], "claims": [values | changes]})
    return study.claims[0]


def table(directory: Path, contents: Iterable[dict[str, Any]]) -> pd.DataFrame:
    write(directory, contents, histories=False)
    return load_results(directory)


def scores(gru: Iterable[float], lstm: Iterable[float], **changes: Any) -> list[dict[str, Any]]:
    """Runs of both cells on adding, one a seed, with these test scores."""
    return [
        record(cell, seed=seed, test_score=value, **changes)
        for cell, values in (("gru", gru), ("lstm", lstm))
        for seed, value in enumerate(values)
    ]


def verdict_of(directory: Path, contents: Iterable[dict[str, Any]], **changes: Any) -> Evaluated:
    return evaluate_claim(claim(**changes), table(directory, contents))


RAMP = np.arange(10) / 1000  # 0 to 0.009


def test_a_difference_that_is_there_is_supported_and_its_opposite_contradicted(tmp_path: Path) -> None:
    """Differences 0.10, 0.11, … 0.19: all of one sign, so p = 2/2¹⁰; their mean is 0.145."""
    runs = table(tmp_path, scores(0.8 + np.arange(10) / 100, np.full(10, 0.7)))
    for direction, outcome in (("greater", "supported"), ("less", "contradicted")):
        found = evaluate_claim(claim(direction=direction), runs)
        (condition,) = found.verdict.conditions
        assert found.verdict.outcome == outcome
        assert condition.condition.effect.estimate == pytest.approx(0.145)
        assert condition.condition.p_difference == pytest.approx(2 / 1024)
        assert found.verdict.n == 10


def test_on_par_within_the_margin(tmp_path: Path) -> None:
    """Differences ±0.001 in turn; a margin of 0.02 holds all of them."""
    gru = 0.9 + 0.001 * (-1) ** np.arange(10)
    found = verdict_of(tmp_path, scores(gru, np.full(10, 0.9)), direction="equivalent", margin=0.02)
    assert found.verdict.outcome == "supported"
    found = evaluate_claim(claim(direction="greater", margin=0.02), load_results(tmp_path))
    assert found.verdict.outcome == "equivalent"


def test_nine_pairs_decide_nothing(tmp_path: Path) -> None:
    found = verdict_of(tmp_path, scores(0.8 + RAMP[:9], np.full(9, 0.7)))
    assert found.verdict.outcome == "undecided"
    assert found.verdict.reason == "n too small: 9 of at least 10 pairs"
    assert found.verdict.more_seeds is not None and found.verdict.more_seeds >= 1


def test_missing_runs_are_counted_and_named_and_cost_their_pair(tmp_path: Path) -> None:
    contents = scores(0.8 + RAMP, np.full(10, 0.7))
    requested = {content["run_id"]: content["config"] for content in contents}
    gone = contents.pop(3)["run_id"]
    runs = with_missing(table(tmp_path, [*contents, record("gru", seed=77)]), requested)
    assert len(runs) == 20  # the run of seed 77 was not asked for
    found = evaluate_claim(claim(), runs)
    assert found.missing == (gone,)
    assert found.runs == 20
    assert found.verdict.outcome == "undecided"
    assert found.verdict.n == 9
    assert "1 run(s) have no partner of the same seed" in found.measured[0].left_out


def test_nothing_there_yet_is_a_condition_each_and_undecided(tmp_path: Path) -> None:
    contents = [*scores(RAMP, RAMP, seq_len=50), *scores(RAMP, RAMP, seq_len=100)]
    runs = load_results([])
    found = evaluate_claim(claim(by=["seq_len"]), with_missing(runs, {c["run_id"]: c["config"] for c in contents}))
    assert [m.name for m in found.measured] == ["T = 50", "T = 100"]
    assert len(found.missing) == 40
    assert found.verdict.outcome == "undecided"


def test_a_diverged_run_has_the_worse_of_chance_and_the_worst_score(tmp_path: Path) -> None:
    """Chance on adding is 0.066 here, below every score; of a loss, without a chance level, it is the largest."""
    contents = [*scores(0.8 + RAMP[:9], 0.7 + np.zeros(10)), record("gru", seed=9, status="diverged")]
    runs = table(tmp_path, contents)
    (m,) = evaluate_claim(claim(), runs).measured
    assert m.first[9] == 0.066
    assert len(m.seeds) == 10
    assert m.left_out[0] == "1 diverged run(s) count as 0.066, the worse of chance and the worst run"
    (m,) = evaluate_claim(claim(metric="test_loss", direction="less"), runs).measured
    assert m.first[9] == pytest.approx(0.17 - 0.16 * 0.7)
    (m,) = evaluate_claim(claim(metric="step_ms_median", scale="ratio"), runs).measured
    assert len(m.seeds) == 9
    assert m.left_out[0] == "1 diverged run(s) are kept out"


def test_runs_that_were_still_improving_at_the_end_of_their_budget_are_said(tmp_path: Path) -> None:
    """Best at step 1,900 of 2,000 and after: three GRUs; the others stopped by themselves or were best before."""
    contents = scores(0.8 + RAMP, np.full(10, 0.7), stopped_by="patience", steps=2000, best_step=2000)
    for seed, (by, best) in enumerate(
        [("max_steps", 2000), ("max_epochs", 1900), ("max_steps", 1950), ("max_steps", 1800)]
    ):
        contents[seed] |= {"stopped_by": by, "best_step": best}
    (m,) = verdict_of(tmp_path, contents).measured
    assert m.left_out == ("3 of 10 gru run(s) were still improving on validation when the budget ended",)


def test_contended_runs_and_other_machines_are_kept_out_of_times_alone(tmp_path: Path) -> None:
    contents = scores(0.8 + RAMP, np.full(10, 0.7))
    contents[0]["timing"]["contended"] = True
    contents[1]["environment"]["cpu"] = "another"
    runs = table(tmp_path, contents)
    (m,) = evaluate_claim(claim(metric="step_ms_median", scale="ratio"), runs).measured
    assert m.seeds == tuple(range(2, 10))
    assert m.left_out == (
        "1 run(s) timed while another ran beside them are kept out",
        "1 run(s) have no partner of the same seed",
        "1 pair(s) timed on different machines or threads are kept out",
    )
    (m,) = evaluate_claim(claim(), runs).measured
    assert len(m.seeds) == 10


def test_where_all_runs_are_contended_nothing_is_said_of_times(tmp_path: Path) -> None:
    contents = scores(RAMP, RAMP, timing__contended=True)
    found = verdict_of(tmp_path, contents, metric="step_ms_median", scale="ratio")
    assert found.verdict.outcome == "undecided"
    assert found.verdict.reason == "all 20 runs were timed while another ran beside them: force=true repeats them"


def test_settings_are_compared_as_cells_are(tmp_path: Path) -> None:
    """LSTMs whose forget gates start at 1 and at 0: differences 0.1 + a ramp of mean 0.0045."""
    contents = []
    for bias, values in ((1.0, 0.8 + RAMP), (0.0, np.full(10, 0.7))):
        made = [record("lstm", seed=s, test_score=v, config__forget_bias=bias) for s, v in enumerate(values)]
        contents += [own | {"run_id": f"{own['run_id']}-{bias:g}"} for own in made]
    found = verdict_of(tmp_path, contents, between="forget_bias", compare=[1, 0])
    assert found.verdict.outcome == "supported"
    assert found.verdict.conditions[0].condition.effect.estimate == pytest.approx(0.1045)
    assert found.claim.sides == ("forget_bias 1", "forget_bias 0")


def test_a_setting_may_be_a_number_or_a_word(tmp_path: Path) -> None:
    """chrono 0.1 above bias 1, and bias 1 as good as the GRU, which has none."""
    contents = scores(0.7 + RAMP, [], config__forget_bias=None)
    for bias, values in (("chrono", 0.8 + RAMP), (1.0, 0.7 + RAMP[::-1]), (0.5, RAMP)):
        made = [record("lstm", seed=s, test_score=v, config__forget_bias=bias) for s, v in enumerate(values)]
        contents += [own | {"run_id": f"{own['run_id']}-{bias}"} for own in made]
    found = verdict_of(tmp_path, contents, between="forget_bias", compare=["chrono", 1], select={"cell": "lstm"})
    assert found.verdict.outcome == "supported"
    assert found.verdict.conditions[0].condition.effect.estimate == pytest.approx(0.1)
    assert found.claim.sides == ("forget_bias chrono", "forget_bias 1")
    runs = load_results(tmp_path)
    for bias, difference in (("chrono", 0.1), (1, 0.0), (0.5, -0.7)):
        against = evaluate_claim(claim(compare=["lstm", "gru"], select={"forget_bias": [bias, None]}), runs)
        assert against.verdict.conditions[0].condition.effect.estimate == pytest.approx(difference)
    named = [m.name for m in evaluate_claim(claim(by=["forget_bias"]), runs).measured]
    assert named == [f"forget_bias = {bias}" for bias in ("0.5", "1", "chrono", "null")]


def times(cell: str, solved: Iterable[int | None], **changes: Any) -> list[dict[str, Any]]:
    return [
        record(cell, seed=seed, timing__steps_to_threshold=step, steps=2000 if step is None else step, **changes)
        for seed, step in enumerate(solved)
    ]


SOLVES = {"solve": {"kind": "solve_time", "metric": "steps_to_threshold", "direction": "less"},
          "success": {"kind": "success", "metric": "steps_to_threshold", "direction": "greater"}}  # fmt: skip


def test_unsolved_runs_are_censored_at_the_budget(tmp_path: Path) -> None:
    """GRU solves at 100, 200, … 1000; LSTM at 1100, … 1900, and once not within 2000 steps: means 550 and 1550."""
    gru, lstm = range(100, 1001, 100), [*range(1100, 1901, 100), None]
    found = verdict_of(tmp_path, [*times("gru", gru), *times("lstm", lstm)], **SOLVES["solve"])
    (condition,), (m,), (log_rank,) = found.verdict.conditions, found.measured, found.log_rank
    assert found.verdict.outcome == "supported"
    assert condition.condition.effect.estimate == pytest.approx(550 - 1550)
    assert condition.condition.effect.method.startswith("restricted mean to 2000")
    assert m.second_solved.sum() == 9
    assert m.left_out == ("1 of 20 runs never solved it and are censored (horizon 2000)",)
    censored = stats.CensoredData.right_censored([*range(1100, 1901, 100), 2000], [False] * 9 + [True])
    expected = stats.logrank(list(gru), censored)
    assert log_rank is not None and log_rank.p_value == pytest.approx(expected.pvalue)


def test_nobody_solved_it(tmp_path: Path) -> None:
    found = verdict_of(tmp_path, [*times("gru", [None] * 10), *times("lstm", [None] * 10)], **SOLVES["solve"])
    assert found.verdict.outcome == "undecided"
    assert found.verdict.reason == "no run of either solved it before 2000"


def test_a_run_that_stopped_unsolved_before_the_budget_is_an_obstacle(tmp_path: Path) -> None:
    contents = [*times("gru", range(100, 1001, 100)), *times("lstm", [*range(100, 901, 100), None])]
    contents[-1]["steps"] = 500  # out of patience
    found = verdict_of(tmp_path, contents, **SOLVES["solve"])
    assert found.verdict.outcome == "undecided"
    assert "stopped unsolved before the horizon 2000" in found.verdict.reason


def test_diverged_is_unsolved(tmp_path: Path) -> None:
    """10 of 10 against 0 of 10, which all diverged."""
    contents = [*times("gru", range(100, 1001, 100)), *times("lstm", [None] * 10, status="diverged")]
    found = verdict_of(tmp_path, contents, **SOLVES["success"])
    assert found.verdict.outcome == "supported"
    assert found.verdict.conditions[0].condition.effect.estimate == 1.0
    found = evaluate_claim(claim(**SOLVES["solve"]), load_results(tmp_path))
    assert found.verdict.conditions[0].condition.effect.estimate == pytest.approx(550 - 2000)


def test_seconds_to_solve_are_cut_where_every_run_is_known(tmp_path: Path) -> None:
    """Unsolved LSTMs stopped after 30 and 40 s: up to 30 s all is known."""
    contents = [*times("gru", range(100, 1001, 100)), *times("lstm", [100] * 8 + [None, None])]
    for index, content in enumerate(contents):
        content["timing"] |= {"seconds_to_threshold": 10.0, "train_seconds": 10.0}
        if index >= 18:
            content["timing"] |= {"seconds_to_threshold": None, "train_seconds": 30.0 + 10 * (index - 18)}
    found = verdict_of(tmp_path, contents, **SOLVES["solve"] | {"metric": "seconds_to_threshold"})
    assert found.measured[0].horizon == 30
    assert found.verdict.conditions[0].condition.effect.estimate == pytest.approx(-4.0)  # (8 · 0 + 2 · −20) / 10


COUNTED = {"kind": "closed_form", "metric": "recurrent_parameters", "scale": "ratio", "direction": "less"}


def test_a_count_is_exactly_three_quarters_or_not(tmp_path: Path) -> None:
    runs = table(tmp_path, [record(cell) for cell in ("gru", "lstm", "rnn")])
    found = evaluate_claim(claim(**COUNTED, expected=0.75), runs)
    assert (found.verdict.outcome, found.verdict.n) == ("supported", 1)
    assert found.verdict.conditions[0].condition.effect.estimate == 0.75
    assert evaluate_claim(claim(**COUNTED, expected=0.5), runs).verdict.outcome == "contradicted"
    assert evaluate_claim(claim(**COUNTED), runs).verdict.outcome == "supported"
    assert evaluate_claim(claim(**COUNTED, compare=["lstm", "rnn"]), runs).verdict.outcome == "contradicted"


def test_it_depends_on_the_data(tmp_path: Path) -> None:
    """Each cell clearly ahead at one length; or one cell at both."""
    high, low = 0.8 + RAMP, 0.5 + RAMP[::-1]
    by = {"kind": "heterogeneity", "by": ["seq_len"]}
    both = [*scores(high, low, seq_len=50), *scores(low, high, seq_len=100)]
    found = verdict_of(tmp_path / "both", both, **by)
    assert found.verdict.outcome == "supported"
    assert found.verdict.reason == "GRU above LSTM in T = 50; GRU below LSTM in T = 100"
    assert found.spread is not None and found.spread.p_value < 1e-6
    few = verdict_of(tmp_path / "few", [each for each in both if each["config"]["seed"] < 4], **by)
    assert few.verdict.reason == "n too small: 4 of at least 10 pairs"
    one = [*scores(high, low, seq_len=50), *scores(high, low, seq_len=100)]
    assert verdict_of(tmp_path / "one", one, **by).verdict.outcome == "contradicted"


INTERACTION = {"kind": "interaction", "over": "train_size", "direction": "greater", "margin": 0.001}


def by_size(gru: float, lstm: float, seeds: int = 10) -> list[dict[str, Any]]:
    """Scores over 100, 200 and 400 examples that grow by so much with each doubling, and a little more with the seed,
    from a level that the seed and the cell shift."""
    found = []
    for cell, slope in (("gru", gru), ("lstm", lstm)):
        for seed in range(seeds):
            for doublings in range(3):
                score = 0.3 + 0.01 * seed + (0.07 if cell == "gru" else 0) + (slope + 0.001 * seed) * doublings
                own = record(cell, seed=seed, test_score=score, task__train_size=100 * 2**doublings)
                found.append(own | {"run_id": f"{own['run_id']}-{doublings}"})
    return found


def test_an_interaction_is_how_the_difference_changes_with_each_doubling(tmp_path: Path) -> None:
    """The level, which differs by 0.07, is none of it: 0.05 − 0.03 for every seed, or 0.02 − 0.05."""
    noise = np.array([0, 2e-4] * 5)
    contents = by_size(0.05, 0.03)
    for seed, more in enumerate(noise):  # the last size of gru alone: adds `more` / 2 to the slope
        content = contents[3 * seed + 2]
        content["metrics"]["test"]["accuracy"] += more
    found = verdict_of(tmp_path / "more", contents, **INTERACTION)
    assert found.verdict.outcome == "supported"
    assert found.verdict.conditions[0].condition.effect.estimate == pytest.approx(0.02 + noise.mean() / 2)
    assert found.measured[0].first - found.measured[0].second == pytest.approx(0.02 + noise / 2)
    lower = verdict_of(tmp_path / "less", by_size(0.02, 0.05), **INTERACTION)
    assert lower.verdict.outcome == "contradicted"


def test_a_seed_without_every_size_has_no_slope(tmp_path: Path) -> None:
    contents = by_size(0.05, 0.03, seeds=11)
    del contents[4]
    (m,) = verdict_of(tmp_path, contents, **INTERACTION).measured
    assert m.seeds == (0, *range(2, 11))
    assert m.left_out[-2:] == (
        "1 seed(s) of a side lack a value of train_size",
        "1 run(s) have no partner of the same seed",
    )


def test_two_runs_for_one_seed_are_refused_by_name(tmp_path: Path) -> None:
    contents = [*scores(RAMP, RAMP), *scores(RAMP, RAMP, lr=1e-3)]
    found = verdict_of(tmp_path, contents)
    assert found.verdict.outcome == "undecided"
    assert "several runs for one seed, which differ in optimizer_lr" in found.verdict.reason
    assert verdict_of(tmp_path, contents, select={"optimizer_lr": 1e-3}).measured[0].obstacle == ""


def test_backends_are_compared_as_cells_are(tmp_path: Path) -> None:
    contents = []
    for backend, ms in (("fused", 1.0), ("torch", 2.0)):
        for seed in range(10):
            own = record("gru", seed=seed, backend=backend, config__backend=backend, timing__step_ms={"median": ms})
            contents.append(own | {"run_id": f"{own['run_id']}-{backend}"})
    found = verdict_of(tmp_path, contents, between="backend_asked", compare=["fused", "torch"], direction="less",
                       metric="step_ms_median", scale="ratio", by=["cell"])  # fmt: skip
    assert found.verdict.outcome == "supported"
    assert found.verdict.conditions[0].condition.effect.estimate == pytest.approx(0.5)


def test_what_is_not_said_is_asked_for_by_name() -> None:
    with pytest.raises(UsageError, match=r"^study\.claims\.0\.statement must be given$"):
        study_from({"title": "t", "sweeps": [{"cell": "gru"}], "claims": [{"id": "c"}]})


@pytest.mark.parametrize(("changes", "parts"), [
    ({"metrc": "x"}, ["study.claims.0.metrc=x", "did you mean study.claims.0.metric?"]),
    ({"kind": "pared"}, ["study.claims.0.kind=pared", "paired, success"]),
    ({"direction": "equivalent"}, ["study.claims.c.margin=null"]),
    ({"compare": ["gru"]}, ["study.claims.c.compare"]),
    ({"scale": "ratio", "margin": 0.1}, ["study.claims.c.margin=0.1", "above 1"]),
    ({"by": "seq_len"}, ["study.claims.0.by=seq_len", "a list"]),
    ({"kind": "interaction"}, ["study.claims.c.over=null"]),
    ({"over": "train_size"}, ["study.claims.c.over=train_size"]),
])  # fmt: skip
def test_a_malformed_claim_is_one_line(changes: dict[str, Any], parts: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        claim(**changes)
    assert all(part in str(caught.value) for part in parts)


def test_a_study_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    study = study_from(yaml.safe_load(STUDIES[0].read_text())["study"])
    write_request(tmp_path, "mine", study, {"a": {"seed": 1}})
    request = read_request(tmp_path)
    assert request is not None
    assert (request.name, request.study, request.runs) == ("mine", study, {"a": {"seed": 1}})
    assert read_request(tmp_path / "nowhere") is None
    (tmp_path / "study.json").write_text('{"schema_version": 1')
    with pytest.raises(UsageError, match=r"study\.json cannot be read"):
        read_request(tmp_path)


def test_overrides_are_in_hydras_grammar() -> None:
    grid = {"cell": "lstm,gru", "clip_norm": None, "force": False, "optimizer.lr": 0.001, "seed": "range(0,10)"}
    expected = ["cell=lstm,gru", "clip_norm=null", "force=false", "optimizer.lr=0.001", "seed=range(0,10)"]
    assert overrides(grid) == expected


@pytest.fixture(scope="module")
def composing() -> tuple[Composer, Any]:
    loader = ConfigLoaderImpl(create_config_search_path(f"file://{CONF}"))
    parser = OverridesParser.create(loader)

    def split(texts: list[str]) -> list[list[str]]:
        (jobs,) = BasicSweeper.split_arguments(parser.parse_overrides(texts), None)
        return jobs

    return Composer(loader, loader.load_configuration("config", [], RunMode.MULTIRUN), parser), split


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_every_study_parses_composes_and_claims_what_its_runs_can_show(
    path: Path, composing: Any, tmp_path: Path
) -> None:
    """Every run is a valid configuration; every claim selects runs of both sides, ten seeds of each, one a seed."""
    composer, split = composing
    lines = path.read_text().splitlines()
    assert lines[0] == "# @package _global_"
    assert lines[1].startswith("# ") and lines[2].startswith(("# ", "name:"))
    assert yaml.safe_load(path.read_text())["name"] == path.stem
    study, jobs = study_jobs(composer, path.stem, split, [])
    configs = {config.run_id: config for config in (composer.compose(job.overrides) for job in jobs)}
    assert {config.name for config in configs.values()} == {path.stem}
    matched = {
        (c.cell.name, c.dataset.name, c.seq_len, c.hidden_size): c for c in configs.values() if c.match == "params"
    }
    for config in matched.values():
        if config.dataset.name in MADE:  # the widths are met
            task = make_dataset(config).task(seq_len=config.seq_len, train_size=None, seed=0, data_dir=tmp_path)
            matched_hidden_size(make_cell(config), LSTMCell(), task, config.hidden_size, 1, None)
    runs = with_missing(load_results([]), {run_id: config.to_dict() for run_id, config in configs.items()})
    for each in study.claims:
        known = {*COLUMNS, *runs.columns}
        assert {each.metric, each.between, *each.select, *each.by} <= known, each.id
        found = evaluate_claim(each, runs)
        assert found.measured, each.id
        for m in found.measured:
            assert "several runs" not in m.obstacle, (each.id, m.obstacle)
            assert m.runs >= (2 if each.kind == "closed_form" else 20), each.id


def test_what_is_asked_for_wins_in_every_grid(composing: Any) -> None:
    composer, split = composing
    _, jobs = study_jobs(composer, "parameters", split, ["seed=5,6", "hidden_size=7", "budget.max_steps=3"])
    configs = [composer.compose(job.overrides) for job in jobs]
    assert {(c.seed, c.hidden_size, c.budget.max_steps) for c in configs} == {(5, 7, 3), (6, 7, 3)}


def rnnbench(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "rnnbench", *arguments], capture_output=True, text=True)


MINE = """\
# @package _global_
# Mine.
name: mine
study:
  title: Is it so?
  sweeps:
    - {cell: "lstm,gru", seed: 0, hidden_size: 3}
    - {cell: "lstm,rnn", seed: 0, hidden_size: 4}
  claims:
    - {id: parameters, statement: Fewer., folklore: Fewer., kind: closed_form, metric: recurrent_parameters,
       compare: [gru, lstm], scale: ratio, direction: less, expected: 0.75, by: [hidden_size], select: {hidden_size: 3}}
    - {id: score, statement: Better., folklore: Better., kind: paired, metric: test_score, compare: [gru, lstm],
       direction: greater, by: [hidden_size], select: {hidden_size: 3}}
"""


def test_a_study_of_ones_own_from_one_command(tmp_path: Path) -> None:
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "mine.yaml").write_text(MINE)
    tiny = [text for text in TINY if not text.startswith("hidden_size")]
    command = ("-m", f"--config-dir={tmp_path}", "study=mine", *tiny)
    done = rnnbench(*command)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "4 runs: 0 finished before, 4 to do"
    assert lines[-3].startswith("supported: parameters: Fewer. | GRU / LSTM: 0.75 (exact) | counted | counted: as cl")
    assert lines[-2].startswith("undecided: score: Better. | GRU − LSTM: ")
    assert lines[-2].endswith("n too small: 1 of at least 10 pairs")
    assert lines[-1] == "report: results/mine/report.html"
    kept = json.loads(Path("results/mine/study.json").read_text())
    assert sorted(kept["runs"]) == sorted(path.name for path in Path("results/mine/runs").iterdir())
    again = rnnbench(*command, "hidden_size=3")
    assert again.stdout.splitlines()[0] == "3 runs: 2 finished before, 1 to do"  # the override makes two LSTMs one


def test_a_study_without_m_is_refused() -> None:
    done = rnnbench("study=parameters")
    assert (done.returncode, done.stderr) == (2, "rnnbench: study=parameters: a study is many runs: add -m\n")
    assert not list(Path().iterdir())
