"""Memory that was let go, back to the machine: allocators keep it for later, and it counts as ours."""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress


def give_back() -> None:
    """What C's allocator and pyarrow's, where there is one, hold without need."""
    if "pyarrow" in sys.modules:
        import pyarrow

        pyarrow.default_memory_pool().release_unused()
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # another C library than GNU's has none
            ctypes.CDLL(None).malloc_trim(0)
