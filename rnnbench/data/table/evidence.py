"""How much of a target a few inputs tell: small fits, each in one line of algebra. n examples."""

from __future__ import annotations

import numpy as np

MOST_COLUMNS = 4
"""Of a sum that is looked for."""


def explained(x: np.ndarray, y: np.ndarray) -> float:
    """The share of the variance of y (n,) that a cubic in x (n,) explains where both are known; 0 of fewer than 30."""
    known = ~np.isnan(x)
    if known.sum() < 30 or known.sum() < 0.5 * len(x) or np.ptp(x[known]) == 0:
        return 0.0
    z = (x[known] - x[known].mean()) / x[known].std()
    return 1 - _left(np.stack([np.ones(len(z)), z, z**2, z**3], axis=1), y[known])


def subset(X: np.ndarray, y: np.ndarray, wanted: float, beside: np.ndarray | None = None) -> list[int]:
    """The fewest columns of X (n, F), up to MOST_COLUMNS and found one by one, that explain `wanted` of what y (n,) has
    left beside `beside` (n, G), or beside its mean; [] where none do, or there are hardly more examples than columns.

    A column with missing values is none of them.
    """
    usable = [f for f in range(X.shape[1]) if not np.isnan(X[:, f]).any() and np.ptp(X[:, f]) > 0]
    base = np.ones((len(y), 1)) if beside is None else np.column_stack((np.ones(len(y)), beside))
    if len(y) < 30 or len(y) < 1.5 * (len(usable) + base.shape[1]) + 10 or np.ptp(y) == 0:
        return []
    Z = {f: (X[:, f] - X[:, f].mean()) / X[:, f].std() for f in usable}
    before = _left(base, y)
    if before < 1e-8:  # its past tells all
        return []
    chosen: list[int] = []
    whole = np.column_stack((base, *Z.values())) if Z else base
    if _left(whole, y) / before > 1 - wanted:
        return []

    def enough(these: list[int]) -> bool:
        return _left(np.column_stack((base, *(Z[f] for f in these))), y) / before <= 1 - wanted

    while len(chosen) < MOST_COLUMNS:
        rest = y - _fitted(np.column_stack((base, *(Z[f] for f in chosen))), y)
        free = [f for f in usable if f not in chosen]
        if not free:
            return []
        chosen.append(max(free, key=lambda f: abs(float(Z[f] @ rest))))
        if enough(chosen):
            for f in chosen[:-1]:  # chosen for what a later one says better
                chosen = fewer if enough(fewer := [g for g in chosen if g != f]) else chosen
            return chosen
    return []


def stump(x: np.ndarray, y: np.ndarray, cuts: int = 1) -> tuple[float, str]:
    """Balanced accuracy of the best rule of one threshold, or of `cuts`, on x (n,) for labels y (n,), and where it is.

    Of more than two classes the rule has as many parts as classes that it can name. Of classes with fewer than ten
    examples nothing is counted. A missing x is its own least value.
    """
    from sklearn.tree import DecisionTreeClassifier

    counts = np.bincount(y)
    kept = counts[y] >= 10
    x, y = np.where(np.isnan(x), np.nanmin(x) - 1 if not np.isnan(x).all() else 0.0, x)[kept, None], y[kept]
    if len(np.unique(y)) < 2 or np.ptp(x) == 0:
        return 0.0, ""
    tree = DecisionTreeClassifier(max_leaf_nodes=1 + cuts, min_samples_leaf=5, class_weight="balanced", random_state=0)
    tree.fit(x, y)
    said = tree.predict(x)
    share = float(np.mean([(said[y == c] == c).mean() for c in np.unique(y)]))
    return share, f"above or below {tree.tree_.threshold[0]:.4g}"


def purity(codes: np.ndarray, y: np.ndarray) -> float:
    """Balanced accuracy of the commonest label of each spelling, of spellings that occur five times or more and of
    classes with ten examples; 0 where those are not nine in ten examples, or one spelling has all."""
    counts = np.bincount(codes[codes >= 0], minlength=1)
    classes = np.bincount(y)
    often = (codes >= 0) & (counts[np.maximum(codes, 0)] >= 5) & (classes[y] >= 10)
    if often.sum() < 0.9 * len(y) or len(np.unique(codes[often])) < 2 or len(np.unique(y[often])) < 2:
        return 0.0
    table = np.zeros((len(counts), len(classes)))
    np.add.at(table, (codes[often], y[often]), 1)
    said = (table / np.maximum(classes, 1)).argmax(axis=1)[codes[often]]
    return float(np.mean([(said[y[often] == c] == c).mean() for c in np.unique(y[often])]))


def _fitted(A: np.ndarray, y: np.ndarray) -> np.ndarray:
    return A @ np.linalg.lstsq(A, y, rcond=None)[0]


def _left(A: np.ndarray, y: np.ndarray) -> float:
    """The share of the variance of y that least squares on A (n, F) leaves."""
    variance = float(((y - y.mean()) ** 2).sum())
    return 1.0 if variance == 0 else float(((y - _fitted(A, y)) ** 2).sum()) / variance
