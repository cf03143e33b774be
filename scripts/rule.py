"""How often is the one rule of inference right? Prints its tables of docs/statistics.md, seeded, in under two minutes.

    python scripts/rule.py                  # what stands in the documentation
    python scripts/rule.py --studies 200    # a quick look

One comparison: in how many studies whose truth is 0 the 95 % interval holds it, and in how many a cell is called ahead.
A page: on how many pages of 10 and 28 claims, none of them true or half of them, any cell is called ahead wrongly.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable

import numpy as np

from rnnbench.statistics import judge, step_down
from rnnbench.statistics.checks import FloatArray

Draw = Callable[[np.random.Generator, int], FloatArray]
UNITS = (10, 15, 20)
FEW = 9
SHARED = 1 / 9  # n_test / n_train of splits of nine to one
CLAIMS = (10, 28)


def skewed(rng: np.random.Generator, n: int) -> FloatArray:
    """Differences of a cell that now and then takes long, to one that never does: lognormal, less its mean."""
    return np.asarray(rng.lognormal(0, 0.7, n) - math.exp(0.245))


def tied(rng: np.random.Generator, n: int) -> FloatArray:
    """Right answers of ten, one cell less the other: whole numbers, many of them 0."""
    return np.asarray(rng.binomial(10, 0.95, n) - rng.binomial(10, 0.95, n), dtype=float)


SYMMETRIC = ("normal", "heavy tails (t, 3 df)", "tied (of ten answers)")
DIFFERENCES: dict[str, Draw] = {
    "normal": lambda rng, n: rng.normal(size=n),
    "heavy tails (t, 3 df)": lambda rng, n: rng.standard_t(3, size=n),
    "tied (of ten answers)": tied,
    "skewed (lognormal)": skewed,
}


def shared(rng: np.random.Generator, n: int) -> FloatArray:
    """Differences of n splits that share much of their training data: any two are correlated by r = ρ/(1 + ρ)."""
    r = SHARED / (1 + SHARED)
    return math.sqrt(r) * rng.normal() + math.sqrt(1 - r) * rng.normal(size=n)


def comparisons(draw: Draw, n: int, rho: float, studies: int, seed: int) -> tuple[float, float]:
    """(intervals that hold the truth, studies in which a cell is called ahead that is not), in %."""
    rng = np.random.default_rng([seed, n])
    found = [judge(draw(rng, n), rho=rho) for _ in range(studies)]
    held = np.mean([0.0 in each.interval for each in found])
    return 100 * float(held), 100 * float(np.mean([each.word != "undecided" for each in found]))


def page(rng: np.random.Generator, n: int) -> list[bool]:
    """Whether any claim without an effect gets a word: of each of CLAIMS claims, where none has one, where half have.

    The symmetric shapes of differences take turns. The claims have a part of each seed's luck in common.
    """
    luck, shapes = rng.normal(size=n), [DIFFERENCES[name] for name in SYMMETRIC]
    drawn = [shapes[i % 3](rng, n) + (0.5 * luck if i % 3 == 0 else 0) for i in range(max(CLAIMS))]
    null, clear = [judge(d).p for d in drawn], [judge(d + 20).p for d in drawn[: max(CLAIMS) // 2]]

    def wrong(claims: int, true: int) -> bool:
        p = [*clear[:true], *null[true:claims]]
        families = step_down(claims, lambda index, family: family * p[index] <= 0.05)
        return any(family * p[index] <= 0.05 for index, family in enumerate(families) if index >= true)

    return [wrong(claims, true) for claims in CLAIMS for true in (0, claims // 2)]


def pages(n: int, count: int, seed: int) -> list[float]:
    """Pages with a wrong word, in %, in the order of `page`."""
    rng = np.random.default_rng([seed, n])
    return [float(share) for share in 100 * np.mean([page(rng, n) for _ in range(count)], axis=0)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=1_000, help="of comparisons; pages are a quarter of them")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    print("### One comparison: intervals that hold the truth, and false words, in % of studies\n")
    heads = [f"n = {n}: holds, wrong" for n in UNITS]
    print("| differences | " + " | ".join(heads) + f" | n = {FEW}: wrong |\n" + "|---" * (len(heads) + 2) + "|")
    rows = [(name, draw, 0.0) for name, draw in DIFFERENCES.items()]
    for name, draw, rho in [*rows, ("splits of nine to one", shared, SHARED), ("… taken for independent", shared, 0.0)]:
        found = [comparisons(draw, n, rho, asked.studies, asked.seed) for n in UNITS]
        cells = [f"{held:.1f}, {wrong:.1f}" for held, wrong in found]
        few = comparisons(draw, FEW, rho, asked.studies // 10, asked.seed)[1]
        print(f"| {name} | " + " | ".join(cells) + f" | {few:.1f} |", flush=True)
    print("\n### A page: any false word, in % of pages\n")
    heads = [f"{claims} claims, {true} true" for claims in CLAIMS for true in ("none", "half")]
    print("| n | " + " | ".join(heads) + " |\n" + "|---" * (len(heads) + 1) + "|")
    for n in UNITS:
        cells = [f"{share:.1f}" for share in pages(n, asked.studies // 4, asked.seed)]
        print(f"| {n} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
