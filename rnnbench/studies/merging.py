"""The study of several results that are merged: one where they are of one, with the runs that any of them asked for."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rnnbench.studies.definition import STUDY, StudyRequest, earlier_request, read_request, write_request
from rnnbench.studies.tuning import Tuned


def requests_of(sources: Sequence[Path], target: Path) -> list[StudyRequest]:
    """What the sources have. Raises UsageError for what `merge_requests` does, before anything is written."""
    earlier_request(target)
    return [request for source in sources if (request := read_request(source)) is not None]


def merge_requests(sources: Sequence[Path], target: Path) -> None:
    """Write `target`/study.json, or none where the sources are of no study or of several, which a line on stderr says.

    What was tuned stays as it was chosen: of the same trials in several sources the first choice counts. Raises
    UsageError for a damaged one of a source, and for one of a newer release anywhere.
    """
    found = requests_of(sources, target)
    (target / STUDY).unlink(missing_ok=True)
    if not found:
        return
    first = found[0]
    if any((request.name, request.study) != (first.name, first.study) for request in found):
        print(
            f"they are of several studies, and judged as runs of none: {', '.join(r.name for r in found)}",
            file=sys.stderr,
        )
        return
    runs: dict[str, Any] = {}
    tuned: dict[tuple[tuple[str, ...], ...], Tuned] = {}
    for request in found:
        runs = {**request.runs, **runs}
        for each in request.tuned:
            trials = tuple(trial.all_run_ids for trial in each.trials)
            if trials not in tuned or tuned[trials].chosen is None:
                tuned[trials] = each
    write_request(target, first.name, first.study, runs, list(tuned.values()))
