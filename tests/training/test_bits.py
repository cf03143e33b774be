"""What training gives stays what it was: losses and scores of tiny runs of every dataset, in float64 and step by step.

The values were computed by the program as it was before datasets, objectives and metrics were told apart. Orders of
examples, initial weights, losses and every metric are in them; machines differ from the twelfth digit on.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import torch
from loops import train
from making import make
from places import ROOT

FILE = Path(__file__).with_name("bits.json")
SMALL = ("hidden_size=6", "threads=1", "device=cpu", "dtype=float64", "backend=eager", "budget.max_steps=12",
         "budget.eval_every=6", "budget.max_epochs=null", "budget.patience=null", "budget.solved=null")  # fmt: skip
HELD = ("dataset.valid_size=50", "dataset.test_size=50", "batch_size=4")
CASES = {
    "adding": ("dataset=adding", "seq_len=7", *HELD),
    "adding, 30 examples": ("dataset=adding", "seq_len=7", *HELD, "train_size=30", "dropout=0.2"),
    "copy": ("dataset=copy", "seq_len=3", *HELD),
    "anbn": ("dataset=anbn", "dataset.n_max=6", "dataset.test_max=20", "batch_size=4"),
    "anbn, two layers": ("dataset=anbn", "dataset.n_max=6", "dataset.test_max=20", "num_layers=2", "dropout=0.2"),
    "anbncn": ("dataset=anbncn", "dataset.n_max=6", "dataset.test_max=20", "batch_size=4", "train_size=40"),
    "digits": ("dataset=digits", "seq_len=8", "batch_size=8"),
    "text": ("dataset=text", "seq_len=9", "batch_size=4"),
    "text in windows": ("dataset=text", "seq_len=9", "batch_size=4", "dataset.carry_state=false", "train_size=900"),
    "tinyshakespeare": ("dataset=tinyshakespeare", "seq_len=20", "batch_size=4", "train_size=20000"),
    "mnist": ("dataset=mnist", "seq_len=28", "batch_size=8", "train_size=1000", "dataset.valid_size=100"),
    "permuted_mnist": ("dataset=permuted_mnist", "seq_len=28", "batch_size=8", "dataset.valid_size=100"),
    "jsb": ("dataset=jsb", "batch_size=4", "seq_len=20", "train_size=50"),
    "nottingham": ("dataset=nottingham", "batch_size=4", "seq_len=30", "train_size=50"),
}
FILES = {"tinyshakespeare": "tinyshakespeare/input.txt", "jsb": "poly_music/JSB_Chorales.mat",
         "nottingham": "poly_music/Nottingham.mat", "mnist": "mnist/train-images-idx3-ubyte.gz",
         "permuted_mnist": "mnist/train-images-idx3-ubyte.gz"}  # fmt: skip
DATA = Path(os.environ.get("RNNBENCH_DATA") or ROOT.parent / "shared" / "data")
SEA = " ".join(f"{n} waves, and {n * n % 17} more;" for n in range(150))


@pytest.mark.few(14)
@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("case", CASES)
def test_losses_and_scores_are_what_they_were(
    case: str, cell: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = [*CASES[case], *SMALL, f"cell={cell}"]
    if "dropout=0.2" in asked and torch.__version__ < "2.13":
        pytest.skip("this release's dropout draws others")
    if case in FILES:
        monkeypatch.setenv("RNNBENCH_DATA", str(DATA))
        if not (DATA / FILES[case]).exists():
            pytest.skip(f"{FILES[case]} is not under {DATA}")
    if asked[0] == "dataset=text":
        (tmp_path / "sea.txt").write_text(SEA)
        asked.append(f"dataset.path={tmp_path / 'sea.txt'}")
    rows = history_of(asked)
    for now, then in zip(rows, json.loads(FILE.read_text())[f"{case} {cell}"], strict=True):
        assert now.pop("train_loss") == (then["train_loss"] and pytest.approx(then["train_loss"], rel=1e-9))
        del then["train_loss"]
        assert now == pytest.approx(then, rel=1e-9)


def history_of(asked: list[str]) -> list[dict[str, float | None]]:
    _, progress = train(make(*asked))
    return [{name: value for name, value in row.items() if name != "seconds"} for row in progress.history]
