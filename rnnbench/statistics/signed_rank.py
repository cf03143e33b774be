"""The Bayesian signed-rank test over datasets: how likely is it that on the next dataset x is better, alike, worse?

A Dirichlet process with one pseudo-observation z₀ = 0 of strength s, no parametric shape for what differs between
datasets. With weights (w₀, w₁ … w_q) ~ Dirichlet(s, 1 … 1) and differences z,

    above  = Σᵢⱼ wᵢ wⱼ [zᵢ + zⱼ > 2·margin]      below = Σᵢⱼ wᵢ wⱼ [zᵢ + zⱼ < −2·margin]      within: the rest

and the probability of each word is how often, over draws of w, its share is the largest. Benavoli, Corani, Mangili &
Zaffalon 2014 (ICML); Benavoli, Corani, Demšar & Zaffalon 2017, JMLR 18(77), section 4.2.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from rnnbench.statistics.checks import finite_vector
from rnnbench.statistics.correlated import Probabilities
from rnnbench.statistics.intervals import NAN, SEED

DRAWS = 20_000


def signed_rank(
    differences: ArrayLike, margin: float, strength: float = 1.0, draws: int = DRAWS, seed: int = SEED
) -> Probabilities:
    """differences: (q,) one a dataset, on one scale, above 0 in favour of x. NaN for none. ValueError unless
    0 ≤ margin < ∞."""
    z = finite_vector(differences, "differences")
    if not 0 <= margin < math.inf:
        raise ValueError(f"a margin must be 0 or more, not {margin}")
    if not len(z):
        return Probabilities(NAN, NAN, NAN)
    z = np.concatenate(([0.0], z))
    sums = z[:, None] + z
    above, below = (sums > 2 * margin).astype(float), (sums < -2 * margin).astype(float)
    w = np.random.default_rng(seed).dirichlet([strength] + [1.0] * (len(z) - 1), size=draws)
    shares = np.stack([np.einsum("ni,ij,nj->n", w, matrix, w) for matrix in (above, 1 - above - below, below)])
    winners = np.bincount(shares.argmax(0), minlength=3) / draws
    return Probabilities(*(float(each) for each in winners))
