"""What each claim is on its page: primary, exploratory, or a cell beside itself."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from rnnbench.report import make_report
from rnnbench.studies import study_from, write_request
from tests.fake_records import record, write


def test_exploratory_and_planted_claims_say_what_they_are(tmp_path: Path) -> None:
    """Twenty seeds of the GRU are ten pairs of itself: it is better than the LSTM, and not than itself."""
    records = [record(c, seq_len=100, seed=s, test_score=0.9 + 0.001 * np.sin(s) - (0.2 if c == "lstm" else 0))
               for c in ("gru", "lstm") for s in range(20)]  # fmt: skip
    write(tmp_path, records, histories=False)
    one: dict[str, Any] = {
        "compare": ["gru", "lstm"],
        "folklore": "",
        "kind": "paired",
        "metric": "test_score",
        "direction": "either",
    }
    claims = [one | {"id": "aa", "statement": "Itself.", "compare": ["gru", "gru"]},
              one | {"id": "told", "statement": "Told besides.", "primary": False},
              one | {"id": "main", "statement": "Claimed.", "problem": "a <long> delay"}]  # fmt: skip
    study = study_from({"title": "t", "sweeps": [{"cell": "gru"}], "claims": claims})
    write_request(tmp_path, "made", study, {each["run_id"]: each["config"] for each in records})
    page = make_report(tmp_path).read_text()
    assert [page.index(f'id="claim-{name}"') for name in ("main", "told", "aa")] == sorted(
        page.index(f'id="claim-{name}"') for name in ("main", "told", "aa")
    )
    assert "1 primary claim has an error of 5 %" in page and "1 more are exploratory" in page
    assert "1 compares a cell with itself (A/A): undecided or alike, as they must be." in page
    assert "A/A: the same cell twice" in page and "A/A failed" not in page
    assert re.findall(r'href="#claim-([\w]+)"', page) == ["main"] and "a &lt;long&gt; delay" in page
