"""Ten thousand finished runs: a sweep that is started again decides in seconds that nothing is left, and reports."""

from __future__ import annotations

import resource
import subprocess
import sys
from dataclasses import replace
from itertools import product
from pathlib import Path

import fake_records
import pytest
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.utils import create_config_search_path
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.types import RunMode
from pace import paced

from rnnbench.cli.composer import Composer
from rnnbench.config import CONF

CELLS, LENGTHS, SEEDS = ("lstm", "gru"), (50, 100, 200, 400, 800), range(1000)


@pytest.mark.slow
def test_ten_thousand_finished_runs_are_skipped_and_reported() -> None:
    """The real command, from its start to its end. Seconds of a processor, not of a clock, so that a busy machine does
    not count."""
    loader = ConfigLoaderImpl(create_config_search_path(str(CONF)))
    sweep_config = loader.load_configuration("config", [], RunMode.MULTIRUN)
    composer = Composer(loader, sweep_config, OverridesParser.create(loader))
    conditions = [composer.compose([f"cell={c}", f"seq_len={t}"]) for c, t in product(CELLS, LENGTHS)]
    configs = (replace(config, seed=seed) for config in conditions for seed in SEEDS)
    record = fake_records.record()
    contents = (record | {"run_id": config.run_id, "config": config.to_dict()} for config in configs)
    fake_records.write(Path("results/default"), contents, histories=False)

    request = [f"cell={','.join(CELLS)}", f"seq_len={','.join(map(str, LENGTHS))}", f"seed=range({len(SEEDS)})"]
    command = [sys.executable, "-m", "rnnbench", "-m", *request]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    took = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"skipped and reported in {took:.1f} s")
    seeds, first, ended, *_, last = done.stdout.splitlines()
    assert seeds.startswith("seed: 0, 1, 2, ") and seeds.endswith(" 999")
    assert first == "10000 runs: 10000 finished before, 0 to do"
    assert ended == "0 ok, 0 diverged, 0 failed, 10000 skipped"
    assert (done.returncode, last, done.stderr) == (0, "report: results/default/report.html", "")
    assert paced(took) < 25
