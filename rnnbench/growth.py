"""Keys that came after a first release: hashed only where their value is not the default, so that no id changes."""

from __future__ import annotations

from dataclasses import field
from typing import Any


def added(default: Any) -> Any:
    """The default of a key or option that runs made before it did not have: `bidirectional: bool = added(False)`.

    Of a cell's or dataset's option the default is written out, `added(0.5)`: it is read from the file, not from the
    class.
    """
    return field(default=default, metadata={"added": True})


def place(default: Any) -> Any:
    """The default of a key that says where or how a run is kept or done, not what it is: no part of its identity."""
    return field(default=default, metadata={"place": True})
