"""A sheet as it is understood, before it is a table."""

from __future__ import annotations

from dataclasses import dataclass

from rnnbench.data.table.gaps import Gapped
from rnnbench.data.table.keys import Keys
from rnnbench.data.table.roles import Roles
from rnnbench.data.table.sheet import Sheet
from rnnbench.data.table.targets import Chosen
from rnnbench.data.table.times import Times


@dataclass(frozen=True)
class Understood:
    sheet: Sheet
    keys: Keys
    roles: Roles
    chosen: Chosen
    times: Times | None
    names: tuple[str, ...]  # of sequences
    pieces: Gapped
