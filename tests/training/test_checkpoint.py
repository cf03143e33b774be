"""What goes on from a checkpoint ends as if nothing had happened; what cannot starts over with a word."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from loops import same, train, weights
from making import make, tiny

from rnnbench.run import CHECKPOINT, prepare, run
from rnnbench.training.numerics import NUMERICS


class KilledError(Exception):
    """Stands for SIGKILL: nothing of the loop runs after it."""


@pytest.mark.parametrize("cell", ["lstm", "gru_reset_before"])
@pytest.mark.parametrize("kill_after", [3, 5, 12])
def test_a_killed_run_resumes_to_the_same_bits(cell: str, kill_after: int, tmp_path: Path) -> None:
    config = tiny(f"cell={cell}", "dropout=0.2", "num_layers=2", "optimizer.schedule=cosine")
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
    assert (a.best_step, a.step, a.best) == (b.best_step, b.step, b.best)
    for x, y in zip(a.history, b.history, strict=True):
        assert {k: v for k, v in x.items() if k != "seconds"} == {k: v for k, v in y.items() if k != "seconds"}


def test_a_resumed_run_has_the_threads_that_it_began_with(tmp_path: Path) -> None:
    """Their number decides the order of sums; another launcher, or none, would give it another."""
    begun = prepare(tiny("threads=2"))
    begun.checkpoint = tmp_path / "checkpoint.pt"
    begun._save()
    train(tiny("threads=1"), tmp_path / "checkpoint.pt")
    assert torch.get_num_threads() == 2


def test_a_run_that_goes_on_elsewhere_says_so_and_its_times_are_in_no_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    config = tiny()
    begun = prepare(config)
    begun.kind = "fused on another processor"
    begun.progress.kinds = ["fused on another processor, threads: 1"]
    begun.checkpoint = config.run_dir / CHECKPOINT
    begun._save()
    record = run(config).record
    assert record is not None
    timing = record["timing"]
    assert (timing["mixed"], timing["contended"]) == (True, True)
    assert [kind.partition(" on ")[0] for kind in timing["kinds"]] == ["fused", record["backend"]]
    alone = run(tiny("seed=1")).record
    assert alone is not None and alone["timing"]["mixed"] is False and len(alone["timing"]["kinds"]) == 1


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
    begun._save()
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
