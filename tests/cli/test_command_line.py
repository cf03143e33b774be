"""What a person meets: help, and one line with exit code 2 for each mistake, nothing written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from making import TINY

from rnnbench.__main__ import main
from rnnbench.cli.typed import flags_first
from rnnbench.cli.usage import help_text

MISTAKES = [
    (["hiden_size=5"], ["hiden_size=5", "did you mean hidden_size?"]),
    (["budget.max_step=5"], ["budget.max_step=5", "did you mean budget.max_steps?"]),
    (["cell=gruu"], ["cell=gruu", "gru, gru_layernorm, gru_reset_before"]),
    (["dataset=jsbb"], ["dataset=jsbb", "jsb"]),
    (["optimizer=lion"], ["optimizer=lion", "adam, adamw, rmsprop, sgd"]),
    (["study=nothing"], ["study=nothing"]),
    (["cell.alpha=1"], ["cell.alpha=1"]),
    (["+alpha=1"], ["alpha=1"]),
    (["seq_len=long"], ["seq_len=long", "a whole number, null"]),
    (["seq_len=1"], ["seq_len=1", "2 or more"]),
    (["dataset=digits", "seq_len=5"], ["seq_len=5", "64"]),
    (["optimizer.lr=-1"], ["optimizer.lr=-1", "above 0"]),
    (["match=equal"], ["match=equal", "hidden, params"]),
    (["backend=cudnn"], ["backend=cudnn", "auto, eager, fused, torch"]),
    (["backend=torch", "cell=gru_reset_before"], ["backend=torch", "eager"]),
    (["embedding_size=8"], ["embedding_size=8", "null"]),
    (["budget.max_epochs=3"], ["budget.max_epochs=3", "train_size"]),
    (["batch_size=100", "train_size=50"], ["batch_size=100", "1 to 50"]),
    (["cell=custom"], ["cell.target", "package.module.Class"]),
    (["cell=custom", "cell.target=no.such.Cell"], ["cell.target=no.such.Cell"]),
    (["dataset=text"], ["dataset.path"]),
    (["dataset=text", "dataset.path=gone.txt"], ["dataset.path=gone.txt"]),
    (["cell=lstm,gru"], ["cell=lstm,gru", "add -m"]),
    (["dataset=adding", "dataset.path=x"], ["dataset.path=x", "dataset.valid_size"]),
    (["results_dir=/proc/nowhere"], ["/proc/nowhere"]),
    (["seed=9223372036854775808"], ["seed=9223372036854775808", "2^63"]),
    (["threads=100000"], ["threads=100000", "1 to 1024"]),
    (["forget_bias=nan"], ["forget_bias=nan", "a number"]),
    (["optimizer.weight_decay=inf"], ["optimizer.weight_decay=inf", "a number"]),
    (["optimizer=sgd", "optimizer.momentum=5"], ["optimizer.momentum=5", "0 up to 1"]),
    (["cell.name=../../away"], ["cell.name=../../away", "letters"]),
    (["name=a/b"], ["name=a/b", "letters"]),
    (["-m", "seed=range(3,0)"], ["names no run"]),
    (["cell"], ["cell", "key=value"]),
    (["'cell=gru"], ["cell=gru", "key=value"]),
    (["name=für"], ["name=für", "'name=\"für\"'"]),
    (["cell=[1]"], ["cell"]),
    (["--seq_len", "500"], ["--seq_len", "seq_len=…"]),
    (["-m", "seed=range(0"], ["range(0"]),
    (["dataset=text", "dataset.path=~/book.txt"], ["'dataset.path=\"~/book.txt\"'"]),
    (["cell=custom", "cell.target=rnnbench.cells.lstm.LSTMCell", "cell.a=0.25"], ["a plus: +cell.a=0.25"]),
    (["-m", "hidden_size=64,2", "match=params", "cell=gru"], ["cell=gru dataset=adding hidden_size=2", "within 1 %"]),
]


@pytest.mark.few(14)
@pytest.mark.parametrize(("arguments", "parts"), MISTAKES, ids=[" ".join(a) for a, _ in MISTAKES])
def test_a_mistake_is_one_line_and_exit_code_two(
    arguments: list[str], parts: list[str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["rnnbench", *arguments])
    with pytest.raises(SystemExit) as caught:
        main()
    printed = capfd.readouterr()
    assert caught.value.code == 2
    assert printed.err.count("\n") == 1, printed.err
    assert printed.err.startswith("rnnbench: ")
    assert len(printed.err) < 700
    for part in parts:
        assert part in printed.err
    assert not list(Path().iterdir())


def test_flags_may_stand_anywhere() -> None:
    asked = ["cell=gru", "-m", "study=mine", "--config-dir", ".", "seed=0,1"]
    assert flags_first(asked) == ["-m", "--config-dir", ".", "cell=gru", "study=mine", "seed=0,1"]


def _own_study(name: str) -> None:
    Path("study").mkdir()
    Path("study", f"{name}.yaml").write_text(
        "# @package _global_\nname: own\nstudy: {sweeps: [{seed: 0}], claims: []}\n"
    )


@pytest.mark.parametrize("flag", [["--config-dir", "."], ["--config-dir=."], ["-cd", "."]])
def test_a_study_of_ones_own_is_never_silently_the_shipped_one(
    flag: list[str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    _own_study("quick")
    monkeypatch.setattr(sys, "argv", ["rnnbench", "-m", *flag, "study=quick"])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 2
    said = "rnnbench: study=quick: study/quick.yaml has the name of rnnbench's own study: rename it\n"
    assert capfd.readouterr().err == said
    assert not Path("results").exists()


@pytest.mark.parametrize(
    ("arguments", "part"),
    [(["study=mine"], "for study/mine.yaml add --config-dir . (allowed: "), (["-cd", ".", "study=mien"], ", mine)")],
)
def test_an_unknown_study_names_ones_own(
    arguments: list[str], part: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    _own_study("mine")
    monkeypatch.setattr(sys, "argv", ["rnnbench", "-m", *arguments])
    with pytest.raises(SystemExit):
        main()
    assert part in capfd.readouterr().err


def test_cuda_without_cuda(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr(sys, "argv", ["rnnbench", "device=cuda"])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 2
    assert capfd.readouterr().err == "rnnbench: device=cuda: no CUDA device is available (allowed: auto, cpu)\n"


def test_help_names_every_choice_and_every_key() -> None:
    text = help_text()
    words = ("cell=", "gru_reset_before", "dataset=", "tinyshakespeare", "optimizer=", "rmsprop", "seq_len", "match",
             "budget:", "max_steps", "patience", "solved", "threads", "RNNBENCH_DATA", "hydra/launcher")  # fmt: skip
    for word in words:
        assert word in text
    keys = [line.strip() for line in text[text.index("Keys,") :].splitlines() if line.startswith("  ")]
    assert not [line for line in keys if "#" not in line and line not in ("optimizer:", "")]


def test_help_needs_no_torch() -> None:
    code = "import sys; sys.argv = ['rnnbench', '--help']; import rnnbench.__main__ as m; m.main(); "
    done = subprocess.run([sys.executable, "-c", code + "assert 'torch' not in sys.modules"], capture_output=True)
    assert done.returncode == 0, done.stderr


def test_one_run_prints_one_line_with_score_and_record() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rnnbench", *TINY, "cell=gru"], capture_output=True, text=True, check=True
    )
    (line,) = done.stdout.splitlines()
    assert line.startswith("ok: gru-adding-T6-h5-s0-")
    assert "test accuracy" in line
    assert Path(line.rsplit(" ", 1)[1]).exists()
    assert done.stderr == ""
