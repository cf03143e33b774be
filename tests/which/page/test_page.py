"""The page of a real answer: what it says, what it leaves off, and that nobody's names become markup."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rnnbench.which.ask import ask
from rnnbench.which.asked import read
from rnnbench.which.page.make import make_page


def write_csv(path: Path) -> None:
    """Thirty sequences of two classes, named by who might want to be markup."""
    rng = np.random.default_rng(0)
    rows = ["who,level,kind"]
    for i in range(30):
        kind = "<b>up" if i % 2 else "down & out"
        rows += [f"<i>{i}</i>,{(1 if i % 2 else -1) * t + rng.normal():.3f},{kind}" for t in range(6)]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")


@pytest.mark.parametrize("rows", ["all", "none"])
def test_page(rows: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_csv(tmp_path / "moves.csv")
    asked = read(["moves.csv", "id=who", "target=kind", "splits=3", "trials=1", "seeds=1", "steps=20", f"rows={rows}"])
    answered = ask(asked, lambda said: None, lambda *_: None)
    assert answered is not None
    page = make_page(answered).read_text(encoding="utf-8")
    assert "LSTM or GRU for moves.csv?" in page
    assert "Answer: not decided" in page
    assert "3 pairs, and fewer than 10 decide nothing" in page
    for heading in (
        "Who scored what",
        "LSTM against GRU",
        "How they learned",
        "class by class",
        "What is taken for what",
    ):
        assert heading in page
    assert "<b>" not in page
    assert "<i>" not in page
    assert "&lt;b&gt;up" in page
    assert ("&lt;i&gt;" in page) == (rows == "all" and "Examples on which they differ" in page)
    assert (tmp_path / "results" / "moves" / "figures" / "pairs.png").exists()
