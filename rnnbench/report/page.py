"""A directory of records → report.html, figures/, and its tables beside it. Needs the records and no torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from rnnbench.errors import UsageError
from rnnbench.plots.look import drawing_context
from rnnbench.records import PACK, RECORD, cell_name, said, write_text_atomically
from rnnbench.records.columns import head, key
from rnnbench.records.conditions import SHOWN, lean, shown_keys, telling, with_conditions
from rnnbench.records.numbers import interval, number
from rnnbench.records.table import read_results
from rnnbench.report import glossary, text, timed_only
from rnnbench.report.figures import Material, all_figures, made_of
from rnnbench.report.findings import Comparison, compare
from rnnbench.report.latex import latex
from rnnbench.report.parts import MOST_ROWS, cut
from rnnbench.report.study import study_section, tuning_section
from rnnbench.report.summary import markdown, shown, summarise
from rnnbench.report.verdicts import study_result, verdict_lines
from rnnbench.report.what_was_run import what_was_run
from rnnbench.studies import StudyRequest, read_request

_NOTE = (
    "Mean test score at the step that was best on validation, over the n seeds that ended well, with its 95 % Student "
    "t interval, which may reach beyond what the metric can be where seeds are few. Diverged and failed runs are "
    "counted beside it, not averaged. “Solved” counts runs whose validation score reached the threshold, of all that "
    "ended well or diverged; in the median of steps, those that did not count as longer than any that did. Step times "
    "leave out runs timed while another ran beside them. summary.csv has every key that varies."
)


def make_report(directory: Path | str, figures: Sequence[str] = ()) -> Path:
    """Write the report of results/NAME into it; gives the page's path. Raises as `report_and_verdicts`."""
    return report_and_verdicts(directory, figures)[0]


def report_and_verdicts(directory: Path | str, figures: Sequence[str] = ()) -> tuple[Path, list[str]]:
    """Write the report of results/NAME into it; gives the page's path and, of a study, a line a claim for the screen.

    figures: besides those of rnnbench.report.figures, by import path. Raises UsageError when one is none or fails, when
    the directory does not exist, holds no readable record, or cannot be written.
    """
    directory, chosen = Path(directory), all_figures(figures)
    if directory.is_dir() and not any((directory / name).exists() for name in ("runs", PACK)):
        raise UsageError(f"no results in {directory}: there is no runs/ and no {PACK} in it (give results/NAME)")
    results = read_results(directory)
    if results.runs.empty:
        found = len(results.skipped) + len(results.unfinished)
        raise UsageError(f"no results in {directory}: no readable {RECORD} in {found} run director(ies) or {PACK}")
    request = read_request(directory)
    counted, others = results.runs, 0
    if request is not None:
        asked, tried = list(request.runs), counted["run_id"].isin(request.trials)
        counted = counted[counted["run_id"].isin(asked) if asked else ~tried]
        others = len(results.runs) - len(counted) - int(tried.sum())
    if counted.empty:
        there = f"{others} run(s) that the study does not ask for" if others else "trials that choose settings"
        raise UsageError(f"no results in {directory}: nothing but {there} has ended yet")
    runs = with_conditions(_as_tuned(counted, request))
    few = lean(runs)
    timed = timed_only.timed_only(runs) & (request is not None)  # a plain sweep is compared by what there is
    comparisons = compare(few[~timed])
    material = Material(few, few[~timed], comparisons, timed_only.words(few, timed))
    keys = shown_keys(runs)
    summary = summarise(runs)
    keys = [*SHOWN, *(name for name in telling(runs, keys) if name not in SHOWN)]  # and what tells conditions apart
    table = shown(summary, keys)
    for old in (directory / "figures").glob("*"):
        if old.name.startswith(("claim_", "unsolved_")):
            old.unlink()  # of a claim that may be gone
    result = study_result(directory, results.runs)
    with drawing_context():
        drawn = {figure: made_of(figure, material, directory / "figures") for figure in chosen}
        study = study_section(result, results.runs, directory)
    write_text_atomically(
        directory / "summary.csv", summary.rename(columns=key).to_csv(index=False, lineterminator="\n")
    )
    write_text_atomically(
        directory / "runs.csv", _portable(with_conditions(counted), directory).to_csv(index=False, lineterminator="\n")
    )
    answer, warnings = text.answer(few, comparisons, timed), text.warnings(results, runs, directory, study is not None)
    warnings += [missing for figure, its in drawn.items() if not its and (missing := figure.missing(material))]
    if others > 0:
        warnings.append(f"{others} more run(s) lie here that the study as it is now does not ask for; none is shown.")
    write_text_atomically(directory / "summary.md", _summary_md(directory, runs, answer, warnings, table))
    write_text_atomically(directory / "summary.tex", latex(table))
    environment = Environment(
        loader=PackageLoader("rnnbench.report", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    tuning = tuning_section(request, results.runs, directory)
    page = environment.get_template("page.html.j2").render(
        name=directory.resolve().name,
        study=study,
        level=3 if study else 2,  # of headings that a study's page has below another
        counts=text.counts(runs),
        answer=answer,
        method=text.METHOD,
        warnings=warnings,
        differences=cut(_differences(comparisons), "rows"),
        conditions=cut(table, "summary.csv has all"),
        conditions_note=_NOTE,
        glossary=glossary.words(runs, result),
        what_was_run=cut(what_was_run(counted, _tuned(request)), "runs.csv has all"),
        figures=[each for its in drawn.values() for each in its],
        runs=cut(_runs_table(runs, keys), "runs.csv has all"),
        runs_summary=f"{len(runs)} runs",
        tuning=tuning,
        files=_files(directory, study, tuning is not None),
        environment=text.environment(runs),
    )
    write_text_atomically(directory / "report.html", page)
    return directory / "report.html", verdict_lines(result)


def _files(directory: Path, study: dict[str, Any] | None, tuned: bool) -> list[str]:
    """What lies beside the page, for a reader who wants to go on with it."""
    tables = ["verdicts"] if study else []
    tables += ["published"] if study and study["published"] else []
    tables += ["summary", *(["tuning"] if tuned else [])]
    records = [f"{PACK} (the whole records)"] if (directory / PACK).exists() else []
    return [*(f"{name}.csv, .md and .tex" for name in tables), "runs.csv", *records, "figures/ (.png and .svg)"]


def _tuned(request: StudyRequest | None) -> list[str]:
    return [] if request is None or request.study.tuning is None else list(request.study.tuning.space)


def _as_tuned(runs: pd.DataFrame, request: StudyRequest | None) -> pd.DataFrame:
    """Without the values that trials chose: runs are shown and compared as tuned, whatever that gave each cell.

    Other runs keep theirs where they would else be taken for tuned ones.
    """
    if request is None or request.study.tuning is None:
        return runs
    columns = request.study.tuning.columns
    chosen = {tuple(each.trials[each.chosen].values.values()) for each in request.tuned if each.chosen is not None}
    if not chosen or not set(columns) <= set(runs):
        return runs
    plain = runs.assign(**{name: runs[name].mask(runs[name].notna()) for name in columns})
    if not with_conditions(plain).duplicated(["condition", "seed"]).any():
        return plain
    tuned = pd.Series([values in chosen for values in runs[columns].itertuples(index=False, name=None)], runs.index)
    return runs.assign(**{name: runs[name].mask(tuned) for name in columns})


def _differences(comparisons: Sequence[Comparison]) -> pd.DataFrame:
    names = list(dict.fromkeys(name for c in comparisons for name in c.setting))
    rows = []
    for c in comparisons:
        row = {"dataset": c.dataset} | {key(name): said(c.setting[name]) if name in c.setting else "" for name in names}
        row["compared"] = f"{cell_name(c.first)} − {cell_name(c.second)}"
        row["metric"] = f"{c.metric}, {'higher' if c.higher_is_better else 'lower'} is better"
        row["mean difference [95 % t interval]"] = interval(c.difference.estimate, c.difference.low, c.difference.high)
        row["n (pairs)"] = str(c.difference.n)
        row["finding"] = c.verdict + (f" ({', '.join(map(key, c.tuned))} differ)" if c.tuned else "")
        rows.append(row)
    return pd.DataFrame(rows)


def _runs_table(runs: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    some = runs.head(MOST_ROWS)
    columns = {"run": some["run_id"], "status": some["status"]}
    for name in [*keys, "seed"]:
        columns[key(name)] = some[name].map(said)
    columns[head("test_score")] = some["test_score"].map(lambda value: number(value, 4))
    columns[head("steps")] = some["steps"].map(said)
    columns[head("stopped_by")] = some["stopped_by"].fillna("–")
    columns[head("train_seconds")] = some["train_seconds"].map(number)
    columns[head("step_ms_median")] = some["step_ms_median"].map(number)
    columns[head("contended")] = some["contended"].map({True: "yes", False: "no"}).fillna("–")
    columns[head("error")] = some["error"].fillna("")
    shown_runs = pd.DataFrame(columns).reset_index(drop=True)
    # `cut` says how many there are.
    return shown_runs.reindex(range(len(runs))) if len(runs) > MOST_ROWS else shown_runs


def _portable(runs: pd.DataFrame, directory: Path) -> pd.DataFrame:
    return runs.assign(path=[Path(path).relative_to(directory).as_posix() for path in runs["path"]])


def _summary_md(
    directory: Path, runs: pd.DataFrame, answer: Sequence[str], warnings: Sequence[str], table: pd.DataFrame
) -> str:
    parts = [f"# {directory.resolve().name}", text.counts(runs), "\n".join(f"- {line}" for line in answer), text.METHOD]
    if warnings:
        parts.append("\n".join(f"- {line}" for line in warnings))
    return "\n\n".join([*parts, markdown(table) + "\n" + _NOTE]) + "\n"
