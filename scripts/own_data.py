"""LSTM or GRU on real files of many kinds: does a cell beat naive, and does it matter which? → results/own_data/

    python scripts/own_data.py --plan     # what each file is taken for, and about how many core-hours all of it takes
    python scripts/own_data.py            # typed again, it goes on; --only airline,co2 for some
    python scripts/own_data.py --page     # the page alone, of what is done by now

Files are those of RNNBENCH_DATA/own. The plan is fixed (`own_data_questions.py`), not minutes, so that it
repeats on any machine. Answers, journals and models grow in build/own_data; results/own_data has the page, several.json
and each file's answer.json, without any of the files' rows. Nothing is committed of the files.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
from own_data_questions import QUESTIONS, Question

from rnnbench import baselines
from rnnbench.data.table.understand import open_table
from rnnbench.errors import UsageError
from rnnbench.records import write_json_atomically
from rnnbench.records.numbers import number
from rnnbench.training.numerics import NUMERICS
from rnnbench.which import several, store, text
from rnnbench.which.ask import ask, plan_of
from rnnbench.which.asked import Asked, of
from rnnbench.which.budget import LOOKS, Plan
from rnnbench.which.page.make import make_page
from rnnbench.which.page.over_files import make_page as page_over_files
from rnnbench.which.table import MARGIN, TableProblem, problem_of

ROOT = Path(__file__).resolve().parent.parent
WORK, COMMITTED = ROOT / "build" / "own_data", ROOT / "results" / "own_data"
CELLS = ("LSTM", "GRU")
REFUSED = "refused.json"
PROTOCOLS = (
    "Ours is the mean over pairs of the better cell. It is of the very test rows of the published figure only where "
    "those were given: covid, tecator, occupancy, cmapss, m4_hourly. The unit of m4_hourly is each series' naive error "
    "in the training rows of a sample, so that its figures compare with each other alone."
)


def typed(question: Question) -> dict[str, str]:
    """Paths are relative to WORK, in which `own` is the folder of files."""
    keys = {key: f"own/{value}" if key in ("test", "truth") else value for key, value in question.keys.items()}
    return keys | {"rows": "none"}


def asked_of(question: Question) -> Asked:
    return replace(of([f"own/{question.path}"], typed(question)), name=question.name)


def taken_up(question: Question) -> None:
    """The committed answer into WORK, of a machine that has not got it; not one that was asked otherwise."""
    committed, here = COMMITTED / "answers" / f"{question.name}.json", Path("results") / question.name / store.ANSWER
    if committed.exists() and not here.exists():
        facts = json.loads(committed.read_text())
        if facts["asked"] == typed(question) and facts["numerics"] == NUMERICS:
            write_json_atomically(here, facts)


def answered(question: Question) -> None:
    """Leave answer.json and a page, or the line by which the file is refused; gone on with where it was."""
    folder = Path("results") / question.name
    taken_up(question)
    if (folder / store.ANSWER).exists() and not json.loads((folder / store.ANSWER).read_text())["interrupted"]:
        return
    try:
        found = ask(asked_of(question), print, lambda done, of, left: print(f"pairs {done} of {of}", file=sys.stderr))
    except UsageError as problem:
        print(problem)
        write_json_atomically(folder / REFUSED, {"why": str(problem)})
        return
    assert found is not None
    store.write(found)
    make_page(found)
    print(text.printed(text.six(found)), flush=True)
    if found.interrupted:
        raise KeyboardInterrupt


def planned(question: Question) -> float:
    """Core-seconds, about, by the steps, looks and baselines that are measured here, as seconds of the processor's."""
    try:
        asked = asked_of(question)
        reading = open_table(asked.paths[0], asked.keys)
        problem = problem_of(reading.table, asked, asked.sample)
        plan = plan_of(problem, asked, time.monotonic(), None)
        if plan.examples < len(problem.examples):
            problem = problem_of(reading.table, asked, plan.examples)
    except UsageError as refusal:
        print(f"{question.name}: refused: {refusal}", flush=True)
        return 0.0
    seconds = core_seconds(problem, plan)
    print(f"{question.name}: {plan.pairs} pairs, {plan.trials} trials, {plan.seeds} seeds, {plan.examples:,} of "
          f"{problem.available:,} examples, up to {plan.length.steps} steps of {plan.batch}: {seconds / 60:.1f} "
          "core-minutes", flush=True)  # fmt: skip
    return seconds


def core_seconds(problem: TableProblem, plan: Plan) -> float:
    """Of all baselines and of whole fits: those that patience ends earlier take less."""
    wall, own = time.monotonic(), time.process_time()
    problem.baselines(0)
    naive = time.process_time() - own
    wall, own = time.monotonic(), time.process_time()
    cost = problem.cost()
    share = (time.process_time() - own) / (time.monotonic() - wall)  # of a core that this process had meanwhile
    split = problem.splits[0]
    looks = cost.look * (LOOKS * len(split.valid) + 2 * len(split.test))
    return plan.pairs * naive + share * plan.fits * (plan.length.steps * cost.step + looks)


def page(questions: Sequence[Question]) -> None:
    """results/own_data of all that is done, those that are another rendering of the same data told apart."""
    facts = {q.name: json.loads(path.read_text()) for q in questions
             if (path := WORK / "results" / q.name / store.ANSWER).exists()}  # fmt: skip
    refused = [{"path": q.path, "why": json.loads(path.read_text())["why"]} for q in questions
               if (path := WORK / "results" / q.name / REFUSED).exists()]  # fmt: skip
    done = [q for q in questions if q.name in facts and facts[q.name]["pairs"]]
    counted = [q for q in done if not q.again]
    if not counted:
        print("nothing is done yet: no page")
        return
    found = several.view([several.file_of(facts[q.name]) for q in counted], CELLS, MARGIN)
    seconds = sum(facts[q.name]["cost"]["seconds"] for q in done)
    found |= {"refused": refused, "seconds": seconds, "interrupted": False, "asked": "python scripts/own_data.py"}
    found["beats_naive"] = [q.name for q in counted if facts[q.name]["beats_naive"]]
    found["beats_simple"] = [q.name for q in counted if facts[q.name]["beats_simple"]]
    said = [in_short(found, facts, counted), *several.sentences(found, CELLS)]
    COMMITTED.mkdir(parents=True, exist_ok=True)
    for q in done:
        write_json_atomically(COMMITTED / "answers" / f"{q.name}.json", facts[q.name])
    write_json_atomically(COMMITTED / several.SEVERAL, found)
    print("\n".join(said))
    print(page_over_files(COMMITTED, found, CELLS, said, [
        ("What each answer says", answers(done, facts), "First sentences of the answers."),
        ("Beside published figures", published(done, facts), PROTOCOLS),
    ], "answers/, the answer.json of each"))  # fmt: skip


def in_short(found: dict[str, Any], facts: dict[str, Any], counted: Sequence[Question]) -> str:
    n, named = len(counted), found["first_wins"] + found["second_wins"]
    ten = sum(len(facts[q.name]["pairs"]) >= 10 for q in counted)
    return (f"A cell clearly beats the naive baseline on {len(found['beats_naive'])} of {n} data sets, the better cell "
            f"also the best simple model on {len(found['beats_simple'])}. Which cell matters, shown, on {named}; "
            f"that it does not, on {found['alike']}; on {found['not_decided']} these data do not say, of which "
            f"{n - ten} have fewer than ten pairs.")  # fmt: skip


def answers(done: Sequence[Question], facts: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame([
        {"data": q.name, "asked": " ".join(f"{key}={value}" for key, value in q.keys.items()),
         "pairs": str(len(facts[q.name]["pairs"])), "says": facts[q.name]["sentences"][0],
         "counted": "no: the data of another row" if q.again else "yes"} for q in done
    ])  # fmt: skip


def published(done: Sequence[Question], facts: dict[str, Any]) -> pd.DataFrame:
    rows = []
    for q in done:
        if q.published:
            cells, metric = facts[q.name]["cells"], facts[q.name]["metric"]
            best = min(cells, key=lambda cell: cell["mean"] * (1 if metric["better"] == "lower" else -1))
            pairs = facts[q.name]["pairs"]
            naive = sum(pair["naive"] for pair in pairs) / len(pairs)
            ours = f"{best['title']} {number(best['mean'], 4)}, naive {number(naive, 4)} ({metric['name']})"
            rows.append({"data": q.name, "published, and naive by its protocol": q.published, "ours": ours})
    return pd.DataFrame(rows or [{"data": "none yet"}])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--plan", action="store_true", help="say what would be done and about how long it takes")
    parser.add_argument("--page", action="store_true", help="make the page of what is done")
    parser.add_argument("--only", help="names, with commas")
    asked = parser.parse_args()
    own = Path(os.environ.get("RNNBENCH_DATA", ROOT.parent / "shared" / "data")) / "own"
    if not own.is_dir():
        sys.exit(f"{own}: the files are to be there (RNNBENCH_DATA/own)")
    names = None if asked.only is None else asked.only.split(",")
    chosen = [q for q in QUESTIONS if names is None or q.name in names]
    WORK.mkdir(parents=True, exist_ok=True)
    os.chdir(WORK)
    Path("own").unlink(missing_ok=True)
    Path("own").symlink_to(own.resolve())
    baselines.load()
    if asked.plan:
        total = sum(planned(question) for question in chosen)
        print(f"{total / 3600:.2f} core-hours, about")
        return
    stopped = False
    try:
        for question in () if asked.page else chosen:
            print(f"\n{question.name}", flush=True)
            answered(question)
    except KeyboardInterrupt:
        stopped = True
    page(QUESTIONS)
    sys.exit(130 if stopped else 0)


if __name__ == "__main__":
    main()
