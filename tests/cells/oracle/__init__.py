"""Every cell again in NumPy, one unit at a time, by its name: a function of that name in one of these files.

ORACLES["lstm"](weights by role, x (I,), h (H,), c (H,)) -> (h, c)
"""

from __future__ import annotations

from types import FunctionType

from . import of_gru, of_lstm, torchs

ORACLES = {
    name: f for file in (torchs, of_lstm, of_gru) for name, f in vars(file).items() if isinstance(f, FunctionType)
}
