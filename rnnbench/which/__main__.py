"""Which cell for my data: LSTM or GRU, answered on your own file within the time you give.

usage: python -m rnnbench.which FILE … [key=value …]     several files: each by itself, then a view over them

  target= task= id= time= groups= inputs= known=     what the columns are; found out where you say nothing
  window= horizon= ahead= season= test= truth= lengths= gaps=
  separator= decimal= encoding= header= missing=     how the file is written; found out where you say nothing
  minutes=10        from reading to answer; or instead of it
  splits= trials= seeds=     how much is done, the same on every machine (sample=, steps=: of examples, of a fit)
  cells=lstm,gru    which two
  metric= margin=   what counts, and which differences do not matter (0.02: of an error 2 %)
  weight=balanced   classes count alike in training; of a label a sequence
  seed=0            of splits, tuning and first weights
  refit=true        the model that is kept is fitted again on all data
  plan=only         say what the file was taken for and what would be done, and stop
  rows=none         leave the file's own rows off a page that is to be mailed
  name=             results/NAME holds answer.json and what is gone on with; the file's name unless said

Column names are taken as they stand: target=C6H6(GT). The answer is one of: use LSTM, use GRU, either, not decided.
Typed again after Ctrl-C, it goes on. Exit code: 0 an answer, 2 what cannot be read or was typed wrong, 3 too little
data, 130 Ctrl-C, after the answer so far.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rnnbench.command import command, manual, say_stopped
from rnnbench.errors import UsageError, escaped

if TYPE_CHECKING:
    from rnnbench.which.asked import Asked


def whole(arguments: Sequence[str]) -> int:
    """`main` of a process that does nothing else: its minutes are counted from its own beginning."""
    from rnnbench.machine.clocks import age

    return main(arguments, time.monotonic() - age())


def main(arguments: Sequence[str], began: float | None = None) -> int:
    """Print what was understood, then the answer; the exit code. began: as of `rnnbench.which.ask.ask`."""
    if not arguments or any(argument in ("-h", "--help") for argument in arguments):
        print(manual(__doc__, __file__))
        return 0
    try:
        return _answer(arguments, began)
    except UsageError as problem:
        print(problem, file=sys.stderr)
        return getattr(problem, "exit_code", 2)
    except KeyboardInterrupt as ending:
        return say_stopped(ending)


def _answer(arguments: Sequence[str], began: float | None) -> int:
    from rnnbench.which.asked import read

    asked = read(arguments)
    from rnnbench.which import store, text
    from rnnbench.which.ask import ask

    if len(asked.paths) > 1:
        return _several(asked)
    answered = ask(asked, say, Progress(), began)
    if answered is None:
        return 0
    if sys.stderr.isatty():
        print(file=sys.stderr)
    say(text.printed(text.six(answered)))
    say(str(store.write(answered)))
    from rnnbench.which.page.make import make_page

    say(str(make_page(answered)))
    return 130 if answered.interrupted else 0


def say(said: str) -> None:
    """On the terminal; what a file calls its columns moves no cursor there."""
    print(escaped(said), flush=True)


def _several(asked: Asked) -> int:
    from rnnbench.which import several, text
    from rnnbench.which.answered import titles
    from rnnbench.which.table import MARGIN

    done = several.ask_all(asked, say, Progress())
    if done.interrupted and not done.files:
        return 130
    if not done.files:
        return 0 if asked.plan_only and not done.refused else 2
    cells = titles(asked.cells)
    found = several.view(done.files, cells, asked.margin or MARGIN)
    found |= {"refused": done.refused, "seconds": done.seconds, "interrupted": done.interrupted,
              "asked": text.typed(asked)}  # fmt: skip
    say(several.printed(found, cells))
    print(several.write(asked, found))
    from rnnbench.which.page.over_files import make_page

    print(make_page(asked.folder, found, cells, several.sentences(found, cells)))
    return 130 if done.interrupted else 0


class Progress:
    """Pairs done and time left; never who leads. A line that changes, or where nobody watches a line a pair."""

    def __init__(self) -> None:
        self.said = -1

    def __call__(self, done: int, of: int, left: float | None) -> None:
        from rnnbench.which.text import clock

        watched = sys.stderr.isatty()
        if watched or done != self.said:
            text = f"pairs {done} of {max(done, of)}" + ("" if left is None else f", {clock(left)} left")
            print(text, end="\r" if watched else "\n", file=sys.stderr, flush=True)
        self.said = done


if __name__ == "__main__":
    command(whole)
