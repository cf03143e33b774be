"""The page of several files: which cell on which, what to expect of the next, ranks, and who is better than whom."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd
from markupsafe import Markup, escape
from matplotlib.figure import Figure

from rnnbench.plots.look import FAINT, INK, drawing_context
from rnnbench.plots.panels import Drawing
from rnnbench.records import write_text_atomically
from rnnbench.records.numbers import number
from rnnbench.statistics import MIN_PAIRS
from rnnbench.which.page.look import keyed, one
from rnnbench.which.page.template import PAGE, rendered, section
from rnnbench.which.words import probability

MOST_DRAWN = 60
"""Files in the figure of differences: those whose cells differ most."""


def make_page(
    folder: Path,
    found: Mapping[str, Any],
    cells: tuple[str, str],
    sentences: Sequence[str],
    tables: Sequence[tuple[str, pd.DataFrame, str]] = (),
    beside: str = "a folder for each file with its answer.json, page and model",
) -> Path:
    """Write results/NAME/report.html; found: as `several.view` gives it. Gives its path.

    tables: more of them, each with its heading and note. beside: which files there are beside the page.
    """
    files = found["files"]
    with drawing_context():
        figures = folder / "figures"
        drawn = _differences(files, cells, found["margin"])
        sections = [section("files", "File by file", table=_files(files, cells), note=_NOTE),
                    section("differences", drawn.heading, drawing=drawn, figures=figures)]  # fmt: skip
        if "mean_ranks" in found:
            sections.append(section("ranks", "Mean ranks", drawing=_ranks(found), figures=figures))
        note = "By the mean score over pairs, however small the difference; ties count for nobody."
        heading = "Better on how many files, row than column"
        sections.append(section("pairwise", heading, table=_matrix(found), note=note))
        sections += [section(f"more-{i}", title, table=table, note=told)
                     for i, (title, table, told) in enumerate(tables)]  # fmt: skip
    page = rendered(
        title=f"{cells[0]} or {cells[1]} on {len(files)} files?",
        read="Each file is answered by itself; what each rests on lies beside this page.",
        answer=counted(found, cells),
        sentences=sentences,
        cost=f"Cost: {found['seconds'] / 60:.1f} min in all.",
        warnings=[f"{each['path']}: {each['why']}" for each in found["refused"]],
        sections=sections,
        understood=None,
        plan=[("files", f"{len(files)} answered, {len(found['refused'])} refused"), ("again", found["asked"])],
        files=f"several.json (all of this for a program); {beside}",
    )
    write_text_atomically(folder / PAGE, page)
    return folder / PAGE


_NOTE = (
    "The difference is above 0 where the first cell is better: of scores as it is, of errors in logarithms (0.02 is "
    "2 % of the error). Its interval is over the pairs of that file, corrected for what they share."
)


def counted(found: Mapping[str, Any], cells: tuple[str, str]) -> str:
    return (f"use {cells[0]} on {found['first_wins']}, use {cells[1]} on {found['second_wins']}, "
            f"either on {found['alike']}, not decided on {found['not_decided']}")  # fmt: skip


def _files(files: Sequence[Mapping[str, Any]], cells: tuple[str, str]) -> pd.DataFrame:
    titles = [*cells, "naive", "simple"]
    rows = []
    for file in files:
        name = escape(_short(file["path"]))
        link = Markup('<a href="{}">{}</a>').format(quote(f"{file['folder']}/{PAGE}"), name) if file["folder"] else name
        scores = dict(zip(titles, (number(abs(score), 4) for score in file["scores"]), strict=False))
        bounds = "" if math.isnan(file["low"]) else f" [{file['low']:+.3f}, {file['high']:+.3f}]"
        rows.append({"file": link, "answer": file["answer"], "metric": file["metric"],
                     **{title: scores.get(title, "–") for title in titles},
                     "difference [95 %]": f"{file['difference']:+.3f}{bounds}"})  # fmt: skip
    return pd.DataFrame(rows, dtype=object)  # markup stays markup


def _differences(files: Sequence[Mapping[str, Any]], cells: tuple[str, str], margin: float) -> Drawing:
    shown = sorted(files, key=lambda file: -abs(file["difference"]))[:MOST_DRAWN]
    shown.sort(key=lambda file: file["difference"])

    def make(_: int) -> Figure:
        figure, axes = one(height=1.5 + 0.26 * len(shown))
        axes.axvspan(-margin, margin, color="#e6e6e6", label=f"margin: {margin:g}", zorder=1)
        axes.axvline(0, color=FAINT, linewidth=1, zorder=2)
        for y, file in enumerate(shown):
            known = not math.isnan(file["low"])
            bars = [[file["difference"] - file["low"]], [file["high"] - file["difference"]]] if known else None
            axes.errorbar(file["difference"], y, xerr=bars, fmt="D", color=INK, capsize=3, markersize=5, linewidth=1.3,
                          label="mean, 95 % interval" if not y else None, zorder=4)  # fmt: skip
        axes.set_yticks(range(len(shown)), [_short(file["path"]) for file in shown], fontsize=8)
        axes.set_ylim(-0.7, len(shown) - 0.1)
        edges = [abs(file[key]) for file in shown for key in ("difference", "low", "high") if not math.isnan(file[key])]
        reach = 1.1 * max([*edges, margin])
        axes.set_xlim(-reach, reach)
        axes.locator_params(axis="x", nbins=6)
        axes.set_xlabel(f"← {cells[1]} better        {cells[0]} better →", fontsize=8.5)
        keyed(axes)
        return figure

    caption = "Mean difference of each file's pairs with its interval: of scores as it is, of errors in logarithms."
    if len(files) > MOST_DRAWN:
        caption += f" The {MOST_DRAWN} of {len(files)} files whose cells differ most."
    return Drawing("differences", f"{cells[0]} against {cells[1]}, file by file", caption, make)


def _ranks(found: Mapping[str, Any]) -> Drawing:
    ranks, critical = found["mean_ranks"], found["critical_difference"]

    def make(_: int) -> Figure:
        figure, axes = one(height=1.3 + 0.3 * len(ranks))
        order = sorted(ranks, key=lambda name: -ranks[name])
        best = min(ranks.values())
        axes.axvspan(best, min(best + critical, len(ranks) + 0.3), color="#e6e6e6", zorder=1,
                     label=f"not told apart from the best (critical difference {critical:.2f})")  # fmt: skip
        for y, name in enumerate(order):
            axes.plot(ranks[name], y, "D", color=INK, markersize=6, zorder=3)
            axes.annotate(f"{ranks[name]:.2f}", (ranks[name], y), xytext=(0, 6), textcoords="offset points",
                          ha="center", fontsize=8)  # fmt: skip
        axes.set_yticks(range(len(order)), order)
        axes.set_ylim(-0.6, len(order) - 0.1)
        axes.set_xlim(0.7, len(ranks) + 0.3)
        axes.set_xlabel(f"mean rank over {len(found['files'])} files (1 is best)")
        keyed(axes)
        return figure

    caption = "Nemenyi's critical difference at .05"
    if len(found["files"]) >= MIN_PAIRS:
        caption += f"; Iman and Davenport's p that all rank alike: {probability(found['p_no_difference'])}"
    caption += "."
    return Drawing("ranks", "Mean ranks", caption, make)


def _matrix(found: Mapping[str, Any]) -> pd.DataFrame:
    names = list(found["better_on"])
    rows = [{"better": name} | {other: str(found["better_on"][name].get(other, "–")) for other in names}
            for name in names]  # fmt: skip
    return pd.DataFrame(rows)


def _short(path: str) -> str:
    name = Path(path).name
    return name if len(name) <= 28 else f"{name[:12]}…{name[-15:]}"
