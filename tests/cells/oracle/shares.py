"""What the oracles share: one matrix a gate, one unit at a time, nothing stacked.

Weights arrive by role as the cell stacks them and are taken apart by gate name; p[kind, gate] is one gate's matrix or
vector.
"""

from __future__ import annotations

import math

import numpy as np

Gates = dict[tuple[str, str], np.ndarray]
Weights = dict[str, np.ndarray]
State = tuple[np.ndarray, ...]


def sigma(a: float) -> float:
    return 1.0 / (1.0 + math.exp(-a))


def take_apart(gates: str, weights: Weights, hidden_size: int) -> Gates:
    """Rows k·H … (k+1)·H of each stacked weight belong to the k-th gate."""
    return {
        (kind, gate): stacked[k * hidden_size : (k + 1) * hidden_size]
        for kind, stacked in weights.items()
        for k, gate in enumerate(gates)
    }


def row(weights: np.ndarray, unit: int, v: np.ndarray) -> float:
    """One unit's product."""
    return sum(float(weights[unit, k]) * float(v[k]) for k in range(len(v)))


def input_share(p: Gates, gate: str, unit: int, x: np.ndarray) -> float:
    return row(p["weight_ih", gate], unit, x) + p["bias_ih", gate][unit]


def state_share(p: Gates, gate: str, unit: int, h: np.ndarray) -> float:
    return row(p["weight_hh", gate], unit, h) + p["bias_hh", gate][unit]


def both(p: Gates, gate: str, unit: int, x: np.ndarray, h: np.ndarray) -> float:
    return input_share(p, gate, unit, x) + state_share(p, gate, unit, h)
