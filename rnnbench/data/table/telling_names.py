"""Names of sequences that tell their labels: no input, but a word is due.

The text in them, as of files named on_001 and off_002, or their number, as of a file that has class after class.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from rnnbench.data.table.evidence import purity, stump


def told_by_names(names: Sequence[str], y: np.ndarray, least: float, numbers: bool) -> str:
    """How the names of sequences tell their labels y (n,), with a balanced accuracy of `least` or more; "" if not.

    numbers: whether those in the names are looked at. Of places in a file that is sorted by class nothing is said.
    """
    texts, codes = np.unique([re.sub(r"\d+", "", name) for name in names], return_inverse=True)
    if purity(codes, y) >= least:
        some = ", ".join(f'"{text}"' for text in texts[:3].tolist())
        return f"by the text in it ({some}{', …' if len(texts) > 3 else ''})"
    found = [re.findall(r"\d+", name)[-1:] for name in names] if numbers else [[]]
    if not all(found):
        return ""
    place = np.array([float(last) for (last,) in found])
    share, where = stump(place, y, cuts=len(np.unique(y)) - 1)
    return f"by its number, {where}: are they sorted by it?" if share >= least else ""
