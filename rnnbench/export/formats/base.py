"""What a format is: a results folder in, files for another program out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path


class Format(ABC):
    """Its first line of documentation, up to the colon, is what `--help` says: what it is and where it goes."""

    def missing(self) -> str | None:
        """What must be installed before it can be written, in words: "is not installed here: pip install onnx"."""
        return None

    @abstractmethod
    def write(self, source: Path, out: str | None) -> list[str]:
        """Write results/NAME or results/NAME/runs/RUN_ID to `out`, None: the format's own place.

        Gives what was written, a line each to be printed. Raises UsageError, having written nothing, where `source`
        lacks what the format is of, or `out` cannot be written.
        """
