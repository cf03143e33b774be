"""Speed: step times of every backend of every cell, side by side.

usage: python -m rnnbench.speed [key=value …]

  cell      names from conf/cell, or the import path of your own                     (default: all)
  backend   fused, torch, eager                                                      (default: all)
  size      BxTxIxH, such as 32x500x2x64: sequences, steps, inputs, hidden units     (default: a grid of six)
  threads   such as 1,2                                          (default: 1 and all cores; on cuda 1)
  dtype     float32, float64                                                         (default: float32)
  device    cpu, cuda                                                                (default: cpu)
  loss      all steps, or the last alone: gradients then fade into denormal numbers  (default: all)
  seconds   about how long to measure each size and number of threads                (default: 20)
  seed      of the order of candidates                                               (default: 0)
  quick     true: three small sizes, two seconds each                                (default: false)
  out       where speed.csv and speed.png go                                         (default: results/speed)

Several values are separated by commas. Candidates take turns in a random order; times are medians over rounds with the
10th to 90th percentile. `pass` is forward and backward; `step` adds clipping and Adam; "of matmul" is the FLOP/s of
the pass over those of torch.mm in the same process; `auto` marks what backend=auto takes. Every candidate passes a
parity check in this process before it is timed. Denormal numbers are flushed to zero for all ("flushed"); torch.nn is
timed as it comes, too ("kept"), and ratios are to its flushed row. Exit code: 0 done, 2 a request that makes no sense.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from rnnbench.cells.base import Cell
from rnnbench.config import MOST_THREADS
from rnnbench.config.arguments import cells as cells_of
from rnnbench.config.arguments import one_of, pairs
from rnnbench.errors import UsageError
from rnnbench.machine.threads import cores
from rnnbench.recurrent import backends
from rnnbench.speed.measure import Size, measure

GRID = "32x100x1x32,32x500x2x64,32x100x28x128,64x500x2x128,64x200x128x256,128x100x256x512"
QUICK = "32x20x1x32,32x50x2x64,16x20x28x128"
DEFAULTS = {"cell": "", "backend": "", "size": "", "threads": "", "dtype": "float32", "device": "cpu"}
DEFAULTS |= {"seconds": "", "seed": "0", "loss": "all", "quick": "false", "out": "results/speed"}
LOSS = {"all": "all steps", "last": "the last step alone"}
LINE = "{:>15} {:>7}  {:<16} {:<6} {:<9} {:>4} {:>9} {:>9} {:>9} {:>17} {:>9} {:>15} {:>6} {:>9}"
HEAD = ("B x T x I x H", "threads", "cell", "backend", "denormals", "auto", "forward", "backward", "pass", "p10–p90",
        "step", "over torch.nn", "of mm", "parity")  # fmt: skip


def main(arguments: list[str]) -> int:
    """Print the table as it is measured, then where the files are; the exit code."""
    if any(argument in ("-h", "--help") for argument in arguments):
        print(__doc__.strip())
        return 0
    try:
        request = DEFAULTS | pairs(arguments, list(DEFAULTS))
        quick = one_of("quick", request["quick"], ["true", "false"]) == "true"
        cells = cells_of(request["cell"])
        names = backends.several(request["backend"])
        sizes = [_size(text) for text in (request["size"] or (QUICK if quick else GRID)).split(",")]
        most = min(MOST_THREADS, 4 * (os.cpu_count() or 1))  # more has no meaning, and the threads take memory
        dtype = getattr(torch, one_of("dtype", request["dtype"], ["float32", "float64"]))
        there = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
        device = torch.device(one_of("device", request["device"], there))
        default = f"1,{cores()}" if cores() > 1 and device.type == "cpu" else "1"
        threads = [_positive("threads", text, most=most) for text in (request["threads"] or default).split(",")]
        seconds = _positive("seconds", request["seconds"] or ("2" if quick else "20"))
        seed = _positive("seed", request["seed"], least=0)
        loss = one_of("loss", request["loss"], ["all", "last"])
        _check_backends(names, bool(request["backend"]), cells, device, dtype)
        out = _folder(request["out"])
    except UsageError as problem:
        print(problem, file=sys.stderr)
        return 2

    print(f"times in milliseconds, {request['dtype']} on {device.type}, loss of {LOSS[loss]}")
    print(LINE.format(*HEAD))
    rows: list[dict[str, Any]] = []
    for count in threads:
        for size in sizes:
            found = measure(cells, names, size, count, dtype, device, seconds, seed, loss)
            rows += found
            for start in range(0, len(found), 4):
                print(_line(str(size), {row["phase"]: row for row in found[start : start + 4]}), flush=True)
            print(f"{'':>24} torch.mm: {found[0]['matmul_gflops']:.0f} GFLOP/s{_gru_of_lstm(found)}", flush=True)
            pd.DataFrame(rows).to_csv(out / "speed.csv", index=False, float_format="%.6g")  # what is measured is kept
    print(out / "speed.csv")
    _draw(pd.DataFrame(rows), out / "speed.png")
    return 0


def _check_backends(
    names: list[str], asked: bool, cells: dict[str, Cell], device: torch.device, dtype: torch.dtype
) -> None:
    """Raises UsageError when one that was asked for cannot run a cell; unasked, those that can are measured."""
    for cell in cells.values():
        able = backends.available(cell, device, dtype)
        for name in names if asked else ():
            if name not in able:
                reason = backends.named(name).unsupported(cell, device, dtype)
                raise UsageError(str(reason), key="backend", value=name, allowed=", ".join(able))


def _folder(name: str) -> Path:
    """The folder of the results, made and tried before anything is measured."""
    out = Path(name)
    try:
        out.mkdir(parents=True, exist_ok=True)
        with (out / "speed.csv").open("a"):
            pass
    except OSError as error:
        raise UsageError(
            f"cannot be written: {error.strerror}", key="out", value=name, allowed="a folder to write to"
        ) from error
    return out


def _line(size: str, by_phase: dict[str, dict[str, Any]]) -> str:
    row = by_phase["pass"]
    ratio = f"{row['over_torch']:.2f} [{row['over_torch_p10']:.2f}–{row['over_torch_p90']:.2f}]"
    return LINE.format(
        size, row["threads"], row["cell"], row["backend"], row["denormals"], "*" if row["auto"] else "",
        f"{by_phase['forward']['ms']:.2f}", f"{by_phase['backward']['ms']:.2f}", f"{row['ms']:.2f}",
        f"{row['ms_p10']:.2f}–{row['ms_p90']:.2f}", f"{by_phase['step']['ms']:.2f}",
        "" if pd.isna(row["over_torch"]) else ratio, f"{row['of_matmul']:.0%}", f"{row['parity_error']:.0e}",
    )  # fmt: skip


def _gru_of_lstm(rows: list[dict[str, Any]]) -> str:
    found = [r for r in rows if r["cell"] == "gru" and r["phase"] == "pass" and not pd.isna(r["of_lstm"])]
    parts = [f"{r['backend']} {r['of_lstm']:.2f} [{r['of_lstm_p10']:.2f}–{r['of_lstm_p90']:.2f}]" for r in found]
    return f"; GRU/LSTM: {', '.join(parts)}" if parts else ""


def _draw(rows: pd.DataFrame, file: Path) -> None:
    from rnnbench.speed.figure import draw

    file.write_bytes(draw(rows))
    print(file)


def _positive(key: str, value: str, least: int = 1, most: int = 2**31 - 1) -> int:
    number = int(value) if value.isascii() and value.isdigit() and len(value) <= 18 else -1
    if not least <= number <= most:
        raise UsageError("not a number it can be", key=key, value=value, allowed=f"whole numbers {least} to {most}")
    return number


def _size(text: str) -> Size:
    numbers = text.split("x")
    if len(numbers) != 4:
        raise UsageError("not a size", key="size", value=text, allowed="BxTxIxH, such as 32x500x2x64")
    return Size(*(_positive("size", number) for number in numbers))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
