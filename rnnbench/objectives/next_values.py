"""The next values at each step, K of them: squared error.

Targets are (B, T, K), for K = 1 also (B, T), the inputs one step on; outputs (B, T, K).
"""

from __future__ import annotations

from dataclasses import dataclass

from rnnbench.objectives.value_steps import ValueSteps


@dataclass(frozen=True)
class NextValues(ValueSteps):
    target_follows = True
