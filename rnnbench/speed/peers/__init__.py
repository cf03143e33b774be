"""Other ways to carry the same cells, that a reader would think of: one file each, chosen by `peers=`, all optional."""

from __future__ import annotations

from rnnbench import registry
from rnnbench.config.arguments import one_of
from rnnbench.errors import UsageError
from rnnbench.speed.peers.base import Peer

NAMES = registry.names(__name__)


def named(name: str) -> Peer:
    return registry.get(__name__, one_of("peers", name, NAMES), Peer)


def present() -> list[str]:
    """Those that can run here."""
    return [name for name in NAMES if named(name).missing() is None]


def several(value: str) -> list[str]:
    """The names between commas, each of a peer that is there; none for "". Raises UsageError, saying how to get it."""
    names = value.split(",") if value else []
    for name in names:
        missing = named(name).missing()
        if missing is not None:
            raise UsageError(missing, key="peers", value=name)
    return names
