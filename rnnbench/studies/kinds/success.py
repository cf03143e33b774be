"""Do more runs of one side solve it? The difference of two shares, of the same seeds."""

from __future__ import annotations

import pandas as pd

from rnnbench.statistics import Condition, success_condition
from rnnbench.studies.claim import StudyClaim
from rnnbench.studies.kinds._threshold import Threshold, ended_with_threshold, solved_columns, with_times
from rnnbench.studies.measure import Measured, paired, vectors


class Success(Threshold):
    """The share of runs that reached budget.solved. Whether is not when: runs timed beside others count."""

    in_its_unit = False  # of shares

    def measure(self, claim: StudyClaim, runs: pd.DataFrame, left_out: list[str]) -> Measured:
        runs = with_times(claim, ended_with_threshold(runs), left_out)
        return vectors(paired(claim, runs, left_out))

    def quantity(self, claim: StudyClaim, metric: str) -> str:
        return "share solved"

    def condition(self, claim: StudyClaim, m: Measured) -> Condition:
        return success_condition(m.name, m.first_solved, m.second_solved, claim.margin)

    def subject(self, claim: StudyClaim, metric: str) -> str:
        return "share of runs that solved it"

    def sides(self, claim: StudyClaim, m: Measured, words: str) -> dict[str, str]:
        return solved_columns(claim, m)
