"""Things that a person may type or bring, bent: the documented exit codes, one line, no traceback, no hang.

usage: python -m tests.campaign.fuzz [kind=configurations] [n=500] [seed=0] [out=]

  kind   configurations   of every cell, dataset and objective, values drawn near the allowed ones
         keys             each key one at a time with silly values (n: most of them)
         files            own-data files with bytes, separators, dates, columns or types changed
         records          run.json, checkpoints, packs, models and studies changed, then read by all that reads them

Cases run in this process one after another, where loading costs nothing; one that takes a minute of the processor's
time is a hang.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import yaml

from tests.campaign.common import OBJECTIVES, ROOT, B, Log, arguments, files, half_written, in_process, unpolite

SILLY = ["", "null", "-1", "0", "1e309", "nan", "true", "[]", "{}", "[1,2]", "{a:1}", "'", '"x"', "é", "../x", "~",
         "${x}", "1,2", "range(3)", "9" * 30]  # fmt: skip
CELLS = sorted(path.stem for path in (ROOT / "conf/cell").glob("*.yaml") if path.stem != "custom")


class HangError(BaseException):
    """A case took a minute of the processor's time, or ten minutes of the clock's, which others use, too."""


def in_time(call: Callable[[], Any]) -> Any:
    def hang(*_: object) -> NoReturn:
        raise HangError

    for number, timer, seconds in ((signal.SIGPROF, signal.ITIMER_PROF, 60), (signal.SIGALRM, signal.ITIMER_REAL, 600)):
        signal.signal(number, hang)
        signal.setitimer(timer, seconds)
    try:
        return call()
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)


def tried(given: list[str], module: str = "rnnbench", bent: Path | None = None) -> dict[str, Any]:
    """One command in this process: its kind of ending, and what of it is not as documented. bent: a file that we broke,
    and that may stay so."""
    from sweeping import here

    try:
        done = in_time(lambda: here(*given) if module == "rnnbench" else in_process(module, given))
    except HangError:
        return {"kind": "hang", "given": given, "broken": "a hang"}
    except BaseException as error:  # what a person would see as a traceback
        import traceback

        return {"kind": "trace", "given": given, "broken": "".join(traceback.format_exception(error))[-900:]}
    code, out, err = done.returncode, done.stdout, done.stderr
    broken = unpolite(code, out, err) or "; ".join(set(half_written(Path("results"))) - {str(bent)})
    return {"kind": str(code), "given": given, "broken": broken, "said": (err or out)[-160:]}


def configuration(draw: random.Random, number: int) -> dict[str, Any]:
    """Stratified over cells and objectives; about two keys in three cases are near what is allowed, not within it."""
    objective = list(OBJECTIVES)[number % len(OBJECTIVES)]
    given = [*B, *OBJECTIVES[objective], f"cell={CELLS[number // len(OBJECTIVES) % len(CELLS)]}", "budget.max_steps=4"]
    near = {
        "hidden_size": [1, 2, 3, 7, 0], "num_layers": [1, 2, 3], "batch_size": [1, 2, 8, 1000],
        "seq_len": [1, 2, 7, "null"], "dropout": [0, 0.1, 0.99, 1], "optimizer.lr": [1e-9, 1e-2, 1e3, 0],
        "optimizer": ["adam", "sgd", "rmsprop", "adamw"], "clip_norm": ["null", 1e-3, 1],
        "dtype": ["float32", "float64"], "forget_bias": ["null", 0, "chrono"],
        "backend": ["auto", "eager", "torch", "fused"], "bidirectional": ["true", "false"],
        "readout": ["mean", "max", "last"], "match": ["params", "hidden"], "keep": ["best", "last", "none"],
        "recurrent_dropout": [0, 0.3], "zoneout": [0, 0.2],
        "layer_norm": ["true", "false"], "residual": ["true", "false"], "train_size": ["null", 1, 16, 64, 10**9],
        "budget.eval_every": [1, 3, 100], "budget.patience": [1, "null"], "budget.solved": [0, 0.5, "null"],
        "embedding_size": ["null", 1, 4], "metric": ["null", "accuracy", "rmse", "macro_f1"],
        "optimizer.schedule": ["constant", "linear", "cosine"], "flush_denormals": ["true", "false"],
    }  # fmt: skip
    for key in draw.sample(list(near), draw.choice((0, 1, 1, 2, 3))):
        given.append(f"{key}={draw.choice(near[key])}")
    return tried([*given, f"seed={draw.randrange(10**6)}"])


def silly_keys() -> list[str]:
    """Every key of conf/config.yaml and the shown datasets, by every silly value."""
    config = yaml.safe_load((ROOT / "conf/config.yaml").read_text())
    keys = []
    for key, value in config.items():
        if key in ("defaults", "hydra"):
            continue
        keys += [f"{key}.{inner}" for inner in value] if isinstance(value, dict) else [key]
    keys += [
        "cell",
        "dataset",
        "optimizer",
        "cell.name",
        "cell.target",
        "dataset.target",
        "dataset.valid_size",
        "study",
    ]
    return [f"{key}={value}" for key in keys for value in SILLY]


def file_of_ones_own(draw: random.Random) -> dict[str, Any]:
    name = draw.choice(("table.csv", "series.csv", "book.txt"))
    content = bytearray(Path(name).read_bytes())
    for _ in range(draw.choice((1, 1, 3, 20))):
        at, kind = draw.randrange(len(content)), draw.randrange(8)
        if kind == 0:
            content[at] = draw.randrange(256)
        elif kind == 1:
            del content[at : at + draw.choice((1, 10, 1000))]
        elif kind == 2:
            content[at:at] = draw.choice(
                (b"\0", b"\xff\xfe", b'"', b"\r", b"\n\n", b",,,", b";", b"\t", b"1e400", b"nan")
            )
        elif kind == 3:
            content = bytearray(bytes(content).replace(b",", draw.choice((b";", b"\t", b"|", b" ", b",,"))))
        elif kind == 4:
            content = bytearray(bytes(content).replace(b"2020-", draw.choice((b"0000-", b"20-", b"2020/", b"99999-"))))
        elif kind == 5:
            content = bytearray(bytes(content).replace(b"label", draw.choice((b"", b"x", b"=1+1", b"<b>"))))
        elif kind == 6:
            content = content[: draw.randrange(1, len(content) + 1)]
        else:
            content = bytearray(bytes(content).decode("latin-1").encode(draw.choice(("utf-16", "utf-8-sig", "utf-32"))))
        if not content:
            content = bytearray(b" ")
    bent = (
        f"bent{draw.choice(('.csv', '.txt', '.npz', '.parquet', '.ts', '.gz', ''))}"
        if draw.random() < 0.2
        else f"bent-{name}"
    )
    Path(bent).write_bytes(content)
    own = {"table.csv": OBJECTIVES["table"], "series.csv": OBJECTIVES["forecast"], "book.txt": OBJECTIVES["symbols"]}[
        name
    ]
    return tried([*B, *own, f"dataset.path={bent}", "budget.max_steps=2"])


def _bent_json(value: Any, draw: random.Random) -> Any:
    """One leaf or branch replaced by what does not belong there."""
    other = draw.choice((None, -1, "x", [], {}, [1], {"a": 1}, True, 1e400, "NaN"))
    if draw.random() < 0.3 or not isinstance(value, dict | list) or not value:
        return other
    if isinstance(value, list):
        return [_bent_json(value[0], draw), *value[1:]]
    key = draw.choice(list(value))
    if draw.random() < 0.2:
        return {k: v for k, v in value.items() if k != key}
    return value | {key: _bent_json(value[key], draw)}


def kept_file(draw: random.Random) -> dict[str, Any]:
    """A sweep's files, one of them bent; then the same sweep again, its report, and the model."""
    import gzip

    import torch
    from sweeping import here

    report = "rnnbench.report"
    sweep = ["-m", *B, *OBJECTIVES["value"], "cell=gru", "seed=0,1", "workers=1", "name=kept"]
    if not Path("whole").exists():
        assert here(*sweep).returncode == 0
        in_process(report, ["results/kept", "pack=true"])
        shutil.copytree("results", "whole")
    shutil.rmtree("results", ignore_errors=True)
    shutil.copytree("whole", "results")
    run_dir = sorted(Path("results/kept/runs").iterdir())[draw.randrange(2)]
    kind = draw.choice(("run.json", "run.json", "model.json", "checkpoint.pt", "pack", "history.csv", "bytes", "study"))
    if kind in ("run.json", "model.json"):
        path = run_dir / kind
        path.write_text(json.dumps(_bent_json(json.loads(path.read_text()), draw)))
    elif kind == "checkpoint.pt":
        (run_dir / "run.json").unlink()
        (Path("results/kept/records.jsonl.gz")).unlink()
        from making import make

        from rnnbench.preparation import prepare

        begun = prepare(make(*B, *OBJECTIVES["value"], "cell=gru", f"seed={draw.randrange(2)}"))
        begun.checkpoint = path = run_dir / "checkpoint.pt"
        begun._step()
        begun.save()
        state = torch.load(begun.checkpoint, weights_only=True)
        part = draw.choice(list(state))
        state[part] = _bent_json(state[part], draw)
        torch.save(state, begun.checkpoint)
    elif kind == "pack":
        shutil.rmtree("results/kept/runs")
        path = Path("results/kept/records.jsonl.gz")
        lines = gzip.decompress(path.read_bytes()).splitlines()
        lines[0] = json.dumps(_bent_json(json.loads(lines[0]), draw)).encode()
        path.write_bytes(gzip.compress(b"\n".join(lines) + b"\n"))
    elif kind == "study":
        path = Path("results/kept/study.json")
        path.write_text(json.dumps(_bent_json({"study": {"claims": []}, "requests": {}}, draw)))
    else:
        choices = (
            [p for p in Path("results").rglob("*") if p.is_file()] if kind == "bytes" else [run_dir / "history.csv"]
        )
        path = draw.choice(choices)
        content = bytearray(path.read_bytes()) or bytearray(b"x")
        for _ in range(draw.choice((1, 10))):
            content[draw.randrange(len(content))] = draw.randrange(256)
        path.write_bytes(content[: draw.randrange(len(content) + 1)] if draw.random() < 0.3 else content)
    found = [tried(["results/kept"], report, path), tried(sweep, bent=path), tried(["results/kept"], report, path)]
    broken = "; ".join(f"{each['given'][0]}: {each['broken']}" for each in found if each["broken"])
    return {"kind": f"{kind} {'/'.join(each['kind'] for each in found)}", "broken": broken and f"{kind}: {broken}"}


def main() -> int:
    asked = arguments({"kind": "configurations", "n": 500, "seed": 0, "out": ""})
    kind = asked["kind"]
    log = Log(asked["out"], f"fuzz-{kind}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files(folder)
        os.chdir(folder)

        def case(key: str) -> dict[str, Any]:
            draw = random.Random(f"{asked['seed']} {key}")
            if kind == "keys":
                found = tried([*B, *OBJECTIVES["value"], "budget.max_steps=2", key])
            elif kind == "configurations":
                found = configuration(draw, int(key))
            else:
                found = file_of_ones_own(draw) if kind == "files" else kept_file(draw)
            shutil.rmtree("results", ignore_errors=True)
            return found

        keys = list(map(str, range(asked["n"])))
        if kind == "keys":
            keys = random.Random(asked["seed"]).sample(silly_keys(), min(asked["n"], len(silly_keys())))
        broken = log.each(keys, case)
    return int(broken > 0)


if __name__ == "__main__":
    sys.exit(main())
