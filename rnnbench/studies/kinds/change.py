"""What does one change of a cell do, on each of several tasks? Claims of this kind are the rungs of a ladder.

Each compares a cell with the one that it was made from and says what the change takes away or adds. All of a page
together answer which part counts (what it costs to go without it) and, of the mean of the learning curve, which learns
quickly, in words and in one figure: tasks across, changes down.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rnnbench.records.columns import label
from rnnbench.records.numbers import interval
from rnnbench.statistics import ConditionVerdict
from rnnbench.statistics.verdict import TOO_FEW
from rnnbench.studies.claim import StudyClaim
from rnnbench.studies.kinds.base import OWN_KEYS, Evaluated, Kind
from rnnbench.studies.learning import CURVE
from rnnbench.studies.measure import Measured

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from rnnbench.plots.panels import Drawing

_CAPTION = (
    "{what}: what each change does on each task, effect with its 95 % Student t interval over {n} pairs, to the right "
    "better; line: no effect; band: the margin, within which a difference does not matter in practice. Filled: decided "
    "(triangle: better or worse; square: within the margin), by a test corrected for the tasks {family}; hollow: not "
    "decided, or nobody may be called ahead."
)


class Change(Kind):
    """A metric by unit, the changed cell against the one before it; each condition is decided by itself."""

    keys = ("change",)
    method = "paired, the changed cell against the one before it, each task by itself"

    def validate(self, claim: StudyClaim) -> None:
        super().validate(claim)
        if claim.change is None or set(claim.change) not in ({"removes"}, {"adds"}):
            raise claim.wrong("change", claim.change, OWN_KEYS["change"])
        if claim.direction != "either":
            raise claim.wrong("direction", claim.direction, "either")
        if not claim.by:
            raise claim.wrong("by", [], "the columns that tell the tasks apart")

    def rule(self, each: Evaluated) -> str:
        return "who is ahead is said of each task by itself (p ≤ 5 %, corrected)"

    def answer(self, claims: Sequence[Evaluated]) -> list[tuple[str, str, str]]:
        return [found for metric in _metrics(claims) for found in _sentences(metric, _of(claims, metric))]

    def together(self, claims: Sequence[Evaluated]) -> list[Drawing]:
        return [drawing for metric in _metrics(claims) for drawing in _drawing(metric, _of(claims, metric))]


def part(claim: StudyClaim) -> str:
    """What the change is about: "the output gate"."""
    ((_, words),) = (claim.change or {"removes": claim.id}).items()
    return words


def row_label(claim: StudyClaim) -> str:
    """The change in a figure: "GRU: + a gate of its own for the reset"."""
    sign = "−" if "removes" in (claim.change or {}) else "+"
    return f"{claim.names[0]}: {sign} {part(claim)}"


def _metrics(claims: Sequence[Evaluated]) -> list[str]:
    return list(dict.fromkeys(each.claim.metric for each in claims))


def _of(claims: Sequence[Evaluated], metric: str) -> list[Evaluated]:
    return [each for each in claims if each.claim.metric == metric]


def _gained(judged: ConditionVerdict, m: Measured) -> bool | None:
    """Whether the change made it better there; None where that is not decided."""
    return ((judged.condition.additive_effect > 0) == m.higher) if judged.outcome == "supported" else None


def _where(claims: Sequence[Evaluated], wanted: bool) -> Iterator[tuple[Evaluated, list[ConditionVerdict]]]:
    """The changes that made it better (or worse) somewhere, each with the tasks in which."""
    for each in claims:
        judged = zip(each.verdict.conditions, each.measured, strict=True)
        those = [j for j, m in judged if _gained(j, m) is wanted]
        if those:
            yield each, those


def _sentences(metric: str, claims: Sequence[Evaluated]) -> list[tuple[str, str, str]]:
    """(words, numbers, id of the claim that they lead to): two of what is reached, one of what learns quickly."""
    asked = "Which part learns quickly" if metric == CURVE else "Which part counts"
    asked += "" if all(each.claim.primary for each in claims) else " (exploratory)"
    costs, gains = list(_where(claims, False)), list(_where(claims, True))
    needed = [(each, those) for each, those in costs if "removes" in (each.claim.change or {})]
    needed += [(each, those) for each, those in gains if "adds" in (each.claim.change or {})]
    spared = [pair for pair in [*costs, *gains] if pair not in needed]
    none = [each for each in claims if each not in [pair[0] for pair in [*needed, *spared]]]
    if not needed and not spared:
        return [(f"{asked}: not shown of any ({_why(claims)}).", "", claims[0].claim.id if claims else "")]
    rest = f"of {', '.join(part(each.claim) for each in none)}: {_why(none)}" if none else ""
    if metric == CURVE:
        words = f"{asked}: {_named(needed) or 'none that is shown'}"
        words += f"; better without: {_named(spared)}" if spared else ""
        return [(f"{words}.", _numbers([*needed, *spared]), [*needed, *spared][0][0].claim.id)]
    found = []
    for members, lead, after in ((needed, asked, "" if spared else rest), (spared, "Better without", rest)):
        if members:
            words = "; ".join(each for each in (f"{lead}: {_named(members)}", after) if each)
            found.append((f"{words}.", _numbers(members), members[0][0].claim.id))
    return found


def _named(members: Sequence[tuple[Evaluated, Sequence[ConditionVerdict]]]) -> str:
    """Parts, each with the tasks: "the output gate (jsb), …"."""
    return ", ".join(f"{part(each.claim)} ({', '.join(j.condition.name for j in those)})" for each, those in members)


def _numbers(members: Sequence[tuple[Evaluated, Sequence[ConditionVerdict]]]) -> str:
    """In the same order, each effect with its interval."""
    effects = ((j.condition.name, j.condition.effect) for _, those in members for j in those)
    return ", ".join(f"{task} {interval(e.estimate, e.low, e.high)}" for task, e in effects)


def _why(claims: Sequence[Evaluated]) -> str:
    """Of conditions in which nothing was shown: how many for which reason."""
    reasons: dict[str, int] = {}
    for each in claims:
        for j in each.verdict.conditions:
            if j.outcome == "equivalent":
                word = "within the margin"
            else:
                known = ("not learned", "still improving", TOO_FEW)
                word = next((each for each in known if j.reason.startswith(each)), "no difference shown")
            reasons[word] = reasons.get(word, 0) + 1
    return ", ".join(f"{word} in {count}" for word, count in reasons.items()) or "nothing was measured"


def _drawing(metric: str, claims: Sequence[Evaluated]) -> list[Drawing]:
    from rnnbench.plots.panels import Drawing

    tasks = list(dict.fromkeys(j.condition.name for each in claims for j in each.verdict.conditions))
    if not tasks:
        return []
    counts = {j.condition.n for each in claims for j in each.verdict.conditions} - {0}
    n = "–".join(map(str, sorted({min(counts), max(counts)}))) if counts else "0"
    what = label(metric)
    said = " ".join(words for words, *_ in _sentences(metric, claims))
    primary = all(each.claim.primary for each in claims)
    family = "and the claims of this page" if primary else "of its claim alone: exploratory"

    def make(columns: int) -> Figure:
        from matplotlib.figure import Figure

        from rnnbench.plots.look import INK

        across = len(tasks) if columns > 1 else 1
        down = 1 if columns > 1 else len(tasks)
        wide = 2.4 + 2.15 * len(tasks) if columns > 1 else 4.6
        tall = (0.45 * len(claims) + 1.0) * down + 0.7 + 0.3 * (columns == 1)
        figure = Figure(figsize=(wide, tall), layout="constrained")
        places = list(figure.subplots(down, across, squeeze=False).flat)
        for at, (axes, task) in enumerate(zip(places, tasks, strict=True)):
            _panel(axes, task, claims, named=columns == 1 or at == 0)
        title = "\n".join(textwrap.wrap(f"{what.capitalize()}. {said}", round(12.5 * wide)))
        figure.suptitle(title, x=0.01, ha="left", fontsize=10, color=INK)
        return figure

    return [
        Drawing(
            f"changes_{metric}",
            f"What each change does: {what}",
            _CAPTION.format(what=what.capitalize(), n=n, family=family),
            make,
            said,
        )
    ]


_COLOURS = {True: "#0072B2", False: "#D55E00", None: "#009E73"}


def _panel(axes: Axes, task: str, claims: Sequence[Evaluated], named: bool) -> None:
    """One task: a row a change."""
    from rnnbench.plots.look import FAINT, INK

    higher, margin, of = True, None, ""
    for y, each in enumerate(claims):
        for j, m in zip(each.verdict.conditions, each.measured, strict=True):
            e = j.condition.effect
            if j.condition.name != task or e.estimate != e.estimate:
                continue
            higher, margin, of = m.higher, j.condition.margin, m.task
            gained, decided = _gained(j, m), j.outcome in ("supported", "equivalent")
            colour = _COLOURS[gained] if decided else INK
            marker = (
                "s" if j.outcome == "equivalent" else {True: ">", False: "<"}.get(bool(gained), "o") if decided else "o"
            )
            error = None if e.low != e.low else [[e.estimate - e.low], [e.high - e.estimate]]
            axes.errorbar(e.estimate, y, xerr=error, fmt=marker, color=colour, capsize=3, linewidth=1.5, markersize=7,
                          markerfacecolor=colour if decided else "white", zorder=3)  # fmt: skip
    axes.axvline(0, color=FAINT, linewidth=1.2, zorder=1)
    if margin is not None:
        axes.axvspan(-margin, margin, color="#d9d9d6", alpha=0.6, zorder=0)
    axes.set_yticks(range(len(claims)), [_wrapped(row_label(each.claim)) if named else "" for each in claims])
    axes.set_ylim(len(claims) - 0.5, -0.5)
    axes.grid(False, axis="y")
    axes.margins(x=0.1)
    axes.locator_params(axis="x", nbins=4)
    if not higher:
        axes.invert_xaxis()
    axes.set_title(task, loc="left")
    axes.set_xlabel(f"{of}\nbetter →".lstrip(), fontsize=9)


def _wrapped(words: str) -> str:
    return "\n".join(textwrap.wrap(words, 28))
