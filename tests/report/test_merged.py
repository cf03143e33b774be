"""`python -m rnnbench.report a b name=…`: one page of several results, each run once, times of two machines apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from rnnbench.records import PACK
from rnnbench.records.table import load_results
from rnnbench.report.__main__ import main
from rnnbench.studies import STUDY, read_request, study_from, write_request
from tests.fake_records import sweep, write

FAST, SLOW = "Fast CPU", "Slow CPU"


def folder(name: str, seeds: tuple[int, ...], cpu: str, step_ms: float, score: float | None = None) -> Path:
    """LSTM and GRU at one length, all of whose steps take so long."""
    records = sweep(seq_lens=(50,), seeds=seeds, environment__cpu=cpu)
    for each in records:
        each["timing"]["step_ms"] = {"median": step_ms, "p10": step_ms, "p90": step_ms, "n": 100}
        each["timing"]["train_seconds"] = step_ms
        if score is not None:
            each["metrics"]["test"]["accuracy"] = score
    write(Path(name), records)
    return Path(name)


def test_each_run_counts_once_and_the_folders_stay_as_they_were(capsys: pytest.CaptureFixture[str]) -> None:
    folder("a", (0, 1), FAST, 2.0)
    folder("b", (1, 2), FAST, 3.0, score=0.123)
    before = {path: path.read_bytes() for path in [*Path("a").rglob("*.*"), *Path("b").rglob("*.*")] if path.is_file()}
    assert main(["a", "b", "name=both"]) == 0
    printed = capsys.readouterr()
    assert printed.out == "results/both: 6 runs of 2 directories\nresults/both/report.html\n"
    assert printed.err.startswith(
        "2 run(s) are in several folders: the first result counts, once; 2 of them have another"
    )
    table = pd.read_csv("results/both/runs.csv")
    assert len(table) == 6 and table["run_id"].is_unique and sorted(set(table["seed"])) == [0, 1, 2]
    assert (table.loc[table["seed"] == 1, "step_ms_median"] == 2.0).all()  # as in the first folder
    assert (table.loc[table["seed"] == 2, "test_score"] == 0.123).all()
    assert before == {path: path.read_bytes() for path in before}
    assert {path.name for path in Path("a").iterdir()} == {"runs"}
    page = Path("results/both/report.html").read_text()
    assert "6 runs" in page and "Times of each machine" not in page and "No learning curves" not in page


def test_a_result_wins_over_a_failure_and_from_a_pack_too(capsys: pytest.CaptureFixture[str]) -> None:
    failed = [
        each | {"status": "failed", "error": "no room", "metrics": None} for each in sweep(seq_lens=(50,), seeds=(0,))
    ]
    write(Path("a"), failed, histories=False)
    folder("b", (0,), FAST, 2.0)
    assert main(["b", "pack=true"]) == 0
    for path in sorted(Path("b/runs").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    Path("b/runs").rmdir()
    assert main(["a", "b", "name=both"]) == 0
    assert list(load_results("results/both")["status"]) == ["ok", "ok"]
    assert main(["b", "a", "name=both"]) == 0  # again, in the other order: what was there is made anew
    assert list(load_results("results/both")["status"]) == ["ok", "ok"]
    capsys.readouterr()


def test_times_of_two_machines_are_kept_apart(capsys: pytest.CaptureFixture[str]) -> None:
    """Three seeds at 2 ms on one, two at 10 ms on the other: no 5.2 ms (mean) and no median over both anywhere."""
    folder("a", (0, 1, 2), FAST, 2.0)
    folder("b", (3, 4), SLOW, 10.0)
    assert main(["a", "b", "name=both"]) == 0
    capsys.readouterr()
    summary = pd.read_csv("results/both/summary.csv")
    assert list(summary["step_ms"]) == [2.0, 2.0] and list(summary["runs"]) == [5, 5]
    page = Path("results/both/report.html").read_text()
    assert f"beside one another, {FAST}, cpu, 1 thread(s) where it has any; 4 runs were timed elsewhere" in page
    section = page[page.index('id="machines"') : page.index("</section>", page.index('id="machines"'))]
    rows = [row for row in section.split("<tr>") if FAST in row or SLOW in row]
    assert len(rows) == 4 and all(("<td>2.00</td>" in row) == (FAST in row) for row in rows)
    assert all("<td>10.0</td>" in row for row in rows if SLOW in row)
    assert "Timed on 2 kinds" not in page
    table = pd.read_csv("results/both/runs.csv")  # has all of them, each with its machine
    assert set(zip(table["env_cpu"], table["step_ms_median"], strict=True)) == {(FAST, 2.0), (SLOW, 10.0)}


def split(name: str, key: str, values: tuple[Any, ...], cpu: str, step_ms: float) -> None:
    """Into `name`: of a sweep over two cells, two lengths and three seeds, the runs with these values of one key."""
    records = sweep(seq_lens=(50, 100), seeds=(0, 1, 2), environment__cpu=cpu)
    for each in records:
        each["timing"]["step_ms"] = {"median": step_ms, "p10": step_ms, "p90": step_ms, "n": 100}
    chosen = {"cell": lambda config: config["cell"]["name"], "seq_len": lambda config: config["seq_len"]}[key]
    write(Path(name), [each for each in records if chosen(each["config"]) in values])


@pytest.mark.parametrize(("key", "here", "there"), [("cell", ("lstm",), ("gru",)), ("seq_len", (50,), (100,))])
def test_times_of_two_machines_do_not_stand_side_by_side(
    key: str, here: tuple[Any, ...], there: tuple[Any, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """All LSTMs timed here and all GRUs there, or each length: conditions are of one machine, a ratio or a line through
    both lengths would be of two."""
    split("a", key, here, FAST, 2.0)
    split("b", key, there, SLOW, 10.0)
    assert main(["a", "b", "name=both"]) == 0
    capsys.readouterr()
    summary = pd.read_csv("results/both/summary.csv")
    assert sorted(summary["step_ms"].dropna()) in ([2.0, 2.0], [10.0, 10.0]) and list(summary["runs"]) == [3] * 4
    page = Path("results/both/report.html").read_text()
    assert "6 runs were timed elsewhere" in page and "Timed on 2 kinds" not in page
    section = page[page.index('id="machines"') : page.index("</section>", page.index('id="machines"'))]
    assert (section.count(FAST), section.count(SLOW)) == (2, 2)
    ratios = [
        line for line in Path("results/both/summary.md").read_text().splitlines() if "Time a training step" in line
    ]
    assert all("1.00 × LSTM" in line for line in ratios) and len(ratios) == (key == "seq_len")


def test_thread_counts_that_go_with_the_condition_are_no_two_machines(capsys: pytest.CaptureFixture[str]) -> None:
    """One thread for a small cell and two for a large one, all on one machine: every condition keeps its times."""
    small, large = (sweep(seq_lens=(50,), hidden_sizes=(h,), environment__threads=n) for h, n in ((64, 1), (512, 2)))
    write(Path("a"), [*small, *large])
    assert main(["a"]) == 0
    capsys.readouterr()
    assert pd.read_csv("a/summary.csv")["step_ms"].notna().all()
    assert "Times of each machine" not in Path("a/report.html").read_text()


def test_one_study_on_two_machines_is_one_study() -> None:
    study = study_from({
        "title": "Is it?", "sweeps": [{"cell": ["lstm", "gru"]}],
        "claims": [{"id": "score", "statement": "Better.", "folklore": "Better.", "kind": "paired",
                    "metric": "test_score", "compare": ["gru", "lstm"], "direction": "greater"}],
    })  # fmt: skip
    for name, seeds in (("a", (0, 1)), ("b", (2, 3))):
        runs = load_results(folder(name, seeds, FAST, 2.0))
        write_request(Path(name), "mine", study, {run_id: {} for run_id in runs["run_id"]})
    assert main(["a", "b", "name=both"]) == 0
    merged = read_request(Path("results/both"))
    assert merged is not None and (merged.name, len(merged.runs)) == ("mine", 8)
    assert "Is it?" in Path("results/both/report.html").read_text()
    (Path("b") / STUDY).unlink()
    other = folder("c", (5,), FAST, 2.0)
    write_request(other, "other", study, {})
    assert main(["a", "c", "name=both"]) == 0
    assert not (Path("results/both") / STUDY).exists()


@pytest.mark.parametrize(("arguments", "said"), [
    (["a", "name=../b"], "name=../b: no name of a folder (allowed: one that results/NAME can have)"),
    (["results/mine", "a", "name=mine"], "name=mine: has runs of its own (allowed: a name that is free)"),
    (["a", "empty", "name=b"], "no results in empty: no readable record to merge"),
    (["a", "gone", "name=b"], "no such results directory: gone"),
    (["a", "name=b", "pack=true"], "pack=true: goes without name= (allowed: false)"),
])  # fmt: skip
def test_what_cannot_be_merged_is_one_line_and_nothing_is_written(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("empty").mkdir()
    folder("a", (0,), FAST, 2.0)
    folder("results/mine", (0,), FAST, 2.0)
    assert main(arguments) == 2
    assert capsys.readouterr() == ("", f"{said}\n")
    assert not list(Path().rglob(PACK)) and {path.name for path in Path("results").iterdir()} == {"mine"}
