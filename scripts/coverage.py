"""How often does a "95 %" interval hold the truth at the n that studies have? Prints the tables of docs/statistics.md.

    python scripts/coverage.py                  # all of it, a few minutes on one core
    python scripts/coverage.py --studies 500    # a quick look
    python scripts/coverage.py --only others    # one part of it: means, verdicts or others

Each cell simulates studies of n runs from a population whose mean (or inter-quartile mean) is known, and counts the
intervals that hold it. Seeded: the same command prints the same numbers. Standard error of a cell at 4,000 studies
and 95 %: 0.35 percentage points.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from itertools import product

import numpy as np
from scipy import stats

from rnnbench.statistics import (
    Claim,
    contrast_condition,
    heterogeneity,
    logrank_test,
    paired_success_difference,
    success_rate,
    verdict,
)
from rnnbench.statistics.checks import FloatArray
from rnnbench.statistics.sign_flip import sign_flip_bounds

Bounds = tuple[FloatArray, FloatArray]
Study = Callable[[np.random.Generator], list[bool]]
Draw = Callable[[np.random.Generator, tuple[int, ...]], FloatArray]


def bimodal(rng: np.random.Generator, shape: tuple[int, ...]) -> FloatArray:
    """Accuracies of which 70 % solved the task (around 0.95) and 30 % did not (around 0.5)."""
    solved = rng.random(shape) < 0.7
    return np.where(solved, rng.normal(0.95, 0.03, shape), rng.normal(0.5, 0.03, shape))


ALL = Claim("A is better everywhere", "greater")
ANY = Claim("A is better somewhere", "greater", combine="any")
ON_PAR = Claim("A and B are on par", "equivalent")

POPULATIONS: dict[str, Draw] = {
    "normal": lambda rng, shape: rng.normal(size=shape),
    "uniform": lambda rng, shape: rng.uniform(size=shape),
    "heavy tails (t, 3 df)": lambda rng, shape: rng.standard_t(3, size=shape),
    "lognormal σ 0.7": lambda rng, shape: rng.lognormal(0.0, 0.7, size=shape),
    "bimodal 70/30": bimodal,
}


def difference_of(draw: Draw) -> Draw:
    return lambda rng, shape: np.subtract(draw(rng, shape), draw(rng, shape))


def trimmed_moments(ordered: FloatArray, g: int) -> tuple[FloatArray, FloatArray]:
    """Trimmed mean and its standard error. ordered: (..., n), sorted along the last axis → two arrays (...).

    Drop g values from each end, average the h = n − 2g that stay. With s_w the standard deviation after each dropped
    value is replaced by the nearest kept one (Yuen 1974; Tukey & McLaughlin 1963)

        se = s_w √(n − 1) / √(h (h − 1))        g = 0:  se = s / √n
    """
    n = ordered.shape[-1]
    h = n - 2 * g
    centre = ordered[..., g : n - g].mean(-1)
    winsorised = np.clip(ordered, ordered[..., g : g + 1], ordered[..., n - g - 1 : n - g])
    return centre, winsorised.std(-1, ddof=1) * math.sqrt((n - 1) / (h * (h - 1)))


def student(x: FloatArray, g: int, rng: np.random.Generator) -> Bounds:
    centre, error = trimmed_moments(np.sort(x, 1), g)
    reach = stats.t.ppf(0.975, x.shape[1] - 2 * g - 1) * error
    return centre - reach, centre + reach


def field(method: str) -> Callable[[FloatArray, int, np.random.Generator], Bounds]:
    def bounds(x: FloatArray, g: int, rng: np.random.Generator) -> Bounds:
        def statistic(sample: FloatArray, axis: int = -1) -> FloatArray:
            if g == 0:
                return sample.mean(axis)
            return np.sort(sample, axis)[..., sample.shape[-1] // 4 : sample.shape[-1] - sample.shape[-1] // 4].mean(-1)

        result = stats.bootstrap(
            (x,),
            statistic,
            vectorized=True,
            axis=-1,
            n_resamples=999,
            method=method,
            rng=rng,  # type: ignore[call-overload]
        )
        return result.confidence_interval.low, result.confidence_interval.high

    return bounds


def flipped(x: FloatArray, g: int, rng: np.random.Generator) -> Bounds:
    return sign_flip_bounds(x, 0.95, 1999, int(rng.integers(2**31)))


METHODS = {
    "t": student,
    "sign-flip": flipped,
    "percentile": field("percentile"),
    "BCa": field("BCa"),
}
PAIRED = {f"{name}, A − B": difference_of(draw) for name, draw in POPULATIONS.items()}
MEANS = {  # title of a table: of the inter-quartile mean or not, and populations
    "Mean of values (or of differences that have this shape)": (False, POPULATIONS),
    "Mean of paired differences, both cells drawn from this shape": (False, PAIRED),
    "Inter-quartile mean of values": (True, POPULATIONS),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=4_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=PARTS)
    arguments = parser.parse_args()
    for name, part in PARTS.items():
        if arguments.only in (None, name):
            part(arguments)


def print_means(arguments: argparse.Namespace) -> None:
    for title, (trimmed, populations) in MEANS.items():
        methods = {name: method for name, method in METHODS.items() if not (trimmed and name == "sign-flip")}
        print(f"\n### {title}\n\n| population | n | " + " | ".join(methods) + " |")
        print("|---|---|" + "---|" * len(methods))
        for (name, draw), n in product(populations.items(), (5, 10, 20)):
            cells = [cell(draw, n, trimmed, method, arguments) for method in methods.values()]
            print(f"| {name} | {n} | " + " | ".join(cells) + " |", flush=True)


def print_verdicts(arguments: argparse.Namespace) -> None:
    print("\n### Wrong verdicts, in % of studies\n")
    print("| differences | n | no difference: one condition | three, all | three, any | outside margin: on par |")
    print("|---|---|---|---|---|---|")
    for (name, draw), n in product(
        (PAIRED | {"lognormal σ 0.7, mean 0": POPULATIONS["lognormal σ 0.7"]}).items(), (10,)
    ):
        print(f"| {name} | {n} | " + " | ".join(wrong_verdicts(draw, n, arguments)) + " |", flush=True)


def print_others(arguments: argparse.Namespace) -> None:
    print("\n### Others, at n = 10, nominal 95 % (or 5 %)\n\n| what | coverage or error, % |\n|---|---|")
    for name, study in OTHERS.items():
        print(f"| {name} | " + ", ".join(f"{share:.1f}" for share in shares(study, arguments)) + " |", flush=True)


def cell(
    draw: Draw,
    n: int,
    trimmed: bool,
    method: Callable[[FloatArray, int, np.random.Generator], Bounds],
    arguments: argparse.Namespace,
) -> str:
    """Coverage in % and, in brackets, the median width relative to Student's t on the same studies."""
    rng = np.random.default_rng([arguments.seed, n])  # every method sees the same studies
    truth = population_centre(draw, trimmed)
    g = n // 4 if trimmed else 0
    held, widths, reference = 0, [], []
    for start in range(0, arguments.studies, 100):
        x = draw(rng, (min(100, arguments.studies - start), n))
        low, high = method(x, g, np.random.default_rng([arguments.seed, n, start]))
        held += int(np.count_nonzero((low <= truth) & (truth <= high)))
        widths.append(high - low)
        low, high = student(x, g, rng)
        reference.append(high - low)
    width = np.median(np.concatenate(widths)) / np.median(np.concatenate(reference))
    return "—" if np.isnan(width) else f"{100 * held / arguments.studies:.1f} ({width:.2f})"


def wrong_verdicts(draw: Draw, n: int, arguments: argparse.Namespace) -> list[str]:
    """How often cells that do not differ are called better or worse (as one condition, as three under each rule of
    combination), and cells whose difference lies just outside the margin are called on par."""
    centre, spread = population_centre(draw, False), float(draw(np.random.default_rng(98), (1_000_000,)).std())
    rng, wrong = np.random.default_rng([arguments.seed, n]), np.zeros(4)
    for _ in range(arguments.studies):
        d = (draw(rng, (3, n)) - centre) / spread
        three = [contrast_condition(str(k), row) for k, row in enumerate(d)]
        outside = contrast_condition("outside", d[0] + 1.0001, margin=1.0)
        words = [verdict(ALL, three[:1]), verdict(ALL, three), verdict(ANY, three)]
        wrong[:3] += [word.outcome in ("supported", "contradicted") for word in words]
        wrong[3] += verdict(ON_PAR, [outside]).outcome == "supported"
    return [f"{100 * share:.1f}" for share in wrong / arguments.studies]


def shares(study: Study, arguments: argparse.Namespace) -> list[float]:
    """In how many % of studies each is true."""
    rng = np.random.default_rng([arguments.seed, 10])
    found = [study(rng) for _ in range(arguments.studies)]
    return [float(share) for share in 100 * np.mean(found, axis=0)]


def rates(rng: np.random.Generator) -> list[bool]:
    return [rate in success_rate(int(rng.binomial(10, rate)), 10) for rate in (0.7, 0.95)]


def rate_differences(rng: np.random.Generator) -> list[bool]:
    """Rates of 0.9 and 0.4, paired: how easy a seed is has half the variance, for both cells."""
    x, y = (stats.norm.ppf(rate) for rate in (0.9, 0.4))
    ease, alone = rng.normal(size=10), rng.normal(size=(2, 10))
    paired = (ease + alone) / math.sqrt(2)
    return [0.5 in paired_success_difference(paired[0] < x, paired[1] < y)]


def stopped_early(rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Exponential times to solve, mean 1: seven runs go on to 0.8, three are stopped somewhere from 0.2 on."""
    solve, stop = rng.exponential(size=10), np.concatenate([np.full(7, 0.8), rng.uniform(0.2, 0.8, 3)])
    return np.minimum(solve, stop), solve <= stop


def log_rank(rng: np.random.Generator) -> list[bool]:
    everyone, (x, y) = [True] * 10, rng.exponential(size=(2, 10))
    tests = logrank_test(x, everyone, y, everyone), logrank_test(*stopped_early(rng), *stopped_early(rng))
    return [test.p_value <= 0.05 for test in tests]


def no_heterogeneity(rng: np.random.Generator) -> list[bool]:
    """Five datasets without any effect, spread 1, 2, 3, 4 and 5."""
    found = heterogeneity({str(k): rng.normal(0, k, 10) for k in range(1, 6)})
    return [found.p_value <= 0.05, bool(stats.chi2.sf(found.q, found.df) <= 0.05)]


OTHERS: dict[str, Study] = {
    "success rate 0.7, 0.95 (Wilson)": rates,
    "success difference 0.9 − 0.4 (Newcombe, paired)": rate_differences,
    "log-rank test, no difference, called significant: all solve, such times": log_rank,
    "heterogeneity, none there, called so: Welch, χ² of Q (five datasets, unequal spreads)": no_heterogeneity,
}
PARTS = {"means": print_means, "verdicts": print_verdicts, "others": print_others}


def population_centre(draw: Draw, trimmed: bool) -> float:
    """Mean, or mean between the quartiles, of 4 million draws: error far below any interval's width here."""
    x = draw(np.random.default_rng(99), (4_000_000,))
    if not trimmed:
        return float(x.mean())
    low, high = np.quantile(x, (0.25, 0.75))
    return float(x[(low < x) & (x < high)].mean())


if __name__ == "__main__":
    main()
