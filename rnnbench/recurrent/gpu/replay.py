"""A loop of launches recorded once as a CUDA graph and played again, so that a step costs no launch of its own.

    first call of a shape     done as it is: kernels are compiled, libraries made ready
    second                    done in the graph's memory; recorded, which does nothing yet, and played
    after that                played

A graph reads and writes the memory that it was recorded with: arguments are copied into tensors of its own and results
out of them. No GPU has played one yet; where none can be recorded, one line says so and launches go one by one.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from rnnbench.errors import in_one_line, tell

Some = Sequence[Tensor | None]

most = 8
"""Graphs that are kept, the latest played: each holds its arguments and results. 0: none is recorded."""

failed = False
"""Whether one could not be recorded, so that none is any more."""

_known: OrderedDict[Hashable, _Recorded | None] = OrderedDict()  # None: called once


def by_graph(loop: Callable[..., None], what: Hashable, read: Some, written: Some) -> None:
    """`loop(*read, *written)`: which tensors it reads, and which it writes, every number of them.

    what: which loop it is, with all that it depends on beside them; no number on the device may be among that.
    """
    key = (what, *(None if t is None else (t.shape, t.dtype, t.device) for t in (*read, *written)))
    if failed or most == 0 or not capable(next(t for t in read if t is not None).device) or _first_time(key):
        loop(*read, *written)
        return
    found = _known[key] = _known[key] or _recorded(loop, read, written)
    if found is None:
        loop(*read, *written)
    else:
        found.play(read, written)


def capable(device: torch.device) -> bool:
    return device.type == "cuda"


@contextmanager
def recording() -> Iterator[Any]:
    """A graph: inside, launches of this thread are noted in it and not done. (Backward passes are in another.)"""
    graph, stream = torch.cuda.CUDAGraph(), torch.cuda.current_stream()
    try:
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):
            yield graph
    finally:
        torch.cuda.set_stream(stream)  # which torch leaves as it is where recording fails


def forget() -> None:
    """All graphs, and their memory."""
    _known.clear()


class _Recorded:
    def __init__(self, graph: Any, read: Some, written: Some):
        self._graph, self._read, self._written = graph, read, written

    def play(self, read: Some, written: Some) -> None:
        _copy(read, self._read)
        self._graph.replay()
        _copy(self._written, written)


def _first_time(key: Hashable) -> bool:
    """Whether the key is new; it is then the latest, and the one played longest ago may go."""
    new = key not in _known
    _known.setdefault(key, None)
    _known.move_to_end(key)
    while len(_known) > most:
        _known.popitem(last=False)
    return new


def _recorded(loop: Callable[..., None], read: Some, written: Some) -> _Recorded | None:
    global failed
    own = [[None if t is None else torch.empty_like(t) for t in each] for each in (read, written)]
    _copy(read, own[0])
    loop(*own[0], *own[1])  # what is compiled for this memory, which may be aligned otherwise, is compiled before
    try:
        with recording() as graph:
            loop(*own[0], *own[1])
    except RuntimeError as error:
        failed = True
        forget()
        tell(f"backend=triton: no CUDA graph can be recorded here ({in_one_line(error)}): launches go one by one")
        return None
    return _Recorded(graph, *own)


def _copy(these: Some, into: Some) -> None:
    pairs = [(a, b) for a, b in zip(these, into, strict=True) if a is not None and b is not None]
    torch._foreach_copy_([b for _, b in pairs], [a for a, _ in pairs])
