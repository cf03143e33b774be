"""The LSTM's kin again in NumPy from the papers' equations: Greff's variants, the ladder, peepholes, JANET, sLSTM."""

from __future__ import annotations

import math

import numpy as np

from .shares import State, Weights, both, row, sigma, take_apart


def greff(w: Weights, x: np.ndarray, h: np.ndarray, c: np.ndarray, gates: str, without: str) -> State:
    """Greff's equations with one or more of his changes, which he names: "CIFG", "NOG", …"""
    p, changes = take_apart(gates, w, len(h)), without.split()
    new_h, new_c = np.empty_like(h), np.empty_like(c)
    for unit in range(len(h)):
        z = both(p, "g", unit, x, h)
        z = z if "NIAF" in changes else math.tanh(z)
        f = 1.0 if "NFG" in changes else sigma(both(p, "f", unit, x, h))
        i = 1.0 if "NIG" in changes else 1 - f if "CIFG" in changes else sigma(both(p, "i", unit, x, h))
        new_c[unit] = z * i + c[unit] * f
        y = new_c[unit] if "NOAF" in changes else math.tanh(new_c[unit])
        new_h[unit] = y * (1.0 if "NOG" in changes else sigma(both(p, "o", unit, x, h)))
    return new_h, new_c


def cifg(w: Weights, *given: np.ndarray) -> State:
    return greff(w, *given, "fgo", "CIFG")  # type: ignore[misc]


def cifg_nog(w: Weights, *given: np.ndarray) -> State:
    return greff(w, *given, "fg", "CIFG NOG")  # type: ignore[misc]


def nog(w: Weights, *given: np.ndarray) -> State:
    return greff(w, *given, "ifg", "NOG")  # type: ignore[misc]


def nig(w: Weights, *given: np.ndarray) -> State:
    return greff(w, *given, "fgo", "NIG")  # type: ignore[misc]


def nfg(w: Weights, *given: np.ndarray) -> State:
    return greff(w, *given, "igo", "NFG")  # type: ignore[misc]


def niaf(w: Weights, *given: np.ndarray) -> State:
    return greff(w, *given, "ifgo", "NIAF")  # type: ignore[misc]


def noaf(w: Weights, *given: np.ndarray) -> State:
    return greff(w, *given, "ifgo", "NOAF")  # type: ignore[misc]


def fgr(w: Weights, x: np.ndarray, h: np.ndarray, c: np.ndarray, *before: np.ndarray) -> State:
    H, p = len(h), take_apart("ifgo", w, len(h))
    R, gates = w["weight_gates"], {"i": np.empty(H), "f": np.empty(H), "o": np.empty(H)}
    for to, gate in enumerate(gates):
        for unit in range(H):
            a = both(p, gate, unit, x, h)
            for source, old in enumerate(before):  # i, f, o of the step before
                a += row(R[to * H : (to + 1) * H, source * H : (source + 1) * H], unit, old)
            gates[gate][unit] = sigma(a)
    new_h, new_c = np.empty(H), np.empty(H)
    for unit in range(H):
        new_c[unit] = gates["f"][unit] * c[unit] + gates["i"][unit] * math.tanh(both(p, "g", unit, x, h))
        new_h[unit] = gates["o"][unit] * math.tanh(new_c[unit])
    return new_h, new_c, *gates.values()


def peephole(w: Weights, x: np.ndarray, h: np.ndarray, c: np.ndarray) -> State:
    H, p, peep = len(h), take_apart("ifgo", w, len(h)), w["peephole"]
    new_h, new_c = np.empty(H), np.empty(H)
    for unit in range(H):
        i = sigma(both(p, "i", unit, x, h) + peep[unit] * c[unit])
        f = sigma(both(p, "f", unit, x, h) + peep[H + unit] * c[unit])
        new_c[unit] = f * c[unit] + i * math.tanh(both(p, "g", unit, x, h))
        o = sigma(both(p, "o", unit, x, h) + peep[2 * H + unit] * new_c[unit])
        new_h[unit] = o * math.tanh(new_c[unit])
    return new_h, new_c


def ugrnn(w: Weights, x: np.ndarray, h: np.ndarray) -> State:
    p, new = take_apart("zn", w, len(h)), np.empty_like(h)
    for unit in range(len(h)):
        g = sigma(both(p, "z", unit, x, h))
        new[unit] = g * h[unit] + (1 - g) * math.tanh(both(p, "n", unit, x, h))
    return (new,)


def janet(w: Weights, x: np.ndarray, c: np.ndarray) -> State:
    p, new = take_apart("sn", w, len(c)), np.empty_like(c)
    for unit in range(len(c)):
        s = both(p, "s", unit, x, c)
        new[unit] = sigma(s) * c[unit] + (1 - sigma(s - 1.0)) * math.tanh(both(p, "n", unit, x, c))
    return (new,)


def slstm(w: Weights, x: np.ndarray, h: np.ndarray, c: np.ndarray, n: np.ndarray, m: np.ndarray) -> State:
    """Without a stabiliser: what is carried is multiplied out first, and divided again by the m that the paper has."""
    p = take_apart("ifzo", w, len(h))
    new: tuple[list[float], ...] = ([], [], [], [])
    for unit in range(len(h)):
        a = {gate: row(p["weight_ih", gate], unit, x) + row(p["weight_hh", gate], unit, h) + p["bias_ih", gate][unit]
             for gate in "ifzo"}  # fmt: skip
        i, f = math.exp(a["i"]), sigma(a["f"])
        whole_c = f * c[unit] * math.exp(m[unit]) + i * math.tanh(a["z"])
        whole_n = f * n[unit] * math.exp(m[unit]) + i
        stabiliser = max(math.log(f) + m[unit], a["i"]) if n[unit] else a["i"]
        scale = math.exp(-stabiliser)
        for to, value in zip(new, (sigma(a["o"]) * whole_c / whole_n, whole_c * scale, whole_n * scale, stabiliser),
                             strict=True):  # fmt: skip
            to.append(value)
    return tuple(map(np.array, new))


def lstm_layernorm(w: Weights, x: np.ndarray, h: np.ndarray, c: np.ndarray) -> State:
    H = len(h)
    a = layer_norm([row(w["weight_hh"], k, h) for k in range(4 * H)], w["gain_hh"], w["bias_hh"])
    b = layer_norm([row(w["weight_ih"], k, x) for k in range(4 * H)], w["gain_ih"], w["bias_ih"])
    i, f, g, o = ([a[k * H + unit] + b[k * H + unit] for unit in range(H)] for k in range(4))
    new_c = [sigma(f[unit]) * c[unit] + sigma(i[unit]) * math.tanh(g[unit]) for unit in range(H)]
    seen = layer_norm(new_c, w["gain_c"], w["bias_c"])
    return np.array([sigma(o[unit]) * math.tanh(seen[unit]) for unit in range(H)]), np.array(new_c)


def layer_norm(a: list[float], gain: np.ndarray, bias: np.ndarray) -> list[float]:
    mean = sum(a) / len(a)
    deviation = math.sqrt(sum((v - mean) ** 2 for v in a) / len(a) + 1e-5)
    return [gain[k] * (v - mean) / deviation + bias[k] for k, v in enumerate(a)]
