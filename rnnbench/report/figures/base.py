"""What a figure of the page is: drawn from the runs, each in a file of its own.

class Spread(Figure):                                      # in my_figures.py, which Python finds
    order = 25                                             # after the learning curves
    def drawings(self, page: Material) -> list[Drawing]: ...

python -m rnnbench.report results/NAME figure=my_figures.Spread
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from rnnbench.plots.panels import Drawing
from rnnbench.report.findings import Comparison


@dataclass(frozen=True)
class Material:
    """What the figures of a page are drawn from.

    Runs have the columns of rnnbench.load_results and `condition`, the same for runs that differ by seed alone; of what
    has no line in records.columns, only what varies.
    """

    runs: pd.DataFrame
    scored: pd.DataFrame  # less those that were trained only to be timed: no comparison of scores
    comparisons: Sequence[Comparison] = ()  # of `scored`, two cells each
    without: str = ""  # what `scored` leaves out, a sentence; "" for nothing


class Figure(ABC):
    order: ClassVar[int] = 100
    """Place on the page, lowest first."""

    @abstractmethod
    def drawings(self, page: Material) -> list[Drawing]:
        """What is drawn, in the order of the page; [] where these runs have nothing to show."""

    def missing(self, page: Material) -> str:
        """A sentence for the page's warnings where nothing was drawn; "" where nothing is missed."""
        return ""
