"""What the page says of a study: its answer, verdicts, claims, published figures and tuning; their tables beside it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from rnnbench.records import write_text_atomically
from rnnbench.records.spreadsheet import as_csv
from rnnbench.report import published, verdicts, wording
from rnnbench.report.effects import claim_drawings
from rnnbench.report.fewer_trials import trials_drawing, trials_needed
from rnnbench.report.parts import cut, made
from rnnbench.report.tuning import tuning_table, tuning_words, varying_keys, write_tuning
from rnnbench.studies import Evaluated, Selection, StudyRequest, StudyResult
from rnnbench.studies.kinds.base import Kind


def study_section(result: StudyResult | None, runs: pd.DataFrame, directory: Path) -> dict[str, Any] | None:
    """What the page says of a study, its tables written beside it; None for a plain sweep."""
    if result is None:
        return None
    measured = verdicts.measured_names(result, runs)
    verdicts.write_tables(result, directory, measured)
    selection, named = Selection(runs), runs[["metric", "unit"]]
    scored = [wording.score_name(named[selection.where(each.claim.select)]) for each in result.claims]
    together = _together(result)
    return {
        "told": [wording.Sentence(*said) for kind, claims in together for said in kind.answer(claims)],
        "figures": [
            made(drawing, directory / "figures") for kind, claims in together for drawing in kind.together(claims)
        ],
        "note": result.study.note,
        "published": _published(result, directory),
        "title": result.study.title,
        "incomplete": wording.completeness(result),
        "method": verdicts.method(result.study),
        "shared": wording.shared(result),
        "claims": [
            {
                "id": each.claim.id,
                "statement": each.claim.statement,
                "outcome": each.verdict.outcome,
                "word": each.word,
                "role": wording.role(each, result),
                "finding": wording.finding(each),
                "effects": wording.told(each),
                "figures": [made(drawing, directory / "figures") for drawing in claim_drawings(each, score)],
                "table": cut(verdicts.condition_table(each, score), "verdicts.csv has all"),
                "facts": wording.facts(each, score),
            }
            for each, score in _in_order(zip(result.claims, scored, strict=True))
        ],
    }


def _together(result: StudyResult) -> list[tuple[Kind, list[Evaluated]]]:
    """The claims of each kind."""
    found: dict[type[Kind], list[Evaluated]] = {}
    for each in result.claims:
        found.setdefault(type(each.kind), []).append(each)
    return [(claims[0].kind, claims) for claims in found.values()]


def _in_order(claims: Iterable[tuple[Evaluated, str]]) -> list[tuple[Evaluated, str]]:
    """Primary claims, then exploratory ones, then those that are planted to be found alike."""
    return sorted(claims, key=lambda pair: (pair[0].claim.planted, not pair[0].claim.primary))


def _published(result: StudyResult, directory: Path) -> dict[str, Any] | None:
    """What the page says beside published figures, the tables written beside it; None where the study has none."""
    if not result.published:
        return None
    published.write_tables(result.published, directory)
    return {
        "answer": published.answer(result.published),
        "table": cut(published.table(result.published), "published.csv has all"),
        "notes": published.notes(result.published),
        "method": published.METHOD,
    }


def tuning_section(request: StudyRequest | None, runs: pd.DataFrame, directory: Path) -> dict[str, Any] | None:
    """What the page says of a study's trials, its table written beside it; None where nothing was tuned."""
    if request is None or not request.tuned:
        return None
    write_tuning(request, runs, directory)
    varying = varying_keys(request.tuned)
    needed = trials_needed(request.tuned, varying, runs)
    drawing = trials_drawing(needed, varying)
    if drawing is not None:
        write_text_atomically(directory / "trials_needed.csv", as_csv(needed))
    return {
        "words": tuning_words(request),
        "table": cut(tuning_table(request, runs), "tuning.csv has all"),
        "figures": [] if drawing is None else [made(drawing, directory / "figures")],
    }
