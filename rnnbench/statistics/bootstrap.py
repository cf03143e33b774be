"""The studentised bootstrap (bootstrap-t) for a mean or an inter-quartile mean."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from rnnbench.statistics.checks import FloatArray, finite_vector, open_unit
from rnnbench.statistics.intervals import NAN, RESAMPLES, SEED, Interval


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


def bootstrap_t_interval(
    values: ArrayLike, confidence: float = 0.95, trim: bool = False, resamples: int = RESAMPLES, seed: int = SEED
) -> Interval:
    """Studentised bootstrap interval for the mean, or for the IQM with `trim` (Efron & Tibshirani 1993, section 12.5).

        t* = (m* − m) / se*        [ m − se · q(t*, 1 − α/2),  m − se · q(t*, α/2) ]

    values: (n,). Follows skewness better than t does, at the price of width; a resample without spread has t* = ±∞,
    so small samples with few distinct values can have an infinite bound. NaN bounds for n < 3.
    """
    x = np.sort(finite_vector(values, "values"))
    open_unit(confidence, "confidence")
    n, method = len(x), "bootstrap-t"
    if n < 3:
        return Interval(float(x.mean()) if n else NAN, NAN, NAN, n, method, confidence)
    g = n // 4 if trim else 0
    low, high = bootstrap_t_bounds(x[None], g, confidence, resamples, np.random.default_rng(seed))
    return Interval(float(trimmed_moments(x, g)[0]), float(low[0]), float(high[0]), n, method, confidence)


def bootstrap_t_bounds(
    ordered: FloatArray, g: int, confidence: float, resamples: int, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Bootstrap-t bounds of many studies at once. ordered: (studies, n), each row sorted → two arrays (studies,).

    A resample of sorted values is a row of counts, and what trimming keeps of it depends on the counts alone:
    value i fills the places from Cᵢ₋₁ to Cᵢ (C the running total), and keeps those between g and n − g. So means and
    second moments of all resamples are two matrix products. The studies share the drawn counts.
    """
    n = ordered.shape[-1]
    h = n - 2 * g
    counts = rng.multinomial(n, np.full(n, 1 / n), size=resamples)  # (R, n)
    filled = np.clip(np.cumsum(counts, 1), g, n - g)
    kept = np.diff(filled, axis=1, prepend=g).astype(float)  # (R, n): sums to h
    winsorised = kept.copy()
    rows = np.arange(resamples)
    winsorised[rows, np.argmax(kept > 0, 1)] += g
    winsorised[rows, n - 1 - np.argmax(kept[:, ::-1] > 0, 1)] += g

    centre, error = trimmed_moments(ordered, g)  # (S,), (S,)
    shifted = ordered - centre[:, None]  # around 0, so that the second moment keeps its digits
    means = shifted @ kept.T / h  # (S, R): m* − m
    first, second = shifted @ winsorised.T / n, shifted**2 @ winsorised.T / n
    spread = np.sqrt(np.maximum(second - first**2, 0.0) * n / (h * (h - 1)))  # (S, R): se*
    flat = spread <= 1e-7 * np.abs(shifted).max(1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        studentised = np.where(flat, np.sign(means) * np.inf, means / np.where(flat, 1.0, spread))
    studentised[np.isnan(studentised)] = 0.0  # no spread and no distance: the sample was constant
    tail = (1 - confidence) / 2
    upper = np.quantile(studentised, 1 - tail, axis=1, method="higher")
    lower = np.quantile(studentised, tail, axis=1, method="lower")
    constant = error == 0
    with np.errstate(invalid="ignore"):
        low = np.where(constant, centre, centre - error * upper)
        high = np.where(constant, centre, centre - error * lower)
    return low, high
