"""An answer → results/NAME/report.html and figures/. All text is escaped; rows=none leaves the user's rows off."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rnnbench.data.table.levels import several
from rnnbench.machine.environment import cpu_model
from rnnbench.plots.look import drawing_context
from rnnbench.records import write_text_atomically
from rnnbench.report.parts import cut
from rnnbench.which import store, text, words
from rnnbench.which.answered import Answered, costs_of, facts_of, settings_of
from rnnbench.which.page import curves, labels, pairs, tables, values
from rnnbench.which.page.answers import NAIVE, Said, said_of
from rnnbench.which.page.look import pair_of_looks
from rnnbench.which.page.template import PAGE, rendered, section
from rnnbench.which.pairs import State

_NOTE = (
    "Means over splits, of test rows that nothing else saw. Intervals are Student's t, corrected for what splits of "
    "one file share; one may reach beyond what the metric can be, as above an accuracy of 1. The naive "
    "choice of a split is the naive baseline that was best on its validation rows."
)


def make_page(answered: Answered) -> Path:
    """Write the page of an answer, or of the answer so far; gives its path."""
    folder = answered.asked.folder
    facts = facts_of(answered)
    lines = text.six(answered)
    decision = answered.decision
    said = (
        ["No pair was done."] if decision is None else words.sentences(decision, answered.pairs, answered.terms, facts)
    )
    with drawing_context():
        sections = _sections(answered, facts.cells, folder / "figures")
    understood = pd.DataFrame(
        [{"what": line.label, "taken for": line.text, "key": f"{line.key}=" if line.key else ""}
         for line in answered.reading.lines]
    )  # fmt: skip
    page = rendered(
        title=f"{facts.cells[0]} or {facts.cells[1]} for {_files(answered)}?",
        read=lines["read"],
        answer=words.answer_word(decision, facts),
        sentences=said,
        cost=f"Cost: {lines['cost']}.",
        warnings=list(answered.reading.warnings),
        sections=sections,
        understood=cut(understood, "answer.json has all"),
        plan=_plan(answered),
        files=f"{store.ANSWER} (all of this for a program); journal.jsonl (every trial and fit); answers/ (what was "
        "said of each test row); figures/ (.png and .svg)",
    )  # fmt: skip
    write_text_atomically(folder / PAGE, page)
    return folder / PAGE


def _files(answered: Answered) -> str:
    names = [Path(path).name for path in answered.asked.paths]
    return names[0] if len(names) == 1 else f"{len(names)} files"


def _plan(answered: Answered) -> list[tuple[str, str]]:
    plan, problem = answered.plan, answered.problem
    versions = ", ".join(f"{name} {version}" for name, version in store.versions().items())
    return [
        ("asked", text.typed(answered.asked)),
        ("again, to the bit", store.repeat(answered)),
        ("splits", f"{len(answered.pairs)} of kind {problem.splits.kind}, n_test / n_train = {problem.splits.rho:.3g}"),
        ("tuning", f"{plan.trials} trials a cell and split, successive halving, on validation rows of the split alone"),
        ("fits", f"{answered.seeds} a cell and split, up to {plan.length.steps} steps of {plan.batch} examples"),
        ("examples", f"{plan.examples:,} of {answered.available:,}"),
        ("given up for want of time", ", ".join(plan.given_up) or "nothing"),
        *_kept(answered),
        ("processor", cpu_model()),
        ("versions", versions),
        ("file's sha256", answered.reading.digest),
    ]  # fmt: skip


def _kept(answered: Answered) -> list[tuple[str, str]]:
    """What answer.json, written before, says of the model that is kept."""
    path = answered.asked.folder / store.ANSWER
    kept = json.loads(path.read_text())["kept"] if path.exists() else None
    if kept is None:
        return []
    said = f"{kept['cell']}, fitted as in split {kept['split']}" + (", then on all rows" if kept["refit"] else "")
    if covered := kept.get("coverage"):
        lost = " and ".join(f"{loss:.4g}" for loss in covered["pinball"].values())
        unit = "naive errors" if several(answered.problem.table) else "the file's unit"
        between = f"between its {100 * covered['from']:g} % and {100 * covered['to']:g} % quantiles"
        measured = f"{100 * covered['measured']:.0f} % of that split's test values"
        said += f"; {between} lie {measured}; pinball loss {lost}, in {unit}"
    return [("kept model", said)]


def _sections(answered: Answered, cells: tuple[str, str], figures: Path) -> list[dict[str, Any]]:
    if answered.decision is None:
        return []
    problem, terms, state = answered.problem, answered.terms, State(answered.journal, answered.plan)
    splits = [pair.split for pair in answered.pairs]
    scores: dict[tuple[str, str], dict[int, float]] = {}
    for entry in answered.journal.of("baselines"):
        for each in entry["found"]:
            if each["test"] is not None:
                scores.setdefault((each["kind"], each["name"]), {})[entry["split"]] = each["test"]
    board = tables.leaderboard(answered.pairs, terms, cells, problem.metric, scores, costs_of(answered))
    found = [
        section("scores", "Who scored what", table=board, note=" ".join([_NOTE, text.sampled(answered)]).strip()),
        section("difference", f"{cells[0]} against {cells[1]}",
                 drawing=pairs.drawing(answered.decision, terms, cells, problem.metric), figures=figures),
    ]  # fmt: skip
    look = pair_of_looks(problem.cells)
    fits = tuple([fit for split in splits for fit in state.fits(split, slot).values()] for slot in (0, 1))
    drawn = curves.drawing(fits, cells, look, problem.select)  # type: ignore[arg-type]
    if drawn is not None:
        found.append(section("curves", "How they learned", drawing=drawn, figures=figures))
    said = said_of(state, splits, answered.seeds, {split: problem.splits[split].test for split in splits})
    found += _differences(answered, said, cells, figures) if said else []
    chosen = [settings_of(answered, slot) for slot in (0, 1)]
    found.append(section("settings", "Settings that tuning chose", table=tables.settings(chosen, splits, cells),
                          folded="Of each split and cell"))  # fmt: skip
    return found


def _differences(answered: Answered, said: list[Said], cells: tuple[str, str], figures: Path) -> list[dict[str, Any]]:
    """Where the cells differ: by class, step ahead or series, and on which rows."""
    table, examples, look = answered.problem.table, answered.problem.examples, pair_of_looks(answered.problem.cells)
    rows = answered.asked.rows != "none"
    names = [table.ids[s] for s in examples.sequence]
    if table.task in ("label", "tagging"):
        found = [section("classes", "Where they differ, class by class",
                          table=labels.class_table(said, table.target.classes, cells))]  # fmt: skip
        matrix = labels.matrices(said, table.target.classes, cells)
        found += [section("confusion", matrix.heading, drawing=matrix, figures=figures)] if matrix else []
        if table.task == "label" and rows:
            differ = labels.disagreements(said, table.target.classes, cells, names)
            if len(differ):
                note = f"Of each the test splits it stood in; the clearest {labels.MOST_LISTED}."
                found.append(section("examples", "Examples on which they differ", table=differ, note=note))
        return found
    unit = ", ".join(table.target.names)
    naive = next(pair.naive_name for pair in answered.pairs if pair.split == said[-1].split)
    if table.task == "value":
        return [section("scatter", "What was said beside what is so",
                         drawing=values.scatter(said, cells, look, unit), figures=figures)] if rows else []  # fmt: skip
    found = []
    if rows:
        drawn = values.forecast(_restored(answered, said[-1]), cells, look, naive, unit)
        found.append(section("forecast", "What was said beside what came", drawing=drawn, figures=figures))
    if table.horizon > 1:
        found.append(section("steps", "Error by step ahead", table=values.by_step(said, table.horizon, cells)))
    if len(set(names)) > 1 and rows:
        note = f"The {values.MOST_SERIES} whose errors differ most, each in naive errors of its own series."
        found.append(section("series", "Where they differ, series by series",
                              table=values.by_series(said, names, cells), note=note))  # fmt: skip
    return found


def _restored(answered: Answered, said: Said) -> Said:
    """Forecasts in the unit of the file."""
    problem, state = answered.problem, State(answered.journal, answered.plan)
    windows: dict[int, int | None] = {NAIVE: max(problem.space.windows, default=None)}
    for slot in (0, 1):
        windows[slot] = next(iter(state.fits(said.split, slot).values()))["settings"].get("window")

    def whole(who: int, values: np.ndarray) -> np.ndarray:
        part: Any = problem.parts(said.split, windows[who]).test
        return part.restored(values.reshape(len(values), problem.table.horizon, -1)).reshape(len(values), -1)

    return replace(said, target=whole(0, said.targets[0]), of={who: whole(who, v) for who, v in said.of.items()})
