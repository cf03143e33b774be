"""Statistics for comparing two cells over seeds: pure functions on arrays, no torch, no global random state.

What is used where, and why, with the measured coverage of every interval: `docs/statistics.md`.
"""

from rnnbench.statistics.best_of import mean_best_of
from rnnbench.statistics.conditions import (
    Condition,
    contrast_condition,
    paired_condition,
    solve_time_condition,
    success_condition,
)
from rnnbench.statistics.correlated import (
    Probabilities,
    corrected_interval,
    corrected_test,
    probabilities,
    standard_error,
)
from rnnbench.statistics.equivalence import (
    sign_flip_beyond,
    sign_flip_equivalence,
)
from rnnbench.statistics.heterogeneity import Heterogeneity, cochran_q, heterogeneity
from rnnbench.statistics.improvement import paired_probability_of_improvement
from rnnbench.statistics.intervals import Interval, iqm_interval, mean_interval
from rnnbench.statistics.multiplicity import holm
from rnnbench.statistics.paired import interaction_slopes
from rnnbench.statistics.power import seeds_for_difference, seeds_for_equivalence
from rnnbench.statistics.proportions import (
    mcnemar_test,
    paired_success_difference,
    success_rate,
)
from rnnbench.statistics.rule import Judged, judge
from rnnbench.statistics.sign_flip import least_p, sign_flip_interval, sign_flip_test
from rnnbench.statistics.survival import (
    LogRank,
    SurvivalCurve,
    kaplan_meier,
    logrank_test,
    restricted_times,
)
from rnnbench.statistics.verdict import MIN_PAIRS, Claim, ConditionVerdict, Verdict, step_down, verdict

__all__ = [
    "MIN_PAIRS",
    "Claim",
    "Condition",
    "ConditionVerdict",
    "Heterogeneity",
    "Interval",
    "Judged",
    "LogRank",
    "Probabilities",
    "SurvivalCurve",
    "Verdict",
    "cochran_q",
    "contrast_condition",
    "corrected_interval",
    "corrected_test",
    "heterogeneity",
    "holm",
    "interaction_slopes",
    "iqm_interval",
    "judge",
    "kaplan_meier",
    "least_p",
    "logrank_test",
    "mcnemar_test",
    "mean_best_of",
    "mean_interval",
    "paired_condition",
    "paired_probability_of_improvement",
    "paired_success_difference",
    "probabilities",
    "restricted_times",
    "seeds_for_difference",
    "seeds_for_equivalence",
    "sign_flip_beyond",
    "sign_flip_equivalence",
    "sign_flip_interval",
    "sign_flip_test",
    "solve_time_condition",
    "standard_error",
    "step_down",
    "success_condition",
    "success_rate",
    "verdict",
]
