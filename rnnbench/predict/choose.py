"""Which cell for my data, from Python and from a notebook: the same as `python -m rnnbench.which`.

answer = rnnbench.choose(frame, target="sales", minutes=5)
answer.answer            "use LSTM", "use GRU", "either" or "not decided"
answer.table             both cells and the baselines, best first
answer.best.predict(new)
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnnbench.data.table.keys import Keys
from rnnbench.errors import UsageError
from rnnbench.predict.answers import predict

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Best:
    """The model that was kept in `folder`."""

    folder: Path
    cell: str

    def predict(self, frame: pd.DataFrame | str | Path, quantiles: Sequence[float] = ()) -> pd.DataFrame:
        """What it says of new rows, as `python -m rnnbench.predict`. Raises UsageError for columns that do not fit.

        What its reader must know is printed on stderr.
        """
        from rnnbench.data.table.read import read

        with tempfile.TemporaryDirectory() as folder:
            path = frame if isinstance(frame, str | Path) else _written(frame, Path(folder, "frame.csv"))
            found = predict(self.folder, read(path, Keys()), quantiles)
        for line in found.told:
            print(line, file=sys.stderr)
        return found.frame


@dataclass(frozen=True)
class Chosen:
    """An answer; `facts` is answer.json."""

    folder: Path
    facts: dict[str, Any]

    @property
    def answer(self) -> str:
        return self.facts["answer"]

    @property
    def sentences(self) -> tuple[str, ...]:
        return tuple(self.facts["sentences"])

    @property
    def table(self) -> pd.DataFrame:
        """name, kind (cell, naive, simple) and mean score over splits, best first."""
        import pandas as pd

        rows = [{"name": c["title"], "kind": "cell", "score": c["mean"]} for c in self.facts["cells"]]
        rows += [{"name": b["name"], "kind": b["kind"], "score": b["mean"]} for b in self.facts["baselines"]]
        lower = self.facts["metric"]["better"] == "lower"
        return pd.DataFrame(rows).sort_values("score", ascending=lower, ignore_index=True, kind="stable")

    @property
    def best(self) -> Best:
        if self.facts["kept"] is None:
            raise UsageError(f"{self.folder} keeps no model: it was interrupted; asked again, it goes on")
        return Best(self.folder, self.facts["kept"]["cell"])

    def __str__(self) -> str:
        return "\n".join([self.answer, *self.sentences])


def choose(data: pd.DataFrame | str | Path, target: str | None = None, minutes: float = 10, **keys: Any) -> Chosen:
    """LSTM or GRU, for this frame or file, in about so many minutes. keys: as typed after `python -m rnnbench.which`.

    A frame's index is a column before the others, "date" if it has no name and holds dates, unless it only counts rows.
    Leaves results/NAME, NAME being `name=` or made from the data; the same call again goes on there. Raises UsageError
    for what cannot be read or asked, and TooLittleData.

    >>> import numpy as np, pandas as pd, rnnbench
    >>> days = np.arange(120)
    >>> frame = pd.DataFrame({"date": np.datetime64("2024-01-01") + days, "sales": days % 7})
    >>> answer = rnnbench.choose(frame, "sales", splits=2, trials=1, seeds=1, steps=20)  # doctest: +ELLIPSIS
    rows         120, of 2 columns
    ...
    >>> answer.answer  # two splits decide nothing
    'not decided'
    >>> answer.best.predict(frame)["date"].tolist()  # the day after the last
    [Timestamp('2024-04-30 00:00:00')]
    """
    from rnnbench.which import asked, store
    from rnnbench.which.ask import ask

    said = {key: _spelled(value) for key, value in {"target": target, **keys}.items() if value is not None}
    if not any(key in said for key in ("splits", "trials", "seeds")):
        said["minutes"] = f"{minutes:g}"
    if isinstance(data, str | Path):
        path = Path(data)
    else:
        text = _flat(data).to_csv(index=False)
        name = said.setdefault("name", f"frame-{hashlib.sha256(text.encode()).hexdigest()[:8]}")
        path = _written(data, asked.of(["frame.csv"], {"name": name}).folder / "frame.csv")
    answered = ask(asked.of([str(path)], said), _say, _quiet)
    assert answered is not None
    file = store.write(answered)
    return Chosen(file.parent, json.loads(file.read_text()))


def _written(frame: pd.DataFrame, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    _flat(frame).to_csv(path, index=False)
    return path


def _flat(frame: pd.DataFrame) -> pd.DataFrame:
    """Its index as columns before the others: dates often stand there. What only counts or picks rows, whole numbers
    without a name, is left off, as what is a column already. Unnamed it is "date" if it holds dates, else "index".
    """
    import pandas as pd

    from rnnbench.data.table.read.columns import free_name

    whole = frame.reset_index(drop=True)
    for place, name in reversed(list(enumerate(frame.index.names))):
        level = frame.index.get_level_values(place)
        counts = name is None and level.dtype.kind in "iu"
        if counts or (name in frame.columns and level.equals(pd.Index(frame[name]))):
            continue
        dates = isinstance(level, pd.DatetimeIndex | pd.PeriodIndex)
        wished = str(name) if name is not None else "date" if dates else "index"
        whole.insert(0, free_name(wished, list(whole.columns)), level)
    return whole


def _spelled(value: Any) -> str:
    """As it is typed: true, "a,b"."""
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


_say: Callable[[str], None] = print


def _quiet(done: int, of: int, left: float | None) -> None:
    """No bar in a notebook."""
