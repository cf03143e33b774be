"""A kind of claim is one file: nothing outside its room knows its name, and a user's own needs no change of ours."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from places import ROOT

from rnnbench.errors import UsageError
from rnnbench.registry import names
from rnnbench.report import report_and_verdicts
from rnnbench.studies import Study, evaluate_claim, study_from, write_request
from tests.claims import RAMP, scores, table
from tests.fake_records import write

ROOM = ROOT / "rnnbench" / "studies" / "kinds"
KINDS = names("rnnbench.studies.kinds")
OUTSIDE = [path for path in (ROOT / "rnnbench").rglob("*.py") if ROOM not in path.parents]


def branches_on_kind(node: ast.AST) -> bool:
    """`claim.kind == …`, `claim.kind in (…)`, `TABLE[claim.kind]`, `TABLE.get(claim.kind)`, `match claim.kind`."""
    subjects: list[ast.AST] = []
    if isinstance(node, ast.Compare):
        subjects = [node.left, *node.comparators]
    elif isinstance(node, ast.Subscript):
        subjects = [node.slice]
    elif isinstance(node, ast.Match):
        subjects = [node.subject]
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
        subjects = list(node.args)
    return any(ast.unparse(each).endswith("claim.kind") for each in subjects)


def names_a_kind(path: Path) -> list[str]:
    """Where a file names a kind or branches on one."""
    tree = ast.parse(path.read_text())
    exported = [node for node in ast.walk(tree) if isinstance(node, ast.Assign) and "__all__" in ast.unparse(node)]
    functions = {id(name) for node in exported for name in ast.walk(node)}  # statistics has one called heterogeneity
    return [
        f"line {node.lineno}: {ast.unparse(node)}"  # type: ignore[attr-defined]
        for node in ast.walk(tree)
        if branches_on_kind(node)
        or (isinstance(node, ast.Constant) and id(node) not in functions and node.value in KINDS)
    ]


def test_nothing_outside_names_a_kind_or_branches_on_one() -> None:
    assert len(OUTSIDE) > 100
    assert {str(path.relative_to(ROOT)): names_a_kind(path) for path in OUTSIDE if names_a_kind(path)} == {}


GUIDE = (ROOT / "docs" / "studies.md").read_text()
(OWN,) = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
STUDY = """
title: Is it ahead?
sweeps: [{cell: "gru,lstm"}]
claims:
  - {id: ahead, statement: Ahead in most seeds., folklore: They say so., kind: my_kinds.Ahead, metric: test_score,
     compare: [gru, lstm], direction: greater}
"""


def own_study(directory: Path, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> Study:
    (directory / "my_kinds.py").write_text(OWN)
    monkeypatch.syspath_prepend(directory)
    values = yaml.safe_load(STUDY)
    values["claims"][0] |= changes
    return study_from(values)


def test_a_kind_of_ones_own_decides_a_claim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above in all ten seeds, half more than luck. Wilson: 10 / (10 + 1.96²) = 0.722; sign test: p = 2 / 2¹⁰."""
    study = own_study(tmp_path, monkeypatch)
    contents = scores(0.7 + RAMP, np.full(10, 0.6))
    write(tmp_path, contents, histories=False)
    write_request(tmp_path, "mine", study, {each["run_id"]: each["config"] for each in contents})
    page, screen = report_and_verdicts(tmp_path)
    assert screen[-1].startswith(
        "supported: ahead: Ahead in most seeds. | GRU − LSTM: 0.500 [0.222, 0.500] | n = 10 pairs"
    )
    (row,) = pd.read_csv(tmp_path / "verdicts.csv").to_dict("records")
    assert (row["claim"], row["verdict"], row["effect"]) == ("ahead", "supported", 0.5)
    assert row["p_difference"] == pytest.approx(2 / 1024)
    text = page.read_text()
    assert "seeds in which it is above" in text and 'id="claim-ahead"' in text


@pytest.mark.parametrize(("changes", "message"), [
    ({"kind": "my_kinds.Behind"}, "study.claims.ahead.kind=my_kinds.Behind: cannot be imported (AttributeError)"),
    ({"kind": "pathlib.Path"}, "study.claims.ahead.kind=pathlib.Path: wrong kind (allowed: a class derived from Kind)"),
    ({"kind": "ahead"}, "study.claims.ahead.kind=ahead: no such kind (allowed: change, closed_form, het"),
    ({"scale": "ratio"}, "study.claims.ahead.scale=ratio: not allowed (allowed: difference)"),
    ({"over": "train_size"}, "study.claims.ahead.over=train_size: not allowed"),
])  # fmt: skip
def test_what_a_kind_cannot_decide_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        own_study(tmp_path, monkeypatch, **changes)
    assert str(caught.value).startswith(message)


def test_what_a_kind_of_ones_own_raises_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_kinds.py").write_text(OWN.replace("self.above(m)", "m.rank"))
    (claim,) = own_study(tmp_path, monkeypatch, kind="broken_kinds.Ahead").claims
    with pytest.raises(
        UsageError, match=r"^study\.claims\.ahead\.kind=broken_kinds\.Ahead: cannot decide it \(AttributeE"
    ):
        evaluate_claim(claim, table(tmp_path, scores(0.7 + RAMP, np.full(10, 0.6))))
