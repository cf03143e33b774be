"""Small configurations for tests, from the real files under conf/ as the command line would compose them."""

from __future__ import annotations

from typing import Any

from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from rnnbench.config import CONF, Config, from_mapping

TINY = ("seq_len=6", "hidden_size=5", "batch_size=4", "dataset.valid_size=32", "dataset.test_size=32",
        "budget.max_steps=20", "budget.eval_every=5", "budget.solved=null", "device=cpu", "threads=1")  # fmt: skip
"""The adding problem, small enough to train in a blink."""


def tiny(*overrides: str) -> Config:
    return make(*TINY, *overrides)


def make(*overrides: str) -> Config:
    with initialize_config_dir(version_base="1.3", config_dir=str(CONF)):
        values: Any = OmegaConf.to_container(compose("config", list(overrides)), resolve=True)
    return from_mapping(values)
