"""What was measured with instruments that have been mended since is shown, and nothing is said of it.

Runs of numerics 1, which is release 0.1, were timed with denormals flushed in one backend alone and with the threads of
the others made to sleep while they waited (docs/timing.md). So nothing is claimed of their times, nor of the library's
share in their memory, until they are run again.
"""

from __future__ import annotations

import pandas as pd

from rnnbench.records.columns import with_role
from rnnbench.studies.claim import StudyClaim

WORDS = "measured before its instruments were mended; see docs/timing.md"
_LIBRARY = ("backend", "backend_asked")


def withdrawn(claim: StudyClaim, runs: pd.DataFrame) -> bool:
    """Whether nothing is said of the claim. runs: of the claim."""
    of_library = claim.metric in with_role("memory") and {claim.between, claim.over} & set(_LIBRARY)
    return bool(claim.metric in with_role("time") or of_library) and times_withdrawn(runs)


def times_withdrawn(runs: pd.DataFrame) -> bool:
    """Whether any of these runs was timed so."""
    return bool(timed_wrongly(runs).any())


def timed_wrongly(runs: pd.DataFrame) -> pd.Series:
    """For each run whether it was timed so."""
    (numerics,) = with_role("numerics")
    return runs[numerics].eq(1).fillna(False).astype(bool)
