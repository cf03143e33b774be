"""Several results as one: their records, each run once, in the pack of a folder of its own."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rnnbench.errors import UsageError
from rnnbench.records.pack import PACK, parsed
from rnnbench.records.packing import check_pack_not_newer, lines_of, write_lines

RANK = {"ok": 0, "diverged": 1, "failed": 2}
"""A result is worth more than a failure. Of two alike the first folder's is taken."""


def merge(sources: Sequence[Path], target: Path) -> int:
    """Write `target`/records.jsonl.gz of all runs of `sources`; gives how many there are. What was in it goes.

    Of a run that several have the first result is taken, and a line on stderr says how many there are and how many of
    them have another test score. Raises UsageError where a source holds no record, and where `target` has runs of its
    own or the pack of a newer release.
    """
    if (target / "runs").exists():
        raise UsageError("has runs of its own", key="name", value=target.name, allowed="a name that is free")
    if target.resolve() in [source.resolve() for source in sources]:
        raise UsageError("is one of those to be merged", key="name", value=target.name, allowed="a name that is free")
    check_pack_not_newer(target)
    taken: dict[str, bytes] = {}
    twice: dict[str, bool] = {}  # of runs in several: whether their scores differ
    for source in sources:
        lines = lines_of(source)
        if not lines:
            raise UsageError(f"no results in {source}: no readable record to merge")
        for run_id, line in lines.items():
            if run_id not in taken:
                taken[run_id] = line
                continue
            before, now = parsed(taken[run_id])[0], parsed(line)[0]
            twice[run_id] = twice.get(run_id, False) or _test(before) != _test(now)
            if RANK[now["status"]] < RANK[before["status"]]:
                taken[run_id] = line
    if twice:
        print(f"{len(twice)} run(s) are in several folders: the first result counts, once; {sum(twice.values())} of "
              "them have another test score elsewhere", file=sys.stderr)  # fmt: skip
    target.mkdir(parents=True, exist_ok=True)
    write_lines(target / PACK, taken)
    return len(taken)


def _test(record: dict[str, Any]) -> Any:
    return (record.get("metrics") or {}).get("test")
