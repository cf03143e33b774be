"""One run and what it leaves: the record's content, and what happens when something goes wrong."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from making import TINY, make, tiny
from places import ROOT

from rnnbench import run as run_module
from rnnbench.config import Config
from rnnbench.errors import UsageError
from rnnbench.preparation import prepare
from rnnbench.records import read_record
from rnnbench.records.table import load_results
from rnnbench.recurrent import kernel
from rnnbench.run import run
from rnnbench.training.numerics import NUMERICS


def record_of(config: Config) -> dict[str, Any]:
    record = read_record(config.run_dir)
    assert record is not None
    return record


def test_the_record_says_what_was_run_and_what_came_of_it() -> None:
    config = tiny("cell=gru", "backend=eager", "name=here")
    ending = run(config, provenance={"overrides.yaml": "- cell=gru\n"})
    record = record_of(config)
    assert ending.status == record["status"] == "ok"
    assert ending.run_dir == Path("results/here/runs") / config.run_id
    assert record["schema_version"] == 1
    assert record["config"] == config.recorded()
    assert record["numerics"] == NUMERICS
    # GRU: 3·5 rows of 2 inputs, 5 units and 2 biases; head: 5 + 1
    assert record["parameters"] == {"recurrent": 15 * (2 + 5 + 2), "total": 15 * 9 + 6}
    assert (record["steps"], record["stopped_by"], record["hidden_size"]) == (20, "max_steps", 5)
    assert record["best_step"] in (0, 5, 10, 15, 20)
    assert set(record["metrics"]["test"]) == set(record["metrics"]["valid"]) == {"loss", "accuracy"}
    assert record["timing"]["train_seconds"] > 0
    assert record["timing"]["step_ms"]["n"] == 20 - 10  # the first ten are warm-up
    assert record["timing"]["step_ms"]["p10"] <= record["timing"]["step_ms"]["median"]
    assert record["backend"] == "eager"
    assert record["parity"]["max_error"] < 1e-5
    assert record["environment"]["torch"] == torch.__version__
    assert record["memory"]["peak_bytes"] > 10**7
    assert (ending.run_dir / ".hydra" / "overrides.yaml").read_text() == "- cell=gru\n"
    assert not (ending.run_dir / "checkpoint.pt").exists()
    with open(ending.run_dir / "history.csv") as file:
        assert [row["step"] for row in csv.DictReader(file)] == ["0", "5", "10", "15", "20"]
    assert len(load_results("results/here")) == 1


@pytest.mark.skipif(kernel.library() is None, reason="the kernel was not compiled")
def test_the_peak_of_a_run_leaves_out_what_an_earlier_one_has_used() -> None:
    """An LSTM that keeps 79 MB for backward, then one that keeps next to nothing, in one process."""
    large = make(*TINY, "cell=lstm", "backend=fused", "hidden_size=256", "seq_len=400", "batch_size=32", "name=large",
                 "budget.max_steps=2")  # fmt: skip
    small = tiny("cell=lstm", "backend=fused", "name=small")
    peaks = []
    for config in (large, small):
        assert run(config).status == "ok"
        peaks.append(record_of(config)["memory"]["peak_bytes"])
    assert peaks[0] - peaks[1] > 60e6


def test_a_run_beside_another_is_marked_contended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process that trains, here one that only says so, until it is killed and cannot take its word back."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)  # read TMPDIR again
    here = "from rnnbench.machine.presence import Presence"
    code = f"{here}\nwith Presence():\n    print('training', flush=True)\n    input()"
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None and other.stdout.readline() == "training\n"
        run(tiny("name=beside"))
        other.kill()
    assert record_of(tiny("name=beside"))["timing"]["contended"] is True
    run(tiny("name=alone"))
    assert record_of(tiny("name=alone"))["timing"]["contended"] is False


def test_forget_bias_chrono_runs_and_is_named_in_record_and_table() -> None:
    """Against the number 1: all but the biases of the forget and input gates, the head too, starts the same."""
    config = tiny("cell=lstm", "forget_bias=chrono", "name=spread")
    assert run(config).status == "ok"
    assert record_of(config)["config"]["forget_bias"] == "chrono"
    assert load_results("results/spread")["forget_bias"].tolist() == ["chrono"]
    one, spread = (prepare(tiny("cell=lstm", f"forget_bias={value}")).model for value in (1, "chrono"))
    for (name, a), b in zip(one.named_parameters(), spread.parameters(), strict=True):
        assert torch.equal(a, b) != ("bias" in name and "recurrent" in name), name
    assert spread.recurrent.longest == 6  # seq_len of `tiny`


def test_chrono_counts_the_steps_of_a_sequence_not_the_delay() -> None:
    """copy: ten symbols, the delay, ten answers. aⁿbⁿ to n = 50: 100 letters."""
    for dataset, steps in (("copy", 7 + 20), ("anbn", 100)):
        asked = "seq_len=7" if dataset == "copy" else "seq_len=null"
        model = prepare(make(f"dataset={dataset}", "cell=lstm", "forget_bias=chrono", asked, "device=cpu")).model
        assert model.recurrent.longest == steps


def test_sequences_too_short_for_chrono_are_refused_in_one_line() -> None:
    line = r"^forget_bias=chrono: needs sequences of 3 steps, the longest has 2 \(allowed: a number, null\)$"
    with pytest.raises(UsageError, match=line):
        run(tiny("cell=lstm", "forget_bias=chrono", "seq_len=2"))
    assert not Path("results").exists()
    assert run(tiny("cell=gru", "forget_bias=chrono", "seq_len=2")).status == "ok"  # has none to set


def test_saved_activation_bytes_within_bounds_counted_by_hand() -> None:
    """An eager tanh RNN, T=6, B=4, H=5, float32: at least its states and inputs, at most three times that, and twice as
    much for a batch twice as large.

    Autograd keeps each step's h_t (the output of tanh, also the next product's input), the stacked output for the
    head, the zero initial state, the input (for the weight gradient) and the loss's difference.
    """
    config = tiny("cell=rnn", "backend=eager")
    run(config)
    saved = record_of(config)["memory"]["saved_activation_bytes"]
    T, B, H, I = 6, 4, 5, 2
    steps = T * B * H * 4
    least = steps + T * B * I * 4
    assert least <= saved <= 3 * least
    wider = tiny("cell=rnn", "backend=eager", "batch_size=8")
    run(wider)
    assert record_of(wider)["memory"]["saved_activation_bytes"] == pytest.approx(2 * saved, rel=0.02)


def test_a_finished_run_is_skipped_and_force_repeats_it() -> None:
    config = tiny()
    first = run(config).record
    again = run(config)
    assert again.status == "skipped"
    assert again.record == first
    forced = run(tiny("force=true"))
    assert forced.status == "ok"
    assert forced.record is not None
    assert first is not None
    assert forced.record["finished"] != first["finished"]
    assert forced.record["metrics"] == first["metrics"]


def test_a_run_in_other_hands_is_left_alone() -> None:
    from rnnbench.records import run_lock

    with run_lock(tiny().run_dir) as mine:
        assert mine
        assert run(tiny()).status == "elsewhere"
    assert run(tiny()).status == "ok"


def test_a_request_that_cannot_be_met_writes_nothing() -> None:
    with pytest.raises(UsageError, match="batch_size=100"):
        run(tiny("batch_size=100", "train_size=50"))
    assert not Path("results").exists()


def test_in_a_sweep_it_becomes_a_failed_record() -> None:
    config = tiny("batch_size=100", "train_size=50")
    assert run(config, keep_usage_errors=True).status == "failed"
    assert "batch_size=100" in record_of(config)["error"]


def test_out_of_memory_is_recorded_as_failed_and_retried() -> None:
    """A real one: a hidden size whose weights no machine holds (2^61 bytes and more)."""
    config = tiny("hidden_size=400000000")
    ending = run(config)
    assert ending.status == "failed"
    assert ending.record is not None
    assert "memory" in ending.record["error"]
    assert run(config).status == "failed"  # tried again, not skipped


def test_a_failure_in_training_is_recorded_and_the_next_run_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def burn(*_: object) -> None:
        raise RuntimeError("the machine is on fire\nin two lines")

    with monkeypatch.context() as patched:
        patched.setattr("rnnbench.training.loop.Training._step", burn)
        ending = run(tiny())
    assert ending.status == "failed"
    where = f"{__file__}, line {burn.__code__.co_firstlineno + 1}"
    assert record_of(tiny())["error"] == f"RuntimeError: the machine is on fire in two lines ({where})"
    assert run(tiny()).status == "ok"


def test_a_parity_failure_stops_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    from rnnbench.cells.gru import GRUCell

    step = GRUCell.step
    monkeypatch.setattr(GRUCell, "step", lambda self, x, state, p: (-step(self, x, state, p)[0],))
    ending = run(tiny("cell=gru", "backend=eager"))
    assert ending.status == "failed"
    assert ending.record is not None
    assert "ParityError" in ending.record["error"]


def test_diverged_is_a_result_without_test_score() -> None:
    config = tiny("cell=rnn_relu", "optimizer=sgd", "optimizer.lr=1e30", "clip_norm=null")
    assert run(config).status == "diverged"
    record = record_of(config)
    assert record["metrics"]["test"] is None
    assert record["steps"] == int(record["error"].split()[-1])
    assert run(config).status == "skipped"


def test_match_params_meets_the_lstms_count_within_one_percent() -> None:
    lstm, gru = tiny("hidden_size=64", "match=params"), tiny("hidden_size=64", "match=params", "cell=gru")
    for config in (lstm, gru):
        run(config)
    a, b = record_of(lstm)["parameters"]["total"], record_of(gru)["parameters"]["total"]
    assert a == 4 * 64 * (2 + 64 + 2) + 65
    assert abs(b / a - 1) <= 0.01
    assert record_of(gru)["hidden_size"] > 64


def test_a_width_that_cannot_be_matched_is_refused_with_one_that_can() -> None:
    with pytest.raises(UsageError, match=r"hidden_size=7: match=params.*allowed") as caught:
        run(tiny("cell=gru", "match=params", "hidden_size=7"))
    *offered, _ = str(caught.value).rsplit("(allowed: ", 1)[1].split(", ")
    assert offered
    for size in offered:
        run_module.prepare(tiny("cell=gru", "match=params", f"hidden_size={size}"))


def test_a_results_directory_that_cannot_be_written_is_named() -> None:
    Path("results").write_text("a file where a folder should be")
    with pytest.raises(UsageError, match="results"):
        run(tiny())


def test_a_full_disk_leaves_nothing_half_written() -> None:
    """A real limit: the process may write files of 1,000 bytes at most, so the record does not fit."""
    code = f"""
import resource, signal, sys
sys.path.insert(0, {str(ROOT / "tests")!r})
from making import tiny
from rnnbench.preparation import prepare
from rnnbench.run import run
from rnnbench.training.loop import Training
from rnnbench.errors import UsageError
config = tiny()
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    run(config)
except UsageError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.count("\n") == 1, done.stderr
    assert "run.json" in done.stdout
    files = [path for path in Path("results").rglob("*") if path.is_file()]
    assert not [path for path in files if path.name == "run.json" or path.name.endswith(".tmp")]
    assert run(tiny()).status == "ok"
