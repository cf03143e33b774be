"""Parity: is every backend the cell it says it is?

usage: python -m rnnbench.parity [cell=…] [backend=…] [dtype=…] [device=…]

  cell      names from conf/cell, or the import path of your own: my_package.my_module.MyCell   (default: all)
  backend   eager, torch, …                                                                     (default: all)
  dtype     float32, float64, bfloat16                                       (default: the first two)
  device    auto (all there are), cpu, cuda                                                     (default: auto)

Several values are separated by commas: cell=lstm,gru. Each line of the table is the worst tensor over a grid of cases:
its error relative to the reference, the tolerance, and what it was checked against. Output, last states and every
gradient are compared; the cases go from one step of one unit to 513 steps, with unequal lengths, both directions and
projections among them. Exit code: 0 all pass, 1 one fails, 2 a request that makes no sense.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import product

import torch

from rnnbench.cells.base import Cell
from rnnbench.command import command, manual
from rnnbench.config.arguments import cells as cells_of
from rnnbench.config.arguments import pairs, several
from rnnbench.errors import UsageError, in_one_line
from rnnbench.parity.compare import Result, check
from rnnbench.recurrent import backends
from rnnbench.stopping import let_end

KEYS = ("cell", "backend", "dtype", "device")
DTYPES = {"float32": torch.float32, "float64": torch.float64, "bfloat16": torch.bfloat16}
LINE = "{:<18} {:<8} {:<8} {:<6} {:>8} {:>7}  {:<4}  {:<18}  {}"


def main(arguments: Sequence[str]) -> int:
    """Print the table; the exit code."""
    if any(argument in ("-h", "--help") for argument in arguments):
        print(manual(__doc__, __file__))
        return 0
    try:
        request = dict.fromkeys(KEYS, "") | pairs(arguments, KEYS)
        cells = cells_of(request["cell"])
        names = backends.several(request["backend"])
        dtypes = several("dtype", request["dtype"] or "float32,float64", list(DTYPES))
        devices = _devices(request["device"])
        able, unable = _combinations(cells, names, dtypes, devices)
    except UsageError as problem:
        print(problem, file=sys.stderr)
        return 2

    print(LINE.format("cell", "backend", "dtype", "device", "error", "allowed", "", "checked against", "worst in"))
    failed = total = 0
    for cell, backend, dtype, device in able:
        try:
            results = check(cells[cell], backend, DTYPES[dtype], device)
        except BaseException as problem:  # of a user's own cell, whose step may do anything
            let_end(problem)
            print(f"{cell} {backend} {dtype} {device}: FAIL, {in_one_line(problem)}", flush=True)
            total, failed = total + 1, failed + 1
            continue
        for against in dict.fromkeys(r.checked_against for r in results):
            worst = max((r for r in results if r.checked_against == against), key=lambda r: r.error)
            print(_line(worst, cell, backend, dtype, device), flush=True)
            total += 1
            failed += not worst.passed
    for line in unable:
        print(line)
    print(f"{failed} of {total} FAIL" if failed else f"all {total} pass")
    return 1 if failed else 0


def _line(worst: Result, cell: str, backend: str, dtype: str, device: str) -> str:
    verdict = "pass" if worst.passed else "FAIL"
    where = f"{worst.tensor}, {worst.case}"
    error, allowed = f"{worst.error:.1e}", f"{worst.tolerance:.0e}"
    return LINE.format(cell, backend, dtype, device, error, allowed, verdict, worst.checked_against, where)


def _devices(value: str) -> list[str]:
    there = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
    if value in ("", "auto"):
        return there
    devices = several("device", value, ["cpu", "cuda"])
    if "cuda" in devices and "cuda" not in there:
        raise UsageError("there is no CUDA device here", key="device", value="cuda", allowed="auto, cpu")
    return devices


def _combinations(
    cells: dict[str, Cell], names: list[str], dtypes: list[str], devices: list[str]
) -> tuple[list[tuple[str, str, str, str]], list[str]]:
    """What can be checked, and a line for each thing that cannot. Raises UsageError when nothing can."""
    able, unable = [], []
    for cell, backend, dtype, device in product(cells, names, dtypes, devices):
        reason = backends.named(backend).unsupported(cells[cell], torch.device(device), DTYPES[dtype])
        if reason is None:
            able.append((cell, backend, dtype, device))
        else:
            unable.append(f"{cell} {backend} {dtype} {device}: not checked, {reason}")
    if not able:
        each = {line.rpartition(", ")[2]: line for line in reversed(unable)}  # of each reason the first
        raise UsageError(f"nothing to check: {'; '.join(reversed(each.values()))}")
    return able, unable


if __name__ == "__main__":
    command(main)
