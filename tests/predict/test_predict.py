"""New rows, answered by a kept model in the names and units of its file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from predict.files import labelled, stores, trained

import rnnbench
from rnnbench.predict.__main__ import main


def answered(*arguments: str) -> pd.DataFrame:
    assert main([*arguments, "out=said.csv"]) == 0
    return pd.read_csv("said.csv")


def test_labels_have_their_names_and_probabilities() -> None:
    frame = labelled()
    config = trained(frame, "mood", "dataset.id=who")
    new = frame[frame.who.isin(["p3", "p7", "p8"])]
    new.to_csv("new.csv", index=False)
    said = answered(str(config.run_dir), "new.csv")
    assert list(said.columns) == ["who", "mood", "mood=happy", "mood=sad"]
    assert said.who.tolist() == ["p3", "p7", "p8"] and set(said.mood) <= {"sad", "happy"}
    np.testing.assert_allclose(said["mood=happy"] + said["mood=sad"], 1, atol=1e-6)
    assert (said.mood == np.where(said["mood=sad"] > said["mood=happy"], "sad", "happy")).all()


def test_the_target_may_be_there_or_not_and_other_columns_are_no_harm() -> None:
    frame = labelled()
    config = trained(frame, "mood", "dataset.id=who")
    new = frame[frame.who.isin(["p1", "p2"])]
    new.to_csv("with.csv", index=False)
    new.drop(columns="mood").to_csv("without.csv", index=False)
    new.assign(mood=np.nan, more=1)[["room", "more", "x", "who", "mood"]].to_csv("empty.csv", index=False)
    first = answered(str(config.run_dir), "with.csv")
    for other in ("without.csv", "empty.csv"):
        pd.testing.assert_frame_equal(answered(str(config.run_dir), other), first)


def test_only_what_it_wrote_itself_is_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frame = labelled()
    config = trained(frame, "mood", "dataset.id=who")
    frame[frame.who.isin(["p1", "p2"])].to_csv("new.csv", index=False)
    Path("mine.txt").write_text("a letter\n")
    before = Path("new.csv").read_text()
    for out in ("new.csv", "mine.txt", str(config.run_dir / "run.json")):
        capsys.readouterr()
        assert main([str(config.run_dir), "new.csv", f"out={out}"]) == 2
        assert capsys.readouterr().err.startswith(f"out={out}: is there already and holds something else")
    assert Path("new.csv").read_text() == before and Path("mine.txt").read_text() == "a letter\n"
    first = answered(str(config.run_dir), "new.csv")
    pd.testing.assert_frame_equal(answered(str(config.run_dir), "new.csv"), first)


def test_a_pipe_is_written_to_and_stays_one(tmp_path: Path) -> None:
    frame = labelled()
    config = trained(frame, "mood", "dataset.id=who")
    frame[frame.who == "p1"].to_csv("new.csv", index=False)
    os.mkfifo("pipe")
    reading = subprocess.Popen(["cat", "pipe"], stdout=subprocess.PIPE, text=True)
    assert main([str(config.run_dir), "new.csv", "out=pipe"]) == 0
    assert reading.communicate()[0].startswith("who,mood,") and Path("pipe").is_fifo()


@pytest.mark.parametrize("name", ["model.json", "model.safetensors"])
def test_a_pipe_in_the_place_of_a_model_is_not_waited_for(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    frame = labelled()
    config = trained(frame, "mood", "dataset.id=who")
    frame.to_csv("new.csv", index=False)
    (config.run_dir / name).unlink()
    os.mkfifo(config.run_dir / name)
    capsys.readouterr()
    assert main([str(config.run_dir), "new.csv"]) == 2
    assert "cannot be read" in capsys.readouterr().err


@pytest.mark.slow
def test_one_row_alone_is_as_among_many_bit_for_bit_and_in_a_new_process() -> None:
    frame = labelled()
    config = trained(frame, "mood", "dataset.id=who")
    frame.to_csv("all.csv", index=False)
    frame[frame.who == "p5"].to_csv("one.csv", index=False)
    every, one = answered(str(config.run_dir), "all.csv"), answered(str(config.run_dir), "one.csv")
    pd.testing.assert_frame_equal(every[every.who == "p5"].reset_index(drop=True), one)
    environment = {"PYTHONPATH": ":".join(p for p in sys.path if p), "PATH": ""}
    done = subprocess.run([sys.executable, "-m", "rnnbench.predict", str(config.run_dir), "one.csv"],
                          capture_output=True, text=True, env=environment)  # fmt: skip
    assert done.returncode == 0 and done.stdout == Path("said.csv").read_text()


def test_what_was_scored_is_said_again() -> None:
    """Of the test examples, which the run kept its answers of."""
    frame = labelled()
    config = trained(frame, "mood", "dataset.id=who")
    kept = rnnbench.load_predictions(config.run_dir)
    frame.to_csv("all.csv", index=False)
    said = answered(str(config.run_dir), "all.csv")[["mood=happy", "mood=sad"]].to_numpy(np.float32)
    for row in kept["prediction"]:
        assert np.abs(said - row).sum(axis=1).min() < 1e-5


def test_a_file_whose_columns_do_not_fit_is_refused_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    frame = labelled()
    config = trained(frame, "mood", "dataset.id=who")
    frame.drop(columns=["x", "who"]).to_csv("less.csv", index=False)
    frame.assign(x="high").to_csv("text.csv", index=False)
    capsys.readouterr()
    for file, problem in (("less.csv", "the file lacks who, x; it has room, mood"),
                          ("text.csv", 'x holds text ("high") where numbers were learned from')):  # fmt: skip
        assert main([str(config.run_dir), file, "out=no.csv"]) == 2
        said = capsys.readouterr()
        assert said.err == f"{problem}\n" and said.out == ""
    assert main([str(config.run_dir), "less.csv", "quantile=0.1"]) == 2
    assert main([str(config.run_dir)]) == 2
    assert not Path("no.csv").exists()


def test_what_was_never_seen_and_what_lies_outside_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    frame = labelled()
    config = trained(frame, "mood", "dataset.id=who")
    new = frame[frame.who.isin(["p3", "p4"])].reset_index(drop=True)
    new.loc[:1, "room"] = "cellar"
    new.loc[0, "x"] = 1e6
    new.to_csv("new.csv", index=False)
    capsys.readouterr()
    answered(str(config.run_dir), "new.csv")
    said = capsys.readouterr().err
    assert "room: 2 rows with values that were never seen: cellar" in said
    assert f"x: 1 of {len(new)} values lie outside of" in said


def test_a_forecast_is_of_the_days_that_follow_each_series_in_its_own_unit() -> None:
    frame = stores()
    config = trained(frame, "sales", "dataset.id=store", "dataset.time=date", "dataset.horizon=3", "dataset.window=14",
                     "budget.max_steps=60", "budget.eval_every=20")  # fmt: skip
    frame.to_csv("new.csv", index=False)
    said = answered(str(config.run_dir), "new.csv", "quantiles=0.1,0.9")
    assert list(said.columns) == ["store", "date", "steps ahead", "sales", "sales 10 %", "sales 90 %"]
    assert said.store.tolist() == ["S0"] * 3 + ["S1"] * 3 + ["S2"] * 3
    assert pd.to_datetime(said.date[:3]).dt.strftime("%Y-%m-%d").tolist() == ["2024-07-19", "2024-07-20", "2024-07-21"]
    large = said.store == "S1"
    assert said.sales[large].between(1000, 5000).all() and said.sales[~large].between(1, 5).all()
    assert (said["sales 10 %"] < said["sales 90 %"]).all()
    width = said["sales 90 %"] - said["sales 10 %"]
    assert width[large].min() > 100 * width[~large].max()  # the same residuals in another unit


def test_what_is_unknown_before_a_forecast_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Of a window of 7: two rows after a hole, a file of one row, and two last cells that are empty."""
    frame = stores(stores=1).drop(columns="store")
    config = trained(frame, "sales", "dataset.time=date", "dataset.horizon=2", "dataset.window=7")

    def said(name: str, rows: pd.DataFrame) -> list[str]:
        rows.to_csv(name, index=False)
        capsys.readouterr()
        answered(str(config.run_dir), name)
        return [line for line in capsys.readouterr().err.splitlines() if "forecast" in line]

    assert said("whole.csv", frame) == []
    assert said("hole.csv", frame.drop(index=frame.index[-6:-2])) == [
        "only 2 of 7 steps before the forecast are known"]  # fmt: skip
    assert said("one.csv", frame.tail(1)) == ["only 1 of 7 steps before the forecast is known"]
    frame.loc[frame.index[-2:], "sales"] = np.nan
    assert said("empty.csv", frame) == [
        "only 5 of 7 steps before the forecast are known",
        "sales: empty in the last 2 rows; what is forecast begins after, with 2024-07-19",
    ]


def test_what_is_unknown_is_told_of_many_series_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    frame = stores()
    config = trained(frame, "sales", "dataset.id=store", "dataset.time=date", "dataset.horizon=2", "dataset.window=7")
    frame = frame[(frame.store != "S1") | (frame.date > "2024-07-15")].reset_index(drop=True)
    frame.loc[len(frame) - 1, "sales"] = np.nan
    frame.to_csv("new.csv", index=False)
    capsys.readouterr()
    answered(str(config.run_dir), "new.csv")
    assert capsys.readouterr().err.splitlines()[-2:] == [
        "2 of 3 series: fewer than the 7 steps before the forecast are known (S1, S2)",
        "sales: empty in the last rows of 1 of 3 series (S2); what is forecast begins after",
    ]


def test_a_new_series_is_read_at_a_level_of_its_own() -> None:
    frame = stores()
    config = trained(frame, "sales", "dataset.id=store", "dataset.time=date", "dataset.horizon=2", "dataset.window=14")
    new = frame[frame.store == "S0"].assign(store="S9", sales=frame[frame.store == "S0"].sales * 1024 * 1024)
    new.to_csv("new.csv", index=False)
    said = answered(str(config.run_dir), "new.csv")
    assert said.sales.between(1e6, 5e6).all()


def test_tagging_answers_every_row_in_the_files_order() -> None:
    rng = np.random.default_rng(0)
    frame = pd.concat([pd.DataFrame({"who": f"p{s}", "x": rng.normal(size=9), "tag": rng.choice(["a", "b"], 9)})
                       for s in range(24)])  # fmt: skip
    config = trained(frame, "tag", "dataset.id=who", "dataset.task=tagging")
    mixed = frame.sample(frac=1, random_state=0).reset_index(drop=True)
    mixed.to_csv("new.csv", index=False)
    said = answered(str(config.run_dir), "new.csv")
    assert said.who.tolist() == mixed.who.tolist() and list(said.columns) == ["row", "who", "tag"]


def test_values_are_in_the_unit_of_the_file() -> None:
    rng = np.random.default_rng(0)
    frame = pd.concat([pd.DataFrame({"who": f"p{s}", "x": rng.normal(size=6), "price": 5000.0 + s}) for s in range(60)])
    config = trained(frame, "price", "dataset.id=who", "dataset.task=value")
    frame.drop(columns="price").to_csv("new.csv", index=False)
    said = answered(str(config.run_dir), "new.csv")
    assert list(said.columns) == ["who", "price"] and said.price.between(4900, 5200).all()


def test_rows_of_steps_in_columns_with_their_label_or_without() -> None:
    rng = np.random.default_rng(0)
    wide = pd.DataFrame(rng.normal(size=(60, 10)), columns=[f"t{i}" for i in range(10)])
    wide["kind"] = np.where(np.arange(60) % 2, "up", "down")
    config = trained(wide, "kind")
    wide.to_csv("with.csv", index=False)
    wide.drop(columns="kind").to_csv("without.csv", index=False)
    said = answered(str(config.run_dir), "with.csv")
    assert len(said) == 60 and list(said.columns)[1:] == ["kind", "kind=down", "kind=up"]
    pd.testing.assert_frame_equal(answered(str(config.run_dir), "without.csv"), said)


def test_rows_of_steps_in_columns_beside_what_is_the_same_at_each() -> None:
    """What counts the rows is their name, which new rows need not have."""
    rng = np.random.default_rng(0)
    wide = pd.DataFrame(rng.normal(size=(60, 10)), columns=[f"t{i}" for i in range(10)])
    wide.insert(0, "respondent", np.arange(1000, 1060))
    wide["age"], wide["kind"] = rng.integers(20, 80, 60), np.where(np.arange(60) % 2, "up", "down")
    config = trained(wide, "kind")
    wide.to_csv("with.csv", index=False)
    said = answered(str(config.run_dir), "with.csv")
    assert said.respondent.tolist() == list(range(1000, 1060)) and list(said.columns)[1:] == [
        "kind",
        "kind=down",
        "kind=up",
    ]
    wide.drop(columns=["kind", "respondent"]).to_csv("without.csv", index=False)
    unnamed = answered(str(config.run_dir), "without.csv")
    pd.testing.assert_frame_equal(unnamed.iloc[:, 1:], said.iloc[:, 1:])


def test_what_is_known_ahead_must_be_there_for_the_steps_ahead(capsys: pytest.CaptureFixture[str]) -> None:
    frame = stores(stores=1).drop(columns="store").assign(open=lambda f: np.arange(len(f)) % 7 < 5)
    frame["open"] = frame.open.astype(int)
    config = trained(frame, "sales", "dataset.time=date", "dataset.horizon=2", "dataset.window=14",
                     "dataset.known=open")  # fmt: skip
    frame.loc[frame.index[-2:], "sales"] = np.nan
    frame.to_csv("ahead.csv", index=False)
    said = answered(str(config.run_dir), "ahead.csv")
    assert pd.to_datetime(said.date).tolist() == pd.to_datetime(frame.date[-2:]).tolist()
    frame.iloc[:-1].to_csv("short.csv", index=False)
    capsys.readouterr()
    assert main([str(config.run_dir), "short.csv"]) == 2
    assert "a forecast needs open in the 2 rows after the last value" in capsys.readouterr().err
