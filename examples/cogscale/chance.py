"""What the best constant answer scores on each task, as a table for rnnbench.report: python chance.py > chance.csv

From how the targets are drawn where that tells: of K symbols alike 1 − 1/K, of the sum of two alike the middle one, of
a uniform value its variance. Else the commonest class, the majority of each label, of 5,000 sequences, scored on 5,000
others; of a forecast, which has one sequence, the mean of its first part, scored on its last.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from cogscale import evals

SEQUENCES = 5000
SYMBOLS = ("discrete_postcasting", "discrete_pattern_completion", "simple_copy", "selective_copy", "sorting_problem",
           "induction_heads")  # fmt: skip
EXACT: dict[str, Callable[[dict[str, Any]], float]] = {
    **dict.fromkeys(SYMBOLS, lambda of: 1 - 1 / of["n_symbols"]),
    "associative_recall": lambda of: 1 - 1 / (of["n_symbols"] - 2),  # two of them are marks
    "adding_problem": lambda of: 1 - 1 / of["max_number"],
    "continuous_postcasting": lambda of: 1.6**2 / 12,
    "continuous_pattern_completion": lambda of: 1 / 12,
}
DIFFICULTIES = {"small": evals.cogscale_small, "medium": evals.cogscale_medium}


def chance(name: str, task: dict[str, Any], seed: int = 0) -> float:
    """As `cogscale.compute_score` would score it, at a threshold of 0.5. task: of one of DIFFICULTIES."""
    if name in EXACT:
        return EXACT[name](task["params"])
    parameters = {**task["params"], "seed": seed}
    if "n_train" in parameters:
        parameters |= {"n_train": SEQUENCES, "n_valid": 1, "n_test": SEQUENCES}
    data = task["fct"](**parameters)
    asked, scored = known(data["Y_train"]), known(data["Y_test"])
    if data["category"] == "classification":
        return 1 - float(scored.mean(0)[asked.mean(0).argmax()])
    constant = asked.mean(0) >= 0.5 if data["category"] == "multi_classification" else asked.mean(0)
    return float(((scored - constant) ** 2).mean())


def known(targets: np.ndarray) -> np.ndarray:
    """(B, T, K) → (N, K): one-hot classes or values where they are asked for, which is not where they are all −100.

    Where one class alone is set, the generators leave the others at −100.
    """
    rows = targets[np.any(targets != -100, axis=-1)]
    return np.where(rows == -100, 0, rows)


def main() -> None:
    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(["Task", "Difficulty", "chance"])
    for difficulty, tasks in DIFFICULTIES.items():
        for name, task in tasks.items():
            table.writerow([name, difficulty, f"{chance(name, task):.4f}"])


if __name__ == "__main__":
    main()
