"""Studies: many runs → claims → verdicts, from the records alone and without torch."""

from rnnbench.studies.definition import (
    STUDY,
    PublishedRow,
    Study,
    StudyClaim,
    StudyRequest,
    overrides,
    read_request,
    study_from,
    write_request,
)
from rnnbench.studies.evaluate import Evaluated, StudyResult, evaluate, evaluate_claim
from rnnbench.studies.measure import Measured, higher_is_better, measure
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
    "measure",
    "overrides",
    "read_request",
    "selected",
    "study_from",
    "without_loss",
    "write_request",
]
