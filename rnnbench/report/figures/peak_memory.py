"""The device's peak."""

from __future__ import annotations

from rnnbench.report.figures.memory import Memory


class PeakMemory(Memory):
    order = 70
    name = "peak_memory"
    heading = "Peak memory"
    column = "peak_bytes"
    caption = "The device's peak, evaluation included: median over runs with the smallest and the largest."
