"""Speed: step times of every backend of every cell, of torch.nn and of others, side by side.

usage: python -m rnnbench.speed [key=value …]

  cell        names from conf/cell, all, or the import path of your own              (default: lstm,gru)
  backend     fused, torch, eager                                                    (default: all)
  peers       compile (torch.compile), jax, onnxruntime: also timed, if there        (default: none)
  size        BxTxIxH, such as 32x500x2x64: sequences, steps, inputs, hidden units   (default: a few, by pass and steps)
  threads     such as 1,2                                        (default: 1 and all cores; on cuda 1)
  pass        train: forward and backward; forward: alone, without gradients         (default: train)
  steps       sequence: all steps in one call; call: one step a call, T = 1, the state kept across calls, as sensors and
              control loops use a cell; forward alone                                (default: sequence)
  loss        of all steps, or of the last alone: gradients then fade into denormal numbers  (default: all)
  layers      one above the other, such as 1,2                                       (default: 1)
  input_grad  true: the input has a gradient too, as where a layer is below          (default: false)
  dtype       float32, float64, bfloat16; on cuda also tf32                          (default: float32)
  device      cpu, cuda                                                              (default: cpu)
  seconds     about how long to measure each setting                                 (default: 5)
  memory      kept: what is freed stays with the process, which is every candidate's best; returned: malloc gives large
              blocks back to the system, as it comes                                 (default: kept)
  seed        of numbers and of the order of candidates                              (default: 0)
  quick       true: small sizes, two seconds each                                    (default: false)
  full        true: all of the above, six sizes, and the peers that are there: some seventy settings of ten seconds and
              more each, and minutes of torch.compile's compiling; with seconds=1 threads=1 peers=onnxruntime a quarter
              of an hour in all                                                      (default: false)
  out         where speed.csv and speed.png go                                       (default: results/speed)

Several values are separated by commas, and every combination is measured. Candidates take turns in a random order;
times are medians over rounds with the 10th to 90th percentile, and so are ratios, each of two times of one round.
`pass` is forward and backward; `step` adds clipping and Adam, of our layers as a run does them, else torch's; `first`
is the first call, with what it compiles; "of mm" is the FLOP/s over those of torch.mm in the same process; `auto`
marks what backend=auto takes. "over torch.nn" is to the library's layer on as many threads, with denormal numbers
flushed to zero as for all; "its best" to the quickest of the library's rows: that one, as it comes (`kept`), with one
thread, or (`torch_cell`) its cells. Every candidate's results agree, at the very size, with an independent reference
in float64 (`error`), or it is named and not timed.
Exit code: 0 done, 1 a candidate disagreed, 2 a request that makes no sense.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import pandas as pd

from rnnbench.command import command, manual
from rnnbench.errors import UsageError
from rnnbench.machine.memory import keep_freed
from rnnbench.speed.measure import measure
from rnnbench.speed.request import read
from rnnbench.speed.table import HEAD, lines


def main(arguments: Sequence[str]) -> int:
    """Print the tables as they are measured, then where the files are; the exit code."""
    if any(argument in ("-h", "--help") for argument in arguments):
        print(manual(__doc__, __file__))
        return 0
    try:
        request = read(list(arguments))
    except UsageError as problem:
        print(problem, file=sys.stderr)
        return 2
    for line in request.left_out:
        print(line, file=sys.stderr)
    if request.memory == "kept" and not keep_freed():
        print("memory=kept: this C library has no mallopt; large blocks go back as it comes", file=sys.stderr)
    rows: list[dict[str, Any]] = []
    refused: list[str] = []
    for words, settings in groupby(request.settings, key=lambda setting: setting.words()):
        print(f"milliseconds{' a call' if words.startswith('one step') else ''}: {words}\n{HEAD}")
        for setting in settings:
            found, off = measure(setting, request.cells, request.backends, request.seconds, request.seed, request.peers)
            rows, refused = rows + [{**row, "memory": request.memory} for row in found], refused + off
            for line in lines(found):
                print(line, flush=True)
            for line in off:
                print(line, file=sys.stderr)
            pd.DataFrame(rows).to_csv(
                request.out / "speed.csv", index=False, float_format="%.6g"
            )  # what is measured is kept
    print(request.out / "speed.csv")
    if rows:
        _draw(pd.DataFrame(rows), request.out / "speed.png")
    return 1 if refused else 0


def _draw(rows: pd.DataFrame, file: Path) -> None:
    from rnnbench.speed.figure import draw

    file.write_bytes(draw(rows))
    print(file)


if __name__ == "__main__":
    command(main)
