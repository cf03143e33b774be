"""From Python: a frame in; an answer, a table and the kept model out."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import rnnbench
from rnnbench.errors import UsageError
from rnnbench.export.__main__ import export
from rnnbench.predict.__main__ import main
from rnnbench.predict.choose import _flat

QUICK = {"splits": 2, "trials": 1, "seeds": 1, "steps": 30}


def waves(n: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    day = pd.date_range("2023-01-01", periods=n).strftime("%Y-%m-%d")
    return pd.DataFrame({"day": day, "sales": 100 + 10 * np.sin(np.arange(n) / 7 * 2 * np.pi) + rng.normal(size=n)})


def test_a_forecast_from_a_frame_to_a_model_that_is_taken_away() -> None:
    frame = waves()
    answer = rnnbench.choose(frame, target="sales", horizon=2, name="beer", **QUICK)
    assert answer.answer == "not decided"  # two pairs decide nothing
    assert answer.folder == Path("results/beer")
    assert answer.table.score.is_monotonic_increasing and {"cell", "naive", "simple"} <= set(answer.table.kind)
    assert answer.best.cell in ("lstm", "gru")

    said = answer.best.predict(frame, quantiles=[0.1, 0.9])
    assert list(said.columns) == ["day", "steps ahead", "sales", "sales 10 %", "sales 90 %"]
    assert said.sales.between(50, 150).all() and (said["sales 10 %"] <= said["sales 90 %"]).all()
    facts = json.loads(Path("results/beer/answer.json").read_text())
    assert 0 <= facts["kept"]["coverage"]["measured"] <= 1

    frame.to_csv("new.csv", index=False)
    assert main(["results/beer", "new.csv", "out=said.csv"]) == 0
    np.testing.assert_allclose(pd.read_csv("said.csv").sales, said.sales, rtol=1e-6)
    assert export("results/beer", "torch")[0] == "results/beer/torch/model.pt"


def test_the_kept_model_is_the_one_that_was_scored() -> None:
    """Made again, the fit has the very validation and test scores that the journal has of it."""
    answer = rnnbench.choose(waves(), target="sales", name="again", **QUICK)
    kept = answer.facts["kept"]
    lines = [json.loads(line) for line in Path("results/again/journal.jsonl").read_text().splitlines()]
    (fit,) = [e for e in lines if e["what"] == "fit" and e["split"] == kept["split"]
              and e["slot"] == (0 if kept["cell"] == "lstm" else 1)]  # fmt: skip
    assert fit["best_step"] == kept["steps"] and fit["settings"] == kept["settings"]


@pytest.mark.slow
def test_refit_sees_all_rows_and_the_same_call_says_the_same() -> None:
    first = rnnbench.choose(waves(), target="sales", name="all", refit=True, **QUICK)
    assert first.facts["kept"]["refit"]
    said = first.best.predict(waves())
    again = rnnbench.choose(waves(), target="sales", name="all", refit=True, **QUICK)
    pd.testing.assert_frame_equal(again.best.predict(waves()), said)
    lines = (
        "from pathlib import Path",
        "from rnnbench.predict.choose import Best",
        "said = Best(Path('results/all'), 'lstm').predict('results/all/frame.csv')",
        "print(float(said.sales.iloc[0]).hex())",
    )
    code = "\n".join(lines)
    environment = {"PYTHONPATH": ":".join(p for p in sys.path if p), "PATH": ""}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert done.stdout.strip() == float(said.sales.iloc[0]).hex(), done.stderr


def test_dates_in_the_index_are_the_time() -> None:
    """As frames of series have them: the next day follows the last, and a frame with a column of dates fits, too."""
    frame = waves().rename(columns={"day": "date"})
    indexed = frame.set_index(pd.DatetimeIndex(frame["date"], name=None)).drop(columns="date")
    answer = rnnbench.choose(indexed, target="sales", name="index", **QUICK)
    said = answer.best.predict(indexed)
    assert said["date"].tolist() == [indexed.index[-1] + pd.Timedelta(days=1)]
    pd.testing.assert_frame_equal(answer.best.predict(frame), said)


def test_an_index_that_says_something_is_a_column_and_one_that_counts_is_none() -> None:
    frame = pd.DataFrame({"x": [1, 2, 3], "y": [4, 5, 6]})
    assert [*_flat(frame)] == [*_flat(frame.iloc[[2, 0]])] == [*_flat(pd.concat([frame, frame]))] == ["x", "y"]
    assert [*_flat(frame.set_index("x"))] == ["x", "y"]
    assert [*_flat(frame.set_index("x", drop=False))] == ["x", "y"]
    assert [*_flat(frame.set_index(pd.Index([7, 8, 9], name="x")))] == ["x 2", "x", "y"]
    assert [*_flat(frame.set_index(pd.Index(["a", "b", "c"])))] == ["index", "x", "y"]
    months = pd.MultiIndex.from_product([["a"], pd.period_range("2024-01", periods=3, freq="M")], names=["who", None])
    assert _flat(frame.set_index(months)).columns.tolist() == ["who", "date", "x", "y"]
    assert _flat(frame.iloc[[2, 0]])["y"].tolist() == [6, 4]


def test_labels_from_a_frame() -> None:
    rng = np.random.default_rng(0)
    frame = pd.concat([pd.DataFrame({"who": s, "x": rng.normal(size=6) + 2 * (s % 2), "mood": ["sad", "gay"][s % 2]})
                       for s in range(80)])  # fmt: skip
    answer = rnnbench.choose(frame, target="mood", id="who", **QUICK)
    said = answer.best.predict(frame.drop(columns="mood"))
    assert list(said.columns) == ["who", "mood", "mood=gay", "mood=sad"] and len(said) == 80


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(UsageError, match=r"^target=price: "):
        rnnbench.choose(waves(), target="price", **QUICK)
