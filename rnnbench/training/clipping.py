"""Gradients scaled down to a norm: torch's arithmetic on a list that is made once, without its search for devices."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import torch
from torch import Tensor, nn


class Clipping:
    """As nn.utils.clip_grad_norm_(parameters, norm), to the last bit: g ← g · min(1, norm / (‖all g‖ + 1e-6)).

    Of parameters of one dtype on one device; which ones there are is settled when it is made.
    """

    def __init__(self, parameters: Sequence[nn.Parameter], norm: float):
        self.parameters, self.norm = list(parameters), float(norm)
        kinds = {(p.device, p.dtype) for p in self.parameters}
        self.as_lists = len(kinds) == 1 and all(device.type in ("cpu", "cuda") for device, _ in kinds)

    @torch.no_grad()
    def __call__(self) -> None:
        gradients = self._gradients()
        if not self.as_lists or not gradients:
            nn.utils.clip_grad_norm_(self.parameters, self.norm)
        else:
            self._scale(gradients, torch._foreach_norm(gradients, 2.0))

    def _gradients(self) -> list[Tensor]:
        return [p.grad for p in self.parameters if p.grad is not None]

    def _scale(self, gradients: list[Tensor], norms: Sequence[Tensor]) -> None:
        total = torch.linalg.vector_norm(torch.stack(list(norms)), 2.0)
        factor = torch.clamp(self.norm / (total + 1e-6), max=1.0)
        torch._foreach_mul_(gradients, factor)

    @staticmethod
    @torch.no_grad()
    def together(clippings: Sequence[Clipping]) -> None:
        """Each by its own norm, to the same bits as alone; all tensors' norms in one call."""
        gradients = [clipping._gradients() for clipping in clippings]
        if not all(clipping.as_lists and own for clipping, own in zip(clippings, gradients, strict=True)):
            for clipping in clippings:
                clipping()
            return
        norms = iter(torch._foreach_norm([g for own in gradients for g in own], 2.0))
        for clipping, own in zip(clippings, gradients, strict=True):
            clipping._scale(own, list(islice(norms, len(own))))
