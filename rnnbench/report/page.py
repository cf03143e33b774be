"""A directory of records → report.html, figures/, and its tables beside it. Needs the records and no torch."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from rnnbench.errors import UsageError
from rnnbench.plots.look import drawing_context
from rnnbench.records import PACK, RECORD, said, write_text_atomically
from rnnbench.records.atomic import clear_drafts
from rnnbench.records.columns import head, key
from rnnbench.records.conditions import SHOWN, lean, shown_keys, telling, with_conditions
from rnnbench.records.numbers import number
from rnnbench.records.spreadsheet import as_csv
from rnnbench.records.table import read_results, with_missing
from rnnbench.report import glossary, leading, provenance, text, timed_only
from rnnbench.report.decisions import decisions, of_many_pairs
from rnnbench.report.figures import Figure, Material, all_figures, made_of
from rnnbench.report.figures.ranks import RanksOfCells
from rnnbench.report.findings import Comparison, compare
from rnnbench.report.forest import forest
from rnnbench.report.latex import latex
from rnnbench.report.machines import NOTE, of_one_machine, times_of_each
from rnnbench.report.markup import MOST_RUNS, rendered_page, taken, written
from rnnbench.report.parts import cut, made
from rnnbench.report.study import study_section, tuning_section
from rnnbench.report.summary import markdown, shown, summarise
from rnnbench.report.verdicts import (
    measured_names,
    planted_warnings,
    study_result,
    sweep_lines,
    sweep_result,
    verdict_lines,
    write_tables,
)
from rnnbench.report.what_was_run import what_was_run
from rnnbench.studies import StudyRequest, in_units, read_request

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
    """Write the report of results/NAME into it; gives the page's path and, for the screen, a line a claim of a study,
    or a line for each dataset and pair of cells of a plain sweep.

    figures: besides those of rnnbench.report.figures, by import path. Raises UsageError when one is none or fails, when
    the directory does not exist, holds no readable record, or cannot be written.
    """
    clear_drafts(Path(directory))
    with _seldom_collected():
        return _made(Path(directory), all_figures(figures))


@contextmanager
def _seldom_collected() -> Iterator[None]:
    """Many small objects are made and few are garbage: looking for it as Python does is a quarter of the time."""
    thresholds = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(200_000, 50, 50)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()


def _made(directory: Path, chosen: Sequence[Figure]) -> tuple[Path, list[str]]:
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
    keys = shown_keys(runs)
    keys = [*SHOWN, *(name for name in telling(runs, keys) if name not in SHOWN)]  # and what tells conditions apart
    machines = times_of_each(runs, keys)
    runs, apart = of_one_machine(runs)
    few = in_units(None if request is None else request.study, lean(runs))
    timed = timed_only.timed_only(runs) & (request is not None)  # a plain sweep is compared by what there is
    comparisons = compare(few[~timed], named=request is None)
    material = Material(few, few[~timed], comparisons, timed_only.words(few, timed))
    summary = summarise(runs)
    table = shown(summary, keys)
    for old in (directory / "figures").glob("*"):
        if old.name.startswith(("claim_", "unsolved_")):
            old.unlink()  # of a claim that may be gone
    result = study_result(directory, results.runs)
    if result is None:
        implied = sweep_result(directory.resolve().name, comparisons, runs)
        write_tables(implied, directory, measured_names(implied, few))
    claims = list(result.claims) if result is not None else [each.judged for each in comparisons]
    rows = decisions(claims, results.runs)
    with drawing_context():
        overview = forest(claims, with_missing(results.runs, request.runs) if request else runs)
        lead = made(overview, directory / "figures") if overview is not None else None
        drawn = {figure: made_of(figure, material, directory / "figures") for figure in chosen}
        study = study_section(result, results.runs, directory)
        tuning = tuning_section(request, results.runs, directory)
    ranked = [each for figure, its in drawn.items() if isinstance(figure, RanksOfCells) for each in its]
    if ranked and study is not None and not study["told"] and of_many_pairs(claims):
        lead, said = ranked[0], ranked[0]["finding"]  # where many cells are set against each other
    else:
        ranked, said = [], ""
    write_text_atomically(directory / "summary.csv", as_csv(summary.rename(columns=key)))
    write_text_atomically(directory / "runs.csv", as_csv(_portable(with_conditions(counted), directory)))
    answer, warnings = text.answer(few, comparisons, timed), text.warnings(results, runs, directory, study is not None)
    warnings += [missing for figure, its in drawn.items() if not its and (missing := figure.missing(material))]
    warnings += [apart] if apart else []
    warnings = [*planted_warnings(claims), *warnings]
    if others > 0:
        warnings.append(f"{others} more run(s) lie here that the study as it is now does not ask for; none is shown.")
    write_text_atomically(
        directory / "summary.md", _summary_md(directory, runs, answer, warnings, table, of_study=study is not None)
    )
    write_text_atomically(directory / "summary.tex", latex(table))
    beside = written(study, tuning is not None)
    page = rendered_page(
        "page.html.j2",
        name=directory.resolve().name,
        study=study,
        level=3 if study else 2,  # of headings that a study's page has below another
        lead=leading.of_sweep(comparisons, rows, few) if result is None else leading.of_study(result, rows, said),
        forest=lead,
        **taken(rows, study is not None),
        contents=_contents(study, tuning is not None),
        answer=answer,
        method=text.BESIDE if study else text.METHOD,
        counts=text.counts(runs),
        warnings=warnings,
        differences=cut(_differences(comparisons), "verdicts.csv has all"),
        conditions=cut(table, "summary.csv has all"),
        conditions_note=_NOTE,
        machines=cut(machines, "rows"),
        machines_note=NOTE,
        glossary=glossary.words(runs, result),
        what_was_run=cut(what_was_run(counted, _tuned(request)), "runs.csv has all"),
        figures=[each for its in drawn.values() for each in its if each not in ranked],
        runs=cut(_runs_table(runs, keys), "runs.csv has all", MOST_RUNS),
        runs_summary=f"{min(len(runs), MOST_RUNS)} of {len(runs)} runs"
        if len(runs) > MOST_RUNS
        else f"{len(runs)} runs",
        tuning=tuning,
        made_by=provenance.made_by(runs, directory, study is not None),
        environment=provenance.environment(runs),
        files=provenance.files(directory, beside),
    )
    write_text_atomically(directory / "report.html", page)
    return directory / "report.html", sweep_lines(comparisons) if result is None else verdict_lines(result)


def _contents(study: dict[str, Any] | None, tuned: bool) -> list[tuple[str, str]]:
    """(anchor, word) of the page's parts."""
    found = [("limits", "Limits")]
    if study:
        found += [("claims", "Claims"), *([("published", "Published figures")] if study["published"] else [])]
        found += [("grids", "Every grid"), *([("tuning", "Tuning")] if tuned else [])]
    else:
        found += [("found", "What was found"), ("conditions", "Conditions")]
    return [*found, ("runs", "Runs"), ("made", "How it was made")]


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
        each, (judged,) = c.judged, c.judged.verdict.conditions
        row = {"dataset": c.panel.dataset}
        row |= {key(name): said(c.setting[name]) if name in c.setting else "" for name in names}
        row["compared"] = c.pair
        metric, better = c.panel.runs["metric"].dropna(), "higher" if each.measured[0].higher else "lower"
        row["metric"] = f"{metric.iloc[0] if len(metric) else 'score'}, {better} is better"
        row["mean difference [95 % t interval]"] = each.kind.effect(c.difference)
        row["n (pairs)"] = str(c.difference.n)
        if c.named:
            tuned = f" ({', '.join(map(key, c.tuned))} differ)" if c.tuned else ""
            row |= {"verdict": each.word, "because": judged.reason + tuned, "margin": each.claim.margin_words}
            row |= each.kind.tests(each, 0)
        rows.append(row)
    return pd.DataFrame(rows).fillna("–")


def _runs_table(runs: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    some = runs.head(MOST_RUNS)
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
    return shown_runs.reindex(range(len(runs))) if len(runs) > MOST_RUNS else shown_runs


def _portable(runs: pd.DataFrame, directory: Path) -> pd.DataFrame:
    return runs.assign(path=[Path(path).relative_to(directory).as_posix() for path in runs["path"]])


def _summary_md(
    directory: Path,
    runs: pd.DataFrame,
    answer: Sequence[str],
    warnings: Sequence[str],
    table: pd.DataFrame,
    of_study: bool,
) -> str:
    parts = [f"# {directory.resolve().name}", text.counts(runs), "\n".join(f"- {line}" for line in answer)]
    parts.append(text.BESIDE if of_study else text.METHOD)
    if warnings:
        parts.append("\n".join(f"- {line}" for line in warnings))
    return "\n\n".join([*parts, markdown(table) + "\n" + _NOTE]) + "\n"
