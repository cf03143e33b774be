"""`rnnbench.train`: the command line's keys, checks and records, from Python."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir
from making import TINY, tiny
from omegaconf import OmegaConf

import rnnbench
from rnnbench.cli.main import main
from rnnbench.cli.train import composed, written
from rnnbench.config import CONF
from rnnbench.errors import UsageError
from rnnbench.run import run

SMALL: dict[str, Any] = {
    "seq_len": 6, "hidden_size": 5, "batch_size": 4, "dataset.valid_size": 32, "dataset.test_size": 32,
    "budget.max_steps": 20, "budget.eval_every": 5, "budget.solved": None, "device": "cpu", "threads": 1,
}  # fmt: skip
"""`making.TINY` as one says it in Python."""


def test_the_record_is_that_of_the_command_line_and_is_kept_under_its_name() -> None:
    record = rnnbench.train(cell="gru", name="mine", **SMALL)
    other = run(tiny("cell=gru", "name=other")).record
    assert other is not None
    for part in ("run_id", "status", "parameters", "metrics", "best_step", "steps", "stopped_by"):
        assert record[part] == other[part]
    folder = Path("results/mine/runs") / record["run_id"]
    assert {"run.json", "history.csv", "model.safetensors", ".hydra"} <= {path.name for path in folder.iterdir()}
    assert "cell=gru" in (folder / ".hydra" / "overrides.yaml").read_text()
    assert rnnbench.train(cell="gru", name="mine", **SMALL) == record  # its times too: it was not run again


def test_without_a_name_nothing_stays_and_torchs_random_numbers_go_on() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    record = rnnbench.train(**SMALL)
    assert record["status"] == "ok" and list(Path().iterdir()) == []
    assert torch.equal(torch.rand(3), expected)


def test_in_several_threads_each_gives_what_it_gives_alone() -> None:
    def found(record: dict[str, Any]) -> Any:
        return record["run_id"], record["metrics"]

    alone = [found(rnnbench.train(**SMALL, seed=seed)) for seed in range(3)]
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(lambda seed: found(rnnbench.train(**SMALL, seed=seed)), range(3)))
    assert together == alone


def test_keys_with_dots_may_be_a_dictionary_in_a_dictionary() -> None:
    nested = {key: value for key, value in SMALL.items() if not key.startswith("budget")}
    budget = {"max_steps": 20, "eval_every": 5, "solved": None}
    assert rnnbench.train(**nested, budget=budget)["run_id"] == tiny().run_id


@pytest.mark.few(5)
@pytest.mark.parametrize(
    "asked",
    [
        {"cel": "gru"}, {"cell": "gruu"}, {"hidden_size": "many"}, {"budget.max_step": 5}, {"hidden_size": -1},
        {"metric": "macro_f1"}, {"keep": "all"}, {"dropout": 2.0}, {"seq_len": [5]}, {"optimizer.lr": None},
        {"cell": ["lstm", "gru"]}, {"cell": None}, {"cell": 5},
    ],
    ids=str,
)  # fmt: skip
def test_a_mistake_raises_the_line_that_the_command_line_prints(
    asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UsageError) as raised:
        rnnbench.train(**SMALL | asked)
    monkeypatch.setattr(sys, "argv", ["rnnbench", *TINY, *(f"{key}={written(value)}" for key, value in asked.items())])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert capfd.readouterr().err == f"rnnbench: {raised.value}\n"
    assert list(Path().rglob("*.json")) == []


def test_numbers_of_numpy_are_numbers() -> None:
    given = {"seed": np.int64(3), "optimizer.lr": np.float32(0.25), "bidirectional": np.bool_(False)}
    asked = tiny("seed=3", "optimizer.lr=0.25", "bidirectional=false")
    assert composed(SMALL | given)[0].run_id == asked.run_id


def test_several_where_one_is_chosen_are_refused_with_the_way() -> None:
    with pytest.raises(
        UsageError, match=r"^cell=\[lstm,gru\]: one a run; several, as in cell=A,B, with -m \(allowed: c"
    ):
        rnnbench.train(cell=["lstm", "gru"], **SMALL)


@pytest.mark.parametrize(("key", "value"), [("study", "quick"), ("plan", "only")])
def test_what_is_of_many_runs_is_refused(key: str, value: str) -> None:
    with pytest.raises(UsageError, match=rf"^{key}={value}: of many runs: python -m rnnbench -m {key}="):
        rnnbench.train(**{key: value})


def test_a_run_that_fails_raises_what_happened(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> None:
        raise MemoryError("no room")

    monkeypatch.setattr("rnnbench.training.loop.Training.run", broken)
    with pytest.raises(
        RuntimeError,
        match=r"^lstm-adding-T6.* failed: out of memory \(MemoryError: no room\): make one of these smaller: ",
    ):
        rnnbench.train(**SMALL)


@pytest.mark.few(9)
@pytest.mark.parametrize(
    "value",
    [None, True, False, 3, -2, 1e-5, 0.1, "gru", "true", "1e3", "null", "a b", "it's", "back\\slash", "c:\\'x", "a,b",
     "x=y", "", " padded ", "é", "/tmp/a-b/c.txt", "inf", "[1]", "ends\\", ["a", 1, None], {"a": 1, "b": {"c": "d e"}}],
    ids=repr,
)  # fmt: skip
def test_a_value_is_written_so_that_hydra_reads_it(value: Any) -> None:
    with initialize_config_dir(version_base="1.3", config_dir=str(CONF)):
        found: Any = OmegaConf.to_container(compose("config", [f"+mine={written(value)}"]))
    assert found["mine"] == value and type(found["mine"]) is type(value)
