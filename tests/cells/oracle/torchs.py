"""The cells of torch.nn, and the GRU of the literature, again in NumPy from the papers' equations."""

from __future__ import annotations

import math

import numpy as np

from .shares import State, Weights, input_share, sigma, state_share, take_apart


def lstm(w: Weights, x: np.ndarray, h: np.ndarray, c: np.ndarray) -> State:
    p = take_apart("ifgo", w, len(h))
    new_h, new_c = np.empty_like(h), np.empty_like(c)
    for unit in range(len(h)):
        i = sigma(input_share(p, "i", unit, x) + state_share(p, "i", unit, h))
        f = sigma(input_share(p, "f", unit, x) + state_share(p, "f", unit, h))
        o = sigma(input_share(p, "o", unit, x) + state_share(p, "o", unit, h))
        candidate = math.tanh(input_share(p, "g", unit, x) + state_share(p, "g", unit, h))
        new_c[unit] = f * c[unit] + i * candidate
        new_h[unit] = o * math.tanh(new_c[unit])
    return new_h, new_c


def gru(w: Weights, x: np.ndarray, h: np.ndarray) -> State:
    p = take_apart("rzn", w, len(h))
    new = np.empty_like(h)
    for unit in range(len(h)):
        r = sigma(input_share(p, "r", unit, x) + state_share(p, "r", unit, h))
        z = sigma(input_share(p, "z", unit, x) + state_share(p, "z", unit, h))
        candidate = math.tanh(input_share(p, "n", unit, x) + r * state_share(p, "n", unit, h))
        new[unit] = (1 - z) * candidate + z * h[unit]
    return (new,)


def gru_reset_before(w: Weights, x: np.ndarray, h: np.ndarray) -> State:
    p = take_apart("rzn", w, len(h))
    r = [sigma(input_share(p, "r", unit, x) + state_share(p, "r", unit, h)) for unit in range(len(h))]
    reset = np.array([r[unit] * h[unit] for unit in range(len(h))])
    new = np.empty_like(h)
    for unit in range(len(h)):
        z = sigma(input_share(p, "z", unit, x) + state_share(p, "z", unit, h))
        candidate = math.tanh(input_share(p, "n", unit, x) + state_share(p, "n", unit, reset))
        new[unit] = (1 - z) * h[unit] + z * candidate
    return (new,)


def rnn(w: Weights, x: np.ndarray, h: np.ndarray) -> State:
    p = take_apart("h", w, len(h))
    units = range(len(h))
    return (np.array([math.tanh(input_share(p, "h", u, x) + state_share(p, "h", u, h)) for u in units]),)


def rnn_relu(w: Weights, x: np.ndarray, h: np.ndarray) -> State:
    p = take_apart("h", w, len(h))
    units = range(len(h))
    return (np.array([max(0.0, input_share(p, "h", u, x) + state_share(p, "h", u, h)) for u in units]),)
