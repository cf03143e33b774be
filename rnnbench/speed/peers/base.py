"""What a peer is: one class a file, which makes candidates."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import torch

from rnnbench.cells.base import Cell
from rnnbench.speed.candidates import Candidate, Problem
from rnnbench.speed.setting import Setting


class Peer(ABC):
    """Another library, or another way to run the same equations. float32 on CPU."""

    allowed: ClassVar[str] = "dtype=float32 and device=cpu"
    """What it takes part in, for people."""

    @abstractmethod
    def missing(self) -> str | None:
        """Why it cannot run here, and how to get it, in one line; None when it can."""

    def takes(self, setting: Setting) -> bool:
        return setting.dtype == torch.float32 and setting.device.type == "cpu"

    def has(self, cell: Cell) -> bool:
        return cell.torch_mode is not None

    @abstractmethod
    def candidate(self, problem: Problem) -> Candidate:
        """On the problem's weights, inputs and number of threads."""
