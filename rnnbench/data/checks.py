"""What a dataset gives is looked at before anything trains: a mistake is named by part, example and what is right.

Training, validation and test sets that are held are looked at whole; of a stream, the first batch.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from rnnbench.data.base import Parts
from rnnbench.data.batch import Batch, trailing
from rnnbench.errors import UsageError


def check_parts(parts: Parts, batch_size: int, name: str) -> None:
    """Raises UsageError for parts that are empty, sizes that disagree, lengths, inputs or targets that cannot be.

    name: of the dataset, for the message.
    """
    for part in ("train", "valid", "test"):
        held = getattr(parts, part)
        if held is parts.train and getattr(held, "size", None) == 0:
            raise _refusal(name, part, "is empty", "at least one example")
        first, seen = 0, 0.0
        for batch in _batches(held, batch_size, name, part):
            check_batch(batch, parts, name, part, first)
            first += len(batch.inputs)
            seen += 1.0 if batch.whole else _counted(batch, parts)
        if first == 0:
            raise _refusal(name, part, "is empty", "at least one example")
        if seen == 0:
            raise _refusal(name, part, "has nothing that counts", "an observed target of an example with weight")


def _batches(held: Any, batch_size: int, name: str, part: str) -> Iterator[Batch]:
    if hasattr(held, "all"):  # Examples: at once, as they are
        whole: Batch = held.all()
        sizes = {field: len(t) for field, t in zip(Batch._fields, whole[:5], strict=False) if isinstance(t, Tensor)}
        if len(set(sizes.values())) > 1:
            said = ", ".join(f"{n} {field}" for field, n in sizes.items())
            raise _refusal(name, part, f"has {said}", "as many of each")
        if sizes["inputs"]:
            yield whole
    elif hasattr(held, "batches"):
        yield from held.batches(batch_size)
    else:
        yield held.batch(0, batch_size)


def check_batch(batch: Batch, parts: Parts, name: str, part: str, first: int = 0) -> None:
    """One batch whose examples are the `first` of its part and those that follow."""
    objective, inputs, targets = parts.objective, batch.inputs, batch.targets
    dims = 2 if parts.symbols is not None else 3
    if inputs.dim() != dims or 0 in inputs.shape[1:]:
        form = "(examples, steps)" if dims == 2 else "(examples, steps, features)"
        raise _refusal(name, part, f"has inputs of shape {tuple(inputs.shape)}", f"{form}, none of them 0")
    for what, tensor in (("inputs", inputs), ("targets", targets)):
        if tensor.is_complex():  # whose imaginary part would be lost without a word
            raise _refusal(name, part, f"has {what} of {tensor.dtype}", "real numbers")
    n, T = inputs.shape[0], inputs.shape[1]
    if dims == 3 and inputs.shape[2] != parts.input_size:
        raise _refusal(name, part, f"has {inputs.shape[2]} features", f"{parts.input_size}, as input_size says")
    _check_lengths(batch, name, part, first)
    _check_shapes(batch, parts, name, part)
    padding = batch.padding(T)
    _check_inputs(inputs, padding, parts.symbols, name, part, first)

    if objective.per_step:
        targets = targets[:, :T].reshape(n, T, *objective.target_shape)
    else:
        targets = targets.reshape(n, *objective.target_shape)
    wrong = objective.wrong(targets)
    out = batch.left_out(wrong.shape, per_step=objective.per_step)
    if out is not None:
        wrong = wrong & ~out.expand(wrong.shape)
    if wrong.any():
        place = wrong.nonzero()[0].tolist()
        where = _where(first + place[0], place[1] if objective.per_step else None)
        raise _refusal(name, part, f"{where} has the target {targets[tuple(place)].item():g}", objective.allowed)


def _check_lengths(batch: Batch, name: str, part: str, first: int) -> None:
    n, T = batch.inputs.shape[:2]
    lengths = batch.lengths
    if lengths is not None:
        if lengths.dim() != 1 or lengths.dtype != torch.int64:
            raise _refusal(name, part, f"has lengths of {lengths.dtype} and shape {tuple(lengths.shape)}",
                           "whole numbers, one an example")  # fmt: skip
        wrong = (lengths < 1) | (lengths > T)
        if wrong.any():
            i = int(wrong.nonzero()[0])
            raise _refusal(name, part, f"example {first + i} has the length {int(lengths[i])}", f"1 to {T}")
    if batch.weight is not None:
        wrong = ~(batch.weight.isfinite() & (batch.weight >= 0))
        if batch.weight.dim() != 1 or wrong.any():
            i = int(wrong.nonzero()[0, 0]) if wrong.any() else 0
            raise _refusal(name, part, f"example {first + i} has the weight {batch.weight[i].tolist()}", "0 or more")
    sizes = {len(t) for t in batch[:5] if isinstance(t, Tensor)}
    if sizes != {n}:
        raise _refusal(name, part, f"has a batch with {sorted(sizes)} of one thing and another", "as many of each")


def _check_shapes(batch: Batch, parts: Parts, name: str, part: str) -> None:
    """Targets and what is observed of them: as many as the objective learns."""
    objective, (n, T) = parts.objective, batch.inputs.shape[:2]
    lead = (n, T) if objective.per_step else (n,)
    wanted = (*lead, *objective.target_shape)
    given = tuple(batch.targets.shape)
    fits = batch.targets.numel() == torch.Size(wanted).numel() and given[: len(lead)] == lead
    if not fits and objective.per_step and batch.lengths is not None:  # held at a length that all share
        fits = len(given) > 1 and given[1] > T and given[2:] in (objective.target_shape, (*objective.target_shape, 1))
    if not fits:
        raise _refusal(name, part, f"has targets of shape {given}", f"{wanted} beside inputs of so many steps")
    if batch.observed is not None:
        may = {(n,), lead, (*lead, *objective.thing_shape)}
        seen = tuple(batch.observed.shape)
        if objective.per_step and len(seen) > 1 and seen[1] > T:  # as above
            seen = (seen[0], T, *seen[2:])
        if batch.observed.dtype != torch.bool or seen not in may:
            said = " or ".join(map(str, sorted(may, key=len)))
            raise _refusal(name, part, f"has observed of {batch.observed.dtype} and shape {seen}", f"bool, {said}")


def _check_inputs(
    inputs: Tensor, padding: Tensor | None, symbols: int | None, name: str, part: str, first: int
) -> None:
    if symbols is None and inputs.sum().isfinite():  # no copy of a large set: what is not finite would be its sum
        return
    if symbols is None:
        wrong, allowed = ~inputs.isfinite(), "finite numbers"
    else:
        if inputs.is_floating_point():
            raise _refusal(name, part, f"has symbols of {inputs.dtype}", "whole numbers")
        wrong, allowed = (inputs < 0) | (inputs >= symbols), f"0 to {symbols - 1}"
    if padding is not None:
        wrong = wrong & ~trailing(padding, wrong.dim())
    if wrong.any():
        place = wrong.nonzero()[0].tolist()
        value = inputs[tuple(place)].item()
        raise _refusal(name, part, f"{_where(first + place[0], place[1])} has the input {value:g}", allowed)


def _counted(batch: Batch, parts: Parts) -> float:
    shape = torch.Size((*batch.inputs.shape[: 2 if parts.objective.per_step else 1], *parts.objective.thing_shape))
    return batch.total(torch.ones(shape), per_step=parts.objective.per_step)[1]


def _where(example: int, step: int | None) -> str:
    return f"example {example}" if step is None else f"example {example}, step {step}"


def _refusal(name: str, part: str, problem: str, allowed: str) -> UsageError:
    return UsageError(f"{part}: {problem}", key="dataset", value=name, allowed=allowed)
