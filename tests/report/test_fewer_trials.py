"""Which cell needs less tuning: what would have been chosen of fewer trials, and what it was worth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rnnbench.records.table import load_results
from rnnbench.report.fewer_trials import trials_drawing, trials_needed
from rnnbench.studies import Trial, Tuned
from tests.fake_records import record, write

RATES = (0.001, 0.01, 0.1)


def tunings(directory: Path, scores: dict[str, list[list[tuple[float, float]]]], **settings: Any) -> Any:
    """For each cell and tuning three trials of one seed: (validation, test); the best on validation is the chosen."""
    rows, tuned = [], []
    for cell, those in scores.items():
        for number, trials in enumerate(those):
            own = [record(cell, seed=100 + number, lr=rate, test_score=test, timing__steps_to_threshold=None,
                          metrics__valid={"accuracy": valid, "loss": 1 - valid})
                   for rate, (valid, test) in zip(RATES, trials, strict=True)]  # fmt: skip
            rows += own
            found = tuple(
                Trial({"optimizer.lr": rate}, (each["run_id"],)) for rate, each in zip(RATES, own, strict=True)
            )
            chosen = max(range(3), key=lambda place: trials[place][0])
            tuned.append(Tuned({"cell": cell, "dataset": "adding"} | settings, found, chosen, 2, number))
    write(directory, rows, histories=False)
    return tuned, load_results(directory)


def test_fewer_trials_are_worth_what_validation_would_have_chosen_of_them(tmp_path: Path) -> None:
    """Best first by validation the test scores are .8 .9 .1, and .6 .7 .2: of one trial the mean, 1.8 / 3 and 1.5 / 3;
    of two (.8 + .8 + .9) / 3 and (.6 + .6 + .7) / 3; of three .8 and .6. Then over the two tunings."""
    first, second = [(0.7, 0.9), (0.2, 0.1), (0.9, 0.8)], [(0.3, 0.2), (0.5, 0.6), (0.4, 0.7)]
    tuned, runs = tunings(tmp_path, {"gru": [first, second]})
    table = trials_needed(tuned, [], runs)
    assert table["trials"].tolist() == [1, 2, 3] and set(table["tunings"]) == {2}
    assert table["mean"].tolist() == pytest.approx([(1.8 + 1.5) / 6, (2.5 + 1.9) / 6, 0.7])
    half = 12.7062047 * 0.1  # t of one degree of freedom; half the distance between .8 and .6 is their standard error
    assert table["high"].tolist()[2] == pytest.approx(0.7 + half, rel=1e-6)


def test_a_trial_that_was_given_up_comes_after_those_that_went_on(tmp_path: Path) -> None:
    """The first trial has the best validation score of all and was given up: it is chosen of none but itself."""
    tuned, runs = tunings(tmp_path, {"gru": [[(0.9, 0.1), (0.8, 0.8), (0.7, 0.7)]] * 2})
    went_on = [Tuned(each.settings, (each.trials[0], *(Trial(trial.values, trial.run_ids, trial.run_ids)
                     for trial in each.trials[1:])), 1, 2, each.number) for each in tuned]  # fmt: skip
    assert trials_needed(went_on, [], runs)["mean"].tolist() == pytest.approx([1.6 / 3, (0.8 * 2 + 0.7) / 3, 0.8])


def test_a_diverged_trial_has_no_score(tmp_path: Path) -> None:
    tuned, runs = tunings(tmp_path, {"gru": [[(0.9, 0.9), (0.8, 0.8), (0.7, 0.7)]] * 2})
    runs.loc[runs["optimizer_lr"] == 0.1, ["status", "test_score", "valid_score"]] = ["diverged", None, None]
    table = trials_needed(tuned, [], runs)
    assert table["mean"].isna().tolist() == [True, False, False]


def test_a_cell_without_the_key_stands_beside_each_of_its_values(tmp_path: Path) -> None:
    trials = [[(0.9, 0.9), (0.8, 0.8), (0.7, 0.7)]] * 2
    biased = []
    for bias in (0, 1):
        some, _ = tunings(tmp_path, {"lstm": trials}, forget_bias=bias)
        biased += some
    other, _ = tunings(tmp_path, {"gru": trials})
    table = trials_needed([*biased, *other], ["forget_bias"], load_results(tmp_path))
    drawing = trials_drawing(table, ["forget_bias"])
    assert drawing is not None
    assert drawing.finding.count("LSTM") == drawing.finding.count("GRU") == 2


def test_where_nothing_else_varies_a_dataset_has_one_panel(tmp_path: Path) -> None:
    """All rows of a table without a key are one setting, not as many as there are rows."""
    trials = [[(0.9, 0.9), (0.8, 0.8), (0.7, 0.7)]] * 2
    tuned, runs = tunings(tmp_path, {"gru": trials, "lstm": trials})
    drawing = trials_drawing(trials_needed(tuned, [], runs), [])
    assert drawing is not None
    assert drawing.finding.count("LSTM") == drawing.finding.count("GRU") == 1
    assert drawing.make(1).get_size_inches()[1] < 8


def test_a_setting_that_goes_with_the_cell_makes_no_panel_of_its_own(tmp_path: Path) -> None:
    """As JANET alone has chrono biases."""
    trials = [[(0.9, 0.9), (0.8, 0.8), (0.7, 0.7)]] * 2
    tuned, _ = tunings(tmp_path, {"lstm": trials})
    janet, _ = tunings(tmp_path, {"gru": trials}, forget_bias="chrono")
    drawing = trials_drawing(trials_needed([*tuned, *janet], ["forget_bias"], load_results(tmp_path)), ["forget_bias"])
    assert drawing is not None
    assert drawing.finding.startswith("adding: ") and "chrono" not in drawing.finding


def test_one_tuning_has_no_spread_and_no_figure(tmp_path: Path) -> None:
    tuned, runs = tunings(tmp_path, {"gru": [[(0.9, 0.9), (0.8, 0.8), (0.7, 0.7)]]})
    assert trials_drawing(trials_needed(tuned, [], runs), []) is None
