"""What is timed: sizes, and everything else that changes what a step does."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod

import torch

from rnnbench.cells.base import Cell

LOSS = {"all": "loss of all steps", "last": "loss of the last step alone"}
PASS = {"train": "forward and backward", "forward": "forward alone, without gradients"}
STEPS = {"sequence": "a whole sequence a call", "call": "one step a call, the state kept across calls"}
NUMBERS = {"float32": 1e-5, "float64": 1e-12, "tf32": 1e-2, "bfloat16": 1e-1}
"""What is computed in, with the relative error up to which a candidate computes what it is timed for. TF32 and bfloat16
round by 5e-4 and 4e-3 at each of hundreds of steps; an error in a gate is of the order of one."""
CALLS = 50
"""Calls of one step in a row, of which a round's time is the mean."""


@dataclass(frozen=True)
class Size:
    """Sequences, steps, inputs, hidden units."""

    B: int
    T: int
    I: int
    H: int

    def __str__(self) -> str:
        return f"{self.B}x{self.T}x{self.I}x{self.H}"


@dataclass(frozen=True)
class Setting:
    """One measurement, of all candidates: what they compute, on how many threads.

    passes: of PASS. steps: of STEPS; one step a call has T = 1 and no gradients. loss: of LOSS, when gradients are
    asked for. input_grad: whether the gradient of the input is, as for a layer above another. float32 is IEEE's
    but where `tf32` is asked for.
    """

    size: Size
    threads: int = 1
    passes: str = "train"
    steps: str = "sequence"
    loss: str = "all"
    layers: int = 1
    input_grad: bool = False
    dtype: torch.dtype = torch.float32
    tf32: bool = False  # whether a GPU multiplies float32 with ten bits of fraction
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    @property
    def numbers(self) -> str:
        """Of NUMBERS."""
        return "tf32" if self.tf32 else str(self.dtype).removeprefix("torch.")

    @property
    def trains(self) -> bool:
        return self.passes == "train"

    @property
    def calls(self) -> int:
        """How often the layer is called in a row for one time: as often as there are inputs, (calls · T, B, I)."""
        return CALLS if self.steps == "call" else 1

    @property
    def whole(self) -> str:
        """The phase that a setting is about: forward and backward, or forward alone."""
        return "pass" if self.trains else "forward"

    def flops(self, cell: Cell, phase: str) -> float:
        """Multiplications and additions in the matrix products of a call. None of them depends on the backend.

        A matrix counts once forward and twice backward, for its own gradient and for that of what it multiplies.
        """
        forward = backward = 0.0
        for layer in range(self.layers):
            of_x, others = _matrices(cell, self.size.H if layer else self.size.I, self.size.H)
            forward += of_x + others
            backward += of_x + 2 * others
            backward += of_x if layer or self.input_grad else 0  # a layer above gives the one below its dx
        times = 2 * self.size.T * self.size.B
        return times * {"forward": forward, "backward": backward}.get(phase, forward + backward)

    def words(self) -> str:
        """All but size and threads, as a heading."""
        parts = [PASS[self.passes] if self.steps == "sequence" else STEPS[self.steps]]
        if self.trains:
            parts += [LOSS[self.loss], f"gradients of the weights{' and the input' if self.input_grad else ''}"]
        parts += ["1 layer" if self.layers == 1 else f"{self.layers} layers"]
        return ", ".join([*parts, f"{self.numbers} on {self.device.type}"])


def _matrices(cell: Cell, inputs: int, H: int) -> tuple[int, int]:
    """How many numbers the matrices of a layer hold: of those that multiply its input, and of the others."""
    shapes, wider = (cell.parameter_shapes(I, H, False) for I in (inputs, inputs + 1))
    sizes = {role: prod(shape) for role, shape in shapes.items() if role.startswith("weight") and len(shape) == 2}
    of_x = sum(size for role, size in sizes.items() if shapes[role] != wider[role])
    return of_x, sum(sizes.values()) - of_x
