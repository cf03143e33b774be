from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import torch


@pytest.fixture(scope="session")
def oracle() -> ModuleType:
    """The package oracle/ beside this file: the cells' equations in NumPy."""
    place = Path(__file__).with_name("oracle")
    spec = importlib.util.spec_from_file_location(
        "cell_oracle", place / "__init__.py", submodule_search_locations=[str(place)]
    )
    assert spec is not None and spec.loader is not None
    module = sys.modules["cell_oracle"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Tensors too small to share out: on a busy machine, waiting for the other threads would be most of the time."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
