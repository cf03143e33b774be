# mypy: ignore-errors
"""The equations of a step and their derivatives, number by number, as Triton functions.

LSTM    c = f·c₋₁ + i·g, h = o·tanh c          of i, f, o = σ(·), g = tanh(·)
GRU     h = (1 − z)·n + z·h₋₁                  of r, z = σ(·), n = tanh(n_x + r·n_h), n_h = W_hn h₋₁ + b_hn

All arguments and results are blocks (sequences, units), float32 whatever the weights are.
"""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def tanh(x):
    """To rounding: by its series near 0, where 1 − exp(−2|x|) would lose digits."""
    t = tl.exp(-2.0 * tl.abs(x))
    far = (1.0 - t) / (1.0 + t)
    s = x * x
    near = x * (1.0 - s * (0.33333333 - s * (0.13333333 - s * (0.053968254 - s * (0.021869488 - s * 0.0088632355)))))
    return tl.where(tl.abs(x) < 0.3, near, tl.where(x < 0, -far, far))


@triton.jit
def lstm(i, f, g, o, c):
    """Sums of the gates, c₋₁ → i, f, g, o, c, h."""
    i, f, g, o = tl.sigmoid(i), tl.sigmoid(f), tanh(g), tl.sigmoid(o)
    c = f * c + i * g
    return i, f, g, o, c, o * tanh(c)


@triton.jit
def lstm_back(i, f, g, o, c, c_prev, dh, dc):
    """… and dL/dh, dL/dc → derivatives by the four sums, and by c₋₁."""
    t = tanh(c)
    dc += dh * o * (1.0 - t * t)
    return (
        dc * g * i * (1.0 - i),
        dc * c_prev * f * (1.0 - f),
        dc * i * (1.0 - g * g),
        dh * t * o * (1.0 - o),
        dc * f,
    )


@triton.jit
def gru(r, z, n_x, n_h, h):
    """Sums of r and z, both parts of n's, h₋₁ → r, z, n, h."""
    r, z = tl.sigmoid(r), tl.sigmoid(z)
    n = tanh(n_x + r * n_h)
    return r, z, n, (1.0 - z) * n + z * h


@triton.jit
def gru_back(r, z, n, n_h, h, dh):
    """… and dL/dh → derivatives by the sums of r and z and by n_x and n_h, and by h₋₁ past the gates."""
    dn = dh * (1.0 - z) * (1.0 - n * n)
    return dn * n_h * r * (1.0 - r), dh * (h - n) * z * (1.0 - z), dn, dn * r, dh * z
