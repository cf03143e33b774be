"""A value at each step, or K of them: squared error.

Targets are (B, T, K), for K = 1 also (B, T); outputs (B, T, K).
"""

from __future__ import annotations

from dataclasses import dataclass

from rnnbench.objectives.value import Value


@dataclass(frozen=True)
class ValueSteps(Value):
    per_step = True
    readout = "all"
