"""Studies: many runs → claims → verdicts, from the records alone and without torch."""

from rnnbench.studies.claim import StudyClaim
from rnnbench.studies.definition import (
    STUDY,
    PublishedRow,
    Study,
    StudyRequest,
    earlier_request,
    overrides,
    read_request,
    study_from,
    write_request,
)
from rnnbench.studies.evaluate import StudyResult, evaluate, evaluate_claim, evaluate_claims, in_units
from rnnbench.studies.implied import Implied, implied
from rnnbench.studies.kinds.base import Evaluated
from rnnbench.studies.learning import learned
from rnnbench.studies.measure import Measured, higher_is_better
from rnnbench.studies.merging import merge_requests, requests_of
from rnnbench.studies.planted import told_apart
from rnnbench.studies.published import Beside, beside
from rnnbench.studies.selection import UNIT, Selection, selected
from rnnbench.studies.tuning import RULE, Trial, Tuned, Tuning, choose, ranked, without_loss
from rnnbench.studies.typos import check_names
from rnnbench.studies.withdrawn import WORDS, timed_wrongly, times_withdrawn

__all__ = [
    "RULE",
    "STUDY",
    "UNIT",
    "WORDS",
    "Beside",
    "Evaluated",
    "Implied",
    "Measured",
    "PublishedRow",
    "Selection",
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
    "earlier_request",
    "evaluate",
    "evaluate_claim",
    "evaluate_claims",
    "higher_is_better",
    "implied",
    "in_units",
    "learned",
    "merge_requests",
    "overrides",
    "ranked",
    "read_request",
    "requests_of",
    "selected",
    "study_from",
    "timed_wrongly",
    "times_withdrawn",
    "told_apart",
    "without_loss",
    "write_request",
]
