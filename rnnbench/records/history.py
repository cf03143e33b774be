"""history.csv of a run: a row an evaluation, there as soon as it is made, so that a run can be watched."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path

from rnnbench.errors import UsageError
from rnnbench.records.atomic import write_text_atomically

HISTORY = "history.csv"
Row = Mapping[str, float | int | None]


class History:
    """The file in `run_dir`. Raises UsageError where it cannot be written."""

    def __init__(self, run_dir: Path):
        self.path = Path(run_dir) / HISTORY

    def write(self, rows: Sequence[Row]) -> None:
        """These rows and no others: those of the checkpoint that a run goes on from, or all of a run that is over."""
        write_text_atomically(self.path, lines(rows, header=True))

    def add(self, row: Row) -> None:
        """One row more, in one write: whoever kills the run or reads beside it finds whole lines."""
        try:
            file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
            try:
                new = os.fstat(file).st_size == 0
                os.write(file, lines([row], header=new).encode())
            finally:
                os.close(file)
        except OSError as error:
            raise UsageError(f"cannot write {self.path}: {error.strerror or error}") from error


def lines(rows: Sequence[Row], header: bool) -> str:
    """CSV, the columns in the order in which they first appear; a float as the shortest text that reads back as it."""
    text = StringIO()
    writer = csv.DictWriter(text, list(dict.fromkeys(name for row in rows for name in row)), lineterminator="\n")
    if header and rows:
        writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
