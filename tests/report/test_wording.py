"""What is said of a claim that was made by hand: its words, cautions and shares."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rnnbench.report.verdicts import condition_table
from rnnbench.report.wording import facts, finding, in_words, told
from rnnbench.studies.kinds._threshold import solved_words
from tests.claims import RAMP, scores, verdict_of


@pytest.mark.parametrize(("over", "scale", "words"), [
    ("backend_asked", "ratio", "factor of change of ms a training step from one backend to the other"),
    ("train_size", "difference", "change of ms a training step with each doubling of training examples"),
])  # fmt: skip
def test_an_interaction_in_words(tmp_path: Path, over: str, scale: str, words: str) -> None:
    claim = {"kind": "interaction", "over": over, "metric": "step_ms_median", "scale": scale}
    found = verdict_of(tmp_path, scores(1 + RAMP, 1 + RAMP), **claim)
    assert in_words(found) == words


def test_a_verdict_on_runs_that_were_cut_off_says_so(tmp_path: Path) -> None:
    """Six of ten GRUs were best at their last step; five are no caution."""
    more = "; most runs of a cell were cut off while improving"
    for cut, said, equivalent in (
        (6, "undecided: still improving when the budget ended: 6 of 10 GRU runs", f"within the margin{more}"),
        (5, "supported: as claimed in 1 of 1 condition", "within the margin"),
    ):
        runs = scores(0.8 + RAMP, np.full(10, 0.7), stopped_by="patience", steps=2000, best_step=2000)
        for each in runs[:cut]:
            each["stopped_by"] = "max_steps"
        assert dict(facts(verdict_of(tmp_path / str(cut), runs)))["Verdict"] == said
        alike = dict(facts(verdict_of(tmp_path / str(cut), runs, margin=0.5)))["Verdict"]  # which nobody is ahead in
        assert alike == f"equivalent: {equivalent.replace('margin', 'margin in 1 of 1 condition', 1)}"


def test_how_often_one_is_above_the_other_and_how_many_solved_it(tmp_path: Path) -> None:
    """9 of 10 pairs: Wilson's interval is 0.596 to 0.982 (Brown, Cai & DasGupta 2001's formula, by hand)."""
    gru = [0.8] * 9 + [0.6]
    found = verdict_of(tmp_path, scores(gru, np.full(10, 0.7)))
    row = condition_table(found).iloc[0]
    assert row["P(GRU > LSTM) [95 % Wilson]"] == "0.90 [0.60, 0.98]"
    assert solved_words(np.array([True] * 9 + [False])) == "9 of 10 [0.60, 0.98]"


def test_a_finding_without_an_effect_says_why(tmp_path: Path) -> None:
    """Nobody is above chance, 0.066: there is no effect to show beside what the study's author says."""
    low = np.full(10, 0.06)
    found = verdict_of(tmp_path, scores(low, low), findings={"undecided": "Nobody can say."})
    assert finding(found) == "Nobody can say."
    assert told(found) == "not learned: neither GRU nor LSTM is clearly better than chance"
