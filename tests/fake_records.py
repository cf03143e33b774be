"""Synthetic record trees in the shape that a sweep leaves: made-up numbers with realistic patterns, for tests only."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rnnbench.records import HISTORY, RECORD

GATES = {"lstm": 4, "gru": 3, "gru_reset_before": 3, "rnn": 1}
SOLVES_TO = {"lstm": 120, "gru": 400, "gru_reset_before": 350, "rnn": 25}  # longest T that it learns


def record(
    cell: str = "gru",
    dataset: str = "adding",
    seq_len: int = 100,
    seed: int = 0,
    hidden_size: int = 64,
    status: str = "ok",
    lr: float = 5e-3,
    test_score: float | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """One run.json. `changes`: dotted paths with "__" for ".", e.g. timing__contended=True, config__num_layers=2."""
    random = np.random.default_rng([seed, seq_len, hidden_size, *cell.encode(), *dataset.encode()])
    solved = seq_len <= SOLVES_TO[cell] * math.exp(0.25 * random.normal())
    is_music = dataset == "jsb"
    if test_score is None:
        if is_music:
            test_score = {"lstm": 8.40, "gru": 8.61}.get(cell, 8.9) + 0.03 * random.normal()
        else:
            test_score = min(1.0, 0.992 + 0.003 * random.normal()) if solved else 0.07 + 0.02 * abs(random.normal())
    steps = int(300 + 2.0 * seq_len * math.exp(0.2 * random.normal())) if solved else 2000
    step_ms = 0.02 * seq_len * (0.4 + 0.2 * GATES[cell]) * (hidden_size / 64) * math.exp(0.03 * random.normal())
    recurrent = GATES[cell] * (hidden_size * (hidden_size + 2) + 2 * hidden_size)
    metric = "nll" if is_music else "accuracy"
    values = {"loss": test_score if is_music else 0.17 - 0.16 * test_score, metric: test_score}
    content = {
        "schema_version": 1,
        "numerics": 2,
        "run_id": f"{cell}-{dataset}-T{seq_len}-h{hidden_size}-s{seed}-{lr:g}",
        "status": status,
        "error": {"ok": None, "diverged": "loss is nan at step 41", "failed": "out of memory"}[status],
        "config": {
            "cell": {"name": cell, "target": f"rnnbench.cells.{cell}.{cell.upper()}"},
            "dataset": {"name": dataset, "target": f"rnnbench.datasets.{dataset}.{dataset.title()}"},
            "seq_len": seq_len, "hidden_size": hidden_size, "num_layers": 1, "batch_size": 32, "train_size": None,
            "optimizer": {"name": "adam", "lr": lr}, "clip_norm": 1.0, "dropout": 0.0, "forget_bias": 1.0,
            "match": "hidden",
            "budget": {"max_steps": 2000, "max_epochs": None, "max_seconds": None, "patience": None,
                       "solved": None if is_music else 0.99, "eval_every": 100},
            "seed": seed, "device": "auto", "dtype": "float32", "backend": "auto", "threads": 1,
        },
        "task": {
            "metric": metric, "unit": "nats per frame" if is_music else "", "higher_is_better": not is_music,
            "chance": {"nll": 61.0} if is_music else {"accuracy": 0.066, "loss": 1 / 6},
            "published": {"LSTM, Bai et al. 2018": 8.45, "GRU, Bai et al. 2018": 8.43} if is_music else {},
            "seq_len": seq_len, "train_size": 229 if is_music else None,
        },
        "hidden_size": hidden_size,
        "parameters": {"recurrent": recurrent, "total": recurrent + hidden_size + 1},
        "metrics": {"valid": values, "test": values} if status == "ok" else None,
        "best_step": steps if status == "ok" else None,
        "steps": steps if status == "ok" else 41,
        "stopped_by": "solved" if solved else "max_steps",
        "timing": {
            "train_seconds": steps * step_ms / 1000,
            "step_ms": {"median": step_ms, "p10": 0.95 * step_ms, "p90": 1.2 * step_ms, "n": steps},
            "seconds_to_threshold": steps * step_ms / 1000 if solved and not is_music else None,
            "steps_to_threshold": steps if solved and not is_music else None,
            "contended": False,
        },
        "memory": {"saved_activation_bytes": 4 * seq_len * 32 * hidden_size * (GATES[cell] + 2), "peak_bytes": None},
        "backend": "torch" if cell in ("lstm", "gru", "rnn") else "eager",
        "parity": {"max_error": 3e-7, "checked_against": "torch.nn float64"},
        "environment": {"device": "cpu", "threads": 1, "python": "3.12.1", "torch": "2.13.0", "rnnbench": "0.1.0",
                        "numpy": "2.4.0", "platform": "Linux-6.1-x86_64", "cpu": "Example CPU @ 3.0 GHz", "cores": 2},
        "started": "2026-01-02T03:04:05+00:00",
        "finished": "2026-01-02T03:05:05+00:00",
    }  # fmt: skip
    for where, value in changes.items():
        *groups, last = where.split("__")
        place: Any = content
        for group in groups:
            place = place[group]
        place[last] = value
    return content


def history(content: dict[str, Any]) -> list[dict[str, Any]]:
    """A learning curve that ends at the record's own score."""
    metric, final = content["task"]["metric"], content["metrics"]["test"]
    start = content["task"]["chance"].get(metric, 0.0)
    random = np.random.default_rng([content["config"]["seed"], 7])
    rows = []
    for step in range(100, content["steps"] + 100, 100):
        step = min(step, content["steps"])
        done = 1 / (1 + math.exp(-12 * (step / content["steps"] - 0.6)))
        score = start + (final[metric] - start) * done * (1 + 0.02 * random.normal())
        loss = final["loss"] + 0.15 * (1 - done)
        seconds = step * content["timing"]["step_ms"]["median"] / 1000
        rows.append(
            {"step": step, "seconds": seconds, "train_loss": 1.05 * loss, "valid_loss": loss, f"valid_{metric}": score}
        )
    return rows


def write(results: Path, contents: Iterable[dict[str, Any]], histories: bool = True) -> list[Path]:
    """Leave the records under results/runs/; gives their directories. Plain writes: many records, quickly."""
    run_dirs = []
    for content in contents:
        run_dir = results / "runs" / content["run_id"]
        run_dir.mkdir(parents=True, exist_ok=True)
        (run_dir / RECORD).write_text(json.dumps(content, indent=1))
        if histories and content["steps"] and content["metrics"]:
            rows = history(content)
            lines = [",".join(rows[0]), *(",".join(map(str, row.values())) for row in rows)]
            (run_dir / HISTORY).write_text("\n".join(lines) + "\n")
        run_dirs.append(run_dir)
    return run_dirs


def sweep(
    cells: Sequence[str] = ("lstm", "gru"),
    datasets: Sequence[str] = ("adding",),
    seq_lens: Sequence[int] = (50, 100, 200),
    seeds: Sequence[int] = (0, 1, 2),
    hidden_sizes: Sequence[int] = (64,),
    **changes: Any,
) -> list[dict[str, Any]]:
    """The records of a grid."""
    grid = itertools.product(cells, datasets, seq_lens, hidden_sizes, seeds)
    return [record(c, d, t, s, h, **changes) for c, d, t, h, s in grid]
