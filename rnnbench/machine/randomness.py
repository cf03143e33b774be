"""Torch's own random numbers, for runs that take turns in one process."""

from __future__ import annotations

import torch
from torch import Tensor


class Own:
    """A run's place in torch's global generators: inside, they go on from where this run left them.

    Outside they are nobody's: whoever draws then draws from where the last one stopped. Made right after the run's
    first draws, it begins there.
    """

    def __init__(self, device: torch.device):
        self._cuda = device.type == "cuda"
        self._states = self._now()

    def __enter__(self) -> None:
        cpu, cuda = self._states
        torch.set_rng_state(cpu)
        if cuda is not None:
            torch.cuda.set_rng_state(cuda)

    def __exit__(self, *_: object) -> None:
        self._states = self._now()

    def _now(self) -> tuple[Tensor, Tensor | None]:
        """Copies, both on the CPU: no GPU is waited for."""
        return torch.get_rng_state(), torch.cuda.get_rng_state() if self._cuda else None
