"""Before a large sweep starts, the bytes that its models will take."""

from __future__ import annotations

from dataclasses import replace

import pytest
from making import make, tiny

from rnnbench.cli.requests import Requests
from rnnbench.cli.room import MANY, say_room
from rnnbench.cli.sweep import sweep
from rnnbench.records import MODEL
from rnnbench.run import run


def test_the_bytes_are_counted_by_hand(capsys: pytest.CaptureFixture[str]) -> None:
    """An LSTM of 5 units over 2 inputs has 4·(5·2 + 5·5 + 2·5) = 180 weights, a GRU 135, the head 6."""
    lstm = [tiny(f"seed={seed}", "optimizer.lr=0.1") for seed in range(3)]
    gru = [tiny(f"seed={seed}", "cell=gru", "dtype=float64") for seed in range(2)]
    say_room([*lstm, *gru], many=4)
    assert (
        capsys.readouterr().out == f"their 5 models will take {3 * 186 * 4 + 2 * 141 * 8:,} bytes (keep=none: none)\n"
    )
    say_room([*lstm, *gru], many=5)
    say_room([tiny(f"seed={seed}", "keep=none") for seed in range(6)], many=5)
    assert capsys.readouterr().out == ""


def test_runs_whose_data_are_not_here_are_counted_apart(capsys: pytest.CaptureFixture[str], tmp_path) -> None:
    (tmp_path / "short.txt").write_text("short")
    absent = make("dataset=text", f"dataset.path={tmp_path / 'short.txt'}")
    say_room([tiny(), absent], many=1)
    words = "their 2 models will take 744 bytes, 1 runs whose data are not here aside (keep=none: none)\n"
    assert capsys.readouterr().out == words


def test_the_file_is_no_larger_than_its_weights_and_a_header() -> None:
    config = tiny()
    run(config)
    assert 186 * 4 < (config.run_dir / MODEL).stat().st_size < 186 * 4 + 1000


def test_a_sweep_says_it_before_anything_starts(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 1,001 runs, none of which is done here: the launcher ends the sweep."""
    from rnnbench.cli import sweep as module

    class EndedError(Exception):
        pass

    class Launching:
        def start(self, configs, jobs) -> None:
            raise EndedError(len(configs))

    one = tiny()
    many = {str(c.run_dir): c for c in (replace(one, seed=seed) for seed in range(1002))}
    assert len(many) == 1002 > MANY
    monkeypatch.setattr(module, "composed", lambda *_: Requests(many, {key: [] for key in many}))
    monkeypatch.setattr(module, "check", lambda *_: None)
    with pytest.raises(EndedError, match="1002"):
        sweep(None, [["one"]], Launching())  # type: ignore[arg-type]
    first, second = capsys.readouterr().out.splitlines()
    assert first == "1002 runs: 0 finished before, 1002 to do"
    assert second == f"their 1002 models will take {1002 * 744:,} bytes (keep=none: none)"
