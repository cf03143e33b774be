"""Hydra's door to rnnbench's sweeps: Hydra takes plugins from the package `hydra_plugins` alone."""

from __future__ import annotations

import sys
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override

from rnnbench.errors import UsageError


class ResumingSweeper(BasicSweeper):
    """Hydra's basic sweep over every combination, or a study's grids, less the runs whose records exist already."""

    def __init__(self, params: Any = None):
        super().__init__(max_batch_size=None, params=params)

    def sweep(self, arguments: list[str]) -> None:
        from rnnbench.cli.composer import Composer
        from rnnbench.cli.launching import Launching
        from rnnbench.cli.study import check_study, run_study
        from rnnbench.cli.sweep import sweep
        from rnnbench.cli.typed import swept_values

        assert self.hydra_context is not None
        assert self.config is not None
        assert self.launcher is not None
        loader, launching = (
            self.hydra_context.config_loader,
            Launching(self.launcher, self.hydra_context, self.config),
        )
        if self.config.hydra.launcher.get("n_jobs") == 0:
            raise UsageError(
                "no job at a time", key="hydra.launcher.n_jobs", value=0, allowed="1 or more, -1: all cores"
            )
        parser = OverridesParser.create(config_loader=loader)
        composer = Composer(loader, self.config, parser)

        def split(overrides: list[str]) -> list[list[str]]:
            (jobs,) = self.split_arguments(parser.parse_overrides(overrides), max_batch_size=None)
            return jobs

        asked = [*self._parse_config(), *arguments]
        failed = 0
        parsed = parser.parse_overrides(asked)
        for line in swept_values(parsed):
            print(line, flush=True)
        others = [text for text, override in zip(asked, parsed, strict=True) if not _is_study(override)]
        names = _studies(parsed)
        if len(names) > 1:  # all of them, before the first one starts
            for named in (override for override in parsed if override.key_or_group == "name"):
                raise UsageError("several studies under one name", key="name", value=named.get_value_element_as_str(),
                                 allowed="one study, or each under its own")  # fmt: skip
            for name in names:
                check_study(composer, str(name), split, others)
        for name in names:
            if name is None:
                failed += sweep(composer, split(asked), launching)
            else:
                failed += run_study(composer, name, split, others, launching)
        if failed:
            sys.exit(1)


def _is_study(override: Override) -> bool:
    return override.key_or_group == "study"


def _studies(asked: list[Override]) -> list[str | None]:
    """The studies asked for: study=quick, study=memory,speed; [None] where it is a plain sweep."""
    chosen = [override for override in asked if _is_study(override)]
    if not chosen:
        return [None]
    last = chosen[-1]
    if last.is_sweep_override():
        return [str(name) for name in last.sweep_string_iterator()]
    return [None if last.value() is None else last.get_value_element_as_str()]
