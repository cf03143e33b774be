"""A GPU's session: parity, step times, seeds side by side and a small study, each within its seconds, in nine minutes.

    scripts/gpu [FOLDER]                      # results/gpu

    parity.txt     every tensor of LSTM and GRU by torch (cuDNN) and triton against torch.nn in float64
    lanes.csv      32 networks side by side in one launch beside one by cuDNN, (B 32, T 500, H 64)
    launches.csv   wide layers played as a CUDA graph beside launch by launch: whether launches are the limit
    speed.csv      forward and backward by both, in turns, at (B 64, T 500), H = 64 … 1,024: float32, TF32, bfloat16
    study/         study=speed by cuDNN at 64 units, ten seeds: page and records, to be merged with a CPU's
    records.csv    runs by both, alone and four seeds together: scores, step times, peak memory
    session.txt    the device, the versions, and how each part ended

A part that fails or takes too long leaves what it had written, and the next one begins. Exit code: 0 all done, 1 a part
was not, 2 there is no GPU, said in one line. The parts: python scripts/gpu.py FOLDER parity|lanes|….
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

SECONDS = 535.0
"""Of all parts together."""
MOST = {"parity": 130.0, "lanes": 45.0, "launches": 45.0, "speed": 200.0, "study": 160.0, "records": 80.0}
"""Of each part, as far as there is so much left."""

WARM_UP = 2
"""Rounds before those that count: the first compiles."""

WIDE = ((64, 500, 256), (64, 500, 512))
"""B, T, H of layers whose steps are launches of their own."""

WIDTHS = (64, 128, 256, 512, 1024)
SPEED = ["cell=lstm,gru", "backend=torch,triton", "device=cuda", "dtype=float32,tf32,bfloat16", "seconds=2",
         "size=" + ",".join(f"64x500x64x{H}" for H in WIDTHS)]  # fmt: skip
PARITY = ["cell=lstm,gru", "backend=torch,triton", "device=cuda", "dtype=float32"]
RUNS = ["cell=lstm,gru", "device=cuda", "seq_len=200", "budget.max_steps=150", "budget.eval_every=150",
        "budget.solved=null", "keep=none"]  # fmt: skip
STUDY = ["study=speed", "device=cuda", "backend=torch", "hidden_size=64", "name=study", "keep=none"]
SWEEPS = (
    [*RUNS, "backend=torch", "hidden_size=64,256", "seed=0,1", "name=alone"],
    [*RUNS, "backend=triton", "hidden_size=64", "seed=0,1,2,3", "name=alone"],
    [*RUNS, "backend=triton", "hidden_size=64", "seed=0,1,2,3", "replicas=4", "name=together"],
)


def main(arguments: Sequence[str]) -> int:
    folder = Path(arguments[0] if arguments else "results/gpu")
    if len(arguments) > 1:
        return part(arguments[1], folder)
    missing = no_gpu()
    if missing:
        print(f"scripts/gpu: {missing}", file=sys.stderr)
        return 2
    folder.mkdir(parents=True, exist_ok=True)
    commands = {name: [sys.executable, __file__, str(folder), name] for name in MOST}
    return carry_out(commands, MOST, SECONDS, folder, facts())


def no_gpu() -> str:
    """Why nothing can be done here, "" where it can."""
    if importlib.util.find_spec("torch") is None:
        return f"{sys.executable} has no torch: PYTHON=… names another interpreter"
    import torch

    return "" if torch.cuda.is_available() else f"torch {torch.__version__} sees no GPU here: nothing was done"


def facts() -> dict[str, Any]:
    import torch

    from rnnbench.machine.environment import describe

    return describe(torch.device("cuda"), torch.float32) | {"kept": time.strftime("%Y-%m-%d %H:%M")}


def carry_out(
    commands: Mapping[str, Sequence[str]],
    most: Mapping[str, float],
    seconds: float,
    folder: Path,
    head: Mapping[str, Any],
) -> int:
    """Do one after another, each within its seconds and those that are left; how each ended goes to session.txt."""
    begin, failed = time.monotonic(), 0
    lines = [f"{name}: {value}" for name, value in head.items()]
    for name, command in commands.items():
        started = time.monotonic()
        left = min(most[name], seconds - (started - begin))
        if left <= 0:
            ended = "no time was left"
        else:
            with (folder / f"{name}.txt").open("w") as log:
                code = within(left, command, stdout=log, stderr=subprocess.STDOUT)
            ended = f"stopped after {left:.0f} s" if code is None else "done" if code == 0 else f"exit code {code}"
        failed += ended != "done"
        lines.append(f"{name}: {ended}, {time.monotonic() - started:.0f} s")
        print(lines[-1], flush=True)
        (folder / "session.txt").write_text("\n".join(lines) + "\n")
    return 1 if failed else 0


def within(seconds: float, command: Sequence[str], **options: Any) -> int | None:
    """The command's exit code; None where it took longer and was ended, with all that it had started."""
    with subprocess.Popen(command, start_new_session=True, **options) as process:
        try:
            return process.wait(seconds)
        except BaseException as error:  # Ctrl-C does not reach another session
            os.killpg(process.pid, signal.SIGKILL)
            if isinstance(error, subprocess.TimeoutExpired):
                return None
            raise


def part(name: str, folder: Path) -> int:
    if name == "parity":
        from rnnbench.parity.__main__ import main as parity

        return parity(PARITY)
    if name == "speed":
        from rnnbench.speed.__main__ import main as speed

        return speed([*SPEED, f"out={folder}"])
    if name == "lanes":
        return lanes(folder)
    if name == "launches":
        return launches(folder)
    return study(folder, STUDY) if name == "study" else records(folder, SWEEPS)


def lanes(
    folder: Path, device: str = "cuda", size: tuple[int, int, int] = (32, 500, 64), count: int = 32, rounds: int = 20
) -> int:
    """Forward and backward of `count` networks in one launch beside one by torch.nn, in turns. size: B, T, H."""
    import pandas as pd

    from rnnbench.cells.gru import GRUCell
    from rnnbench.cells.lstm import LSTMCell
    from rnnbench.machine.precision import float32_as

    rows = []
    for kind, cell in (("LSTM", LSTMCell()), ("GRU", GRUCell())):
        for precision in ("ieee", "tf32"):
            with float32_as(precision):
                seconds, error = in_turns(kind, cell, device, size, count, rounds)
            together, one = (pd.Series(each) * 1e3 for each in seconds)
            p10, median, p90 = (together / one).quantile([0.1, 0.5, 0.9])
            B, T, H = size
            rows.append({"cell": kind.lower(), "float32": precision, "networks": count, "B": B, "T": T, "H": H,
                         "together_ms": together.median(), "one_ms": one.median(), "ratio": median, "ratio_p10": p10,
                         "ratio_p90": p90, "rounds": rounds, "error": error})  # fmt: skip
            pd.DataFrame(rows).to_csv(folder / "lanes.csv", index=False, float_format="%.6g")
            print(rows[-1], flush=True)
    return 0


def in_turns(
    kind: str, cell: Any, device: str, size: tuple[int, int, int], count: int, rounds: int
) -> tuple[list[list[float]], float]:
    """Seconds of each round of (all together, one by torch.nn); the largest relative difference of their gradients."""
    import torch

    from rnnbench.parity.compare import relative_error
    from rnnbench.recurrent.layers import Recurrent
    from rnnbench.recurrent.side_by_side import side_by_side
    from rnnbench.speed.candidates import now

    B, T, H = size
    ours = [Recurrent(cell, H, H, backend="triton", device=device) for _ in range(count)]
    one = getattr(torch.nn, kind)(H, H, device=device)
    one.load_state_dict(ours[-1].state_dict())
    x = [torch.randn(T, B, H, device=device) for _ in ours]
    u = torch.randn(T, B, H, device=device) / T

    def all_together() -> None:
        found = side_by_side(ours, x, [None] * count)
        assert found is not None
        torch.autograd.backward([output for output, _ in found], [u] * count)

    steps = [all_together, lambda: one(x[-1])[0].backward(u)]
    seconds: list[list[float]] = [[], []]
    order = random.Random(0)
    for number in range(WARM_UP + rounds):
        for module in (*ours, one):
            module.zero_grad(set_to_none=True)
        for which in order.sample([0, 1], 2):
            start = now(u)
            steps[which]()
            if number >= WARM_UP:
                seconds[which].append(now(u) - start)
    pairs = zip(ours[-1].parameters(), one.parameters(), strict=True)
    return seconds, max(relative_error(p.grad, q.grad, torch.float32) for p, q in pairs)


def launches(folder: Path, device: str = "cuda", sizes: Sequence[tuple[int, int, int]] = WIDE, rounds: int = 20) -> int:
    """Forward and backward of a wide layer, its launches played as one graph beside one by one, in turns.

    Launches are the limit where one by one takes longer, and where Python is done with them (`enqueued_ms`) hardly
    before the device is.
    """
    import pandas as pd
    import torch

    from rnnbench.machine.precision import float32_as
    from rnnbench.parity.compare import relative_error
    from rnnbench.recurrent.gpu import replay
    from rnnbench.recurrent.layers import GRU, LSTM
    from rnnbench.speed.candidates import now

    rows = []
    for kind, (B, T, H) in itertools.product((LSTM, GRU), sizes):
        layer = kind(H, H, backend="triton", device=device)
        x, u = torch.randn(T, B, H, device=device), torch.randn(T, B, H, device=device) / T
        measured = []
        gradients: dict[int, list[Any]] = {}
        with float32_as("tf32"):
            for number in range(WARM_UP + rounds):
                seconds = {}
                for graphs in random.Random(number).sample([0, 8], 2):
                    layer.zero_grad(set_to_none=True)
                    replay.most = graphs
                    start = now(u)
                    layer(x)[0].backward(u)
                    enqueued = time.perf_counter() - start
                    seconds[graphs] = now(u) - start, enqueued
                    gradients[graphs] = [p.grad for p in layer.parameters()]
                measured.append((seconds[8][0], *seconds[0]))
        table = pd.DataFrame(measured[WARM_UP:], columns=["graph_ms", "launches_ms", "enqueued_ms"]) * 1e3
        p10, median, p90 = (table["graph_ms"] / table["launches_ms"]).quantile([0.1, 0.5, 0.9])
        recorded = replay.capable(u.device) and not replay.failed
        error = max(relative_error(a, b, torch.float32) for a, b in zip(*gradients.values(), strict=True))
        rows.append({"cell": kind.__name__.lower(), "B": B, "T": T, "H": H, "recorded": recorded,
                     **table.median(), "ratio": median, "ratio_p10": p10, "ratio_p90": p90, "rounds": rounds,
                     "error": error})  # fmt: skip
        pd.DataFrame(rows).to_csv(folder / "launches.csv", index=False, float_format="%.6g")
        print(rows[-1], flush=True)
    return 0


def records(folder: Path, sweeps: Sequence[Sequence[str]]) -> int:
    """The sweeps, and one row a run of what their records say."""
    import tempfile

    import pandas as pd

    from rnnbench.records.table import load_results

    columns = ["cell", "hidden_size", "seed", "backend", "status", "test_score", "step_ms_median", "peak_bytes",
               "saved_activation_bytes", "contended"]  # fmt: skip
    failed = 0
    with tempfile.TemporaryDirectory() as place:
        for sweep in sweeps:
            command = [sys.executable, "-m", "rnnbench", "-m", *sweep, f"results_dir={place}"]
            failed += subprocess.run(command).returncode != 0
            tables = {each.name: load_results(each) for each in sorted(Path(place).iterdir())}
            rows = [table.reindex(columns=columns).assign(seeds=name) for name, table in tables.items()]
            pd.concat(rows).to_csv(folder / "records.csv", index=False)
    return 1 if failed else 0


def study(folder: Path, request: Sequence[str], seconds: float = 130.0) -> int:
    """The page and the packed records of a study; of what its runs did in so many seconds. 1 where some are missing."""
    begun = within(seconds, [sys.executable, "-m", "rnnbench", "-m", *request, f"results_dir={folder}"])
    packed = subprocess.run([sys.executable, "-m", "rnnbench.report", str(folder / "study"), "pack=true"]).returncode
    return 1 if begun != 0 or packed != 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
