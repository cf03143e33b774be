"""The verdicts of a study in tables: on the page, on the screen, as CSV, Markdown and LaTeX."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from rnnbench.records import write_text_atomically
from rnnbench.records.table import with_missing
from rnnbench.report.latex import latex
from rnnbench.report.summary import markdown
from rnnbench.report.wording import completeness, cut_off, effects, in_words, score_name
from rnnbench.studies import Evaluated, StudyResult, evaluate, higher_is_better, read_request, selected

METHOD = (
    "Supported, contradicted, equivalent (a difference smaller than the margin, shown) or undecided, at a family-wise "
    "error of 5 % within a claim, after at least ten pairs of runs that share a seed. A claim about several conditions "
    "is supported if it is so in all of them (where it says “some”: in one, and nowhere the other way round), and "
    "contradicted if it is the other way round in one and as claimed in none. Supported says which way, not that it "
    "is as much as the margin. Undecided is not “the same”. Intervals are one a condition, p-values corrected for "
    "their number. Intervals cover what a seed changes: first weights, order, data that is made; not another split "
    "of a dataset, and not another choice of tuned values."
)


def study_result(directory: Path, runs: pd.DataFrame) -> StudyResult | None:
    """The study of results/NAME evaluated from its records, `runs`; None for a plain sweep."""
    request = read_request(directory)
    if request is None:
        return None
    return evaluate(request.study, with_missing(runs, request.runs), request.waiting)


def verdict_lines(result: StudyResult | None) -> list[str]:
    """One line a claim, for the screen; [] for a plain sweep."""
    if result is None:
        return []
    lines = [f"incomplete: {completeness(result)}"] if completeness(result) else []
    for each in result.claims:
        v, n = each.verdict, each.kind.pairs(each)
        lines.append(f"{v.outcome}: {each.claim.id}: {each.claim.statement} | {effects(each)} | {n} | {v.reason}")
    return lines


def measured_names(result: StudyResult, runs: pd.DataFrame) -> list[str]:
    """What each claim measures, and of a score which way is better: "test nll (nats per frame), lower is better"."""
    names = []
    for each in result.claims:
        own = selected(each.claim.select, runs)
        words = in_words(each, score_name(each, runs))
        if each.claim.metric.startswith(("test_", "valid_")):
            ways = {higher_is_better(each.claim, part) for _, part in own.groupby("metric")}
            if len(ways) == 1:
                words += f", {'higher' if ways.pop() else 'lower'} is better"
        names.append(words)
    return names


def summary_table(result: StudyResult, measured: Sequence[str]) -> pd.DataFrame:
    """The verdict table: a row a claim, all text. measured: of `measured_names`."""
    return pd.DataFrame(
        {
            "claim": [each.claim.statement for each in result.claims],
            "verdict": [each.verdict.outcome for each in result.claims],
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
    numbers = pd.DataFrame([row for each in result.claims for row in _numbers(each)])
    write_text_atomically(directory / "verdicts.csv", numbers.to_csv(index=False, lineterminator="\n"))
    table = summary_table(result, measured)
    head = f"# {result.study.title}\n\n"
    head += f"Incomplete: {completeness(result)}\n\n" if completeness(result) else ""
    write_text_atomically(directory / "verdicts.md", head + markdown(table) + "\n" + METHOD + "\n")
    write_text_atomically(directory / "verdicts.tex", latex(table))


def _numbers(each: Evaluated) -> list[dict[str, Any]]:
    claim = {"claim": each.claim.id, "statement": each.claim.statement, "verdict": each.verdict.outcome}
    if not each.verdict.conditions:
        return [claim | {"reason": each.verdict.reason}]
    return [
        claim | {
            "condition": j.condition.name, "condition_verdict": each.kind.outcome(j), "compared": each.claim.compared,
            "metric": each.claim.metric, "effect": j.condition.effect.estimate, "low": j.condition.effect.low,
            "high": j.condition.effect.high, "method": j.condition.effect.method, "n": j.condition.n,
            "p_difference": j.condition.p_difference, "p_adjusted": j.p_adjusted, "p_within": j.p_within,
            "margin": each.claim.margin, "scale": each.claim.scale, "correction": each.correction,
            "missing": len(m.missing), "reason": j.reason, "more_seeds": j.more_seeds,
        } | ({"p_above": above.estimate, "p_above_low": above.low, "p_above_high": above.high}
             if (above := each.kind.above(m)) else {})
        for j, m in zip(each.verdict.conditions, each.measured, strict=True)
    ]  # fmt: skip
