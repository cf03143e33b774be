"""Is every backend the cell it says it is? Each one, forward and every gradient, against an independent reference.

    python -m rnnbench.parity                    the whole table; exit code 1 if anything fails
    check(cell, backend, dtype, device)          one line of that table, tensor by tensor
    quick_check(layer, backend, dtype, device)   the small check that every run makes before it trains

The reference is never the code under test: torch.nn in float64 for every cell that torch has, except that the backend
which runs torch's own kernels is held against our equations in float64. A cell that torch lacks is held against its
equations in float64, carried by plain loops that no backend shares, and their gradients against finite differences.

The error of a tensor is ‖a − b‖ / ‖b‖, b the reference, at most 1e-12 in float64, 1e-5 in float32 and
5e-2 in bfloat16.
"""

from rnnbench.parity.cases import GRID, Case
from rnnbench.parity.compare import ParityError, Result, check, quick_check

__all__ = ["GRID", "Case", "ParityError", "Result", "check", "quick_check"]
