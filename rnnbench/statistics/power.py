"""How many seeds a question needs."""

from __future__ import annotations

import math

import numpy as np
from scipy import special, stats

from rnnbench.statistics.checks import open_unit

FEASIBLE = 10_000


def seeds_for_difference(effect: float, sd: float, alpha: float = 0.05, power: float = 0.8) -> int | None:
    """Pairs needed to find a mean difference `effect` significant, two-sided (Guenther 1981's normal approximation).

        n = (z₁₋α/₂ + z_power)² sd²/effect² + z²₁₋α/₂ / 2

    effect, sd: of one pair's difference, same unit. At least as many as let a sign-flip test reach `alpha` at all
    (2¹⁻ⁿ ≤ α). None where more than FEASIBLE would be needed, as for an effect of 0.
    """
    z = float(stats.norm.ppf(1 - open_unit(alpha, "alpha") / 2))
    reach = float(stats.norm.ppf(open_unit(power, "power")))
    if effect == 0.0:
        return None
    needed = (z + reach) ** 2 * (sd / effect) ** 2 + z**2 / 2 if sd > 0 else 0.0
    return _feasible(max(needed, math.log2(2 / alpha)))


def seeds_for_equivalence(
    effect: float, sd: float, margin: float, alpha: float = 0.05, power: float = 0.8
) -> int | None:
    """Pairs needed for two one-sided tests to show |effect| < margin, if the true difference is `effect`.

        power(n) = Φ((margin − effect)/se − z) + Φ((margin + effect)/se − z) − 1    se = sd/√(n − z²/2),  z = z₁₋α

    None where the effect is not inside the margin or more than FEASIBLE pairs would be needed.
    """
    z = float(stats.norm.ppf(1 - open_unit(alpha, "alpha")))
    open_unit(power, "power")
    if abs(effect) >= margin:
        return None
    floor = math.log2(1 / alpha)
    if sd == 0.0:
        return _feasible(floor)
    n = np.arange(math.ceil(max(floor, z**2 / 2 + 1)), FEASIBLE + 1)
    root = np.sqrt(n - z**2 / 2) / sd
    reached = special.ndtr((margin - effect) * root - z) + special.ndtr((margin + effect) * root - z) - 1 >= power
    return int(n[np.argmax(reached)]) if reached.any() else None


def _feasible(needed: float) -> int | None:
    return math.ceil(needed) if needed <= FEASIBLE else None
