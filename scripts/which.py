"""How often does `rnnbench.which` name a winner where there is none, and miss one that is there? Simulated files.

    python scripts/which.py                        # what stands in docs/which.md: 1,000 files of each kind
    python scripts/which.py --files 50 --kind "random walks"
    python scripts/which.py --keep found.jsonl     # typed again, files that are done are not done again

A CSV file is written and answered as a user's is: read, split, held against the naive baselines, tuned by Optuna's
trials with halving, fitted with several seeds, decided. In the place of the cells stand cheap learners: ridge
regression on random features of a sequence, whose width and penalty are tuned by the keys `width` and `lr`. Where
nothing is to be found, both learners are of one kind. Simple models, which decide nothing, are left out.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from which_cheap import Cheap
from which_files import labels, series, values

from rnnbench.data.table.understand import open_table
from rnnbench.which.ask import Weighed, look, plan_of, weigh
from rnnbench.which.asked import Asked, read
from rnnbench.which.crew import alone
from rnnbench.which.journal import Journal
from rnnbench.which.pairs import Fitting, State, carry_out
from rnnbench.which.table import problem_of

AMOUNT = ("trials=4", "seeds=3")  # ten pairs, or each group left out


@dataclass(frozen=True)
class Kind:
    """write: a generator → the text of a file. holds: what is to be found in it. looks: how much is done, and more each
    time that the question is asked again."""

    write: Callable[[np.random.Generator], str]
    keys: tuple[str, ...]
    holds: Literal["nothing", "no winner", "a gap"]
    handicap: float = 0.0
    looks: tuple[tuple[str, ...], ...] = (AMOUNT,)


LABEL, GROUP, THIRTY, PART = ("target=y",), ("target=y", "groups=group"), ("target=y", "groups=thirty"), (
    "target=y", "test=part")  # fmt: skip
ONE, MANY = ("target=y", "window=8"), ("target=y", "window=8", "id=id", "time=t")
MORE_PAIRS = tuple((f"splits={n}", "trials=4", f"seeds={k}") for n, k in ((10, 1), (10, 3), (20, 3), (40, 3)))
MORE_SEEDS = tuple(("trials=4", f"seeds={k}") for k in (1, 3, 6, 9))

KINDS = {
    "random labels": Kind(lambda rng: labels(rng, False), LABEL, "nothing"),
    "random values": Kind(values, (*LABEL, "task=value"), "nothing"),
    "random labels, a test set given": Kind(lambda rng: labels(rng, False, "part"), PART, "nothing"),
    "random labels, twelve groups": Kind(lambda rng: labels(rng, False, "group"), GROUP, "nothing"),
    "random labels, thirty groups": Kind(lambda rng: labels(rng, False, "thirty"), THIRTY, "nothing"),
    "random labels of twelve groups": Kind(lambda rng: labels(rng, False, "group", True), GROUP, "nothing"),
    "random labels of thirty groups": Kind(lambda rng: labels(rng, False, "thirty", True), THIRTY, "nothing"),
    "random walks": Kind(lambda rng: series(rng, False), ONE, "nothing"),
    "random walks, six a file": Kind(lambda rng: series(rng, False, 160, 6), MANY, "nothing"),
    "one against itself, labels": Kind(lambda rng: labels(rng, True), LABEL, "no winner"),
    "one against itself, a test set given": Kind(lambda rng: labels(rng, True, "part"), PART, "no winner"),
    "one against itself, twelve groups": Kind(lambda rng: labels(rng, True, "group"), GROUP, "no winner"),
    "one against itself, thirty groups": Kind(lambda rng: labels(rng, True, "thirty"), THIRTY, "no winner"),
    "one against itself, series": Kind(lambda rng: series(rng, True), ONE, "no winner"),
    "one against itself, six series": Kind(lambda rng: series(rng, True, 160, 6), MANY, "no winner"),
    "a gap of .2 accuracy": Kind(lambda rng: labels(rng, True), LABEL, "a gap", 2.2),
    "a gap of .2 accuracy, a test set given": Kind(lambda rng: labels(rng, True, "part"), PART, "a gap", 2.2),
    "a gap of .2 accuracy, twelve groups": Kind(lambda rng: labels(rng, True, "group"), GROUP, "a gap", 2.2),
    "a gap of .2 accuracy, thirty groups": Kind(lambda rng: labels(rng, True, "thirty"), THIRTY, "a gap", 2.2),
    "a gap of .3 log RMSE": Kind(lambda rng: series(rng, True), ONE, "a gap", 0.32),
    "a gap of .3 log MASE, six series": Kind(lambda rng: series(rng, True, 160, 6), MANY, "a gap", 0.32),
    "random labels, asked four times": Kind(lambda rng: labels(rng, False), LABEL, "nothing", looks=MORE_PAIRS),
    "one against itself, labels, asked four times": Kind(lambda rng: labels(rng, True), LABEL, "no winner",
                                                         looks=MORE_PAIRS),
    "one against itself, series, asked four times": Kind(lambda rng: series(rng, True), ONE, "no winner",
                                                         looks=MORE_SEEDS),
}  # fmt: skip
NULL = tuple(name for name, kind in KINDS.items() if kind.holds != "a gap")


def answered(name: str, file: int, folder: Path) -> dict[str, Any]:
    """What is said of one simulated file: the answer that was given last, and whether any that was given is wrong."""
    kind, path = KINDS[name], folder / "simulated.csv"
    path.write_text(kind.write(np.random.default_rng([file, *name.encode()])) + "\n")
    journal, wrong = Journal(), False
    for amount in kind.looks:
        asked = replace(typed(str(path), *kind.keys, *amount), seed=file)
        decision = asked_once(journal, asked, kind.handicap).decision
        assert decision is not None
        wrong |= decision.word in ("first", "second") or (decision.beats_naive and kind.holds == "nothing")
    return {"kind": name, "file": file, "word": decision.word, "beats_naive": decision.beats_naive, "wrong": wrong,
            "difference": float(decision.differences.mean())}  # fmt: skip


def asked_once(journal: Journal, asked: Asked, handicap: float) -> Weighed:
    """What is missing is done, what is there is weighed, and that an answer was given stands in the journal."""
    problem = problem_of(open_table(asked.paths[0], asked.keys).table, asked)
    problem = Cheap(**vars(problem), handicap=handicap)
    state = State(journal, plan_of(problem, asked, time.monotonic(), None))
    carry_out(problem, state, lambda tasks, deadline: alone(Fitting(problem, state.plan, asked.seed), tasks, deadline))
    weighed = weigh(problem, state, asked.margin)
    journal.add(look(weighed, 0.0))
    return weighed


@cache
def typed(*arguments: str) -> Asked:
    return read(arguments)


def study(
    name: str, files: Iterable[int], known: Mapping[int, dict[str, Any]] | None = None
) -> Iterator[dict[str, Any]]:
    """What is said of each of these files, of those that are known what was said before."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        for file in files:
            yield known[file] if known and file in known else answered(name, file, Path(folder))


def row(name: str, found: list[dict[str, Any]]) -> str:
    words = [each["word"] for each in found]
    wrong = f"{1000 * sum(each['wrong'] for each in found) / len(found):.0f}" if name in NULL else "–"
    counts = [words.count(word) for word in ("first", "second", "either", "not decided")]
    beats = sum(each["beats_naive"] for each in found)
    difference = np.mean([each["difference"] for each in found])
    return " | ".join(map(str, ("| " + name, *counts, beats, wrong, f"{difference:+.3f} |")))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--kind", choices=list(KINDS), action="append")
    parser.add_argument("--keep", type=Path, help="a file of what was found, which is gone on with")
    asked = parser.parse_args()
    print("| files | use first | use second | either | not decided | beats naive | wrong of 1,000 | mean difference |")
    print("|---|---|---|---|---|---|---|---|")
    for name in asked.kind or KINDS:
        began, found = time.monotonic(), []
        lines = asked.keep.read_text().splitlines() if asked.keep and asked.keep.exists() else []
        known = {each["file"]: each for each in map(json.loads, lines) if each["kind"] == name}
        for each in study(name, range(asked.files), known):
            found.append(each)
            if asked.keep and each["file"] not in known:
                with asked.keep.open("a") as kept:
                    kept.write(json.dumps(each) + "\n")
        print(row(name, found), flush=True)
        print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
