"""The simulations of `which.py` in a small part of the time: the same files, splits, baselines and rule, no reading.

    python scripts/which_arrays.py                     # 1,000 files of each kind
    python scripts/which_arrays.py --files 100 --kind "random labels, twelve groups"

A file's numbers go to `rnnbench.data.splits` as they are, cheap learners (ridge regression on random features, as
`which_cheap.py` has them) are fitted by NumPy (`which_ridge.py`), and `rnnbench.which` decides: the rule and the
bootstrap over the rows of a given test set are its own. Labels are here, series in `which_series.py`.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable
from typing import Any

import numpy as np
import which_series
from which import KINDS, row
from which_ridge import drawn, fits
from which_series import SERIES

from rnnbench.data import splits as cut
from rnnbench.data.splits import Splits
from rnnbench.which.answer import Pair, Terms, decide
from rnnbench.which.rows import bootstrapped
from rnnbench.which.table import IMBALANCED, MARGIN

LABELS = tuple(name for name, kind in KINDS.items() if kind.keys[0] == "target=y" and len(kind.looks) == 1
               and "value" not in str(kind.keys) and "window" not in str(kind.keys))  # fmt: skip


def read(text: str) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """(n, 8) numbers, (n,) labels 0 and 1, and (n,) the column beside them."""
    cells = [line.split(",") for line in text.splitlines()[1:]]
    x, y = np.array([line[:8] for line in cells], float), np.array([line[8] == "yes" for line in cells], int)
    return x, y, np.array([line[9] for line in cells]) if len(cells[0]) > 9 else None


def splits_of(y: np.ndarray, beside: np.ndarray | None, seed: int) -> Splits:
    if beside is None:
        return cut.stratified(y, len(y), seed)
    if set(beside) == {"train", "test"}:
        return cut.given(beside == "test", seed, labels=y)
    return cut.grouped(np.unique(beside, return_inverse=True)[1], seed)


def score(said: np.ndarray, y: np.ndarray, balanced: bool) -> float:
    """said: (n,) above 0 for label 1."""
    right = (said > 0) == y
    return float(np.mean([right[y == c].mean() for c in np.unique(y)]) if balanced else right.mean())


def answered(name: str, file: int) -> dict[str, Any]:
    """What is said of one file, as `which.answered` has it."""
    if name in SERIES:
        return which_series.answered(name, file)
    kind = KINDS[name]
    x, y, beside = read(kind.write(np.random.default_rng([file, *name.encode()])))
    counts, splits = np.bincount(y, minlength=2), splits_of(y, beside, file)
    balanced = bool(counts.max() > IMBALANCED * counts.min())
    pairs, rights, naives = [], ([], []), []  # type: ignore[var-annotated]
    for j in range(10 if splits.most is None else min(splits.most, 20)):
        split = splits[j]
        known = y if splits.kind == "groups" and splits.most is not None else y[split.train]  # as TableProblem._naive
        commonest = np.full(len(split.test), np.bincount(known, minlength=2).argmax())
        train, valid = (x[split.train], 2.0 * y[split.train] - 1), (x[split.valid], y[split.valid])
        means = []
        for slot in (0, 1):
            said = fits(train, valid, x[split.test], drawn(file, j), slot * kind.handicap, (file, j, slot),
                        lambda answers, labels: score(answers, labels, balanced))  # fmt: skip
            rights[slot].extend((each > 0) == y[split.test] for each in said)
            means.append(float(np.mean([score(each, y[split.test], balanced) for each in said])))
        naives.append(commonest == y[split.test])
        pairs.append(Pair(j, (means[0], means[1]), score(commonest - 0.5, y[split.test], balanced), "commonest class"))
    terms, rows = Terms("higher", MARGIN, splits.rho), None
    if splits.kind == "given":
        metric = "balanced_accuracy" if balanced else "accuracy"
        means_of = [np.mean(each, axis=0) for each in (*rights, naives)]
        rows = bootstrapped(means_of[0], means_of[1], means_of[2], y[splits[0].test], metric, terms)
    found = decide(pairs, terms, rows)
    wrong = found.word in ("first", "second") or (found.beats_naive and kind.holds == "nothing")
    return {"kind": name, "file": file, "word": found.word, "beats_naive": found.beats_naive, "wrong": wrong,
            "difference": float(found.differences.mean())}  # fmt: skip


def study(name: str, files: Iterable[int]) -> list[dict[str, Any]]:
    return [answered(name, file) for file in files]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--kind", choices=(*LABELS, *SERIES), action="append")
    asked = parser.parse_args()
    for name in asked.kind or (*LABELS, *SERIES):
        began = time.process_time()
        print(row(name, study(name, range(asked.files))), f"{time.process_time() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
