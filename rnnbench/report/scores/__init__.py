"""Verdicts and a page for anyone's table of scores: a row a run, which says condition, cell, seed and score."""

from rnnbench.report.scores.page import make_page
from rnnbench.report.scores.request import KEYS, Request, is_table, request_of

__all__ = ["KEYS", "Request", "is_table", "make_page", "request_of"]
