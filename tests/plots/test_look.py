"""Labels of lines in a figure: inside the frame, and beside what is drawn rather than over it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rnnbench.plots.look import drawing_context, levels


@pytest.fixture
def axes() -> Iterator[Axes]:
    with drawing_context():
        made = Figure(figsize=(4.6, 3.6)).subplots()
        made.set_xlim(0, 1)
        made.set_ylim(0, 1)
        yield made


def sides(axes: Axes) -> list[tuple[str, str]]:
    return [(each.get_horizontalalignment(), each.get_verticalalignment()) for each in axes.texts]


def test_a_label_stands_at_the_right_above_its_line(axes: Axes) -> None:
    levels(axes, [(0.5, "chance")])
    assert sides(axes) == [("right", "bottom")]


@pytest.mark.parametrize(
    ("points", "side"),
    [
        ([(0.9, 0.55)], ("right", "top")),  # one above at the right: below it
        ([(0.9, 0.55), (0.9, 0.45)], ("left", "bottom")),  # and one below: at the left
        ([(0.9, 0.53), (0.9, 0.47), (0.05, 0.53)], ("left", "top")),
    ],
)
def test_it_makes_way_for_points(axes: Axes, points: list[tuple[float, float]], side: tuple[str, str]) -> None:
    axes.plot(*zip(*points, strict=True), "o")
    levels(axes, [(0.5, "chance 0.5")])
    assert sides(axes) == [side]


def test_it_stays_in_the_frame_and_clear_of_its_neighbours(axes: Axes) -> None:
    levels(axes, [(0.99, "threshold")])
    assert sides(axes) == [("right", "top")]  # above it stands the title
    axes.texts[0].remove()
    levels(axes, [(0.5, "a"), (0.45, "b")])
    assert sides(axes) == [("right", "bottom"), ("right", "top")]
    levels(axes, [(2.0, "off the scale")])
    assert len(axes.texts) == 2
