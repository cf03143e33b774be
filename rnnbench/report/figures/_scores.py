"""What figures of scores share."""

from __future__ import annotations

import pandas as pd

from rnnbench.records import metric_name


def score_name(runs: pd.DataFrame, split: str = "test") -> str:
    """Label of a score's axis: split, metric, unit, and which way is better."""
    first = runs[runs["metric"].notna()].iloc[0]
    words = metric_name(first["metric"], first["unit"])
    return f"{split} {words}\n{'higher' if first['higher_is_better'] else 'lower'} is better"
