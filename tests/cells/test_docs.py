"""docs/cells.md: every cell is there, with as many parameters as it says."""

from __future__ import annotations

import re
from math import prod

import pytest
from places import ROOT

from rnnbench.config import cell_choices

ROWS = re.findall(r"^\|.*?`(\w+)` \|.*\| ([^|]+) \|$", (ROOT / "docs" / "cells.md").read_text(encoding="utf-8"), re.M)
CELLS = cell_choices()


def test_every_cell_is_there() -> None:
    assert {name for name, _ in ROWS} == {*CELLS}


@pytest.mark.parametrize(("I", "H"), [(3, 5), (7, 2)])
def test_their_parameters_are_as_many(I: int, H: int) -> None:
    for name, formula in ROWS:
        product = re.sub(r"(?<=[\dH])(?=[HI(])", "*", formula)  # 4H(I + H) → 4*H*(I + H)
        shapes = CELLS[name].parameter_shapes(I, H, True)
        assert eval(product, {"I": I, "H": H}) == sum(map(prod, shapes.values())), name
