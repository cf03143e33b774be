"""A linear recurrence over all steps at once: h_t = a_t ∘ h_{t−1} + b_t, real or complex, |a_t| ≤ 1.

The T steps are cut into about √T chunks of about √T steps. Within a chunk, counted from its own start,

    l_j = a_j ∘ l_{j−1} + b_j,  l_0 = 0         what the chunk itself brings
    q_j = a_j ∘ q_{j−1},        q_0 = 1         what is left of the state before it
    h_j = l_j + q_j ∘ (state before the chunk)

so that all chunks go side by side, and 2√T operations on large tensors stand for T on small ones. Nothing is divided
and no logarithm taken: signs are free, and the error is that of doing step after step.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def linear(a: Tensor, b: Tensor, start: Tensor) -> Tensor:
    """a, b (T, B, H), start (B, H) → h (T, B, H)."""
    T = len(b)
    steps = math.ceil(math.sqrt(T))  # in a chunk
    chunks = math.ceil(T / steps)
    padding = (0, 0, 0, 0, 0, steps * chunks - T)
    a_j = F.pad(a, padding).unflatten(0, (chunks, steps)).unbind(1)  # steps × (chunks, B, H)
    b_j = F.pad(b, padding).unflatten(0, (chunks, steps)).unbind(1)
    own, left = [b_j[0]], [a_j[0]]
    for j in range(1, steps):
        own.append(torch.addcmul(b_j[j], a_j[j], own[-1]))
        left.append(a_j[j] * left[-1])
    before = [start]  # chunks × (B, H)
    for c in range(chunks - 1):
        before.append(own[-1][c] + left[-1][c] * before[-1])
    h = torch.addcmul(torch.stack(own, 1), torch.stack(left, 1), torch.stack(before)[:, None])  # (chunks, steps, B, H)
    return h.flatten(0, 1)[:T]
