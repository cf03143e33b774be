"""A table for a paper: as wide as the text and no wider, and no character that TeX reads as its own."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from rnnbench.records.table import load_results
from rnnbench.report import make_report
from rnnbench.report.latex import latex, shares
from rnnbench.report.tuning import write_tuning
from rnnbench.studies import StudyRequest, Trial, Tuned, study_from
from tests.fake_records import record, sweep, write


def test_tex_is_escaped() -> None:
    said = latex(pd.DataFrame({"p_x": ["a_b", "aⁿbⁿ"], "y": ["5 % ± \\x", "−1 < 2 × 3 & {#}"]}))
    assert r"a\_b & 5 \% $\pm$ \textbackslash{}x \\" in said
    assert "\n{}[1, 2] & x" in latex(pd.DataFrame({"a": ["[1, 2]"], "b": ["x"]}))  # no option of what stands before
    assert r"a$^n$b$^n$ & $-$1 $<$ 2 $\times$ 3 \& \{\#\} \\" in said


@pytest.mark.parametrize("columns", [1, 2, 6, 15, 40])
def test_columns_sum_to_the_width_of_the_text(columns: int) -> None:
    """Each p{} is its share of the text's width less the 2 tabcolsep that stand around it."""
    table = pd.DataFrame([{f"column {i}": "word " * (i % 7) for i in range(columns)}])
    tex = latex(table)
    found = [float(each) for each in re.findall(r"p\{\\dimexpr ([\d.]+)\\textwidth-2\\tabcolsep\\relax\}", tex)]
    assert len(found) == columns and 0.95 < sum(found) <= 1 and min(found) > 0
    specification = tex[tex.index("tabular}{") : tex.index(r"\toprule")]
    assert re.sub(r">\{[^}]*\}p\{[^}]*\}", "", specification).strip() == "tabular}{}"  # no other column


def test_a_column_of_sentences_is_wider_than_one_of_numbers() -> None:
    words, numbers = shares(pd.DataFrame({"claim": ["A sentence of several words that says something."], "n": ["10"]}))
    assert words > 2 * numbers


def test_the_summary_is_there_for_a_paper(tmp_path: Path) -> None:
    write(tmp_path, sweep(seq_lens=(50,), seeds=(0, 1)), histories=False)
    page = make_report(tmp_path).read_text()
    tex = (tmp_path / "summary.tex").read_text()
    rows = [line for line in tex.splitlines() if line.startswith("adding & 50 & ")]
    assert len(rows) == 2 and r"test mean [95 \% t interval]" in tex
    assert tex.count("{") - tex.count(r"\{") == tex.count("}") - tex.count(r"\}")
    assert '<a href="summary.tex">.tex</a>' in page and 'href="runs.csv"' in page and 'href="tuning.csv"' not in page


def test_tuning_is_there_for_a_text_and_a_paper(tmp_path: Path) -> None:
    contents = [record(seed=9, lr=lr, timing__steps_to_threshold=None) for lr in (0.01, 0.05)]
    write(tmp_path, contents, histories=False)
    values = {"title": "t", "sweeps": [{"cell": "gru"}], "claims": [],
              "tuning": {"trials": 2, "seeds": [9], "space": {"optimizer.lr": [0.001, 0.1]}}}  # fmt: skip
    trials = tuple(Trial({"optimizer.lr": each["config"]["optimizer"]["lr"]}, (each["run_id"],)) for each in contents)
    request = StudyRequest("s", study_from(values), {}, (Tuned({"cell": "gru"}, trials, 1, 2),))
    write_tuning(request, load_results(tmp_path), tmp_path)
    for name, row in (("md", "| default | GRU | 2 of 2 ended | optimizer.lr 0.05 (highest tried) |"),
                      ("tex", "default & GRU & 2 of 2 ended & optimizer.lr 0.05 (highest tried) &")):  # fmt: skip
        assert row in (tmp_path / f"tuning.{name}").read_text()
    assert "optimizer.lr from 0.001 to 0.1, log-uniform" in (tmp_path / "tuning.md").read_text()
