"""The verdicts of a study in tables: on the page, on the screen, as CSV, Markdown and LaTeX."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rnnbench.records import write_text_atomically
from rnnbench.records.spreadsheet import as_csv
from rnnbench.records.table import with_missing
from rnnbench.report.findings import Comparison, pairs, spoken
from rnnbench.report.latex import latex
from rnnbench.report.summary import markdown
from rnnbench.report.wording import completeness, cut_off, effects, in_words, score_name
from rnnbench.studies import (
    Evaluated,
    Selection,
    Study,
    StudyClaim,
    StudyResult,
    evaluate,
    higher_is_better,
    read_request,
    told_apart,
)

METHOD = (
    "Supported, contradicted, equivalent (a difference smaller than the margin, shown), undecided, or withdrawn "
    "(measured with instruments that have been mended since). The claims of this page share an error of 5 % (Holm), by"
    " sign-flip tests of at least ten pairs of runs that share a seed; a claim that names no direction says who is "
    "ahead. A claim about several conditions is supported if it is so in all of them (where it says “some”: in one, "
    "and nowhere the other way round), and contradicted if it is the other way round in one and as claimed in none. "
    "Nobody is ahead who is not clearly better than chance and every baseline, nor while the budget ended most runs of"
    " a cell as they were improving. Supported says which way, not that it is as much as the margin. Undecided is not "
    "“the same”. Intervals are Student's t, one a condition, not corrected for their number. They cover what a seed "
    "changes: first weights, order, data that is made; not another split of a dataset, and "
)
_ONE_TUNING = "not another choice of tuned values."
_TUNINGS = (
    "another choice of tuned values is in them: the unit, of which n counts pairs, is a tuning, with trials and seeds "
    "of its own; its runs are averaged first."
)


def method(study: Study) -> str:
    """The rule that decides, in words."""
    tunings = study.tuning is not None and study.tuning.fresh is not None
    if not tunings:
        return METHOD + _ONE_TUNING
    return METHOD.replace("pairs of runs that share a seed", "pairs of tunings that share their seeds") + _TUNINGS


def study_result(directory: Path, runs: pd.DataFrame) -> StudyResult | None:
    """The study of results/NAME evaluated from its records, `runs`; None for a plain sweep."""
    request = read_request(directory)
    if request is None:
        return None
    return evaluate(request.study, with_missing(runs, request.runs), request.waiting)


def sweep_result(name: str, comparisons: Sequence[Comparison], runs: pd.DataFrame) -> StudyResult:
    """A plain sweep as a study of the claims that it implies, judged already."""
    claims = tuple(each.judged for each in comparisons)
    study = Study(name, sweeps=({},), claims=tuple(each.claim for each in claims))
    return StudyResult(study, claims, len(runs), tuple(runs.loc[runs["status"] == "failed", "run_id"]))


def sweep_lines(comparisons: Sequence[Comparison]) -> list[str]:
    """One line for each dataset and pair of cells, for the screen."""
    lines = []
    for dataset in dict.fromkeys(each.panel.dataset for each in comparisons):
        for members in pairs([each for each in comparisons if each.panel.dataset == dataset]):
            lines.append(f"{dataset}: {' and '.join(members[0].judged.claim.names)}: {spoken(members)}")
    return lines


def planted_warnings(claims: Sequence[Evaluated]) -> list[str]:
    """What no page may have: a cell that was told apart from itself."""
    return [
        f"A/A failed: {each.claim.statement} – {each.word} ({effects(each)}). Claims of kind {each.claim.kind} about "
        f"{each.claim.metric} on this page tell apart what is the same, or this is the one in twenty pages that errs."
        for each in told_apart(claims)
    ]


def verdict_lines(result: StudyResult) -> list[str]:
    """One line a claim, for the screen."""
    lines = [f"incomplete: {completeness(result)}"] if completeness(result) else []
    for each in result.claims:
        v, n = each.verdict, each.kind.pairs(each)
        lines.append(f"{each.word}: {each.claim.id}: {each.claim.statement} | {effects(each)} | {n} | {v.reason}")
    return lines


def measured_names(result: StudyResult, runs: pd.DataFrame) -> list[str]:
    """What each claim measures, and of a score which way is better: "test nll (nats per frame), lower is better"."""
    names, selection = [], Selection(runs)
    said = runs[["metric", "unit", "higher_is_better"]]
    alike = said.groupby(list(said), dropna=False, sort=False).ngroup().to_numpy()
    kinds = said.iloc[np.unique(alike, return_index=True)[1]]  # a row of each there is: many claims are of few kinds
    known: dict[tuple[Any, ...], tuple[str, str]] = {}
    for each in result.claims:
        there = tuple(pd.unique(alike[selection.where(each.claim.select)]).tolist())
        asked = (there, each.claim.metric, each.claim.better)
        if asked not in known:
            own = kinds.iloc[list(there)]
            known[asked] = score_name(own), _way(each.claim, own)
        score, way = known[asked]
        names.append(in_words(each, score) + way)
    return names


def _way(claim: StudyClaim, runs: pd.DataFrame) -> str:
    """Of a score which way is better: ", lower is better"; "" where that is not one way, or it is no score."""
    if not claim.metric.startswith(("test_", "valid_")):
        return ""
    ways = {higher_is_better(claim, part) for _, part in runs.groupby("metric")}
    return f", {'higher' if ways.pop() else 'lower'} is better" if len(ways) == 1 else ""


def summary_table(result: StudyResult, measured: Sequence[str]) -> pd.DataFrame:
    """The verdict table: a row a claim, all text. measured: of `measured_names`."""
    return pd.DataFrame(
        {
            "claim": [each.claim.statement for each in result.claims],
            "verdict": [each.word for each in result.claims],
            "measured": list(measured),
            "effect [95 % interval]": [effects(each) for each in result.claims],
            "n (pairs)": [each.kind.pairs(each).removeprefix("n = ").removesuffix(" pairs") for each in result.claims],
            "conditions": ["; ".join(filter(None, (each.verdict.reason, cut_off(each)))) for each in result.claims],
        }
    )


def condition_table(each: Evaluated, score: str = "") -> pd.DataFrame:
    """The numbers behind a claim: a row a condition, all text. score: what its test_score is."""
    words = in_words(each, score)
    rows = [each.kind.row(each, index, words) for index in range(len(each.verdict.conditions))]
    return pd.DataFrame(rows).fillna("–")


def write_tables(result: StudyResult, directory: Path, measured: Sequence[str]) -> None:
    """verdicts.csv (a row a condition, plain numbers), verdicts.md and verdicts.tex (the verdict table)."""
    rows = pd.DataFrame([row for each in result.claims for row in numbers(each)])
    write_text_atomically(directory / "verdicts.csv", as_csv(rows))
    table = summary_table(result, measured)
    head = f"# {result.study.title}\n\n"
    head += f"Incomplete: {completeness(result)}\n\n" if completeness(result) else ""
    write_text_atomically(directory / "verdicts.md", head + markdown(table) + "\n" + method(result.study) + "\n")
    write_text_atomically(directory / "verdicts.tex", latex(table))


def numbers(each: Evaluated) -> list[dict[str, Any]]:
    """A row a condition, plain numbers: what verdicts.csv has."""
    claim = {"claim": each.claim.id, "statement": each.claim.statement, "verdict": each.word}
    if not each.verdict.conditions:
        return [claim | {"reason": each.verdict.reason}]
    return [
        claim | {
            "condition": j.condition.name, "condition_verdict": each.kind.outcome(each.claim, j),
            "compared": each.claim.compared, "metric": each.claim.metric, "effect": j.condition.effect.estimate,
            "low": j.condition.effect.low, "high": j.condition.effect.high, "method": j.condition.effect.method,
            "n": j.condition.n, **({"tunings": j.condition.n} if m.tunings else {}),
            "p_difference": j.condition.p_difference, "p_adjusted": j.p_adjusted, "p_within": j.p_within,
            "margin": j.condition.margin, "scale": each.claim.scale, "correction": each.correction,
            "missing": len(m.missing), "reason": j.reason, "more_seeds": j.more_seeds,
        } | ({"p_above": above.estimate, "p_above_low": above.low, "p_above_high": above.high}
             if (above := each.kind.above(m)) else {})
        for j, m in zip(each.verdict.conditions, each.measured, strict=True)
    ]  # fmt: skip
