"""What goes on from a checkpoint ends as if nothing had happened; what cannot starts over with a word."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from loops import same, train, weights
from making import make, tiny

from rnnbench.errors import UsageError
from rnnbench.preparation import prepare
from rnnbench.records import History
from rnnbench.run import CHECKPOINT, run
from rnnbench.training.numerics import NUMERICS


class KilledError(Exception):
    """Stands for SIGKILL: nothing of the loop runs after it."""


@pytest.mark.parametrize("cell", ["lstm", "gru_reset_before", "gru bidirectional=true"])
@pytest.mark.parametrize("kill_after", [3, 5, 12])
def test_a_killed_run_resumes_to_the_same_bits(cell: str, kill_after: int, tmp_path: Path) -> None:
    config = tiny(*f"cell={cell}".split(), "dropout=0.2", "num_layers=2", "optimizer.schedule=cosine")
    whole, a = train(config)

    killed = prepare(config)
    killed.checkpoint, killed.checkpoint_seconds = tmp_path / "checkpoint.pt", 0.0  # after every step
    step = killed._step

    def dying_step() -> None:
        if killed.progress.step == kill_after:
            raise KilledError
        step()

    killed._step = dying_step  # type: ignore[method-assign]
    with pytest.raises(KilledError):
        killed.run()
    torch.manual_seed(12345)  # a new process would not have the old one's random state
    resumed, b = train(config, tmp_path / "checkpoint.pt")
    assert same(weights(whole), weights(resumed))
    assert (a.step, whole.selection) == (b.step, resumed.selection)
    for x, y in zip(a.history, b.history, strict=True):
        assert {k: v for k, v in x.items() if k != "seconds"} == {k: v for k, v in y.items() if k != "seconds"}


def test_the_history_grows_with_each_evaluation_and_is_resumed_to_the_same_bytes(tmp_path: Path) -> None:
    """Killed at step 12 with a checkpoint of step 7: what the file had beyond it is written once more, not twice."""
    config, path = tiny("dropout=0.2"), tmp_path / "history.csv"
    killed = prepare(config)
    killed.checkpoint, killed.checkpoint_seconds = tmp_path / "checkpoint.pt", 1e9
    killed.history_file = History(tmp_path)
    step, seen = killed._step, {}

    def dying_step() -> None:
        at = killed.progress.step
        seen[at] = path.read_text()
        if at == 7:
            killed.save()
        if at == 12:
            raise KilledError
        step()

    killed._step = dying_step  # type: ignore[method-assign]
    with pytest.raises(KilledError):
        killed.run()
    assert [len(seen[at].splitlines()) for at in (0, 4, 5, 9, 10)] == [2, 2, 3, 3, 4]  # a header, steps 0, 5, 10
    columns, *rows = seen[12].splitlines()
    assert columns == "step,seconds,train_loss,valid_loss,valid_accuracy" and seen[12].endswith("\n")
    assert [row.split(",")[0] for row in rows] == ["0", "5", "10"]

    again = prepare(config)
    again.checkpoint, again.checkpoint_seconds = killed.checkpoint, 1e9
    again.history_file = History(tmp_path)
    history = again.run().history
    assert path.read_text().startswith(seen[7])
    written = [",".join("" if value is None else repr(value) for value in row.values()) for row in history]
    assert path.read_text() == "\n".join([columns, *written]) + "\n"
    assert [row["step"] for row in history] == [0, 5, 10, 15, 20]
    whole = train(config)[1].history
    assert [row["valid_loss"] for row in whole] == [row["valid_loss"] for row in history]


def test_a_history_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "history.csv").mkdir()
    with pytest.raises(UsageError, match=r"^cannot write .*history\.csv: "):
        History(tmp_path).add({"step": 0})


def test_a_resumed_run_has_the_threads_that_it_began_with(tmp_path: Path) -> None:
    """Their number decides the order of sums; another launcher, or none, would give it another."""
    begun = prepare(tiny("threads=2"))
    begun.checkpoint = tmp_path / "checkpoint.pt"
    begun.save()
    train(tiny("threads=1"), tmp_path / "checkpoint.pt")
    assert torch.get_num_threads() == 2


def test_a_run_that_goes_on_elsewhere_says_so_and_its_times_are_in_no_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    config = tiny()
    begun = prepare(config)
    begun.kind = "fused on another processor"
    begun.progress.kinds = ["fused on another processor, threads: 1"]
    begun.checkpoint = config.run_dir / CHECKPOINT
    begun.save()
    record = run(config).record
    assert record is not None
    timing = record["timing"]
    assert (timing["mixed"], timing["contended"]) == (True, True)
    assert [kind.partition(" on ")[0] for kind in timing["kinds"]] == ["fused", record["backend"]]
    alone = run(tiny("seed=1")).record
    assert alone is not None and alone["timing"]["mixed"] is False and len(alone["timing"]["kinds"]) == 1


def test_a_run_that_goes_on_on_another_device_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Begun on a GPU, whose generator the CPU has no use for."""
    path = tmp_path / "checkpoint.pt"
    begun = prepare(tiny("dropout=0.2", "num_layers=2"))
    begun.checkpoint = path
    begun.save()
    state = torch.load(path, weights_only=True)
    assert state["device"] == "cpu"
    torch.save(state | {"device": "cuda", "cuda_random": torch.zeros(16, dtype=torch.uint8)}, path)
    _, progress = train(tiny("dropout=0.2", "num_layers=2"), path)
    assert progress.stopped_by == "max_steps"
    assert capsys.readouterr().err == f"warning: {path} was begun on cuda, it goes on on cpu\n"


def test_a_stateful_run_resumes_with_its_state(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("to be or not to be, that is the question. " * 60)
    config = make("dataset=text", f"dataset.path={tmp_path / 'text.txt'}", "dataset.carry_state=true", "seq_len=8",
                  "hidden_size=6", "batch_size=4", "budget.max_steps=20", "budget.eval_every=10", "threads=1",
                  "device=cpu")  # fmt: skip
    whole, _ = train(config)
    killed = prepare(config)
    killed.checkpoint, killed.checkpoint_seconds = tmp_path / "checkpoint.pt", 0.0
    step = killed._step

    def dying_step() -> None:
        if killed.progress.step == 7:
            raise KilledError
        step()

    killed._step = dying_step  # type: ignore[method-assign]
    with pytest.raises(KilledError):
        killed.run()
    resumed, _ = train(config, tmp_path / "checkpoint.pt")
    assert same(weights(whole), weights(resumed))


@pytest.mark.parametrize("numerics", [1, None])
def test_a_checkpoint_of_another_numerics_starts_over_with_a_word(
    numerics: int | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Release 0.1 did not write the number: its bits are those of 1."""
    path = tmp_path / "checkpoint.pt"
    begun, _ = train(tiny("threads=1"), path)
    begun.save()
    state = torch.load(path, weights_only=True)
    assert state.pop("numerics") == NUMERICS
    torch.save(state | ({} if numerics is None else {"numerics": numerics}), path)
    resumed, _ = train(tiny("threads=1"), path)
    line = f"warning: {path} is of numerics 1, this program trains with {NUMERICS}: starting over\n"
    assert capsys.readouterr().err == line
    assert same(weights(begun), weights(resumed))


@pytest.mark.parametrize("content", [b"half a checkpo", b"", b"PK\x03\x04"])
def test_a_checkpoint_that_cannot_be_read_is_named_and_the_run_starts_over(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "checkpoint.pt").write_bytes(content)
    training, _ = train(tiny(), tmp_path / "checkpoint.pt")
    assert same(weights(training), weights(train(tiny())[0]))
    assert "checkpoint.pt cannot be read" in capsys.readouterr().err
