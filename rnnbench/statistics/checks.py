"""What every function of this package demands of the numbers it is given."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]


def finite_vector(values: ArrayLike, name: str) -> FloatArray:
    """`values` as a float64 vector (n,); ValueError naming `name` if it is not one or holds NaN or infinity.

    A study that lost a number must say so where it lost it, not lose it again inside a mean.
    """
    vector = np.asarray(values, dtype=np.float64)
    if vector.ndim != 1:
        raise ValueError(f"{name} must be a vector (n,), not an array of shape {vector.shape}")
    for word, bad in (("NaN", np.isnan(vector)), ("infinite", np.isinf(vector))):
        if bad.any():
            raise ValueError(f"{name} holds {bad.sum()} {word} value(s), the first at index {int(np.argmax(bad))}")
    return vector


def paired_vectors(x: ArrayLike, y: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """`x` and `y` as float64 vectors of one length (n,); element i of both belongs to the same seed."""
    first, second = finite_vector(x, "x"), finite_vector(y, "y")
    if len(first) != len(second):
        raise ValueError(f"paired x and y must have equal lengths, not {len(first)} and {len(second)}")
    return first, second


def open_unit(value: float, name: str) -> float:
    """`value` if 0 < value < 1, else ValueError naming it: confidence levels, powers, error rates."""
    if not 0.0 < value < 1.0:
        raise ValueError(f"{name} must lie strictly between 0 and 1, not {value}")
    return float(value)
