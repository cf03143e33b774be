"""What a kept model says of new rows, in the names and units of the file that it was learned from.

usage: python -m rnnbench.predict results/NAME NEW [out=FILE] [quantiles=0.1,0.9]

  results/NAME   of an answer, or results/NAME/runs/RUN_ID of one run with dataset=table
  NEW            a file or folder in any form that is read; the target may be there or not
  out            a CSV file                                              (default: printed)
  quantiles      of forecasts, from residuals of rows that the model was not fitted on
  separator, decimal, encoding, header, missing, lengths      how the file is written; found out where you say nothing

Of labels the probability of each class stands beside them; a forecast is of the steps that follow the file's last, with
their dates. What was never seen, or lies outside of what was learned from, is counted on stderr.
Exit code: 0 done, 2 a file whose columns do not fit, or a request that makes no sense: one line, nothing written.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from rnnbench.command import command, manual
from rnnbench.errors import UsageError

READING = ("separator", "decimal", "encoding", "header", "missing", "lengths")
KNOWN = ("out", "quantiles", *READING)


def main(arguments: Sequence[str]) -> int:
    if not arguments or any(argument in ("-h", "--help") for argument in arguments):
        print(manual(__doc__, __file__))
        return 0
    try:
        return _predict(arguments)
    except UsageError as problem:
        print(problem, file=sys.stderr)
        return problem.exit_code


def _predict(arguments: Sequence[str]) -> int:
    from rnnbench.config.arguments import pairs

    places = [each for each in arguments if Path(each).exists() or "=" not in each]
    request = pairs([each for each in arguments if each not in places], KNOWN)
    if len(places) != 2:
        raise UsageError(f"{len(places)} paths are given", allowed="two: results/NAME and the new file")
    quantiles = [_number(each) for each in request["quantiles"].split(",")] if "quantiles" in request else []
    from rnnbench.data.table.keys import Keys
    from rnnbench.data.table.read import read
    from rnnbench.predict.answers import predict
    from rnnbench.records.spreadsheet import as_csv

    said: dict[str, object] = {key: request[key] for key in READING if key in request}
    if "header" in said:
        said["header"] = _truth(request["header"])
    found = predict(places[0], read(places[1], Keys(**said)), quantiles)  # type: ignore[arg-type]
    for line in found.told:
        print(line, file=sys.stderr)
    text = as_csv(found.frame)
    if "out" not in request:
        sys.stdout.write(text)
        return 0
    if _write(request["out"], text, places[1]):
        print(request["out"])
    return 0


def _write(out: str, text: str, source: str) -> bool:
    """Whole or not at all, and whether to a file: a pipe or a terminal is written to.

    Raises UsageError for a file that is there and not one of ours, such as `source`.
    """
    from rnnbench.records import write_text_atomically

    path = Path(os.path.realpath(out))  # a link stays one
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            path.write_text(text, encoding="utf-8")
            return False
        if path.is_file():
            with path.open("rb") as there:
                ours = there.readline().strip() in (b"", text.partition("\n")[0].strip().encode())
                if not ours or path.samefile(source):
                    raise UsageError("is there already and holds something else", key="out", value=out,
                                     allowed="a new file, or one of such predictions")  # fmt: skip
        write_text_atomically(path, text)
        return True
    except OSError as error:
        raise UsageError(f"cannot be written ({error.strerror})", key="out", value=out) from error


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise UsageError("is no number", key="quantiles", value=text, allowed="0.1,0.5,0.9") from error


def _truth(text: str) -> bool:
    if text not in ("true", "false"):
        raise UsageError("is neither", key="header", value=text, allowed="true, false")
    return text == "true"


if __name__ == "__main__":
    command(main)
