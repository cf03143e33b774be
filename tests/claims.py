"""Hand-made runs of two cells, and the verdict on one claim of them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rnnbench.records.table import load_results
from rnnbench.studies import Evaluated, StudyClaim, evaluate_claim, study_from
from tests.fake_records import record, write


def claim(**changes: Any) -> StudyClaim:
    values: dict[str, Any] = {
        "id": "c", "statement": "GRU is better.", "folklore": "They say so.", "kind": "paired", "metric": "test_score",
        "compare": ["gru", "lstm"], "direction": "greater",
    }  # fmt: skip
    study = study_from({"title": "t", "sweeps": [{"cell": "lstm,gru"}], "claims": [values | changes]})
    return study.claims[0]


def table(directory: Path, contents: Iterable[dict[str, Any]]) -> pd.DataFrame:
    write(directory, contents, histories=False)
    return load_results(directory)


def scores(gru: Iterable[float], lstm: Iterable[float], **changes: Any) -> list[dict[str, Any]]:
    """Runs of both cells on adding, one a seed, with these test scores."""
    return [
        record(cell, seed=seed, test_score=value, **changes)
        for cell, values in (("gru", gru), ("lstm", lstm))
        for seed, value in enumerate(values)
    ]


def verdict_of(directory: Path, contents: Iterable[dict[str, Any]], **changes: Any) -> Evaluated:
    return evaluate_claim(claim(**changes), table(directory, contents))


RAMP = np.arange(10) / 1000  # 0 to 0.009
