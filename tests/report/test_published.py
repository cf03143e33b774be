"""Ours beside published figures: the mean and interval by hand, the words, what is missing, and the page's section."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from rnnbench.errors import UsageError
from rnnbench.records.table import load_results, with_missing
from rnnbench.report import make_report
from rnnbench.report.published import answer, difference, notes, table
from rnnbench.studies import Beside, PublishedRow, beside, read_request, study_from, write_request
from tests.fake_records import record, write

ROW: dict[str, Any] = {
    "select": {"dataset": "jsb", "cell": "gru"}, "value": 8.43, "source": "Bai et al. 2018, table 1",
    "model": "GRU, <300K>", "note": "Theirs: another set-up.",
}  # fmt: skip
SCORES = (8.60, 8.62, 8.64)


def row(**changes: Any) -> PublishedRow:
    study = study_from({"title": "t", "sweeps": [{"cell": "gru"}], "claims": [], "published": [ROW | changes]})
    return study.published[0]


def chorales(values: tuple[float, ...] = SCORES, **changes: Any) -> list[dict[str, Any]]:
    return [record("gru", "jsb", 129, seed=s, test_score=v, **changes) for s, v in enumerate(values)]


def found(directory: Path, contents: list[dict[str, Any]], **changes: Any) -> Beside:
    write(directory, contents, histories=False)
    return beside(row(**changes), load_results(directory))


def test_mean_interval_and_difference_by_hand(tmp_path: Path) -> None:
    # 8.60, 8.62, 8.64: mean 8.62, s = 0.02, t(0.975; 2) = 4.302653 → ± 4.302653 · 0.02 / √3 = 0.049683
    own = found(tmp_path, chorales())
    assert (own.ours.n, own.ours.estimate) == (3, pytest.approx(8.62))
    assert (own.ours.low, own.ours.high) == (pytest.approx(8.570317, abs=1e-6), pytest.approx(8.669683, abs=1e-6))
    assert own.difference == pytest.approx(0.19)
    assert own.parameters == 3 * (64 * 66 + 2 * 64) + 64 + 1
    assert difference(own) == "ours is higher by 0.19, which is worse"
    assert own.metric == "test nll (nats per frame)"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (8.65, "our interval holds it"),
        ("8.67", "our interval holds it"),  # 8.669683 is 8.67 to two digits
        ("8.68", "ours is lower by 0.060, which is better"),
        ("8.670", "our interval holds it"),  # rounded from 8.6695 on
        ("8.6710", "ours is lower by 0.051, which is better"),
        ("8.7", "our interval holds it"),  # rounded from 8.65 on
    ],
)
def test_a_published_figure_is_rounded(tmp_path: Path, value: float | str, words: str) -> None:
    assert difference(found(tmp_path, chorales(), value=value)) == words


def test_of_an_accuracy_higher_is_better(tmp_path: Path) -> None:
    contents = [record("gru", seed=s, test_score=v) for s, v in enumerate((0.90, 0.92, 0.94))]
    assert difference(found(tmp_path, contents, select={"dataset": "adding"}, value=0.5)) == (
        "ours is higher by 0.42, which is better"
    )


def test_runs_without_a_result_are_counted_and_not_averaged(tmp_path: Path) -> None:
    contents = [*chorales(), record("gru", "jsb", 129, seed=3, status="diverged"),
                record("gru", "jsb", 129, seed=4, status="failed")]  # fmt: skip
    absent = record("gru", "jsb", 129, seed=5)
    write(tmp_path, contents, histories=False)
    requested = {each["run_id"]: each["config"] for each in [*contents, absent]}
    own = beside(row(), with_missing(load_results(tmp_path), requested))
    assert (own.asked, own.ours.n, own.diverged, own.failed, own.missing) == (6, 3, 1, 1, 1)
    assert own.ours.estimate == pytest.approx(8.62)
    assert table([own]).loc[0, "n"] == "3 (1 diverged, 1 failed, 1 missing)"


def test_not_run_yet_and_one_run_and_two_settings(tmp_path: Path) -> None:
    (absent,) = chorales((8.6,))
    nothing = beside(row(), with_missing(load_results([]), {absent["run_id"]: absent["config"]}))
    assert difference(nothing) == "not run yet"
    assert table([nothing]).loc[0, "ours [95 % t interval]"] == "–"
    assert difference(beside(row(), load_results([]))) == "not run yet"
    one = found(tmp_path / "one", chorales((8.6,)))
    assert difference(one) == "one run, no interval: ours is higher by 0.17, which is worse"
    dead = found(tmp_path / "dead", chorales((8.6,), status="diverged"))
    assert difference(dead) == "no run ended well"
    two = found(tmp_path / "two", [*chorales(), *chorales(lr=1e-3)])
    assert difference(two) == "not compared: several runs for one seed, which differ in optimizer_lr"
    three = [nothing, one, found(tmp_path / "three", chorales())]
    assert answer(three) == (
        "Of 3 published figures: ours is worse than 1; one run or none that ended well stands beside 1; not run yet: 1."
    )


def test_runs_of_two_numerics_have_no_common_mean(tmp_path: Path) -> None:
    own = found(tmp_path, [*chorales((8.6, 8.62)), record("gru", "jsb", 129, seed=2, test_score=8.64, numerics=1)])
    assert difference(own) == "not compared: runs of numerics 1 and 2 are not pooled: force=true repeats the older"
    assert not own.ours.n


def test_another_column_with_its_own_unit(tmp_path: Path) -> None:
    # the fake loss is 0.17 − 0.16 · accuracy: 0.026, 0.0228, 0.0196, mean 0.0228
    contents = [record("gru", seed=s, test_score=v) for s, v in enumerate((0.90, 0.92, 0.94))]
    own = found(tmp_path, contents, select={"dataset": "adding"}, metric="test_loss", unit="MSE", value="5.3e-5")
    assert own.metric == "test loss (MSE)"
    assert own.ours.estimate == pytest.approx(0.0228)
    assert own.row.rounding == pytest.approx(0.5e-6)
    assert difference(own) == "ours is higher by 0.023, which is worse"


@pytest.mark.parametrize(("changes", "parts"), [
    ({"value": "about 8"}, ["study.published.value=about 8", "a number"]),
    ({"value": "nan"}, ["study.published.value=nan"]),
    ({"select": {}}, ["study.published.select={}"]),
    ({"sorce": "x"}, ["study.published.0.sorce=x", "did you mean study.published.0.source?"]),
])  # fmt: skip
def test_a_malformed_row_is_one_line(changes: dict[str, Any], parts: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        row(**changes)
    assert all(part in str(caught.value) for part in parts)


def test_the_section_and_the_tables_beside_it(tmp_path: Path) -> None:
    contents = chorales()
    write(tmp_path, contents, histories=False)
    rows = [ROW, ROW | {"value": "8.60"}, ROW | {"select": {"dataset": "jsb", "cell": "lstm"}, "note": "Not yet & so."}]
    study = study_from({"title": "t", "sweeps": [{"cell": "gru"}], "claims": [], "published": rows})
    write_request(tmp_path, "mine", study, {each["run_id"]: each["config"] for each in contents})
    request = read_request(tmp_path)
    assert request is not None and request.study == study
    page = make_report(tmp_path).read_text()
    text = re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", page)))
    assert page.index('id="claims"') < page.index('id="published"') < page.index('id="grids"')
    assert "GRU, &lt;300K&gt;" in page
    assert "Of 3 published figures: our interval holds 1; ours is worse than 1; not run yet: 1." in text
    assert "b Not yet & so." in text
    numbers = pd.read_csv(tmp_path / "published.csv")
    assert numbers["published"].tolist() == [8.43, 8.60, 8.43]
    assert numbers["ours"].tolist()[:2] == pytest.approx([8.62, 8.62])
    assert numbers["n"].tolist() == [3, 3, 0]
    assert "| 8.60 | GRU, <300K> | our interval holds it |" in (tmp_path / "published.md").read_text()
    assert r"Not yet \& so." in (tmp_path / "published.tex").read_text()


def test_each_note_has_one_letter() -> None:
    made = [beside(row(note=note), load_results([])) for note in ("x", "y", "x", "")]
    assert notes(made) == [("a", "x"), ("b", "y")]
    assert table(made)["note"].tolist() == ["a", "b", "a", "–"]
    many = [beside(row(note=str(i)), load_results([])) for i in range(28)]
    assert [letter for letter, _ in notes(many)][-3:] == ["z", "aa", "ab"]


def test_a_study_without_such_rows_has_no_such_section(tmp_path: Path) -> None:
    write(tmp_path, chorales(), histories=False)
    write_request(tmp_path, "mine", study_from({"title": "t", "sweeps": [{"cell": "gru"}], "claims": []}), {})
    assert 'id="published"' not in make_report(tmp_path).read_text()
    assert not (tmp_path / "published.csv").exists()
