"""Hydra's door to rnnbench's sweeps: Hydra takes plugins from the package `hydra_plugins` alone."""

from __future__ import annotations

import sys

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser


class ResumingSweeper(BasicSweeper):
    """Hydra's basic sweep over every combination, less the runs whose records exist already."""

    def sweep(self, arguments: list[str]) -> None:
        from rnnbench.sweep import Composer, sweep

        assert self.hydra_context is not None
        assert self.config is not None
        assert self.launcher is not None
        launch = self.launcher.launch
        parser = OverridesParser.create(config_loader=self.hydra_context.config_loader)
        asked = parser.parse_overrides([*self._parse_config(), *arguments])
        (jobs,) = self.split_arguments(asked, max_batch_size=None)
        composer = Composer(self.hydra_context.config_loader, self.config, parser)
        if sweep(composer, jobs, lambda overrides: launch(overrides, initial_job_idx=0)):
            sys.exit(1)
