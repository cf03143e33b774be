"""A backend planted beside the real ones."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest
from torch import Tensor

from rnnbench.cells.base import State
from rnnbench.recurrent import backends


@pytest.fixture
def plant(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[..., tuple[Tensor, State]]], str]:
    def register(forward: Callable[..., tuple[Tensor, State]]) -> str:
        backend = SimpleNamespace(
            unsupported=lambda cell, device, dtype: None, preferred=lambda *_: True, forward=forward
        )
        monkeypatch.setitem(backends.BACKENDS, "planted", backend)
        return "planted"

    return register
