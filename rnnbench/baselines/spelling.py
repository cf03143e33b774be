"""The commonest label of each spelling in training rows: of a word its usual tag, whatever stands around it.

p_c ∝ (n_c + 1/C) Π over category columns (n_{c, spelling} + 1/C) / (n_c + 1)
"""

from __future__ import annotations

import numpy as np

from rnnbench.baselines._targets import labels, steps_of
from rnnbench.baselines.base import Baseline, Case, Say
from rnnbench.data.table.table import Table


class Spelling(Baseline):
    title = "usual label of each spelling"
    kind = "simple"
    tasks = ("tagging",)

    def fits(self, table: Table) -> bool:
        return super().fits(table) and table.codes.shape[1] > 0

    def learn(self, case: Case) -> tuple[Say, str]:
        table, C = case.table, case.classes
        rows, y = steps_of(case, case.train), labels(case, case.train)
        rows, y = rows[y >= 0], y[y >= 0]
        prior = np.bincount(y, minlength=C) + 1 / C
        factors = []
        for d in range(table.codes.shape[1]):
            V = int(table.codes[:, d].max(initial=0)) + 1
            codes = table.codes[rows, d]
            seen = codes >= 0
            counts = np.bincount(codes[seen].astype(np.int64) * C + y[seen], minlength=V * C).reshape(V, C)
            factor = np.log((counts + 1 / C) / (prior + 1 - 1 / C))
            factor[counts.sum(axis=1) == 0] = 0  # never seen: it says nothing
            factors.append(np.append(factor, np.zeros((1, C)), axis=0))  # the last: a missing one

        def say(index: np.ndarray) -> np.ndarray:
            at = steps_of(case, index)
            logs = np.log(prior / prior.sum()) + sum(f[table.codes[at, d]] for d, f in enumerate(factors))
            odds = np.exp(logs - logs.max(axis=1, keepdims=True))
            return odds / odds.sum(axis=1, keepdims=True)

        return say, ""
