"""Pieces of columns, joined: one array or one category a column, each piece let go as soon as it is in."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


def joined_numbers(pieces: list[np.ndarray]) -> np.ndarray:
    """(R,) float32, or float64 where a piece is."""
    whole = np.concatenate(pieces) if pieces else np.empty(0, np.float32)
    pieces.clear()
    return whole


def joined_text(pieces: list[Any]) -> pd.Categorical:
    """(R,) of all spellings in alphabetical order, without blanks at their ends; of times (see `stamps`) that go on
    rising from piece to piece the times themselves are the categories."""
    import pandas as pd
    from pandas.api.types import union_categoricals

    times = [piece for piece in pieces if isinstance(piece, np.ndarray)]
    if pieces and len(times) == len(pieces) and all(a[-1] < b[0] for a, b in pairwise(times)):
        index = pd.DatetimeIndex(np.concatenate(times))
        pieces.clear()
        return _categories(np.arange(len(index), dtype=np.int32), index)
    pieces[:] = [spelled(piece) if isinstance(piece, np.ndarray) else piece for piece in pieces]
    if len(pieces) > 1 and _rise(pieces):
        sizes = [len(piece.categories) for piece in pieces]
        before = np.cumsum([0, *sizes[:-1]])
        codes = np.concatenate([np.where(piece.codes < 0, -1, piece.codes + np.int32(n))
                                for piece, n in zip(pieces, before, strict=True)])  # fmt: skip
        index = pieces[0].categories.append([piece.categories for piece in pieces[1:]])
        pieces.clear()
        return _categories(codes, index)
    whole = union_categoricals(pieces, sort_categories=True) if pieces else pd.Categorical([])
    pieces.clear()
    spellings = [str(spelling) for spelling in whole.categories]
    bare = [spelling.strip() for spelling in spellings]
    if bare == spellings:
        return whole
    kept = sorted(set(bare))
    place = {spelling: code for code, spelling in enumerate(kept)}
    new = np.array([place[spelling] for spelling in bare] + [-1])
    return from_codes(new[whole.codes], kept)


def spelled(times: np.ndarray) -> pd.Categorical:
    """(r,) datetime64[s] that differ, as they stood in the file: 2021-01-04 18:00:00."""
    return from_codes(np.arange(len(times)), [text.replace("T", " ") for text in np.datetime_as_string(times).tolist()])


def as_text(frame: pd.DataFrame) -> pd.DataFrame:
    """The same with the spellings of times that are the categories of their column."""
    times = [name for name in frame.columns if frame[name].dtype == "category"
             and frame[name].cat.categories.dtype.kind == "M"]  # fmt: skip
    return frame.assign(**{str(name): spelled(frame[name].to_numpy()) for name in times}) if times else frame


def from_codes(codes: np.ndarray, spellings: Sequence[str]) -> pd.Categorical:
    """spellings: all different."""
    import pandas as pd

    return _categories(codes, pd.Index(list(spellings), dtype="str"))


def _categories(codes: np.ndarray, spellings: pd.Index) -> pd.Categorical:
    """pandas would look whether spellings that are known to differ do, and keep a Python object of each."""
    import pandas as pd

    with suppress(AttributeError, TypeError):
        spellings._cache["is_unique"] = True  # type: ignore[attr-defined]
    return pd.Categorical.from_codes(codes, categories=spellings)


def _rise(pieces: list[Any]) -> bool:
    """Whether spellings rise from each to the next, through all pieces, as times do: they are in order as they are."""
    last = ""
    for piece in pieces:
        spellings = piece.categories.tolist()
        if not all(a < b and b == b.strip() for a, b in pairwise([last, *spellings])):
            return False
        last = spellings[-1] if spellings else last
    return True
