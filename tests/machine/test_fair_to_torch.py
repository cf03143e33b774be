"""No setting of ours slows torch.nn down: where our programs compute it is as quick as in a process without us.

In each round a process that knows only torch and one of each of our programs run one after the other, and each gives
its least times of nn.LSTM and nn.GRU, forward and backward at two threads. Ours are slower where a sign test over
rounds says that the median ratio is above 1.10, and are not where their least time of all rounds is within 1.10 of the
plain process's; until one or the other is so there are more rounds: a busy machine takes longer but does not decide.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import partial
from math import comb
from pathlib import Path

import pytest
from places import ROOT

SLOWER = 1.10
LEAST_ROUNDS, MOST_ROUNDS = 3, 9
SURE = 0.01

Times = dict[str, float]
"""Milliseconds of "LSTM" and "GRU"."""
Verdicts = dict[str, bool | None]
"""Whether each is slower; None where that cannot be told."""


def environment(**more: str) -> dict[str, str]:
    """A user's: without what the tests set for themselves."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "GOMP_", "MKL_"))}
    return mine | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])} | more


def plain(place: Path, threads: int = 2, **more: str) -> Times:
    command = [sys.executable, str(ROOT / "tests" / "torch_times.py"), str(threads)]
    done = subprocess.run(command, cwd=place, env=environment(**more), capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


RUN = ("rnnbench", "cell=gru", "dataset=adding", "seq_len=12", "batch_size=7", "hidden_size=4", "device=cpu",
       "dataset.valid_size=7", "dataset.test_size=7", "budget.max_steps=1", "budget.eval_every=1", "force=true",
       "progress=false", "backend=probing.Probe")  # fmt: skip
SPEED = ("rnnbench.speed", "cell=gru", "size=7x12x1x4", "seconds=1", "backend=probing.Probe")


def ours(place: Path, program: tuple[str, ...], **more: str) -> Times:
    """As one of our programs leaves torch's threads at the moment when a layer computes."""
    (place / "probed.json").unlink(missing_ok=True)
    command = [sys.executable, "-m", *program, "threads=2"]
    done = subprocess.run(command, cwd=place, env=environment(**more), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads((place / "probed.json").read_text())


def chance(many: int, of: int) -> float:
    """That so many or more of fair coins show heads."""
    return sum(comb(of, k) for k in range(many, of + 1)) / 2**of


def slower(
    plainly: Callable[[], Times], others: Mapping[str, Callable[[], Times]], enough: Callable[[list[Verdicts]], bool]
) -> dict[str, Verdicts]:
    """Whether each of the others' median ratio to the plain process is above SLOWER, by layer: as soon as these are
    `enough`, or after the last round."""
    times: dict[str, list[Times]] = {name: [] for name in ("", *others)}
    verdicts: dict[str, Verdicts] = {}
    order, shuffle = list(times), random.Random(0)
    for number in range(MOST_ROUNDS):
        shuffle.shuffle(order)
        for name in order:
            times[name].append(others[name]() if name else plainly())
        verdicts = {name: {layer: verdict(of(times[""], layer), of(times[name], layer)) for layer in ("LSTM", "GRU")}
                    for name in others}  # fmt: skip
        if number + 1 >= LEAST_ROUNDS and enough(list(verdicts.values())):
            break
    print(times, verdicts)
    return verdicts


def of(times: list[Times], layer: str) -> list[float]:
    return [each[layer] for each in times]


def verdict(plain: list[float], ours: list[float]) -> bool | None:
    """Whether ours are slower, from the times of each round; None where that cannot be told yet."""
    above = sum(b > SLOWER * a for a, b in zip(plain, ours, strict=True))
    if chance(above, len(ours)) <= SURE:
        return True
    return False if min(ours) <= SLOWER * min(plain) else None


def test_a_sign_test_by_hand() -> None:
    assert chance(7, 7) == 1 / 128
    assert chance(6, 7) == 8 / 128
    assert chance(0, 3) == 1
    assert verdict([1.0] * 7, [1.2] * 7) is True
    assert verdict([1.0] * 12, [1.2] * 11 + [1.0]) is True  # 13/4096
    assert verdict([1.0] * 7, [1.0] * 7) is False
    assert verdict([1.0, 2.0, 3.0] * 3, [3.0, 2.0, 1.05] * 3) is False  # both were as quick once
    assert verdict([1.0] * 7, [1.2] * 6 + [1.11]) is True
    assert verdict([1.0, 9.0, 9.0] * 3, [2.0, 2.0, 9.0] * 3) is None


def told(verdicts: list[Verdicts]) -> bool:
    """One is slower, or none is."""
    found = [verdict for of in verdicts for verdict in of.values()]
    return True in found or None not in found


@pytest.mark.slow
def test_torch_is_as_quick_within_our_programs_as_without(tmp_path: Path) -> None:
    programs = {"a run": partial(ours, tmp_path, RUN), "speed": partial(ours, tmp_path, SPEED)}
    verdicts = slower(partial(plain, tmp_path), programs, told)
    assert not [name for name, of in verdicts.items() if True in of.values()]
    if not told(list(verdicts.values())):
        pytest.skip("the machine is too busy to tell")


@pytest.mark.measure
def test_it_is_seen_where_a_setting_does_slow_torch_down(tmp_path: Path) -> None:
    """Four times as many threads as there are cores, which slows torch on every machine; and threads that sleep while
    they wait, which does so on some."""
    faults = {"asleep": partial(plain, tmp_path, OMP_WAIT_POLICY="PASSIVE"),
              "too many": partial(plain, tmp_path, threads=4 * (os.cpu_count() or 1))}  # fmt: skip
    verdicts = slower(partial(plain, tmp_path), faults, lambda found: True in found[1].values())
    assert True in verdicts["too many"].values()
    if True not in verdicts["asleep"].values():
        pytest.skip("threads that sleep while they wait slow nothing down on this machine")
