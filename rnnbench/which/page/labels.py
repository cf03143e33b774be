"""Where the cells differ on labels: class by class, what is taken for what, and on which examples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from rnnbench.plots.look import INK
from rnnbench.plots.panels import Drawing
from rnnbench.which.page.answers import NAIVE, Said

MOST_DRAWN = 20
"""Classes of a drawn matrix; of more there is the table alone."""

MOST_LISTED = 20


def confusion(said: Sequence[Said], who: int, classes: int) -> np.ndarray:
    """(true, said) counts over the test rows of all splits."""
    found = np.zeros((classes, classes), np.int64)
    for each in said:
        target, label = each.target.ravel(), each.labels[who].ravel()
        known = target >= 0
        np.add.at(found, (target[known], label[known]), 1)
    return found


def class_table(said: Sequence[Said], names: Sequence[str], cells: tuple[str, str]) -> pd.DataFrame:
    """A row a class: how many test rows, and which share of them each finds."""
    whos = [0, 1, *([NAIVE] if all(NAIVE in each.of for each in said) else [])]
    titles = {0: cells[0], 1: cells[1], NAIVE: "naive"}
    counted = {who: confusion(said, who, len(names)) for who in whos}
    total = counted[0].sum(1)
    table = pd.DataFrame({"class": list(names), "test rows": [f"{n:,}" for n in total]})
    share = {who: counts.diagonal() / np.maximum(total, 1) for who, counts in counted.items()}
    for who in whos:
        table[f"found by {titles[who]}"] = [
            f"{100 * s:.1f} %" if n else "–" for s, n in zip(share[who], total, strict=True)
        ]
    gap = 100 * (share[0] - share[1])
    table[f"{cells[0]} − {cells[1]} (points)"] = [f"{g:+.1f}" if n else "–" for g, n in zip(gap, total, strict=True)]
    return table


def matrices(said: Sequence[Said], names: Sequence[str], cells: tuple[str, str]) -> Drawing | None:
    """Both cells' matrices side by side, in shares of each true class. None of too many classes."""
    K = len(names)
    if K > MOST_DRAWN:
        return None

    def make(columns: int) -> Figure:
        rows, columns = (1, 2) if columns > 1 else (2, 1)
        size = max(3.4, 0.34 * K + 1.6)
        figure = Figure(figsize=(size * columns, size * rows), layout="constrained")
        for slot, axes in enumerate(figure.subplots(rows, columns, squeeze=False).flat):
            counts = confusion(said, slot, K)
            shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
            axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
            axes.grid(visible=False)
            short = [name if len(name) <= 14 else name[:13] + "…" for name in names]
            axes.set_xticks(range(K), short, rotation=90 if K > 4 else 0, fontsize=8)
            axes.set_yticks(range(K), short, fontsize=8)
            axes.set_xlabel(f"said by {cells[slot]}")
            axes.set_ylabel("true")
            if K <= 12:
                for i in range(K):
                    for j in range(K):
                        if counts[i, j]:
                            axes.text(j, i, f"{100 * shares[i, j]:.0f}", ha="center", va="center", fontsize=7.5,
                                      color="white" if shares[i, j] > 0.55 else INK)  # fmt: skip
        return figure

    caption = "In percent of the test rows of each true class, over all splits."
    return Drawing("confusion", "What is taken for what", caption, make)


def disagreements(
    said: Sequence[Said], names: Sequence[str], cells: tuple[str, str], ids: Sequence[str]
) -> pd.DataFrame:
    """Test examples, of a label a sequence, that one cell finds more often than the other, the clearest first."""
    tally: dict[int, list[list[int]]] = {}
    for each in said:
        for row, example in enumerate(each.examples[: len(each.target)]):
            right = [int(each.labels[who][row] == each.target[row]) for who in (0, 1)]
            tally.setdefault(int(example), []).append([*right, int(each.target[row]), int(each.labels[0][row]),
                                                       int(each.labels[1][row])])  # fmt: skip
    found = []
    for example, seen in tally.items():
        right = np.array(seen)[:, :2].sum(0)
        if right[0] != right[1]:
            last = seen[-1]
            found.append((abs(int(right[0] - right[1])), example, right, len(seen), last))
    found.sort(key=lambda each: (-each[0], each[1]))
    rows = [
        {"example": ids[example], "true": names[last[2]], f"{cells[0]} right": f"{right[0]} of {n}",
         f"{cells[1]} right": f"{right[1]} of {n}", f"{cells[0]} said last": names[last[3]],
         f"{cells[1]} said last": names[last[4]]}
        for _, example, right, n, last in found[:MOST_LISTED]
    ]  # fmt: skip
    return pd.DataFrame(rows)
