"""Every cell and dataset that a YAML names, and a user's own, goes through a tiny training run."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from making import make, tiny
from places import ROOT

from rnnbench.config import cell_choices, dataset_choices
from rnnbench.config.identity import identity
from rnnbench.errors import UsageError
from rnnbench.records import read_record
from rnnbench.run import run

SMALL = ("hidden_size=4", "batch_size=4", "budget.max_steps=3", "budget.max_epochs=null", "budget.eval_every=3",
         "device=cpu", "threads=1")  # fmt: skip

SMALLER = {  # data, not code: what keeps a dataset's whole test set cheap to evaluate
    "adding": ("seq_len=6", "dataset.valid_size=8", "dataset.test_size=8"),
    "copy": ("seq_len=3", "dataset.valid_size=8", "dataset.test_size=8"),
    "anbn": ("dataset.n_max=4", "dataset.test_max=8"),
    "anbncn": ("dataset.n_max=4", "dataset.test_max=8"),
    "digits": ("seq_len=8",),
    "mnist": ("seq_len=28",),
    "permuted_mnist": ("seq_len=28",),
}


@pytest.fixture
def data(monkeypatch: pytest.MonkeyPatch) -> None:
    """Real data beside the checkout when RNNBENCH_DATA names none; never the network."""
    beside = ROOT.parent / "shared" / "data"
    if beside.is_dir():
        monkeypatch.setenv("RNNBENCH_DATA", str(beside))
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")


@pytest.mark.few(3)
@pytest.mark.parametrize("name", cell_choices())
def test_every_cell_trains_to_the_same_bits_twice(name: str) -> None:
    first, second = (run(tiny(f"cell={name}", f"name={place}")).record for place in ("one", "two"))
    assert first is not None
    assert second is not None
    assert first["status"] == "ok"
    assert first["metrics"] == second["metrics"]
    assert first["run_id"] == second["run_id"]


@pytest.mark.few(5)
@pytest.mark.usefixtures("data")
@pytest.mark.parametrize("name", dataset_choices())
def test_every_dataset_trains_and_scores(name: str, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("the quick brown fox jumps over the lazy dog. " * 100)
    (tmp_path / "table.csv").write_text("t,y\n" + "".join(f"{t},{t % 7}\n" for t in range(200)))
    own = {"text": "text.txt", "table": "table.csv"}
    extra = (f"dataset.path={tmp_path / own[name]}", "seq_len=10") if name in own else SMALLER.get(name, ())
    try:
        ending = run(make(f"dataset={name}", *SMALL, *extra))
    except UsageError as error:
        if "put" in str(error) or "download" in str(error).lower():
            pytest.skip(f"no data: {error}")
        raise
    assert ending.status == "ok", ending.record
    assert ending.record is not None
    facts = ending.record["task"]
    assert facts["metric"] in ending.record["metrics"]["test"]
    assert facts["metric"] in facts["chance"] or facts["baselines"] or name in ("anbn", "anbncn")


MINE = '''
from dataclasses import dataclass
import torch
import torch.nn.functional as F
import rnnbench
from rnnbench.data.datasets.adding import Adding


@dataclass(frozen=True)
class Leaky(rnnbench.Cell):
    """h_t = (1 - a) h_{t-1} + a tanh(W x_t + U h_{t-1} + b)"""

    a: float = 0.5
    gates = ("h",)

    def step(self, gates_x, state, p):
        (h,) = state
        return ((1 - self.a) * h + self.a * torch.tanh(gates_x + F.linear(h, p["weight_hh"], p.get("bias_hh"))),)


@dataclass(frozen=True)
class Mine(Adding):
    pass
'''


def test_a_users_own_cell_and_dataset_are_named_on_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my_own.py").write_text(MINE)
    monkeypatch.syspath_prepend(tmp_path)
    ending = run(
        make("cell=custom", "cell.target=my_own.Leaky", "cell.name=leaky", "+cell.a=0.25", "dataset=custom",
             "dataset.target=my_own.Mine", "+dataset.valid_size=8", "+dataset.test_size=8", "seq_len=6", *SMALL)
    )  # fmt: skip
    sys.modules.pop("my_own")
    assert ending.status == "ok", ending.record
    record = read_record(ending.run_dir)
    assert record is not None
    assert record["run_id"].startswith("leaky-custom-T6-")
    assert record["config"]["cell"]["a"] == 0.25
    assert record["backend"] == "eager"
    assert record["parity"]["checked_against"]


def test_an_edited_cell_is_another_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    ids = []
    for name, text in (("first_try", MINE), ("second_try", MINE.replace("(1 - self.a)", "(2 - self.a)"))):
        (tmp_path / f"{name}.py").write_text(text)
        config = tiny("cell=custom", f"cell.target={name}.Leaky")
        found = identity(config)
        assert len(found["cell"].pop("source")) == 64
        ids.append(identity(config)["cell"]["source"])
    assert ids[0] != ids[1]


def test_an_edited_base_of_a_cell_is_another_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The class derives from one in another file: the digests of both files are its source, 64 digits each."""
    monkeypatch.syspath_prepend(tmp_path)
    sources = []
    for name, text in (("first", MINE), ("second", MINE.replace("(1 - self.a)", "(2 - self.a)"))):
        (tmp_path / f"{name}_base.py").write_text(text)
        derived = f"from dataclasses import dataclass\nfrom {name}_base import Leaky\n"
        (tmp_path / f"{name}_derived.py").write_text(derived + "@dataclass(frozen=True)\nclass Own(Leaky): pass\n")
        sources.append(identity(tiny("cell=custom", f"cell.target={name}_derived.Own"))["cell"]["source"])
    assert [len(each) for each in sources] == [128, 128]
    assert sources[0][64:] != sources[1][64:]
