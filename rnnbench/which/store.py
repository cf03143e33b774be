"""results/NAME/answer.json: the answer, what it was made from, and what repeats it bit for bit."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from rnnbench.errors import for_shell
from rnnbench.records.atomic import write_json_atomically
from rnnbench.records.files import read_file
from rnnbench.records.newer import leave
from rnnbench.records.schema import RecordError
from rnnbench.training.numerics import NUMERICS
from rnnbench.which import text, words
from rnnbench.which.answered import Answered, costs_of, facts_of, settings_of
from rnnbench.which.copied import copied
from rnnbench.which.shown import diebold_mariano_of

ANSWER = "answer.json"
SCHEMA = 1


def plain(answered: Answered) -> dict[str, Any]:
    facts, decision, terms = facts_of(answered), answered.decision, answered.terms
    lines = text.six(answered)
    said = [] if decision is None else words.sentences(decision, answered.pairs, terms, facts)
    return {
        "schema_version": SCHEMA,
        "answer": words.answer_word(decision, facts),
        "why": "few" if decision is None else decision.why,
        "beats_naive": decision is not None and decision.beats_naive,
        "beats_simple": None if decision is None else decision.beats_simple,
        "simple_beats_naive": None if decision is None else decision.simple_beats_naive,
        "leaks": list(answered.reading.leaks),
        "sentences": said,
        "warnings": list(answered.reading.warnings),
        "lines": lines,
        "interrupted": answered.interrupted,
        "read": [{"label": l.label, "text": l.text, "key": l.key} for l in answered.reading.lines],
        "asked": dict(answered.asked.typed),
        "files": [str(Path(path)) for path in answered.asked.paths],
        "digest": answered.reading.digest,
        "metric": {"name": facts.metric, "better": terms.better, "margin": terms.margin,
                   "scale": "difference" if terms.better == "higher" else "logarithm of the error"},
        "difference": None if decision is None else _difference(decision, terms),
        "diebold_mariano": _shown(answered),
        "copies": copied(answered),
        "cells": [_cell(answered, slot, facts.cells[slot]) for slot in (0, 1)],
        "baselines": _baselines(answered),
        "pairs": [vars(pair) for pair in answered.pairs],
        "plan": answered.plan.plain() | {"pairs": len(answered.pairs), "seeds": answered.seeds,
                                         "split": answered.problem.splits.kind, "rho": terms.rho},
        "repeat": repeat(answered),
        "cost": {"seconds": answered.seconds, "cells": costs_of(answered)},
        "numerics": NUMERICS,
        "versions": versions(),
    }  # fmt: skip


def _shown(answered: Answered) -> dict[str, Any] | None:
    problem = answered.problem
    if problem.splits.kind != "time" or problem.better != "lower" or len(set(problem.table.ids)) > 1:
        return None
    horizon = max(1, problem.table.horizon)
    return diebold_mariano_of(answered.journal, answered.pairs, answered.seeds, problem.metric, horizon)


def _difference(decision: Any, terms: Any) -> dict[str, Any]:
    interval, chances = decision.difference, decision.chances
    return {
        "estimate": interval.estimate, "low": interval.low, "high": interval.high, "n": interval.n,
        "method": interval.method, "first_better": chances.above, "alike": chances.within,
        "second_better": chances.below, "of_pairs": decision.differences.tolist(),
    }  # fmt: skip


def _cell(answered: Answered, slot: int, title: str) -> dict[str, Any]:
    decision = answered.decision
    return {
        "name": answered.problem.cells[slot],
        "title": title,
        "mean": None if not answered.pairs else sum(p.scores[slot] for p in answered.pairs) / len(answered.pairs),
        "beats_naive": decision is not None and decision.beats[slot],
        "gain_over_naive": None if decision is None else decision.gain[slot].estimate,
        "settings": settings_of(answered, slot),
    }


def _baselines(answered: Answered) -> list[dict[str, Any]]:
    """Each by the mean of its scores over the splits that count."""
    splits = {pair.split for pair in answered.pairs}
    scores: dict[tuple[str, str], list[float]] = {}
    told: dict[str, str] = {}
    for entry in answered.journal.of("baselines"):
        for each in entry["found"] if entry["split"] in splits else ():
            if each["test"] is not None:
                scores.setdefault((each["kind"], each["name"]), []).append(each["test"])
                told[each["name"]] = each["told"]
    return [
        {"kind": kind, "name": name, "mean": sum(s) / len(s), "splits": len(s), "told": told[name]}
        for (kind, name), s in scores.items()
    ]


def repeat(answered: Answered) -> str:
    """The command that does the same again, bit for bit."""
    asked, plan = answered.asked, answered.plan
    left_out = ("minutes", "splits", "trials", "seeds", "sample", "steps", "plan", "seed")
    typed = [f"{key}={value}" for key, value in asked.typed.items() if key not in left_out]
    amount = [f"splits={len(answered.pairs)}", f"trials={plan.trials}", f"seeds={answered.seeds}", f"seed={asked.seed}"]
    if plan.examples < answered.available:
        amount.append(f"sample={plan.examples}")
    amount.append(f"steps={plan.length.steps}")
    return " ".join(["python -m rnnbench.which", *map(for_shell, (*asked.paths, *typed)), *amount])


def versions() -> dict[str, str]:
    from importlib.metadata import version

    names: Sequence[str] = ("torch", "numpy", "scipy", "pandas", "scikit-learn", "optuna")
    return {"python": platform.python_version()} | {name: version(name) for name in names}


def check_not_newer(folder: Path) -> None:
    """Raises Newer where the answer of a newer release is in results/NAME."""
    with suppress(RecordError):
        leave(folder / ANSWER, "schema_version", (read_file(folder / ANSWER) or {}).get("schema_version"), SCHEMA)


def write(answered: Answered) -> Path:
    """The model that is to be taken away, and then answer.json, which says which it is."""
    from rnnbench.which.winner import keep

    path = answered.asked.folder / ANSWER
    try:
        kept = None if answered.interrupted else keep(answered)
    except KeyboardInterrupt:  # the answer is there, whether or not its model is
        kept = None
    write_json_atomically(path, plain(answered) | {"kept": kept})
    return path
