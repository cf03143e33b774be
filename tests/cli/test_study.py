"""Studies as files and commands: the schema, the definitions under conf/study, a study of one's own."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra._internal.utils import create_config_search_path
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.types import RunMode
from making import TINY
from places import ROOT
from sweeping import here

from rnnbench.cells.lstm import LSTMCell
from rnnbench.cli.composer import Composer
from rnnbench.cli.study import check_study, study_jobs
from rnnbench.config import CONF, make_cell, make_dataset
from rnnbench.errors import UsageError
from rnnbench.records import COLUMNS
from rnnbench.records.table import load_results, with_missing
from rnnbench.registry import names
from rnnbench.studies import (
    PublishedRow,
    StudyClaim,
    evaluate_claim,
    overrides,
    read_request,
    study_from,
    write_request,
)
from rnnbench.training.model import matched_hidden_size
from tests.claims import claim

MADE = ("adding", "copy", "digits", "anbn")  # data that is not downloaded
STUDIES = sorted((CONF / "study").glob("*.yaml"))
SMALL = (
    "quick",
    "parameters",
    "memory",
    "less_data",
    "forget_bias",
)  # the others with --slow: hundreds of runs to compose


def test_what_is_not_said_is_asked_for_by_name() -> None:
    with pytest.raises(UsageError, match=r"^study\.claims\.0\.statement must be given$"):
        study_from({"title": "t", "sweeps": [{"cell": "gru"}], "claims": [{"id": "c"}]})


@pytest.mark.parametrize(("changes", "parts"), [
    ({"metrc": "x"}, ["study.claims.0.metrc=x", "did you mean study.claims.0.metric?"]),
    ({"kind": "pared"}, ["study.claims.c.kind=pared", "paired, solve_time, success"]),
    ({"direction": "equivalent", "metric": "best_step"}, ["study.claims.c.margin=null", "best_step"]),
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


@pytest.mark.parametrize("path", [path if path.stem in SMALL else pytest.param(path, marks=pytest.mark.slow)
                                  for path in STUDIES], ids=lambda path: path.stem)  # fmt: skip
def test_every_study_parses_composes_and_claims_what_its_runs_can_show(
    path: Path, composing: Any, tmp_path: Path
) -> None:
    """Every run is a valid configuration; every claim selects runs of both sides, ten seeds of each, one a seed: or as
    many as its kind or its note says."""
    composer, split = composing
    lines = path.read_text().splitlines()
    assert lines[0] == "# @package _global_"
    assert lines[1].startswith("# ") and lines[2].startswith(("# ", "name:"))
    assert yaml.safe_load(path.read_text())["name"] == path.stem
    study, jobs = check_study(composer, path.stem, split, [])
    configs = {config.run_id: config for config in (composer.compose(job.overrides) for job in jobs)}
    assert {config.name for config in configs.values()} == {path.stem}
    matched = {
        (c.cell.name, c.dataset.name, c.seq_len, c.hidden_size): c for c in configs.values() if c.match == "params"
    }
    for config in matched.values():
        if config.dataset.name in MADE:  # the widths are met
            parts = make_dataset(config).load(seq_len=config.seq_len, train_size=None, seed=0, data_dir=tmp_path)
            matched_hidden_size(make_cell(config), LSTMCell(), parts, config.hidden_size)
    runs = with_missing(load_results([]), {run_id: config.to_dict() for run_id, config in configs.items()})
    for each in study.claims:
        known = {*COLUMNS, *runs.columns}
        assert {each.metric, each.between, *each.select, *each.by} <= known, each.id
        tuned = study.tuning.columns if study.tuning is not None else []
        found = evaluate_claim(each, runs.assign(status="diverged"), tuned)  # as if all had ended
        assert found.measured, each.id
        for m in found.measured:
            assert "several runs" not in m.obstacle and "no fair pair" not in m.obstacle, (each.id, m.obstacle)
            least = 2 if each.kind == "closed_form" else 6 if each.note.endswith("too few to decide.") else 20
            assert m.runs >= least, each.id


def test_what_is_asked_for_wins_in_every_grid(composing: Any) -> None:
    composer, split = composing
    _, jobs = study_jobs(composer, "parameters", split, ["seed=5,6", "hidden_size=7", "budget.max_steps=3"])
    configs = [composer.compose(job.overrides) for job in jobs]
    assert {(c.seed, c.hidden_size, c.budget.max_steps) for c in configs} == {(5, 7, 3), (6, 7, 3)}


GUIDE = (ROOT / "docs" / "studies.md").read_text()


def test_the_guide_names_every_key_and_kind() -> None:
    named = set(re.findall(r"^\| `(\w+)` \|", GUIDE, re.MULTILINE))
    assert {f.name for f in fields(StudyClaim)} | {*names("rnnbench.studies.kinds"), "tune", "alone"} == named
    for f in fields(PublishedRow):
        assert f"`{f.name}`" in GUIDE.split("## Published figures")[1]
    example = yaml.safe_load(re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)[0])
    study_from(example["study"])


@pytest.mark.slow
def test_the_guides_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "mine.yaml").write_text(re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)[0])
    monkeypatch.chdir(tmp_path)
    done = here("-m", "--config-dir", ".", "study=mine", "seed=0,1", "budget.max_epochs=1", "progress=false")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "16 trials: 0 finished before, 16 to do" in done.stdout
    assert "undecided: on_par" in done.stdout


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
    - {id: score, statement: Better., folklore: Better., kind: paired, metric: test_loss, compare: [gru, lstm],
       direction: less, by: [hidden_size], select: {hidden_size: 3}}
"""


def own_study(directory: Path, *asked: str) -> Any:
    (directory / "study").mkdir(exist_ok=True)
    (directory / "study" / "mine.yaml").write_text(MINE)
    tiny = [text for text in TINY if not text.startswith("hidden_size")]
    return here("-m", f"--config-dir={directory}", "study=mine", *tiny, *asked)


def test_a_study_of_ones_own_from_one_command(tmp_path: Path) -> None:
    done = own_study(tmp_path, "hidden_size=3")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "3 runs: 0 finished before, 3 to do"  # the override makes two LSTMs one
    assert lines[-3].startswith("supported: parameters: Fewer. | GRU / LSTM: 0.75 (exact) | counted | counted: as cl")
    assert lines[-2].startswith("undecided: score: Better. | GRU − LSTM: ")
    assert lines[-2].endswith("too few seeds to say: n = 1")
    assert lines[-1] == "report: results/mine/report.html"
    kept = json.loads(Path("results/mine/study.json").read_text())
    assert sorted(kept["runs"]) == sorted(path.name for path in Path("results/mine/runs").iterdir())


@pytest.mark.slow
def test_a_study_asked_for_in_part_goes_on_from_the_whole(tmp_path: Path) -> None:
    done = own_study(tmp_path)
    assert done.stdout.splitlines()[0] == "4 runs: 0 finished before, 4 to do"
    kept = json.loads(Path("results/mine/study.json").read_text())
    assert sorted(kept["runs"]) == sorted(path.name for path in Path("results/mine/runs").iterdir())
    assert own_study(tmp_path, "hidden_size=3").stdout.splitlines()[0] == "3 runs: 2 finished before, 1 to do"


def test_a_study_without_m_is_refused() -> None:
    done = here("study=parameters")
    assert (done.returncode, done.stderr) == (2, "rnnbench: study=parameters: a study is many runs: add -m\n")
    assert not list(Path().iterdir())
