"""What the page says of a study: its answer, verdicts, claims, published figures and tuning; their tables beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from rnnbench.report import published, verdicts, wording
from rnnbench.report.effects import claim_drawings
from rnnbench.report.parts import cut, made
from rnnbench.report.tuning import tuning_table, tuning_words, write_tuning
from rnnbench.studies import Evaluated, Selection, StudyRequest, StudyResult
from rnnbench.studies.kinds.base import Kind


def study_section(result: StudyResult | None, runs: pd.DataFrame, directory: Path) -> dict[str, Any] | None:
    """What the page says of a study, its tables written beside it; None for a plain sweep."""
    if result is None:
        return None
    measured = verdicts.measured_names(result, runs)
    verdicts.write_tables(result, directory, measured)
    table = verdicts.summary_table(result, measured)
    selection, named = Selection(runs), runs[["metric", "unit"]]
    scored = [wording.score_name(named[selection.where(each.claim.select)]) for each in result.claims]
    beside = [wording.Sentence(published.answer(result.published))] if result.published else []
    together = _together(result)
    own = [wording.Sentence(*said) for kind, claims in together for said in kind.answer(claims)]
    return {
        "answer": own + wording.answer(result, measured) + beside,
        "figures": [
            made(drawing, directory / "figures") for kind, claims in together for drawing in kind.together(claims)
        ],
        "note": result.study.note,
        "published": _published(result, directory),
        "title": result.study.title,
        "incomplete": wording.completeness(result),
        "method": verdicts.method(result.study),
        "heads": list(table.columns),
        "rows": [
            {"id": each.claim.id, "outcome": each.verdict.outcome, "cells": row}
            for each, row in zip(result.claims, table.to_numpy().tolist(), strict=True)
        ],
        "claims": [
            {
                "id": each.claim.id,
                "statement": each.claim.statement,
                "outcome": each.verdict.outcome,
                "word": each.word,
                "figures": [made(drawing, directory / "figures") for drawing in claim_drawings(each, score)],
                "table": cut(verdicts.condition_table(each, score), "verdicts.csv has all"),
                "facts": wording.facts(each, score),
            }
            for each, score in zip(result.claims, scored, strict=True)
        ],
    }


def _together(result: StudyResult) -> list[tuple[Kind, list[Evaluated]]]:
    """The claims of each kind."""
    found: dict[type[Kind], list[Evaluated]] = {}
    for each in result.claims:
        found.setdefault(type(each.kind), []).append(each)
    return [(claims[0].kind, claims) for claims in found.values()]


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
    return {"words": tuning_words(request), "table": cut(tuning_table(request, runs), "tuning.csv has all")}
