"""How a page came about: commands, version and commit, machine, dates, the files beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from rnnbench import __version__
from rnnbench.machine.commit import commit
from rnnbench.records import PACK, commands
from rnnbench.records.columns import with_role
from rnnbench.records.numbers import number

_ASKED = ("device", "dtype", "backend", "threads")
_MEASURED = ("env_load_average",)
_MANY = 8


def made_by(runs: pd.DataFrame, directory: Path, study: bool) -> list[tuple[str, str]]:
    """(what, words): commands, program, machine and dates, in a few lines. runs: of the page."""
    name = directory.resolve().name
    typed = commands(directory)
    runs_by = [f"python -m rnnbench -m study={name}"] if study and not typed else typed[-3:]
    found = [("Runs", line) for line in runs_by]
    found.append(("This page", f"python -m rnnbench.report results/{name}"))
    made = [" ".join(filter(None, (_values(runs, "env_rnnbench"), _commit(_values(runs, "env_commit")))))]
    found.append(("Program", f"rnnbench {made[0] or '–'} for the runs, {program()} for this page"))
    machine = [_values(runs, "env_cpu"), _values(runs, "env_gpu"), _counted(runs, "env_cores", "core"),
               _counted(runs, "threads", "thread"), _values(runs, "env_platform")]  # fmt: skip
    found.append(("Machine", ", ".join(filter(None, machine)) or "–"))
    dates = pd.concat([runs["started"], runs["finished"]])  # a clock may have been set back in between
    if runs["finished"].notna().any():
        days = list(dict.fromkeys(f"{day:%Y-%m-%d}" for day in (dates.min(), dates.max())))
        found.append(("Date", f"runs of {' to '.join(days)} (UTC)"))
    return found


def program() -> str:
    """This one: version and, of a checkout, commit."""
    return " ".join(filter(None, (__version__, _commit(commit()))))


def _commit(value: str) -> str:
    return f"(commit {value})" if value else ""


def _values(runs: pd.DataFrame, column: str) -> str:
    if column not in runs:
        return ""
    values = list(runs[column].dropna().astype(str).value_counts().index)
    return " or ".join(values[:3]) + (f" and {len(values) - 3} more" if len(values) > 3 else "")


def _counted(runs: pd.DataFrame, column: str, word: str) -> str:
    values = _values(runs, column)
    return f"{values} {word}{'' if values == '1' else 's'}" if values else ""


def environment(runs: pd.DataFrame) -> list[tuple[str, str]]:
    """Each fact of the machines and versions with its values, most frequent first; of what is measured the range."""
    facts = sorted(name for name in runs.columns if name.startswith("env_") and name.removeprefix("env_") not in _ASKED)
    found = []
    for name in [*_ASKED, *with_role("numerics"), *facts]:
        known = runs[name].dropna()
        if not len(known):
            continue
        if name in _MEASURED:
            known = known.astype(float)
            low, high = (number(float(end), 2) for end in (known.min(), known.max()))
            found.append((_word(name), low if low == high else f"{low} to {high}"))
            continue
        tally = known.astype(str).value_counts()
        values = [value if len(tally) == 1 else f"{value} ({count} runs)" for value, count in tally.head(_MANY).items()]
        found.append((_word(name), ", ".join(map(str, values)) + (" …" if len(tally) > _MANY else "")))
    worst = runs["parity_max_error"].max()
    if worst == worst:
        against = ", ".join(sorted(runs["parity_checked_against"].dropna().unique()))
        found.append(("parity", f"largest relative error {worst:.1e}" + (f" against {against}" if against else "")))
    return found


def _word(name: str) -> str:
    return name.removeprefix("env_").replace("_", " ")


def files(directory: Path, tables: Sequence[str]) -> list[tuple[str, list[tuple[str, str]]]]:
    """(table, [(word, place)]) of what lies beside the page, as links that work where the folder is.

    tables: names of those that are written as .csv, .md and .tex.
    """
    found = []
    for name in tables:
        kinds = [kind for kind in ("csv", "md", "tex") if (directory / f"{name}.{kind}").exists()]
        found.append((name, [(f".{kind}", f"{name}.{kind}") for kind in kinds]))
    for name, words in (
        ("runs.csv", "a row a run"),
        (PACK, "whole records"),
        ("figures", "each drawing, .png and .svg"),
    ):
        if (directory / name).exists():
            found.append((words, [(name, f"{name}/" if (directory / name).is_dir() else name)]))
    return [(name, links) for name, links in found if links]
