"""`format=torch`: the state_dict and its lines of code give the model's outputs, in a process that lacks rnnbench."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from making import make, tiny
from shapes import LabelOfSequence, LabelOfStep

import rnnbench
from rnnbench.config import Config
from rnnbench.errors import UsageError
from rnnbench.export.__main__ import export, main
from rnnbench.run import prepare, run

ALONE = """
import sys, torch
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "rnnbench":
            raise ImportError("not here")
sys.meta_path.insert(0, Refuse())
from network import load
x, lengths = torch.load("../rows.pt", weights_only=True)
with torch.no_grad():
    torch.save(load()(x, lengths), "../said.pt")
"""


def own(shape: type, *overrides: str) -> Config:
    return make("dataset=custom", f"dataset.target=shapes.{shape.__name__}", "hidden_size=5", "batch_size=8",
                "budget.max_steps=4", "budget.eval_every=4", "device=cpu", "threads=1", *overrides)  # fmt: skip


CONFIGS = {
    "last": lambda: own(LabelOfSequence),
    "both": lambda: own(LabelOfSequence, "bidirectional=true", "num_layers=2", "dropout=0.3", "cell=gru"),
    "mean": lambda: own(LabelOfSequence, "readout=mean", "cell=gru"),
    "max": lambda: own(LabelOfSequence, "readout=max", "bidirectional=true"),
    "steps": lambda: own(LabelOfStep, "cell=rnn"),
    "relu": lambda: own(LabelOfSequence, "cell=rnn", "cell.nonlinearity=relu"),
    "float64": lambda: tiny("dtype=float64"),
    "one-hot": lambda: tiny("dataset=copy", "seq_len=3", "dataset.valid_size=8", "dataset.test_size=8"),
    "embedded": lambda: tiny("dataset=copy", "seq_len=3", "dataset.valid_size=8", "dataset.test_size=8",
                             "embedding_size=3"),
}  # fmt: skip


@pytest.mark.parametrize("name", CONFIGS)
def test_a_process_without_rnnbench_says_the_same(name: str, tmp_path: Path) -> None:
    config = CONFIGS[name]()
    assert run(config).status == "ok"
    test = next(iter(prepare(config).parts.test.batches(7)))
    model = rnnbench.load_model(config.run_dir)
    x = test.inputs if model.reads_symbols else test.inputs.to(model.network.head.weight.dtype)
    torch.save((x, test.lengths), "rows.pt")
    paths = export(config.run_dir, "torch", "taken")
    assert paths == ["taken/model.pt", "taken/network.py"]
    environment = {"PATH": "", "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", ALONE], cwd="taken", capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    with torch.no_grad():
        ours, said = model(x, test.lengths), torch.load("said.pt", weights_only=True)
    real = torch.ones(ours.shape[:2], dtype=torch.bool)
    if model.objective.per_step and test.lengths is not None:
        real = torch.arange(ours.shape[1]) < test.lengths[:, None]
    torch.testing.assert_close(said[real], ours[real], rtol=1e-5, atol=1e-5)


def test_the_command_writes_beside_the_model(capsys: pytest.CaptureFixture[str]) -> None:
    config = tiny()
    run(config)
    capsys.readouterr()
    folder = str(config.run_dir.parents[1])  # results/NAME: its only kept model
    assert main([folder, "format=torch"]) == 0
    assert capsys.readouterr().out.splitlines() == [f"{folder}/torch/model.pt", f"{folder}/torch/network.py"]
    assert main(["--help"]) == 0
    assert "torch.nn's own layers" in capsys.readouterr().out


def test_what_makes_no_sense_is_refused_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    config = tiny("cell=gru_reset_before")
    run(config)
    capsys.readouterr()
    folder = str(config.run_dir)
    for arguments, problem in (
        ([folder], "format=null: is not said (allowed: "),
        ([folder, "format=tflite"], "format=tflite: no such format (allowed: "),
        (["nowhere", "format=torch"], "nowhere is no folder (allowed: results/NAME"),
        ([folder, folder, "format=torch"], "2 folders are given"),
        ([folder, "format=torch"], "cell=GRUResetBeforeCell: torch.nn has no such cell"),
        ([folder, "form=torch"], "form=torch: "),
        ([".", "format=torch"], ". holds no kept model"),
    ):
        assert main(arguments) == 2
        said = capsys.readouterr()
        assert said.out == "" and said.err.startswith(problem) and said.err.count("\n") == 1
    assert not (config.run_dir / "torch").exists()


def test_of_several_kept_models_none_is_guessed() -> None:
    first, second = tiny(), tiny("seed=1")
    run(first)
    run(second)
    with pytest.raises(UsageError, match=r"holds 2 kept models"):
        export(first.run_dir.parents[1], "torch")


def test_files_of_somebody_elses_folder_are_not_written_over(tmp_path: Path) -> None:
    config = tiny()
    run(config)
    mine = tmp_path / "mine"
    mine.mkdir()
    for name in ("network.py", "letter.txt"):
        (mine / name).write_text("mine")
    with pytest.raises(UsageError, match=r"^out=.*mine: holds network\.py already, beside other files"):
        export(config.run_dir, "torch", str(mine))
    assert (mine / "network.py").read_text() == "mine" and not (mine / "model.pt").exists()
    for _ in range(2):
        export(config.run_dir, "torch", str(tmp_path / "ours"))
