"""Studies: many runs → claims → verdicts, from the records alone and without torch."""

from rnnbench.studies.definition import (
    STUDY,
    Study,
    StudyClaim,
    StudyRequest,
    overrides,
    read_request,
    study_from,
    write_request,
)
from rnnbench.studies.evaluate import Evaluated, StudyResult, evaluate, evaluate_claim
from rnnbench.studies.measure import Measured, measure, named
from rnnbench.studies.tuning import RULE, Trial, Tuned, Tuning, choose

__all__ = [
    "RULE",
    "STUDY",
    "Evaluated",
    "Measured",
    "Study",
    "StudyClaim",
    "StudyRequest",
    "StudyResult",
    "Trial",
    "Tuned",
    "Tuning",
    "choose",
    "evaluate",
    "evaluate_claim",
    "measure",
    "named",
    "overrides",
    "read_request",
    "study_from",
    "write_request",
]
