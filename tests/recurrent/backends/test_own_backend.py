"""A backend from outside the package: one file, chosen by its import path, checked and timed like the shipped ones."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from making import TINY, tiny

from rnnbench import parity
from rnnbench.config import from_mapping
from rnnbench.errors import UsageError
from rnnbench.recurrent.layers import GRU
from rnnbench.run import run

OWN = '''
import rnnbench
from rnnbench.recurrent import equations
from rnnbench.recurrent.backends.base import carry

class Mine(rnnbench.Backend):
    """Step by step, as eager does it; with FAULT its outputs are off by a thousandth."""
    def forward(self, stack, x, state, packing):
        output, state = carry(equations.run_layer, stack, x, state, packing)
        return output * FAULT, state

FAULT = 1.0
'''


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    module = f"own_backend_{tmp_path.name}".replace("-", "_")
    (tmp_path / f"{module}.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    return f"{module}.Mine"


def test_a_run_takes_it_and_says_so(own: str) -> None:
    ending = run(tiny(f"backend={own}", "cell=gru"))
    assert ending.record is not None
    assert (ending.status, ending.record["backend"]) == ("ok", own)
    assert ending.record["parity"]["checked_against"] == "torch.nn float64"
    layer = GRU(2, 3, backend=own)
    assert torch.equal(layer(torch.ones(4, 1, 2))[0], _as_eager(layer)(torch.ones(4, 1, 2))[0])


def _as_eager(layer: GRU) -> GRU:
    other = GRU(2, 3, backend="eager")
    other.load_state_dict(layer.state_dict())
    return other


def test_a_fault_in_it_is_caught_before_training(own: str) -> None:
    module = __import__(own.partition(".")[0])
    module.FAULT = 1.001
    with pytest.raises(parity.ParityError, match=f"backend {own} fails its parity check"):
        parity.quick_check(GRU(2, 3, backend=own), own, torch.float32, "cpu")


def test_the_same_name_with_other_lines_is_another_run(own: str, tmp_path: Path) -> None:
    first = tiny(f"backend={own}").run_id
    (other := tmp_path / "other_lines.py").write_text(OWN + "\n# another line\n")
    second = tiny(f"backend={other.stem}.Mine")
    assert first != second.run_id != tiny().run_id
    digests = [config.recorded()["backend_source"] for config in (tiny(f"backend={own}"), second)]
    assert digests[0] != digests[1]  # so that a table does not take the two for one condition


def test_what_is_none_is_refused_in_one_line(own: str) -> None:
    with pytest.raises(UsageError, match=r"^backend=no\.such: cannot be imported"):
        GRU(2, 3, backend="no.such")
    with pytest.raises(UsageError, match=r"^backend=torch\.nn\.LSTM: wrong kind \(allowed: a class"):
        GRU(2, 3, backend="torch.nn.LSTM")
    values = tiny().to_dict() | {"backend": "fast"}
    with pytest.raises(
        UsageError, match=r"^backend=fast: no such backend \(allowed: auto, eager, fused, torch, triton\)$"
    ):
        from_mapping(values)


@pytest.mark.slow
def test_one_that_cannot_be_made_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "half_made.py").write_text("import rnnbench\nclass Half(rnnbench.Backend): ...\n")
    command = [sys.executable, "-m", "rnnbench", *TINY, "backend=half_made.Half"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 2 and done.stderr.startswith("rnnbench: backend=half_made.Half: cannot be made"), done
    assert not (tmp_path / "results").exists()


@pytest.mark.slow
def test_parity_lists_it(own: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "rnnbench.parity", f"backend={own}", "cell=rnn", "dtype=float64"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert own in done.stdout
