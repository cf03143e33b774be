"""Every cell again in NumPy, from the papers' equations: one matrix a gate, one unit at a time, nothing stacked.

Weights arrive as torch.nn stacks them and are taken apart by gate name; p[kind, gate] is one gate's matrix or vector.
"""

from __future__ import annotations

import math

import numpy as np

Gates = dict[tuple[str, str], np.ndarray]


def sigma(a: float) -> float:
    return 1.0 / (1.0 + math.exp(-a))


def take_apart(gates: tuple[str, ...], weights: dict[str, np.ndarray], hidden_size: int) -> Gates:
    """Rows k·H … (k+1)·H of each stacked weight belong to the k-th gate."""
    return {
        (kind, gate): stacked[k * hidden_size : (k + 1) * hidden_size]
        for kind, stacked in weights.items()
        for k, gate in enumerate(gates)
    }


def input_share(p: Gates, gate: str, unit: int, x: np.ndarray) -> float:
    return sum(p["weight_ih", gate][unit, k] * x[k] for k in range(len(x))) + p["bias_ih", gate][unit]


def state_share(p: Gates, gate: str, unit: int, h: np.ndarray) -> float:
    return sum(p["weight_hh", gate][unit, k] * h[k] for k in range(len(h))) + p["bias_hh", gate][unit]


def lstm(p: Gates, x: np.ndarray, h: np.ndarray, c: np.ndarray) -> tuple[np.ndarray, ...]:
    new_h, new_c = np.empty_like(h), np.empty_like(c)
    for unit in range(len(h)):
        i = sigma(input_share(p, "i", unit, x) + state_share(p, "i", unit, h))
        f = sigma(input_share(p, "f", unit, x) + state_share(p, "f", unit, h))
        o = sigma(input_share(p, "o", unit, x) + state_share(p, "o", unit, h))
        candidate = math.tanh(input_share(p, "g", unit, x) + state_share(p, "g", unit, h))
        new_c[unit] = f * c[unit] + i * candidate
        new_h[unit] = o * math.tanh(new_c[unit])
    return new_h, new_c


def gru(p: Gates, x: np.ndarray, h: np.ndarray) -> tuple[np.ndarray, ...]:
    new = np.empty_like(h)
    for unit in range(len(h)):
        r = sigma(input_share(p, "r", unit, x) + state_share(p, "r", unit, h))
        z = sigma(input_share(p, "z", unit, x) + state_share(p, "z", unit, h))
        candidate = math.tanh(input_share(p, "n", unit, x) + r * state_share(p, "n", unit, h))
        new[unit] = (1 - z) * candidate + z * h[unit]
    return (new,)


def gru_reset_before(p: Gates, x: np.ndarray, h: np.ndarray) -> tuple[np.ndarray, ...]:
    r = [sigma(input_share(p, "r", unit, x) + state_share(p, "r", unit, h)) for unit in range(len(h))]
    reset = np.array([r[unit] * h[unit] for unit in range(len(h))])
    new = np.empty_like(h)
    for unit in range(len(h)):
        z = sigma(input_share(p, "z", unit, x) + state_share(p, "z", unit, h))
        candidate = math.tanh(input_share(p, "n", unit, x) + state_share(p, "n", unit, reset))
        new[unit] = (1 - z) * h[unit] + z * candidate
    return (new,)


def rnn(p: Gates, x: np.ndarray, h: np.ndarray) -> tuple[np.ndarray, ...]:
    units = range(len(h))
    return (np.array([math.tanh(input_share(p, "h", u, x) + state_share(p, "h", u, h)) for u in units]),)


def rnn_relu(p: Gates, x: np.ndarray, h: np.ndarray) -> tuple[np.ndarray, ...]:
    units = range(len(h))
    return (np.array([max(0.0, input_share(p, "h", u, x) + state_share(p, "h", u, h)) for u in units]),)


ORACLES = {"lstm": lstm, "gru": gru, "gru_reset_before": gru_reset_before, "rnn": rnn, "rnn_relu": rnn_relu}
