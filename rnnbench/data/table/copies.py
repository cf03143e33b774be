"""Examples with the same inputs: they stand on one side of a split, and of a given test set they are counted."""

from __future__ import annotations

from dataclasses import replace
from hashlib import blake2b

import numpy as np

from rnnbench.data.splits import Split
from rnnbench.data.table.table import Examples, Table


def same_inputs(table: Table, examples: Examples) -> np.ndarray:
    """(N,) the same number for examples whose inputs are the same, bit for bit; missing values are alike."""
    kinds: dict[bytes, int] = {}
    found = []
    for a, b in zip(examples.start.tolist(), examples.stop.tolist(), strict=True):
        numbers = table.numbers[a:b] + np.float32(0)  # −0 is 0
        key = blake2b(numbers.tobytes() + b"|" + table.codes[a:b].tobytes(), digest_size=16).digest()
        found.append(kinds.setdefault(key, len(kinds)))
    return np.array(found, np.int64)


def apart(split: Split, same: np.ndarray) -> Split:
    """The same split without training examples whose inputs stand in validation or test too, and without validation
    examples whose inputs stand in the test. same: (N,) of `same_inputs`."""
    valid = split.valid[~np.isin(same[split.valid], same[split.test])]
    held = np.concatenate((same[valid], same[split.test]))
    return replace(split, train=split.train[~np.isin(same[split.train], held)], valid=valid)


def copies_said(table: Table, examples: Examples) -> list[str]:
    """What there is to say of them."""
    same = same_inputs(table, examples)
    if examples.official is not None and examples.official.any():
        given = examples.official
        twice = int(np.isin(same[given], same[~given]).sum())
        if twice:
            whose = f"{twice:,} of {int(given.sum()):,} test examples have the very inputs of a training example"
            return [f"{whose}: scored with and without them"]
        return []
    counts = np.bincount(same)
    twice = int((counts[same] > 1).sum())
    if not twice:
        return []
    return [f"{twice:,} of {len(same):,} examples have the very inputs of another: kept on one side of each split"]
