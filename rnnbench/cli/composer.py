"""What was typed for a run → its Config, as Hydra composes it, ten thousand times in a few seconds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf

from rnnbench.cli.launcher import plain
from rnnbench.config import Config, from_mapping
from rnnbench.errors import UsageError


class Composer:
    """Job overrides → Config, quickly: Hydra composes once for each choice of groups, plain values are then set.

    What is not that simple, such as interpolations, is left to Hydra, one job at a time.
    """

    def __init__(self, loader: Any, sweep_config: DictConfig, parser: OverridesParser):
        self._loader, self._sweep_config = loader, sweep_config
        self._parse = lru_cache(maxsize=None)(parser.parse_override)
        self._is_group = lru_cache(maxsize=None)(lambda key: bool(loader.get_group_options(key)))
        self._base = lru_cache(maxsize=None)(self._composed)

    @property
    def elsewhere(self) -> bool:
        """Whether the runs go to other machines, whose devices are not seen from here."""
        return "slurm" in str(self._sweep_config.hydra.launcher.get("_target_", "")).lower()

    @property
    def plain(self) -> bool:
        """Whether the launcher is Hydra's own, so that it is for us to have runs side by side."""
        return plain(self._sweep_config.hydra.launcher)

    def compose(self, job: Sequence[str]) -> Config:
        parsed = [self._parse(text) for text in job]
        groups = tuple(text for text, o in zip(job, parsed, strict=True) if self._is_group(o.key_or_group))
        plain = [o for o in parsed if not self._is_group(o.key_or_group)]
        base, fixed = self._base(groups)
        values = _copy(base)
        if not fixed or not all(_set(values, override) for override in plain):
            values, _ = self._composed(tuple(job))
        return from_mapping(values)

    def study(self, choice: str) -> Any:
        """The node `study` of the configuration that `choice`, such as study=quick, brings."""
        values, _ = self._base((choice,))
        return values.get("study")

    def _composed(self, job: tuple[str, ...]) -> tuple[dict[str, Any], bool]:
        """The values that Hydra composes, and whether they are fixed: without interpolations that a key could move."""
        try:
            composed = self._loader.load_sweep_config(self._sweep_config, list(job))
        except Exception as error:
            raise _of_its_choice(error, job) from error
        HydraConfig.instance().set_config(composed)  # for what refers to it, such as ${hydra:runtime.cwd}
        del composed._content["hydra"]
        raw = OmegaConf.to_container(composed, resolve=False)
        values: Any = OmegaConf.to_container(composed, resolve=True)
        return values, raw == values


def _of_its_choice(error: Exception, job: Sequence[str]) -> Exception:
    """Of a key that one choice of a group does not have, in a sweep over several: with that choice."""
    found = re.search(r"Could not override '((\w+)\.[^']+)'\.", str(error))
    chosen = next((text for text in job if found and text.startswith(f"{found.group(2)}=")), None)
    if found is None or chosen is None or chosen.endswith("=custom"):
        return error
    value = next((text.partition("=")[2] for text in job if text.startswith(f"{found.group(1)}=")), "")
    return UsageError(f"{chosen} has no such key", key=found.group(1), value=value, allowed="see --help")


def _set(values: dict[str, Any], override: Override) -> bool:
    """Set one key that is there already, or with + one that is not; False when this takes more than that."""
    *path, last = override.key_or_group.split(".")
    kind = override.type.name if override.type is not None and override.package is None else ""
    for part in path:
        values = values.get(part, {})
        if not isinstance(values, dict):
            return False
    if kind != ("CHANGE" if last in values else "ADD") or isinstance(values.get(last), dict):
        return False
    value = override.value()
    if not isinstance(value, int | float | bool | str | None):
        return False
    if isinstance(value, str) and "${" in value:
        return False
    values[last] = value
    return True


def _copy(values: dict[str, Any]) -> dict[str, Any]:
    return {key: _copy(value) if isinstance(value, dict) else value for key, value in values.items()}
