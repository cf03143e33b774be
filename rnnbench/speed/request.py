"""key=value arguments → what is to be measured."""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import torch

from rnnbench.cells.base import Cell
from rnnbench.config import MOST_THREADS
from rnnbench.config.arguments import cells as cells_of
from rnnbench.config.arguments import one_of, pairs, several
from rnnbench.errors import UsageError
from rnnbench.machine.threads import cores
from rnnbench.recurrent import backends
from rnnbench.speed import peers
from rnnbench.speed.setting import LOSS, NUMBERS, PASS, STEPS, Setting, Size

GRID = "32x100x1x32,32x500x2x64,32x100x28x128,64x500x2x128,64x200x128x256,128x100x256x512"
SIZES = {"train": "32x100x1x32,32x500x2x64,32x100x28x128,64x200x128x256",
         "forward": "1x100x28x128,32x100x28x128,1x200x128x256,32x200x128x256",
         "call": "1x1x28x32,1x1x28x128,1x1x28x512"}  # fmt: skip
QUICK = {"train": "32x20x1x32,32x50x2x64,16x20x28x128", "forward": "1x50x2x64,32x50x2x64", "call": SIZES["call"]}
FULL = ({"size": GRID, "loss": "all,last"}, {"layers": "2"}, {"input_grad": "true"},
        {"pass": "forward", "layers": "1,2"}, {"steps": "call", "layers": "1,2"})  # fmt: skip
"""What full=true measures: these requests, one after another."""

DEFAULTS = {"cell": "lstm,gru", "backend": "", "peers": "", "size": "", "threads": "", "pass": "", "steps": "sequence",
            "loss": "all", "layers": "1", "input_grad": "false", "dtype": "float32", "device": "cpu", "seconds": "",
            "seed": "0", "memory": "kept", "quick": "false", "full": "false", "out": "results/speed"}  # fmt: skip


@dataclass(frozen=True)
class Request:
    settings: list[Setting]
    cells: dict[str, Cell]
    backends: list[str]
    peers: list[str]
    seconds: float
    seed: int
    memory: str  # kept, or returned to the system by malloc, as it comes
    out: Path
    left_out: list[str]  # a line for each peer that full=true does without


def read(arguments: list[str]) -> Request:
    """Raises UsageError for what cannot be; makes the folder of the results last."""
    given = pairs(arguments, list(DEFAULTS))
    asked = DEFAULTS | given
    quick, full = (one_of(key, asked[key], ["true", "false"]) == "true" for key in ("quick", "full"))
    if quick and full:
        raise UsageError("not with full=true", key="quick", value="true")
    settings = [s for part in (FULL if full else ({},)) for s in _settings(DEFAULTS | part | given, quick)]
    settings = list(dict.fromkeys(settings))
    cells = cells_of(asked["cell"])
    names = backends.several(asked["backend"])
    _check_backends(names, bool(asked["backend"]), cells, settings[0])
    wanted = peers.several(asked["peers"])
    _check_peers(wanted, cells, settings)
    left_out = []
    if full and not wanted:
        wanted = peers.present()
        left_out = [f"peers={n}: {peers.named(n).missing()}" for n in peers.NAMES if n not in wanted]
    seconds = _whole("seconds", asked["seconds"] or ("2" if quick else "10" if full else "5"))
    seed = _whole("seed", asked["seed"], least=0)
    memory = one_of("memory", asked["memory"], ["kept", "returned"])
    return Request(settings, cells, names, wanted, seconds, seed, memory, _folder(asked["out"]), left_out)


def _settings(asked: dict[str, str], quick: bool) -> list[Setting]:
    """Every combination of the values between commas, in the order in which tables are printed."""
    steps = several("steps", asked["steps"], list(STEPS))
    passes = several("pass", asked["pass"], list(PASS)) if asked["pass"] else []
    kinds = {"sequence": passes or ["train"], "call": [p for p in passes or ["forward"] if p == "forward"]}
    if not all(kinds[each] for each in steps):
        raise UsageError("steps=call has no backward pass", key="pass", value=asked["pass"], allowed="forward")
    most = min(MOST_THREADS, 4 * (os.cpu_count() or 1))  # more has no meaning, and the threads take memory
    there = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
    device = torch.device(one_of("device", asked["device"], there))
    numbers = several("dtype", asked["dtype"], list(NUMBERS))
    if device.type == "cpu" and "tf32" in numbers:
        raise UsageError("of a GPU", key="dtype", value=asked["dtype"],
                         allowed="float32, float64, bfloat16; all on device=cuda")  # fmt: skip
    default = f"1,{cores()}" if cores() > 1 and device.type == "cpu" else "1"
    threads = [_whole("threads", text, most=most) for text in (asked["threads"] or default).split(",")]
    layers = [_whole("layers", text, most=100) for text in asked["layers"].split(",")]
    loss = several("loss", asked["loss"], list(LOSS))
    gradients = [text == "true" for text in several("input_grad", asked["input_grad"], ["true", "false"])]
    found = []
    called = [(each, steps_of) for steps_of in steps for each in kinds[steps_of]]
    for (passes_of, steps_of), loss_of, deep, input_grad, kind_of in product(called, loss, layers, gradients, numbers):
        kind = "call" if steps_of == "call" else passes_of
        sizes = [_size(text, steps_of) for text in (asked["size"] or (QUICK if quick else SIZES)[kind]).split(",")]
        trains = passes_of == "train"  # what is of the backward pass alone is one setting without it
        for count, size in product(threads, sizes):
            found.append(Setting(size, count, passes_of, steps_of, loss_of if trains else "all", deep,
                                 input_grad and trains, getattr(torch, "float32" if kind_of == "tf32" else kind_of),
                                 kind_of == "tf32", device))  # fmt: skip
    return found


def _size(text: str, steps: str) -> Size:
    numbers = text.split("x")
    if len(numbers) != 4:
        raise UsageError("not a size", key="size", value=text, allowed="BxTxIxH, such as 32x500x2x64")
    size = Size(*(_whole("size", number) for number in numbers))
    if steps == "call" and size.T != 1:
        raise UsageError("steps=call takes one step a call", key="size", value=text, allowed="Bx1xIxH")
    return size


def _check_backends(names: list[str], asked: bool, cells: dict[str, Cell], setting: Setting) -> None:
    """Raises UsageError when one that was asked for cannot run a cell; unasked, those that can are measured."""
    for cell in cells.values():
        able = backends.available(cell, setting.device, setting.dtype)
        for name in names if asked else ():
            reason = backends.named(name).unsupported(cell, setting.device, setting.dtype)
            if reason is not None:
                raise UsageError(str(reason), key="backend", value=name, allowed=", ".join(able))


def _check_peers(names: list[str], cells: dict[str, Cell], settings: list[Setting]) -> None:
    """Raises UsageError for one that would take no part."""
    for name in names:
        peer = peers.named(name)
        if not any(peer.takes(setting) for setting in settings):
            raise UsageError("takes no part in this", key="peers", value=name, allowed=peer.allowed)
        if not any(peer.has(cell) for cell in cells.values()):
            raise UsageError("has none of these cells", key="peers", value=name, allowed="cells that torch.nn has")


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


def _whole(key: str, value: str, least: int = 1, most: int = 2**31 - 1) -> int:
    number = int(value) if value.isascii() and value.isdigit() and len(value) <= 18 else -1
    if not least <= number <= most:
        raise UsageError("not a number it can be", key=key, value=value, allowed=f"whole numbers {least} to {most}")
    return number
