"""What `rnnbench.which` says with real cells of files that hold nothing, and of files with a planted gap.

    python scripts/which_real.py                       # what stands in docs/which.md: 32 small files
    python scripts/which_real.py --folder build/real   # typed again, it goes on

Each is answered by the whole product, of which `which.py` beside it tries a thousand with cheap learners.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from which_files import labels, pitch, series, tones

from rnnbench.which.ask import Answered, ask
from rnnbench.which.asked import read
from rnnbench.which.store import write

AMOUNT = ("splits=10", "trials=3", "seeds=2", "steps=96")


@dataclass(frozen=True)
class Kind:
    write: Callable[[np.random.Generator], str]
    keys: tuple[str, ...]
    cells: str
    files: int


LABEL, SERIES = ("target=y",), ("target=y", "window=12")
KINDS = {
    "random labels": Kind(lambda rng: labels(rng, False), LABEL, "lstm,gru", 7),
    "random walks": Kind(lambda rng: series(rng, False, 220), SERIES, "lstm,gru", 7),
    "one against itself, labels": Kind(lambda rng: labels(rng, True), LABEL, "gru,gru", 3),
    "one against itself, series": Kind(lambda rng: series(rng, True, 220), SERIES, "gru,gru", 3),
    "slow or fast": Kind(pitch, LABEL, "gru,mingru", 5),
    "two tones": Kind(tones, SERIES, "gru,mingru", 5),
}  # fmt: skip


def answered(name: str, file: int) -> Answered:
    """In results/ of the folder that this is in."""
    kind, path = KINDS[name], Path(f"{name.replace(' ', '_').replace(',', '')}_{file}.csv")
    path.write_text(kind.write(np.random.default_rng([file, *name.encode()])) + "\n")
    found = ask(read([str(path), *kind.keys, *AMOUNT, f"cells={kind.cells}"]), lambda said: None, lambda *_: None)
    assert found is not None
    write(found)
    return found


def row(name: str, found: list[Answered]) -> str:
    """| files | cells | first named | second named | either | not decided | beats naive | mean difference |"""
    decisions = [each.decision for each in found if each.decision is not None]
    words = [decision.word for decision in decisions]
    counts = [words.count(word) for word in ("first", "second", "either", "not decided")]  # type: ignore[arg-type]
    beats = sum(decision.beats_naive for decision in decisions)
    difference = np.mean([decision.differences.mean() for decision in decisions])
    cells = KINDS[name].cells
    return " | ".join(map(str, (f"| {name}", cells, *counts, beats, f"{difference:+.3f} |")))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--folder", type=Path, help="where files and answers are kept")
    parser.add_argument("--kind", choices=list(KINDS), action="append")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.makedirs(asked.folder or folder, exist_ok=True)
        os.chdir(asked.folder or folder)
        print("| files | cells | use first | use second | either | not decided | beats naive | mean difference |")
        print("|---|---|---|---|---|---|---|---|")
        for name in asked.kind or KINDS:
            began = time.monotonic()
            print(row(name, [answered(name, file) for file in range(KINDS[name].files)]), flush=True)
            print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
