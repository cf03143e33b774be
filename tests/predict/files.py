"""Small files and models learned from them, for tests of what is taken away."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from making import make

from rnnbench.config import Config
from rnnbench.run import run


def trained(frame: pd.DataFrame, target: str, *overrides: str, name: str = "own.csv") -> Config:
    """A run on the file, of a few steps."""
    frame.to_csv(name, index=False)
    config = make("dataset=table", f"dataset.path={Path(name).resolve()}", f"dataset.target={target}", "hidden_size=6",
                  "batch_size=8", "budget.max_steps=6", "budget.eval_every=3", "device=cpu", "threads=1",
                  "num_layers=1", *overrides)  # fmt: skip
    assert run(config).status == "ok"
    return config


def stores(days: int = 200, stores: int = 3) -> pd.DataFrame:
    """Daily sales of stores, with the weather; those of the second are a thousand times the first's."""
    rng = np.random.default_rng(0)
    dates = pd.date_range("2024-01-01", periods=days).strftime("%Y-%m-%d")
    return pd.concat([
        pd.DataFrame({
            "store": f"S{s}", "date": dates,
            "sales": (np.sin(np.arange(days) / 7 * 6.28) + rng.normal(size=days) / 5 + 3) * 1000.0 ** (s == 1),
            "sky": rng.choice(["sun", "rain", "fog"], days),
        })
        for s in range(stores)
    ])  # fmt: skip


def labelled(n: int = 60) -> pd.DataFrame:
    """Sequences of unlike length with a label each."""
    rng = np.random.default_rng(1)
    found = []
    for s in range(n):
        steps, up = int(rng.integers(4, 9)), s % 2
        found.append(pd.DataFrame({
            "who": f"p{s}", "x": rng.normal(size=steps) + up, "room": rng.choice(["hall", "attic"], steps),
            "mood": ["sad", "happy"][up],
        }))  # fmt: skip
    return pd.concat(found)
