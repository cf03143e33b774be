"""Studies: many runs → claims → verdicts, from the records alone and without torch."""

from rnnbench.studies.claim import StudyClaim
from rnnbench.studies.definition import (
    STUDY,
    PublishedRow,
    Study,
    StudyRequest,
    overrides,
    read_request,
    study_from,
    write_request,
)
from rnnbench.studies.evaluate import StudyResult, evaluate, evaluate_claim
from rnnbench.studies.kinds.base import Evaluated
from rnnbench.studies.measure import Measured, higher_is_better
from rnnbench.studies.published import Beside, beside
from rnnbench.studies.selection import selected
from rnnbench.studies.tuning import RULE, Trial, Tuned, Tuning, choose, without_loss
from rnnbench.studies.typos import check_names

__all__ = [
    "RULE",
    "STUDY",
    "Beside",
    "Evaluated",
    "Measured",
    "PublishedRow",
    "Study",
    "StudyClaim",
    "StudyRequest",
    "StudyResult",
    "Trial",
    "Tuned",
    "Tuning",
    "beside",
    "check_names",
    "choose",
    "evaluate",
    "evaluate_claim",
    "higher_is_better",
    "overrides",
    "read_request",
    "selected",
    "study_from",
    "without_loss",
    "write_request",
]
