"""Is the metric of one side above the other's, seed by seed? The mean difference, or the geometric mean of ratios."""

from __future__ import annotations

from rnnbench.studies.kinds.base import Kind


class Paired(Kind):
    """What every kind is that says nothing else of itself."""
