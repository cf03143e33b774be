"""The layers that torch.nn has too."""

from __future__ import annotations

from typing import Any

import pytest
from beside_torch import PAIRS


@pytest.fixture(params=PAIRS)
def pair(request: pytest.FixtureRequest) -> tuple[Any, Any]:
    """Constructors: ours, torch.nn's, of the same layer."""
    ours, theirs, options = PAIRS[request.param]
    return (lambda *a, **k: ours(*a, **{**options, **k})), (lambda *a, **k: theirs(*a, **{**options, **k}))
