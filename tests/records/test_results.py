"""The published studies under results/: what is committed there follows from the runs that are committed beside it."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from omegaconf import OmegaConf
from places import ROOT
from scipy import stats

from rnnbench.config import CONF
from rnnbench.records import COLUMNS, PACK, read_record
from rnnbench.records.columns import TEXT, TIME
from rnnbench.records.conditions import with_conditions
from rnnbench.records.table import load_results, with_missing
from rnnbench.report import make_report
from rnnbench.report.verdicts import measured_names, study_result, write_tables
from rnnbench.studies import StudyResult, evaluate, read_request, study_from

PUBLISHED = sorted(path.parent for path in (ROOT / "results").glob("*/study.json"))
REBUILT = {"folklore", "published"}
"""Whose runs left no records: theirs were made again from tables, and have no histories."""
by_name = pytest.mark.parametrize("directory", PUBLISHED, ids=lambda path: path.name)


def runs_of(directory: Path) -> pd.DataFrame:
    """runs.csv, its columns typed as those of load_results, and those that came later; dates aside, for no verdict."""
    kinds = {name: column.kind for name, column in COLUMNS.items() if column.kind != TIME}
    text = {name: "str" for name, kind in kinds.items() if kind == TEXT}
    runs = pd.read_csv(directory / "runs.csv", dtype=text, low_memory=False)
    runs = runs.assign(**{name: column.absent for name, column in COLUMNS.items() if name not in runs})
    return runs.astype({name: kind for name, kind in kinds.items() if kind != TEXT and name in runs})


def result_of(directory: Path) -> StudyResult:
    request = read_request(directory)
    assert request is not None
    return evaluate(request.study, with_missing(runs_of(directory), request.runs), request.waiting)


def test_there_is_one() -> None:
    assert "folklore" in [path.name for path in PUBLISHED]


@pytest.mark.few(1)
@by_name
def test_the_verdicts_follow_from_the_runs(directory: Path) -> None:
    stated = pd.read_csv(directory / "verdicts.csv")
    for each in result_of(directory).claims:
        rows = stated[stated["claim"] == each.claim.id]
        assert set(rows["verdict"]) == {each.word}, each.claim.id
        effects = [judged.condition.effect.estimate for judged in each.verdict.conditions]
        assert rows["effect"].to_numpy() == pytest.approx(effects, rel=1e-9, nan_ok=True), each.claim.id


def copy_of(directory: Path, to: Path) -> Path:
    """What is committed of a study: without runs/, wherever they lie beside it here."""
    return Path(shutil.copytree(directory, to / directory.name, ignore=shutil.ignore_patterns("runs", "*.svg")))


def assert_the_same_runs(made: Path, committed: Path) -> None:
    """Every column that stands in the committed table, as text; what came later has columns of its own."""
    mine, stated = (pd.read_csv(path / "runs.csv", dtype=str, keep_default_na=False) for path in (made, committed))
    for table in (mine, stated):  # whose zeros pandas writes, or not
        for name in ("started", "finished"):
            table[name] = pd.to_datetime(table[name], format="ISO8601")
    pd.testing.assert_frame_equal(mine[list(stated)], stated)


def assert_the_same_numbers(made: Path, committed: Path) -> None:
    """All columns of numbers but for rounding, which hangs on the processor, and whose they are; reasons may be told in
    other words by now."""
    mine, stated = (pd.read_csv(path / "verdicts.csv") for path in (made, committed))
    numbers = list(stated.select_dtypes("number"))
    assert len(numbers) >= 10
    same = ["claim", "verdict", *numbers]
    pd.testing.assert_frame_equal(mine[same], stated[same], rtol=1e-10, atol=0)


@pytest.mark.few(1)
@by_name
def test_the_pack_holds_the_very_runs_and_gives_the_very_verdicts(directory: Path, tmp_path: Path) -> None:
    copy = copy_of(directory, tmp_path)
    runs, request = load_results(copy), read_request(copy)
    assert request is not None
    assert {*request.runs, *request.trials} == set(runs["run_id"])
    counted = with_conditions(runs[runs["run_id"].isin(list(request.runs))])
    counted["path"] = counted["path"].str.removeprefix(f"{copy}/")
    counted.to_csv(copy / "runs.csv", index=False)
    assert_the_same_runs(copy, directory)
    for run_id in (*sorted(request.runs)[:3], *sorted(request.trials)[:3]):
        record = read_record(copy / "runs" / run_id)
        assert record is not None
        words = f"from {'tuning' if run_id in request.trials else 'runs'}.csv and study.json"
        assert record.get("rebuilt") == (words if directory.name in REBUILT else None)
    (copy / "verdicts.csv").unlink()
    result = study_result(copy, runs)
    assert result is not None
    write_tables(result, copy, measured_names(result, runs))
    assert_the_same_numbers(copy, directory)


@pytest.mark.slow
@by_name
def test_the_page_is_made_again_from_what_is_committed(directory: Path, tmp_path: Path) -> None:
    copy = copy_of(directory, tmp_path)
    for name in ("report.html", "verdicts.csv"):
        (copy / name).unlink()
    page = make_report(copy).read_text()
    rebuilt = directory.name in REBUILT
    assert ("made again from runs.csv and study.json, not written by their runs" in page) == rebuilt
    assert ("No learning curves can be drawn" in page) == rebuilt == ("Learning curves against" not in page)
    assert_the_same_numbers(copy, directory)
    assert_the_same_runs(copy, directory)
    for name in ("summary.csv", "tuning.csv", "published.csv"):
        if (directory / name).exists():
            assert (copy / name).read_bytes() == (directory / name).read_bytes()


@pytest.mark.parametrize(
    ("claim", "select", "column", "logarithm"),
    [
        ("on_par_jsb", {"dataset": "jsb"}, "test_score", False),
        ("on_par_text", {"dataset": "tinyshakespeare", "budget_max_steps": 6000}, "test_score", False),
        ("counting", {"dataset": "anbn"}, "test_score", False),
        ("memory_peak", {"hidden_size_asked": 256}, "peak_bytes", True),
    ],
)
def test_some_effects_and_their_p_values_by_scipy_alone(
    claim: str, select: dict[str, Any], column: str, logarithm: bool
) -> None:
    runs = pd.read_csv(ROOT / "results/folklore/runs.csv", low_memory=False)
    for name, value in select.items():
        runs = runs[runs[name] == value]
    table = runs.pivot(index="seed", columns="cell", values=column)
    assert len(table) == 10
    stated = pd.read_csv(ROOT / "results/folklore/verdicts.csv").query("claim == @claim").iloc[0]
    first, second = (name.lower() for name in re.split(" [−/] ", stated["compared"]))
    x, y = (np.log(table[name]) if logarithm else table[name] for name in (first, second))
    effect = (x - y).mean()
    assert stated["effect"] == pytest.approx(np.exp(effect) if logarithm else effect)
    test = stats.permutation_test((x - y,), np.mean, permutation_type="samples", n_resamples=np.inf)
    assert stated["p_difference"] == pytest.approx(test.pvalue)
    assert stated["n"] == 10


@by_name
def test_the_claims_are_those_of_the_study_as_it_is_now(directory: Path) -> None:
    values = OmegaConf.to_container(OmegaConf.load(CONF / "study" / f"{directory.name}.yaml"))
    request = read_request(directory)
    assert isinstance(values, dict) and request is not None
    now = study_from(values["study"])
    assert json.loads(json.dumps(asdict(now)["claims"])) == json.loads(json.dumps(asdict(request.study)["claims"]))


@by_name
def test_it_is_compact_and_whole(directory: Path) -> None:
    files = [
        path for path in directory.rglob("*") if path.is_file() and "runs" not in path.relative_to(directory).parts
    ]
    assert sum(path.stat().st_size for path in files) < 15e6
    assert {"report.html", "verdicts.csv", "verdicts.md", "verdicts.tex", "runs.csv", PACK} <= {p.name for p in files}
    page = (directory / "report.html").read_text()
    assert not re.search(r"""(src=|<link[^>]*href=)["']?(https?:|//)""", page)  # links to DOIs may


def told_rows(page: str) -> list[tuple[str, str, str]]:
    """Of the table of what was found: (claim, the row, verdict). Every row names a claim, or counts lines of code."""
    text = (ROOT / page).read_text()
    row = r"^(\| .*\((?:\.\./)?results/folklore/report\.html#claim-(\w+)\).*\*\*(\w+)\*\*.*)$"
    found = re.findall(row, text, re.M)
    table = text[text.index("| said | found") :].partition("\n\n")[0].splitlines()[2:]
    assert len(found) == len([line for line in table if not line.endswith("| counted |")]) >= 9
    return [(claim, line, verdict) for line, claim, verdict in found]


both_pages = pytest.mark.parametrize("page", ["README.md", "docs/folklore.md"])


@both_pages
def test_a_page_tells_the_verdicts_that_were_found(page: str) -> None:
    stated = pd.read_csv(ROOT / "results/folklore/verdicts.csv").drop_duplicates("claim").set_index("claim")["verdict"]
    rows = told_rows(page)
    assert {claim: stated[claim] for claim, _, _ in rows} == {claim: verdict for claim, _, verdict in rows}


@both_pages
def test_a_page_tells_the_numbers_that_were_found(page: str) -> None:
    """Every "effect [low, high]" is one of that claim's conditions, rounded as it is printed there."""
    stated = pd.read_csv(ROOT / "results/folklore/verdicts.csv")
    number = r"([−+]?[\d.]+)"
    told = 0
    for claim, line, _ in told_rows(page):
        found = stated.loc[stated["claim"] == claim, ["effect", "low", "high"]].to_numpy()
        for printed in re.findall(rf"{number} \[{number}, {number}\]", line):
            errors = [abs(found[:, place] - float(words.replace("−", "-"))) for place, words in enumerate(printed)]
            units = [0.501 * 10.0 ** -len(words.partition(".")[2]) for words in printed]
            near = [all(e[row] <= u for e, u in zip(errors, units, strict=True)) for row in range(len(found))]
            assert any(near), (claim, printed)
            told += 1
        for printed in re.findall(r"(\d\.\d+) ×", re.sub(rf"{number} \[{number}, {number}\] ×", "", line)):
            assert np.abs(found[:, 0] - float(printed)).min() <= 0.501 * 10.0 ** -len(printed.partition(".")[2]), claim
            told += 1
    assert told > (25 if page.startswith("docs") else 10)
