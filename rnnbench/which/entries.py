"""Which lines of a journal are ours: those that hold all that is read of them, of the right kinds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Kind = Callable[[Any], bool]


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _truth(value: Any) -> bool:
    return isinstance(value, bool)


def _score(value: Any) -> bool:
    return value is None or _number(value)


def _object(value: Any) -> bool:
    return isinstance(value, dict)


def _holds(**kinds: Kind) -> Kind:
    """An object with at least these."""
    return lambda value: (
        isinstance(value, Mapping) and all(key in value and is_(value[key]) for key, is_ in kinds.items())
    )


def _all(kind: Kind) -> Kind:
    return lambda value: isinstance(value, list) and all(map(kind, value))


def _point(value: Any) -> bool:
    """[step, score], null where it is no number."""
    return isinstance(value, list) and len(value) == 2 and _number(value[0]) and _score(value[1])


def _cell(value: Any) -> bool:
    return _whole(value) and value in (0, 1)


_LENGTH = _holds(steps=_whole, every=_whole)
_MEASURED = _holds(pairs=_whole, trials=_whole, seeds=_whole, examples=_whole, batch=_whole)


def _plan(value: Any) -> bool:
    """That `Plan.of` takes."""
    known = {"pairs", "trials", "seeds", "examples", "batch", "length", "given_up", "seconds", "cost"}
    if not _MEASURED(value) or not set(value) <= known or not _number(value.get("seconds", 0.0)):
        return False
    length, lists = value.get("length"), (value.get("given_up", []), value.get("cost", []))
    return _LENGTH(length) and len(length) == 2 and _all(_text)(lists[0]) and _all(_number)(lists[1])


_SCORED = _holds(name=_text, kind=_text, valid=_score, test=_score, seconds=_number, told=_text)
_FORMS = {
    "question": _holds(asked=_object, digest=_text),
    "session": _holds(),
    "plan": _holds(plan=_plan),
    "baselines": _holds(split=_whole, slot=_text, seed=_whole, found=_all(_SCORED)),
    "trial": _holds(split=_whole, slot=_cell, number=_whole, settings=_object, reports=_all(_point), valid=_score,
                    state=_text, seconds=_number),
    "fit": _holds(split=_whole, slot=_cell, seed=_whole, settings=_object, valid=_score, test=_score, best_step=_whole,
                  steps=_whole, seconds=_number, parameters=_number, diverged=_truth, curve=_all(_point)),
    "answered": _holds(pairs=_whole, seeds=_whole, minutes=_score),
}  # fmt: skip


def ours(entry: Any) -> bool:
    """Whether it is a line that a journal writes, with all that is read of it."""
    if not isinstance(entry, dict) or not _number(entry.get("at", 0.0)) or not _number(entry.get("trial", 0)):
        return False
    form = _FORMS.get(entry["what"]) if isinstance(entry.get("what"), str) else None
    return form is not None and form(entry)
