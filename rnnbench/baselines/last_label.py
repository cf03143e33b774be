"""The label of the step before, which a model that tags what nobody has tagged does not see.

p_c = 1 − ε for the label of the step before, ε / (C − 1) for the others;  ε: how often labels change in training rows
"""

from __future__ import annotations

import numpy as np

from rnnbench.baselines._targets import labels, steps_of
from rnnbench.baselines.base import Baseline, Case, Say


class LastLabel(Baseline):
    title = "last label"
    kind = "naive"
    tasks = ("tagging",)
    competes = False
    note = "needs the labels observed up to the step before"

    def learn(self, case: Case) -> tuple[Say, str]:
        all_labels, starts, C = case.table.target.labels, case.table.starts, case.classes
        assert all_labels is not None
        rows = np.arange(len(all_labels))
        known = np.maximum.accumulate(np.where(all_labels >= 0, rows, -1))  # (R,) known row ≤ r
        begin = np.repeat(starts[:-1], np.diff(starts))  # (R,) first row of each row's sequence
        before = np.concatenate(([-1], known[:-1]))
        before = np.where(before >= begin, before, -1)
        found = labels(case, case.train)
        shares = (np.bincount(found[found >= 0], minlength=C) + 1) / ((found >= 0).sum() + C)

        trained = steps_of(case, case.train)
        pairs = trained[(before[trained] >= 0) & (all_labels[trained] >= 0)]
        changes = int((all_labels[pairs] != all_labels[before[pairs]]).sum())
        change = (changes + 1) / (len(pairs) + 2)

        def say(index: np.ndarray) -> np.ndarray:
            at = before[steps_of(case, index)]
            said = np.full((len(at), C), change / max(1, C - 1))
            said[np.arange(len(at)), all_labels[at]] = 1 - change
            said[at < 0] = shares
            return said

        return say, f"labels change in {changes:,} of {len(pairs):,} steps"
