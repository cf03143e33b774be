"""A table of scores judged: what was chosen, who is ahead, what nobody can be; each number worked out by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from rnnbench.report.__main__ import main
from rnnbench.report.scores import request_of
from rnnbench.report.scores.verdicts import compare

COLUMNS = {"cell": "Model", "seed": "Seed", "score": "Error", "better": "lower"}


def table(differences: dict[str, list[float]], at: float = 0.5, other: str = "GRU") -> pd.DataFrame:
    """Of each condition an LSTM of `at` in every seed, and the other cell that much above it."""
    rows = [
        (task, cell, seed, at + (d if cell == other else 0.0))
        for task, values in differences.items()
        for cell in ("LSTM", other)
        for seed, d in enumerate(values)
    ]
    return pd.DataFrame(rows, columns=["Task", "Model", "Seed", "Error"])


def made(frame: pd.DataFrame, **keys: str) -> tuple[pd.DataFrame, str]:
    """verdicts.csv and the page of the table, by the command line."""
    frame.to_csv("scores.csv", index=False)
    assert main(["scores.csv", *(f"{key}={value}" for key, value in {**COLUMNS, **keys}.items())]) == 0
    return pd.read_csv("results/scores/verdicts.csv"), Path("results/scores/report.html").read_text()


NOISE = [0.001, -0.001] * 5  # no two cells differ by this
LOWER = [-0.1 - 0.001 * i for i in range(10)]


def test_who_is_ahead_after_pairing_and_holm(capsys: pytest.CaptureFixture[str]) -> None:
    """Ten differences of one sign have p = 2/2¹⁰; twice that is 1/256. Those that cancel have p = 1."""
    found, page = made(table({"easy": LOWER, "hard": NOISE}), conditions="Task")
    assert found["word"].tolist() == ["GRU ahead", "no clear difference"]
    assert found["p_difference"].tolist() == [1 / 512, 1.0]
    assert found["p_adjusted"].tolist() == [pytest.approx(1 / 256), 1.0]
    mean, sd = np.mean(LOWER), np.std(LOWER, ddof=1)
    reach = stats.t.ppf(0.975, 9) * sd / np.sqrt(10)
    assert found.loc[0, ["effect", "low", "high"]].tolist() == pytest.approx([mean, mean - reach, mean + reach])
    assert found.loc[0, ["first", "second", "n"]].tolist() == ["gru", "lstm", 10]
    said = capsys.readouterr().out
    assert said.splitlines()[1] == (
        "Paired by seed and corrected for the 2 comparisons of this page (Holm): GRU ahead in 1, LSTM ahead in 0, no "
        "clear difference in 1."
    )
    assert all(line in page for line in said.splitlines()[:-1])
    assert "nothing is called alike, as no margin is stated" in page


def test_higher_turns_it_round() -> None:
    found, _ = made(table({"easy": LOWER}), better="higher")
    assert found["word"].tolist() == ["LSTM ahead"]


def test_nine_seeds_decide_nothing() -> None:
    found, _ = made(table({"easy": LOWER[:9]}), conditions="Task")
    assert found["word"].tolist() == ["too few seeds to say"]


def test_so_many_comparisons_that_ten_seeds_cannot_decide(capsys: pytest.CaptureFixture[str]) -> None:
    """26/512 is above 5 %, 26/1024 is not. By t with Holm the p of LOWER is far below, and it is told besides."""
    found, page = made(table({f"task {i}": LOWER for i in range(26)}), conditions="Task")
    assert set(found["word"]) == {"no clear difference"}
    said = capsys.readouterr().out
    assert "10 seeds are too few for 26 comparisons" in said and "with 11 seeds somebody could be" in said
    assert "call ahead: GRU in 26." in said and said.splitlines()[-2].replace("'", "&#39;") in page


def test_within_a_margin_that_is_stated() -> None:
    found, page = made(table({"hard": NOISE}), margin="0.01")
    assert found["word"].tolist() == ["no difference that matters"] and found["margin"].tolist() == [0.01]
    assert "differ by less than 0.01" in page


@pytest.mark.parametrize("how", ["number", "column", "table"])
def test_two_cells_at_chance_are_not_compared(how: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Of "copy" both are at 0.875, of "add" only the LSTM is: GRU ahead; the other way round nobody would be."""
    frame = pd.concat([table({"copy": NOISE}, at=0.875), table({"add": LOWER}, at=0.875)])
    pd.DataFrame({"Task": ["copy", "add"], "chance": [0.875, 0.875]}).to_csv("levels.csv", index=False)
    said = {"number": "0.875", "column": "Floor", "table": "levels.csv"}[how]
    found, _ = made(frame.assign(Floor=0.875), conditions="Task", chance=said)
    assert found["word"].tolist() == [
        "not learned: neither GRU nor LSTM is clearly better than chance", "GRU ahead"
    ]  # fmt: skip
    assert found["first_better_than_chance"].tolist() == [False, True]
    assert (
        "In 1, neither is clearly better than chance; in 0 GRU alone is not, in 1 LSTM alone is not."
        in capsys.readouterr().out
    )
    worse, _ = made(table({"add": [-d for d in LOWER]}, at=0.875), conditions="Task", chance="0.9", better="higher")
    assert worse["word"].tolist() == ["GRU ahead"]


def test_chance_of_some_conditions(capsys: pytest.CaptureFixture[str]) -> None:
    pd.DataFrame({"Task": ["copy"], "chance": [0.875]}).to_csv("levels.csv", index=False)
    frame = pd.concat([table({"copy": NOISE}, at=0.875), table({"add": LOWER}, at=0.875)])
    found, _ = made(frame, conditions="Task", chance="levels.csv")
    assert found["word"].tolist()[1] == "GRU ahead"
    assert "In 1, of 1 in which chance is known," in capsys.readouterr().out


def tuned() -> pd.DataFrame:
    """At the rates 0.1 and 0.01 and 0.001 each cell's validation says another than the test: 0.01 for the LSTM, 0.1 for
    the GRU, whose test is then above by LOWER's size."""
    rows = []
    for seed in range(10):
        for cell, valid, test in (
            ("LSTM", (0.5, 0.2, 0.3), (0.1, 0.4, 0.1)),
            ("GRU", (0.1, 0.2, 0.3), (0.6 + 0.001 * seed, 0.0, 0.0)),
        ):
            rows += [(cell, seed, lr, v, t) for lr, v, t in zip((0.1, 0.01, 0.001), valid, test, strict=True)]
    return pd.DataFrame(rows, columns=["Model", "Seed", "LR", "Valid", "Error"])


def test_each_cell_gets_what_validation_chooses(capsys: pytest.CaptureFixture[str]) -> None:
    found, page = made(tuned(), tuned="LR", select="Valid")
    assert found.loc[0, ["first_LR", "second_LR", "first_LR_at_end", "second_LR_at_end"]].tolist() == [
        0.1, 0.01, True, False
    ]  # fmt: skip
    assert found["effect"].tolist() == [pytest.approx(0.2045)]  # 0.6 + 0.001 · 4.5 − 0.4
    assert found["word"].tolist() == ["LSTM ahead"]
    assert "The chosen LR is an end of the values tried: GRU in 1 (0.1 in 1), LSTM in 0;" in capsys.readouterr().out
    assert "<td>0.1 (end)</td>" in page and "20 of 60 rows of scores.csv" in page


def test_a_setting_tried_with_fewer_seeds_is_not_chosen() -> None:
    frame = tuned()
    few = (frame["Model"] == "GRU") & (frame["LR"] == 0.1) & (frame["Seed"] == 9)
    found, _ = made(frame.assign(Valid=frame["Valid"].mask(few)), tuned="LR", select="Valid")
    assert found["first_LR"].tolist() == [0.01]


def test_several_cells_each_beside_the_lstm_or_another() -> None:
    frame = pd.concat([table({"easy": LOWER}), table({"easy": NOISE}, other="ours").query("Model == 'ours'")])
    found, page = made(frame, conditions="Task")
    assert found["compared"].tolist() == ["GRU − LSTM", "ours − LSTM"]
    assert found["word"].tolist() == ["GRU ahead", "no clear difference"]
    assert ">compared<" in page
    found, _ = made(frame, conditions="Task", beside="ours")
    assert found["compared"].tolist() == ["ours − LSTM", "ours − GRU"]
    assert found["word"].tolist() == ["no clear difference", "GRU ahead"]


def test_rows_without_a_score_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Of eleven seeds one of the GRU's is empty, one of the LSTM's infinite: ten pairs, one counted as the worst."""
    frame = table({"easy": [*LOWER, -0.2]})
    frame["Error"] = frame["Error"].mask((frame["Model"] == "GRU") & (frame["Seed"] == 3))
    frame.loc[(frame["Model"] == "LSTM") & (frame["Seed"] == 4), "Error"] = np.inf
    found, page = made(frame, conditions="Task")
    assert found["n"].tolist() == [10] and found["word"].tolist() == ["GRU ahead"]
    assert "1 row(s) without Error are left out, with their partners: gru of easy, Seed 3." in page
    assert "1 row(s) have an infinite Error" in page
    assert found["second_mean"].tolist() == [pytest.approx(0.5)]  # the worst run of the condition


def test_seeds_may_be_names_and_conditions_numbers() -> None:
    frame = table({"a": LOWER}).assign(Delay=10, Fold=lambda t: "fold " + t["Seed"].astype(str))
    frame.to_csv("scores.csv", index=False)
    asked = request_of(Path("scores.csv"), {**COLUMNS, "seed": "Fold", "conditions": "Task,Delay"})
    (found,), _ = compare(asked)
    assert found.condition == ("a", "10") and found.judged.measured[0].name == "a, Delay = 10"
    assert found.judged.measured[0].seeds == tuple(range(10))
