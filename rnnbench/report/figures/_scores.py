"""What figures of scores share."""

from __future__ import annotations

import pandas as pd


def score_name(runs: pd.DataFrame, split: str = "test") -> str:
    """Label of a score's axis: split, metric, unit, and which way is better."""
    first = runs[runs["metric"].notna()].iloc[0]
    unit = f" ({first['unit']})" if isinstance(first["unit"], str) and first["unit"] else ""
    return f"{split} {first['metric']}{unit}\n{'higher' if first['higher_is_better'] else 'lower'} is better"
