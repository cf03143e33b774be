"""The GRU's kin again in NumPy from the papers' equations: MGU, MUTs, layer norm, minGRU, minLSTM; IndRNN, LRU."""

from __future__ import annotations

import cmath
import math

import numpy as np

from .of_lstm import layer_norm
from .shares import State, Weights, both, input_share, row, sigma, take_apart


def mgu(w: Weights, x: np.ndarray, h: np.ndarray) -> State:
    p = take_apart("fn", w, len(h))
    f = [sigma(both(p, "f", unit, x, h)) for unit in range(len(h))]
    reset = np.array(f) * h
    n = [math.tanh(both(p, "n", unit, x, reset)) for unit in range(len(h))]
    return (np.array([(1 - f[unit]) * h[unit] + f[unit] * n[unit] for unit in range(len(h))]),)


def mut(kind: int, w: Weights, x: np.ndarray, h: np.ndarray) -> State:
    """The three of the paper, whose x is as wide as h: W_in brings it there."""
    H = len(h)
    W, U = ([*np.split(w[role], len(w[role]) // H)] for role in ("weight_ih", "weight_hh"))  # in the order of gates
    b_r, b_z, b_h = np.split(w["bias_ih"], 3)

    def next_product(matrices: list[np.ndarray], v: np.ndarray) -> np.ndarray:
        matrix = matrices.pop(0)
        return np.array([row(matrix, unit, v) for unit in range(H)])

    if "weight_in" in w:
        x = next_product([w["weight_in"]], x)
    x_r = x if kind == 2 else next_product(W, x)
    x_z = next_product(W, x)
    x_h = np.tanh(x) if kind == 1 else next_product(W, x)
    r = [sigma(a) for a in x_r + next_product(U, h) + b_r]
    h_z = np.zeros(H) if kind == 1 else next_product(U, np.tanh(h) if kind == 3 else h)
    z = [sigma(a) for a in x_z + h_z + b_z]
    n = np.tanh(next_product(U, np.array(r) * h) + x_h + b_h)
    return (np.array([z[unit] * n[unit] + (1 - z[unit]) * h[unit] for unit in range(H)]),)


def mut1(w: Weights, x: np.ndarray, h: np.ndarray) -> State:
    return mut(1, w, x, h)


def mut2(w: Weights, x: np.ndarray, h: np.ndarray) -> State:
    return mut(2, w, x, h)


def mut3(w: Weights, x: np.ndarray, h: np.ndarray) -> State:
    return mut(3, w, x, h)


def gru_layernorm(w: Weights, x: np.ndarray, h: np.ndarray) -> State:
    H = len(h)

    def normalised(kind: str, v: np.ndarray) -> list[float]:
        a = [row(w[f"weight_{kind}"], k, v) for k in range(3 * H)]
        gain, bias = w[f"gain_{kind}"], w[f"bias_{kind}"]
        gates, candidate = slice(0, 2 * H), slice(2 * H, 3 * H)
        return [*layer_norm(a[gates], gain[gates], bias[gates]),
                *layer_norm(a[candidate], gain[candidate], bias[candidate])]  # fmt: skip

    a_x, a_h, new = normalised("ih", x), normalised("hh", h), np.empty(H)
    for unit in range(H):
        r, z = sigma(a_x[unit] + a_h[unit]), sigma(a_x[H + unit] + a_h[H + unit])
        n = math.tanh(a_x[2 * H + unit] + r * a_h[2 * H + unit])
        new[unit] = (1 - z) * h[unit] + z * n
    return (new,)


def mingru(w: Weights, x: np.ndarray, h: np.ndarray) -> State:
    p, new = take_apart("zn", w, len(h)), np.empty_like(h)
    for unit in range(len(h)):
        z = sigma(input_share(p, "z", unit, x))
        new[unit] = (1 - z) * h[unit] + z * input_share(p, "n", unit, x)
    return (new,)


def minlstm(w: Weights, x: np.ndarray, h: np.ndarray) -> State:
    p, new = take_apart("fin", w, len(h)), np.empty_like(h)
    for unit in range(len(h)):
        f, i = sigma(input_share(p, "f", unit, x)), sigma(input_share(p, "i", unit, x))
        new[unit] = f / (f + i) * h[unit] + i / (f + i) * input_share(p, "n", unit, x)
    return (new,)


def indrnn(w: Weights, x: np.ndarray, h: np.ndarray) -> State:
    a = [row(w["weight_ih"], unit, x) + w["weight_hh"][unit] * h[unit] + w["bias_ih"][unit] for unit in range(len(h))]
    return (np.array([max(0.0, value) for value in a]),)


def lru(w: Weights, x: np.ndarray, h: np.ndarray, re: np.ndarray, im: np.ndarray) -> State:
    H = len(h)
    B_re, B_im, D = np.split(w["weight_ih"], 3)
    C_re, minus_C_im = np.split(w["weight_out"], 2, axis=1)
    s = []
    for unit, (nu, theta, gamma) in enumerate(w["ring"].T):
        eigenvalue = cmath.exp(-math.exp(nu) + 1j * math.exp(theta))
        s.append(eigenvalue * (re[unit] + 1j * im[unit])
                 + math.exp(gamma) * (row(B_re, unit, x) + 1j * row(B_im, unit, x)))  # fmt: skip
    y = [sum(((C_re[unit, k] - 1j * minus_C_im[unit, k]) * s[k]).real for k in range(H)) + row(D, unit, x)
         for unit in range(H)]  # fmt: skip
    a = np.array([v * (1 + math.erf(v / math.sqrt(2))) / 2 for v in y])  # GELU
    W, b = w["weight_glu"], w["bias_glu"]
    new = [(row(W, k, a) + b[k]) * sigma(row(W, H + k, a) + b[H + k]) for k in range(H)]
    return np.array(new), np.array([v.real for v in s]), np.array([v.imag for v in s])
