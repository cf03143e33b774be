"""Several files: each is answered by itself, and then a view over them.

Wins, ties and losses; mean ranks with the difference that tells them apart; who is better than whom on how many; and
how likely the next file of this kind has one better, the other, or both alike (Bayesian signed-rank test over files).
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from rnnbench.errors import TooLittleData, UsageError, escaped
from rnnbench.records.atomic import finite, write_json_atomically
from rnnbench.statistics import MIN_PAIRS
from rnnbench.statistics.ranks import ranks
from rnnbench.statistics.signed_rank import signed_rank
from rnnbench.which import store, words
from rnnbench.which.ask import ask
from rnnbench.which.asked import Asked, stem
from rnnbench.which.page.make import make_page
from rnnbench.which.table import MARGIN

SEVERAL = "several.json"


@dataclass(frozen=True)
class File:
    """What the view needs of one: scores so turned that higher is better, and the mean difference of its pairs."""

    path: str
    answer: str
    word: str
    scores: tuple[float, ...]  # of both cells, the naive baseline and, where there is one, the best simple model
    difference: float
    low: float = math.nan  # of its 95 % interval
    high: float = math.nan
    metric: str = ""
    folder: str = ""  # of its own answer, within the view's


@dataclass(frozen=True)
class All:
    """What came of all files. interrupted: these are those so far."""

    files: list[File]
    refused: list[dict[str, str]]  # path, why
    seconds: float
    interrupted: bool = False


Progress = Callable[[int, int, float | None], None]


def ask_all(asked: Asked, say: Callable[[str], None], progress: Progress) -> All:
    """Each file by itself, in results/NAME/FILE; minutes are shared alike. One that is refused is named, left out."""
    found: list[File] = []
    refused, seconds, names = [], 0.0, _names(asked.paths)
    for path, name in zip(asked.paths, names, strict=True):
        minutes = None if asked.minutes is None else asked.minutes / len(asked.paths)
        one = replace(asked, paths=(path,), name=f"{asked.name}/{name}", minutes=minutes)
        say(f"\n{path}")
        try:
            answered = ask(one, say, progress)
        except (UsageError, TooLittleData) as problem:
            print(escaped(f"{path}: {problem}"), file=sys.stderr)
            refused.append({"path": path, "why": str(problem)})
            continue
        except KeyboardInterrupt:
            return All(found, refused, seconds, True)
        if answered is None:
            continue
        facts = json.loads(store.write(answered).read_text())
        make_page(answered)
        seconds += answered.seconds
        if answered.decision is not None:
            found.append(file_of(facts, name))
            say(f"answer  {found[-1].answer}")
        if answered.interrupted:
            return All(found, refused, seconds, True)
    return All(found, refused, seconds)


def file_of(facts: Mapping[str, Any], folder: str = "") -> File:
    """facts: of an answer.json that has pairs."""
    pairs, difference = facts["pairs"], facts["difference"]
    sign = 1 if facts["metric"]["better"] == "higher" else -1
    columns = [[p["scores"][0] for p in pairs], [p["scores"][1] for p in pairs], [p["naive"] for p in pairs]]
    if all(pair["simple"] is not None for pair in pairs):
        columns.append([pair["simple"] for pair in pairs])
    words_of = {f"use {cell['title']}": word for cell, word in zip(facts["cells"], ("first", "second"), strict=True)}
    low, high = (math.nan if difference[key] is None else difference[key] for key in ("low", "high"))
    return File(
        facts["files"][0], facts["answer"], words_of.get(facts["answer"], facts["answer"]),
        tuple(sign * float(np.mean(column)) for column in columns), difference["estimate"], low, high,
        facts["metric"]["name"], folder,
    )  # fmt: skip


def view(files: Sequence[File], cells: tuple[str, str], margin: float = MARGIN) -> dict[str, Any]:
    """The view over files. cells: as readers call them."""
    simple = all(len(file.scores) == 4 for file in files)
    names = [*cells, "naive", *(["simple"] if simple else [])]
    scores = np.array([file.scores[: len(names)] for file in files])
    chances = signed_rank([file.difference for file in files], margin)
    found: dict[str, Any] = {
        "files": [vars(file) for file in files],
        "margin": margin,
        "first_wins": sum(file.word == "first" for file in files),
        "second_wins": sum(file.word == "second" for file in files),
        "alike": sum(file.word == "either" for file in files),
        "not_decided": sum(file.word == "not decided" for file in files),
        "next_file": {"first_better": chances.above, "alike": chances.within, "second_better": chances.below},
        "better_on": {a: {b: int((scores[:, i] > scores[:, j]).sum()) for j, b in enumerate(names) if i != j}
                      for i, a in enumerate(names)},
    }  # fmt: skip
    if len(files) > 1:
        each = ranks(scores)
        found["mean_ranks"] = dict(zip(names, each.mean, strict=True))
        found |= {"critical_difference": each.critical, "p_no_difference": each.p}
    return found


def printed(found: dict[str, Any], cells: tuple[str, str]) -> str:
    first, second = cells
    width = max(len(file["path"]) for file in found["files"])
    lines = [f"{file['path']:<{width}}  {file['answer']:<12}  {file['difference']:+.3f}" for file in found["files"]]
    lines.append(f"use {first} {found['first_wins']}, use {second} {found['second_wins']}, either {found['alike']}, "
                 f"not decided {found['not_decided']}")  # fmt: skip
    lines += sentences(found, cells)
    names = list(found["better_on"])
    lines.append("better on how many files, row than column:")
    size = max(map(len, names)) + 2
    lines.append(" " * size + "".join(f"{name:>{size}}" for name in names))
    for name in names:
        row = [str(found["better_on"][name].get(other, "–")) for other in names]
        lines.append(f"{name:<{size}}" + "".join(f"{each:>{size}}" for each in row))
    return "\n".join(lines)


def sentences(found: dict[str, Any], cells: tuple[str, str]) -> list[str]:
    """What to expect of the next file, and how all rank."""
    (first, second), next_file, n = cells, found["next_file"], len(found["files"])
    chances = [words.probability(next_file[key]) for key in ("first_better", "alike", "second_better")]
    said = [f"{n} file{'s' * (n > 1)}: fewer than {MIN_PAIRS} decide nothing."] if n < MIN_PAIRS else []
    said.append(
        "On the next file {} is better with probability {}, both are alike with {}, {} is better with {} (Bayesian "
        "signed-rank test over {} file{}).".format(first, *chances[:2], second, chances[2], n, "s" * (n > 1))
    )
    if "mean_ranks" in found:
        ranks = ", ".join(f"{name} {rank:.2f}" for name, rank in found["mean_ranks"].items())
        said.append(f"Mean ranks: {ranks}; those nearer than {found['critical_difference']:.2f} are not told apart.")
    return said


def write(asked: Asked, found: dict[str, Any]) -> Path:
    path = asked.folder / SEVERAL
    write_json_atomically(path, finite(found))
    return path


def _names(paths: Sequence[str]) -> list[str]:
    """A folder's name for each, those of one stem numbered."""
    stems = [stem(path) for path in paths]
    return [name if stems.count(name) == 1 else f"{name}-{i + 1}" for i, name in enumerate(stems)]
