"""Figures and the page, from the records alone: python -m rnnbench.report results/NAME"""

from rnnbench.report.page import make_report
from rnnbench.report.verdicts import verdict_lines

__all__ = ["make_report", "verdict_lines"]
