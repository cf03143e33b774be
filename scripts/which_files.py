"""Texts of simulated CSV files, of which it is known what they hold: for the simulations of `which.py`."""

from __future__ import annotations

import math

import numpy as np


def labels(rng: np.random.Generator, learnable: bool, column: str = "", whole: bool = False) -> str:
    """150 sequences of eight numbers, two classes; learnable: with a nonlinear rule and noise, right in about 85 %.

    column: "group", of twelve; "thirty" groups; "part", a test set of forty. whole: of a group all have one label,
    drawn at random, and sequences that are alike.
    """
    n = 150
    x, noise, alike = rng.normal(size=(n, 8)), rng.normal(size=n), rng.normal(size=(n, 8))
    group = np.arange(n) % (30 if column == "thirty" else 12)
    rule = x[:, 0] + np.sin(2 * x[:, 1]) + x[:, 2] * (x[:, 3] > 0) + 0.5 * noise
    y = rule > 0 if learnable else rng.integers(0, 2, n) == 1
    if whole:
        x, y = x + alike[group], y[group]
    beside = np.where(np.arange(n) < 110, "train", "test") if column == "part" else [f"g{each}" for each in group]
    head = ",".join(f"t{t}" for t in range(8)) + f",y,{column or 'none'}"
    rows = [",".join([*(f"{v:.4f}" for v in x[i]), "yes" if y[i] else "no", str(beside[i])]) for i in range(n)]
    return "\n".join([head, *(rows if column else [row.rpartition(",")[0] for row in rows])]).replace(",none\n", "\n")


def values(rng: np.random.Generator) -> str:
    """150 sequences of eight numbers, and a number each that has nothing to do with them."""
    rows = [",".join(f"{v:.4f}" for v in row) for row in rng.normal(size=(150, 9))]
    return "\n".join([",".join([*(f"t{t}" for t in range(8)), "y"]), *rows])


def series(rng: np.random.Generator, learnable: bool, steps: int = 400, many: int = 1) -> str:
    """Random walks, or waves of about nine steps that fade and are stirred up again: those of many have half of what
    stirs them in common."""
    noise = rng.normal(size=(steps, many))
    if many > 1:
        noise = (noise + rng.normal(size=(steps, 1))) / math.sqrt(2)
    y = np.zeros((steps, many))
    for t in range(2, steps):
        y[t] = 1.8 * math.cos(0.7) * y[t - 1] - 0.81 * y[t - 2] + 0.3 * noise[t]
    y = y if learnable else np.cumsum(noise, axis=0)
    if many == 1:
        return "\n".join(["y", *(f"{v:.5f}" for v in y[:, 0])])
    return "\n".join(["id,t,y", *(f"s{s},{t},{y[t, s]:.5f}" for s in range(many) for t in range(steps))])


def pitch(rng: np.random.Generator) -> str:
    """150 noisy tones of 20 steps, their phases drawn: slow ones of period 7, fast ones of 4.5."""
    step, phase = np.arange(150) % 2, rng.uniform(0, 2 * math.pi, (150, 1))
    x = np.sin(np.where(step, 1.4, 0.9)[:, None] * np.arange(20) + phase) + 0.3 * rng.normal(size=(150, 20))
    rows = [",".join([*(f"{v:.3f}" for v in each), "fast" if k else "slow"]) for each, k in zip(x, step, strict=True)]
    return "\n".join([",".join([*(f"t{t}" for t in range(20)), "y"]), *rows])


def tones(rng: np.random.Generator) -> str:
    """A series of 220 steps: two tones of periods 9 and 3.3, and a little noise."""
    t, (a, b) = np.arange(220), rng.uniform(0, 2 * math.pi, 2)
    y = np.sin(0.7 * t + a) + 0.7 * np.sin(1.9 * t + b) + 0.02 * rng.normal(size=220)
    return "\n".join(["y", *(f"{v:.4f}" for v in y)])
