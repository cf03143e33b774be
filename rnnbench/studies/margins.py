"""What matters in practice: one margin a quantity, the same for every claim of a page.

A quantity is what an effect is of (`Kind.quantity`): a metric, the ratio of one, how one changes. A study may set its
own margins, once each: `margins:` of the study, or `margin` of a claim, which then holds for its other claims too.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence

import pandas as pd

from rnnbench.errors import UsageError
from rnnbench.studies.claim import StudyClaim
from rnnbench.studies.kinds.base import kind_of
from rnnbench.studies.selection import Selection

MARGINS: Mapping[str, float] = {
    "accuracy": 0.02,  # a share of answers
    "nll": 0.1,  # nats per frame
    "bpc": 0.03,  # bits per character
    "first_failure": 5,  # of n
    "share solved": 0.2,  # of runs
    "steps_to_threshold": 100,
    "ratio of test_loss": 1.02,
    "ratio of step_ms_median": 1.05,
    "ratio of train_seconds": 1.05,
    "ratio of peak_bytes": 1.05,
}
"""Where a study says nothing else. Seconds have none: how many matter depends on the machine and the task."""

_OF_THE_TASK = ("test_score", "valid_score", "valid_curve")


def check_margins(claims: Sequence[StudyClaim], own: Mapping[str, float]) -> None:
    """Raises UsageError for a margin that is none, for a name that is a misspelt one, and for two that contradict.

    own: of the study. Before runs are there, what the score of a dataset is called is not known: scores of one dataset
    are compared. With the runs, `stated` compares all.
    """
    for name, margin in own.items():
        key, ratio = f"study.margins.{name}", name.startswith("ratio ")
        close = difflib.get_close_matches(name, MARGINS, n=1, cutoff=0.85)
        if close and name not in MARGINS and not any(name.startswith(known) for known in MARGINS):
            raise UsageError("no such quantity", key=key, value=margin, allowed=close[0])
        if not margin > (1 if ratio else 0):
            allowed = "above 1 for a ratio, above 0 for a difference"
            raise UsageError("not allowed", key=key, value=margin, allowed=allowed)
    known = stated(claims, own, _before_the_runs)
    for claim in claims:
        if claim.metric not in _OF_THE_TASK:
            _needed(claim, quantities(claim, []), known)


def stated(
    claims: Sequence[StudyClaim], own: Mapping[str, float], metrics: Callable[[StudyClaim], Iterable[str]]
) -> dict[str, float]:
    """Quantity → margin, of all that the study states. Raises UsageError where two contradict each other."""
    found = {name: (margin, "study.margins") for name, margin in own.items()}
    for claim in claims:
        if claim.margin is None:
            continue
        for name in quantities(claim, metrics(claim)):
            margin, where = found.setdefault(name, (claim.margin, claim.id))
            if margin != claim.margin:
                raise claim.wrong("margin", claim.margin, f"{margin:g}, as in {where}: one margin for all of {name}")
    return {name: margin for name, (margin, _) in found.items()}


def quantities(claim: StudyClaim, metrics: Iterable[str]) -> list[str]:
    """What the claim's effects are of. metrics: what its runs call their score."""
    names = metrics if claim.metric in _OF_THE_TASK else [_bare(claim.metric, metrics)]
    return [name for metric in names if (name := kind_of(claim).quantity(claim, metric))]


def with_margin(claim: StudyClaim, stated: Mapping[str, float], runs: pd.DataFrame) -> StudyClaim:
    """The claim with the margin of its quantity; with none where it has several that differ, or one without.

    runs: of the claim. Raises UsageError for a claim on par whose runs have a metric and for which no margin is known.
    """
    if claim.margin is not None:
        return claim
    names = quantities(claim, metrics_of(runs))
    _needed(claim, names, stated)
    known = {_of(name, stated) for name in names}
    return claim.margined(known.pop() if len(known) == 1 else None)


def _needed(claim: StudyClaim, names: Sequence[str], stated: Mapping[str, float]) -> None:
    """Raises UsageError where a claim on par has no margin for one of its quantities."""
    lacks = [name for name in names if _of(name, stated) is None]
    if lacks and claim.direction == "equivalent" and claim.margin is None:
        raise claim.wrong("margin", None, f"a number, here or in study.margins: there is none for {lacks[0]}")


def _of(name: str, stated: Mapping[str, float]) -> float | None:
    return stated.get(name, MARGINS.get(name))


def of_runs(runs: Selection) -> Callable[[StudyClaim], Iterable[str]]:
    """What the runs of a claim call their score."""
    return lambda claim: metrics_of(runs.of(claim))


def metrics_of(runs: pd.DataFrame) -> list[str]:
    return sorted(runs["metric"].dropna().unique())


def _bare(metric: str, metrics: Iterable[str]) -> str:
    """test_accuracy is the accuracy of the task."""
    return next((name for name in metrics if metric in (f"test_{name}", f"valid_{name}")), metric)


def _before_the_runs(claim: StudyClaim) -> list[str]:
    return [f"score of {claim.select.get('dataset', 'every dataset')}"]
