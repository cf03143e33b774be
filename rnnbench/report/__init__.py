"""Figures and the page, from the records alone: python -m rnnbench.report results/NAME"""

from rnnbench import plots  # isort: skip  # noqa: F401 - before all else: it imports matplotlib

from rnnbench.report.page import make_report, report_and_verdicts

__all__ = ["make_report", "report_and_verdicts"]
