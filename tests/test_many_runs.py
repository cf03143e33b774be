"""Ten thousand finished runs: a sweep that is started again decides in seconds that nothing is left."""

from __future__ import annotations

import resource
import subprocess
import sys
from itertools import product
from pathlib import Path

import fake_records
import pytest
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.utils import create_config_search_path
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.types import RunMode

from rnnbench.cli.composer import Composer
from rnnbench.config import CONF

CELLS, LENGTHS, SEEDS = ("lstm", "gru"), (50, 100, 200, 400, 800), range(1000)


@pytest.mark.slow
def test_ten_thousand_finished_runs_are_recognised_in_seconds() -> None:
    """The real command, from its start to its first line. Ten seconds of a processor; the limit is three times
    that, for slow ones. Not of a clock, so that a busy machine does not count."""
    loader = ConfigLoaderImpl(create_config_search_path(str(CONF)))
    sweep_config = loader.load_configuration("config", [], RunMode.MULTIRUN)
    composer = Composer(loader, sweep_config, OverridesParser.create(loader))
    jobs = ([f"cell={c}", f"seq_len={t}", f"seed={s}"] for c, t, s in product(CELLS, LENGTHS, SEEDS))
    configs = [composer.compose(job) for job in jobs]
    record = fake_records.record()
    contents = (record | {"run_id": config.run_id, "config": config.to_dict()} for config in configs)
    fake_records.write(Path("results/default"), contents, histories=False)

    request = [f"cell={','.join(CELLS)}", f"seq_len={','.join(map(str, LENGTHS))}", f"seed=range({len(SEEDS)})"]
    command = [sys.executable, "-m", "rnnbench", "-m", *request]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        decided = process.stdout.readline()
        process.kill()  # what follows is the report
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    took = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"decided in {took:.1f} s")
    assert decided == "10000 runs: 10000 finished before, 0 to do\n"
    assert took < 30
