"""Steps that are missing in time: found by each sequence's own usual step, and cut at, filled or kept.

Distances up to one and a half of it are a step.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import numpy as np

from rnnbench.data.table.order import Rows, spoken
from rnnbench.data.table.steps import Steps, steps_of
from rnnbench.errors import UsageError

ELAPSED = "steps since the row before"
IRREGULAR = 0.05
"""Share of distances above which there are no gaps but events."""


@dataclass(frozen=True)
class Gapped:
    rows: Rows
    starts: np.ndarray  # (P + 1,) of the pieces that no hole is in
    owner: np.ndarray  # (P,) the sequence of each
    step: str  # the usual step in words
    said: tuple[str, ...] = ()
    warned: tuple[str, ...] = ()
    elapsed: np.ndarray | None = None  # (R,) float32 steps since the row before, where they are an input


def gapped(rows: Rows, names: tuple[str, ...], gaps: Literal["refuse", "fill", "keep"] | None, *, cut: bool) -> Gapped:
    """What is done of holes. names: (S,) of the sequences. cut: whether windows may be cut at them at all.

    Raises UsageError, with both lines, for gaps=refuse.
    """
    starts = rows.starts
    owner = np.arange(len(starts) - 1)
    if rows.times is None or len(rows.times) < 3:
        return Gapped(rows, starts, owner, "")
    each = [steps_of(rows.times[a:b]) for a, b in pairwise(starts)]
    usual = Counter(steps.name for steps in each if steps.name)
    step = usual.most_common(1)[0][0] if usual else ""
    odd = [f"{names[s]} ({steps.name})" for s, steps in enumerate(each) if steps.name not in ("", step)]
    warned: tuple[str, ...] = ()
    if odd:
        named = ", ".join(odd[:5]) + (" …" if len(odd) > 5 else "")
        warned = (f"{named}: not the usual step, {step}: mixed into one model unless taken out of the file",)
    ticks = np.concatenate([np.concatenate(([1.0], steps.ticks)) for steps in each])  # (R,)
    holes = ticks > 1.5
    holes[starts[:-1]] = False
    if not holes.any():
        return Gapped(rows, starts, owner, step, warned=warned)
    first = int(np.argmax(holes))
    where = f"{spoken(rows.times[first - 1])} and {spoken(rows.times[first])}"
    count = int(holes.sum())
    missing = int(np.round(ticks[holes] - 1).sum())
    found = f"{missing:,} steps of {step} missing in {count:,} {'place' if count == 1 else 'places'}"
    if gaps == "refuse":
        raise UsageError(f"lines {rows.lines[first - 1]} and {rows.lines[first]}: {found}, the first between {where}",
                         key="gaps", value="refuse", allowed="null, fill, keep")  # fmt: skip
    irregular = float(holes.sum()) > IRREGULAR * len(holes)
    if gaps == "keep" or (gaps is None and irregular and cut):
        why = "" if gaps else f"steps differ (usually {step}): "
        kept = f"{why}rows follow each other, the steps between them are an input"
        return Gapped(rows, starts, owner, step, (kept,), warned, ticks.astype(np.float32))
    if gaps == "fill":
        return replace(_filled(rows, each, step), said=(f"{found}: rows without values were put in",), warned=warned)
    if not cut:
        return Gapped(rows, starts, owner, step, (f"{found}: rows follow each other",), warned)
    edges = np.union1d(starts, np.flatnonzero(holes))
    said = f"{found}, the first between {where}: cut into {len(edges) - 1:,} pieces, no window spans a hole"
    return Gapped(rows, edges, rows.sequence[edges[:-1]], step, (said,), warned)


def _filled(rows: Rows, each: list[Steps], step: str) -> Gapped:
    """Rows without values for the steps that are missing, where steps are even."""
    import pandas as pd

    assert rows.times is not None
    starts = rows.starts
    indices, times, sequence = [], [], []
    for s, steps in enumerate(each):
        index = np.arange(starts[s], starts[s + 1])
        own = rows.times[index]
        if (steps.ticks > 1.5).any():
            if steps.regular is None:
                raise UsageError(f"steps of {step} cannot be filled", key="gaps", value="fill",
                                 allowed="null, refuse, keep")  # fmt: skip
            new = np.setdiff1d(steps.regular, own)
            place = np.searchsorted(own, new)
            jitter = np.abs(own[np.minimum(place, len(own) - 1)] - new) < (steps.regular[1] - steps.regular[0]) / 2
            new = new[~jitter & (steps.ticks[np.clip(place - 1, 0, len(own) - 2)] > 1.5)]  # within a hole alone
            merged = np.concatenate((own, new))
            order = np.argsort(merged, kind="stable")
            index = np.concatenate((index, np.full(len(new), -1)))[order]
            own = merged[order]
        indices.append(index)
        times.append(own)
        sequence.append(np.full(len(index), s))
    index = np.concatenate(indices)
    gone = index < 0
    before = np.maximum.accumulate(np.where(gone, 0, np.arange(len(index))))
    frame = rows.frame.iloc[index[before]].reset_index(drop=True)
    frame = frame.mask(pd.Series(gone), axis=0)
    official = None if rows.official is None else rows.official[index[before]]
    offsets = None if rows.offsets is None else rows.offsets[index[before]]
    filled = Rows(frame, rows.lines[index[before]], np.concatenate(sequence), np.concatenate(times), offsets, official)
    return Gapped(replace(filled, said=rows.said), filled.starts, np.arange(len(each)), step)
