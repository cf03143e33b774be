"""The verdicts of a study in tables: on the page, on the screen, as CSV, Markdown and LaTeX."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rnnbench.records import cell_name, with_missing, write_text_atomically
from rnnbench.records.numbers import interval, number
from rnnbench.report.latex import latex
from rnnbench.report.summary import markdown
from rnnbench.report.wording import (
    comparison,
    completeness,
    condition_word,
    cut_off,
    effect,
    effects,
    in_words,
    method_words,
    pairs,
    score_name,
    time_unit,
)
from rnnbench.statistics import ConditionVerdict, Interval, paired_probability_of_improvement, success_rate
from rnnbench.studies import Evaluated, Measured, StudyResult, evaluate, higher_is_better, read_request, selected

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
        v = each.verdict
        lines.append(
            f"{v.outcome}: {each.claim.id}: {each.claim.statement} | {effects(each)} | {pairs(each)} | {v.reason}"
        )
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
            "n (pairs)": [pairs(each).removeprefix("n = ").removesuffix(" pairs") for each in result.claims],
            "conditions": ["; ".join(filter(None, (each.verdict.reason, cut_off(each)))) for each in result.claims],
        }
    )


def condition_table(each: Evaluated, score: str = "") -> pd.DataFrame:
    """The numbers behind a claim: a row a condition, all text. score: what its test_score is."""
    words = in_words(each, score)
    rows = [_condition_row(each, index, judged, words) for index, judged in enumerate(each.verdict.conditions)]
    return pd.DataFrame(rows).fillna("–")


def _condition_row(each: Evaluated, index: int, judged: ConditionVerdict, words: str) -> dict[str, str]:
    m, condition = each.measured[index], judged.condition
    row = {"condition": condition.name}
    for label, values, solved in zip(
        each.claim.sides, (m.first, m.second), (m.first_solved, m.second_solved), strict=True
    ):
        if each.claim.kind == "success":
            row[f"{cell_name(label)} solved [95 % Wilson]"] = solved_words(solved)
        elif each.claim.kind == "solve_time":
            cut = np.minimum(values, m.horizon)
            row[f"{cell_name(label)}: restricted mean ({time_unit(each)})"] = (
                number(float(cut.mean()), 4) if len(cut) else "–"
            )
        else:
            row[f"{cell_name(label)}: mean {words}"] = number(float(values.mean()), 4) if len(values) else "–"
    row[f"{comparison(each)} [95 % interval]"] = effect(each, condition.effect)
    if better := _how_often(each, m):
        a, b = (cell_name(label) for label in each.claim.sides)
        row[f"P({a} > {b}) [95 % Wilson]"] = interval(better.estimate, better.low, better.high)
    row["n (pairs)"] = str(condition.n)
    row["verdict"] = condition_word(each, judged)
    row["because"] = judged.reason
    if each.claim.kind != "closed_form" and not math.isnan(condition.effect.estimate):
        row["p of no difference"] = number(condition.p_difference, 2)
        on_par = each.claim.direction == "equivalent"
        row["p of no more than the margin" if on_par else "adjusted p"] = number(judged.p_adjusted, 2)
        row["p of equivalence"] = number(judged.p_within, 2) if each.claim.margin else "–"
    if each.claim.kind == "solve_time":
        test = each.log_rank[index]
        for label, solved in zip(each.claim.sides, (m.first_solved, m.second_solved), strict=True):
            row[f"{cell_name(label)} solved [95 % Wilson]"] = solved_words(solved)
        row["log-rank p"] = number(test.p_value, 2) if test else "–"
    row["interval by"] = method_words(each, condition.effect)
    row["missing runs"] = str(len(m.missing))
    return row


def solved_words(solved: NDArray[np.bool_]) -> str:
    """How many runs solved it, and what that says of all such runs: "9 of 10 [0.60, 0.98]"."""
    rate = success_rate(int(solved.sum()), len(solved))
    share = f" [{rate.low:.2f}, {rate.high:.2f}]" if rate.n else ""
    return f"{int(solved.sum())} of {len(solved)}{share}"


def _how_often(each: Evaluated, m: Measured) -> Interval | None:
    """The share of seeds in which the first side is above the second: of what is measured in every run."""
    if each.claim.kind not in ("paired", "heterogeneity") or not len(m.seeds):
        return None
    return paired_probability_of_improvement(m.first, m.second)


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
            "condition": j.condition.name, "condition_verdict": condition_word(each, j), "compared": comparison(each),
            "metric": each.claim.metric, "effect": j.condition.effect.estimate, "low": j.condition.effect.low,
            "high": j.condition.effect.high, "method": j.condition.effect.method, "n": j.condition.n,
            "p_difference": j.condition.p_difference, "p_adjusted": j.p_adjusted, "p_within": j.p_within,
            "margin": each.claim.margin, "scale": each.claim.scale, "correction": each.correction,
            "missing": len(m.missing), "reason": j.reason, "more_seeds": j.more_seeds,
        } | ({"p_above": above.estimate, "p_above_low": above.low, "p_above_high": above.high}
             if (above := _how_often(each, m)) else {})
        for j, m in zip(each.verdict.conditions, each.measured, strict=True)
    ]  # fmt: skip
