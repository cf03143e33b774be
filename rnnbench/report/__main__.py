"""The report again, from the records alone: the page, its figures and its tables (CSV, Markdown, LaTeX).

usage: python -m rnnbench.report results/NAME … [key=value]

  figure    import paths of figures of your own to add to the page, separated by commas: my_figures.Spread
  pack      true: first put all records into results/NAME/records.jsonl.gz           (default: false)
  name      one page of all the directories, in results/NAME/ with its runs.csv and a pack of their records
  prune     true: first drop the models of all runs but the best of each condition     (default: false)

usage: python -m rnnbench.report open [results/NAME]

  shows the page in a browser; without a folder it lists every page here and those that come with the program

results/NAME holds runs/, or records.jsonl.gz, or both: a run that is in both is read from runs/. The pack is one small
file to commit or to mail: whole records, and of each history about a hundred evaluations. What is in it counts as
finished, for this program and for a sweep or a study that goes on in a copy of the directory; runs/ stays as it is.
With name= each run counts once, whichever directories have it (two machines, a colleague's folder), and times of
different machines are kept apart; nothing in the directories is touched.
The best run is that of the best validation score; of the others model.safetensors and model.json go, and nothing else.

usage: python -m rnnbench.report SCORES.csv cell=COLUMN seed=COLUMN score=COLUMN better=lower|higher [key=value]

  the same statistics and words for anyone's table, a row a run (.csv, .tsv, .csv.gz, .parquet), in results/NAME/
  cell, seed, score   the columns that say so; pairs are of one seed
  better      lower or higher, of the score
  conditions  columns between commas, whose values make a condition                    (default: one condition)
  tuned       columns of which each cell gets what is best by select, in each condition
  select      the column with the validation score
  chance      what scores without learning: a number, a column, or a table of the conditions with a column chance
  margin      differences smaller than this do not matter                              (default: none is stated)
  beside      the cell that the others are compared with                 (default: the LSTM, else the first by name)
  name        of results/NAME                                                          (default: as the file)

Prints the paths of what it wrote. Exit code: 0 done, 1 of several directories one could not be reported, 2 a request
that makes no sense.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from rnnbench.command import command, manual
from rnnbench.config.arguments import one_of, pairs
from rnnbench.errors import UsageError
from rnnbench.report.opening import show
from rnnbench.report.scores.read import is_table

DEFAULTS = {"figure": "", "name": "", "pack": "false", "prune": "false"}


def main(arguments: Sequence[str]) -> int:
    """Write what is asked for and print where it is; the exit code."""
    if any(argument in ("-h", "--help") for argument in arguments):
        print(manual(__doc__, __file__))
        return 0
    if arguments and arguments[0] == "open" and not Path("open").is_dir():
        return show(arguments[1:])
    directories = [each for each in arguments if _is_directory(each)]
    try:
        if any(map(is_table, directories)):
            _of_scores(arguments, directories)
            return 0
        request = DEFAULTS | pairs([each for each in arguments if each not in directories], list(DEFAULTS))
        pack, prune = (one_of(key, request[key], ["true", "false"]) == "true" for key in ("pack", "prune"))
        if not directories:
            raise UsageError("no directory is given", allowed="results/NAME, one or more")
        figures = request["figure"].split(",") if request["figure"] else []
        paths = [Path(each) for each in directories]
        if request["name"]:
            if pack or prune:
                raise UsageError("goes without name=", key="pack" if pack else "prune", value=True, allowed="false")
            paths = [_merged(paths, request["name"])]
        return _write(paths, pack, prune, figures)
    except UsageError as problem:
        print(problem, file=sys.stderr)
        return 2


def _of_scores(arguments: Sequence[str], files: Sequence[str]) -> None:
    """Verdicts and the page of a table of scores."""
    from rnnbench.report.scores import KEYS, make_page, request_of

    if len(files) > 1:
        raise UsageError("a table of scores goes alone", allowed=f"{files[0]} and key=value")
    given = pairs([each for each in arguments if each not in files], list(KEYS))
    page, sentences = make_page(request_of(Path(files[0]), given), arguments)
    print("\n".join([*sentences, str(page)]))


def _is_directory(argument: str) -> bool:
    """Not key=value, nor an option of other programs' habits; a directory that is there may be named like either."""
    return Path(argument).is_dir() or not ("=" in argument or argument.startswith("-"))


def _merged(sources: Sequence[Path], name: str) -> Path:
    """results/NAME with the runs of all of them, and the study, where they are of one."""
    from rnnbench.records.merging import merge
    from rnnbench.studies import merge_requests, requests_of

    if name in (".", "..") or "/" in name:
        raise UsageError("no name of a folder", key="name", value=name, allowed="one that results/NAME can have")
    target = Path("results") / name
    requests_of(sources, target)  # refused, where it is, before anything is written
    runs = merge(sources, target)
    merge_requests(sources, target)
    print(f"{target}: {runs} runs of {len(sources)} directories")
    return target


def _write(directories: Sequence[Path], pack: bool, prune: bool, figures: Sequence[str]) -> int:
    """Of each directory; of several, one that cannot be is named and the others are made. The exit code."""
    failed = False
    for directory in directories:
        try:
            _write_one(directory, pack, prune, figures)
        except UsageError as problem:
            if len(directories) == 1:
                raise
            print(problem, file=sys.stderr)
            failed = True
    return int(failed)


def _write_one(directory: Path, pack: bool, prune: bool, figures: Sequence[str]) -> None:
    from rnnbench.records.packing import write_pack
    from rnnbench.records.pruning import prune as pruned
    from rnnbench.report.page import make_report

    if pack:
        print(write_pack(directory))
    if prune:
        dropped, left, freed = pruned(directory)
        print(f"{directory}: {dropped} models dropped, {left} left, {freed:,} bytes freed")
    print(make_report(directory, figures))


if __name__ == "__main__":
    command(main)
