"""The error rates of docs/which.md in the small: no winner where there is none, and the one that is there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import places
import pytest
from scipy import stats

from rnnbench.data.table.understand import open_table
from rnnbench.which.journal import Journal

for name in ("which_cheap", "which_ridge"):
    places.script(name)
series = places.script("which_files").series
script = places.script("which")
fast = places.script("which_series")
ONCE = [name for name in script.NULL if len(script.KINDS[name].looks) == 1]

ALLOWED = 0.067  # 67 of 1,000


def most(files: int) -> int:
    """The number that chance exceeds in one of a thousand, where ALLOWED is the truth."""
    return int(stats.binom.ppf(0.999, files, ALLOWED))


def wrong(kind: str, files: int) -> int:
    return sum(each["wrong"] for each in script.study(kind, range(files)))


@pytest.mark.few(1)
@pytest.mark.parametrize("kind", ["random labels", "random walks", "one against itself, labels"])
def test_nothing_is_found_where_there_is_nothing(kind: str) -> None:
    assert wrong(kind, 10) <= most(10)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ONCE)
def test_nothing_is_found_where_there_is_nothing_in_more_files(kind: str) -> None:
    assert wrong(kind, 15) <= most(15)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "gap"), [("a gap of .2 accuracy", 0.2), ("a gap of .3 log RMSE", 0.3)])
def test_a_planted_gap_is_found_and_the_right_one_named(kind: str, gap: float) -> None:
    found = list(script.study(kind, range(10)))
    assert sum(each["difference"] for each in found) / 10 == pytest.approx(gap, abs=0.08)
    words = [each["word"] for each in found]
    assert "second" not in words
    assert words.count("first") >= stats.binom.ppf(0.001, 10, 0.9)


def test_a_target_times_1024_changes_no_verdict(tmp_path: Path) -> None:
    """Read, split, tuned, fitted and decided: RMSE is 1,024 times as large, and all that is said of it the same."""
    values = [float(line) for line in series(np.random.default_rng(3), True).splitlines()[1:]]
    said = []
    for scale in (1, 1024):
        path = tmp_path / f"times {scale}.csv"
        path.write_text("y\n" + "".join(f"{scale * v!r}\n" for v in values))
        asked = script.typed(str(path), "target=y", "window=8", *script.AMOUNT)
        said.append(script.asked_once(Journal(), asked, 0.3))
    small, large = said
    assert small.decision.word == large.decision.word == "first"
    for a, b in zip(small.pairs, large.pairs, strict=True):
        assert b.scores == pytest.approx([1024 * score for score in a.scores], rel=1e-4)
        assert (b.naive, b.naive_name) == (pytest.approx(1024 * a.naive, rel=1e-4), a.naive_name)
    assert large.decision.differences == pytest.approx(small.decision.differences, abs=1e-4)
    assert large.decision.chances.above == pytest.approx(small.decision.chances.above, abs=1e-4)


def test_the_documentation_has_the_table() -> None:
    printed = (places.ROOT / "docs" / "which.md").read_text()
    told = [line.split("|")[1].strip() for line in printed.splitlines() if line.startswith("| ")]
    assert {"random labels", "random walks", "a gap of .2 accuracy", "a gap of .3 log RMSE"} <= set(told) & set(
        script.KINDS
    )
    assert "python scripts/which.py" in printed


def test_the_same_without_reading_finds_gaps_and_no_winner_where_there_is_none() -> None:
    """scripts/which_arrays.py: of ten files with a planted gap nine or more are answered by the better learner."""
    arrays = places.script("which_arrays")
    found = arrays.study("a gap of .2 accuracy, twelve groups", range(10))
    assert sum(each["word"] == "first" for each in found) >= 9
    nothing = [each for name in arrays.LABELS if name in script.NULL for each in arrays.study(name, range(4))]
    assert len(nothing) == 40 and sum(each["wrong"] for each in nothing) <= 6  # P(7 of 40 at 67 of 1,000) is 2 %


def test_series_without_reading_find_gaps_and_no_winner_where_there_is_none() -> None:
    arrays = places.script("which_arrays")
    found = arrays.study("a gap of .3 log RMSE", range(10))
    assert sum(each["word"] == "first" for each in found) >= 9
    nothing = [each for name in arrays.SERIES if name in script.NULL for each in arrays.study(name, range(4))]
    assert len(nothing) == 16 and sum(each["wrong"] for each in nothing) <= 3  # P(4 of 16 at 67 of 1,000) is 2 %


@pytest.mark.parametrize("name", ["a gap of .3 log RMSE", "a gap of .3 log MASE, six series"])
def test_series_without_reading_have_the_table_the_splits_and_the_baselines_of_a_file(
    name: str, tmp_path: Path
) -> None:
    """Learners and trials are drawn otherwise; the naive baseline's errors are those of the same rows."""
    kind, path = script.KINDS[name], tmp_path / "simulated.csv"
    path.write_text(kind.write(np.random.default_rng([5, *name.encode()])) + "\n")
    asked = replace(script.typed(str(path), *kind.keys, *script.AMOUNT), seed=5)
    made, read = fast.table_of(path.read_text()), open_table(path, asked.keys).table
    assert (made.ids, made.season, made.inputs, made.window) == (read.ids, read.season, read.inputs, read.window)
    assert (made.numbers == read.numbers).all() and (made.starts == read.starts).all()
    slow, (pairs, decision) = script.asked_once(Journal(), asked, kind.handicap), fast.weighed(name, 5)
    assert slow.decision is not None and decision.word == slow.decision.word == "first"
    for a, b in zip(pairs, slow.pairs, strict=True):
        assert (a.split, a.naive_name, a.naive) == (b.split, b.naive_name, pytest.approx(b.naive, rel=1e-6))
        assert a.scores == pytest.approx(b.scores, rel=0.25)
