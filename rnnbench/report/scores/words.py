"""What a table of scores says, in sentences: counts of conditions, and what limits them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd

from rnnbench.records import named
from rnnbench.records.numbers import number
from rnnbench.report.findings import ahead_or_why
from rnnbench.report.scores.request import Request
from rnnbench.report.scores.verdicts import Compared
from rnnbench.statistics import MIN_PAIRS, holm, least_p
from rnnbench.statistics.checks import FloatArray
from rnnbench.statistics.correlated import corrected_test
from rnnbench.statistics.sign_flip import EXACT_N
from rnnbench.studies.claim import ALPHA

_METHOD = (
    "Differences are means over the seeds that both cells have, in brackets Student's t interval of 95 %, one a "
    "comparison, not corrected for their number. “Ahead”: the sign-flip test of the paired differences shows it at "
    "5 %, shared by all comparisons of this page (Holm), over ten seeds or more. “No clear difference” is not “the "
    "same”:"
)


def answer(asked: Request, found: Sequence[Compared]) -> list[str]:
    """Of each two cells who has the better mean, who is ahead, who learned nothing, whose tuning ended at an end."""
    lines = []
    for members in pairs(found):
        lines += [_means(asked, members), _ahead(members, len(found)), _chance(members), *_ends(asked, members)]
    return [line for line in [*lines, _resolution(asked, found)] if line]


def pairs(found: Sequence[Compared]) -> list[list[Compared]]:
    """By the two cells that are compared."""
    by: dict[str, list[Compared]] = {}
    for each in found:
        by.setdefault(each.judged.claim.compared, []).append(each)
    return list(by.values())


def better_side(asked: Request, each: Compared) -> str:
    """The cell with the better mean, whether or not it learned; "" where they have the same, or none is known."""
    d = _differences(each)
    if not len(d) or d.mean() == 0:
        return ""
    return each.judged.claim.names[bool(d.mean() > 0) != asked.higher]


def _means(asked: Request, members: Sequence[Compared]) -> str:
    a, b = members[0].judged.claim.names
    tally = Counter(better_side(asked, each) for each in members)
    same = f", neither in {tally['']}" if tally[""] else ""
    word = "higher" if asked.higher else "lower"
    return f"Of {_conditions(members)} {a} has the {word} mean {asked.score} in {tally[a]}, {b} in {tally[b]}{same}."


def _conditions(members: Sequence[Compared]) -> str:
    return f"{len(members)} condition{'s' * (len(members) != 1)}"


def _ahead(members: Sequence[Compared], comparisons: int) -> str:
    """How many conditions one of the cells is ahead in, by the one rule."""
    tally = Counter(ahead_or_why(each.judged).partition(":")[0] for each in members)
    ahead = [f"{name} ahead" for name in members[0].judged.claim.names]
    words = [f"{word} in {tally.pop(word, 0)}" for word in ahead]
    words += [f"{word} in {count}" for word, count in tally.most_common()]
    shared = f" and corrected for the {comparisons} comparisons of this page (Holm)" if comparisons > 1 else ""
    return f"Paired by seed{shared}: {', '.join(words)}."


def _chance(members: Sequence[Compared]) -> str:
    known = [each for each in members if None not in each.learned]
    if not known:
        return ""
    of = "" if len(known) == len(members) else f", of {len(known)} in which chance is known"
    neither = sum(not any(each.learned) for each in known)
    alone = [sum(each.learned[side] is False and each.learned[1 - side] is True for each in known) for side in (0, 1)]
    names = members[0].judged.claim.names
    ones = ", ".join(f"in {count} {name} alone is not" for name, count in zip(names, alone, strict=True))
    return f"In {neither}{of}, neither is clearly better than chance; {ones}."


def _ends(asked: Request, members: Sequence[Compared]) -> list[str]:
    """Of each tuned number how often the chosen value is the least or the largest that was tried."""
    lines = []
    for name in asked.tuned:
        there = [tuple(name in choice.at_end for choice in each.choices) for each in members]
        if not any(any(each) for each in there):
            continue
        parts = []
        for side, cell in enumerate(members[0].judged.claim.names):
            ends = [each.choices[side].values[name] for each, own in zip(members, there, strict=True) if own[side]]
            at = Counter(f"{value:g}" for value in ends)
            where = ", ".join(f"{value} in {count}" for value, count in at.most_common())
            parts.append(f"{cell} in {sum(at.values())}" + (f" ({where})" if where else ""))
        both, either = sum(map(all, there)), sum(map(any, there))
        lines.append(
            f"The chosen {name} is an end of the values tried: {', '.join(parts)}; for one of the two in {either}, for "
            f"both in {both}. What lies beyond was not tried."
        )
    return lines


def _resolution(asked: Request, found: Sequence[Compared]) -> str:
    """That the seeds are too few for so many comparisons, whatever the scores; "" where they are not."""
    n, m = max(each.judged.verdict.n for each in found), len(found)
    if n < MIN_PAIRS or least_p(n) * m <= ALPHA:
        return ""
    enough = next((more for more in range(n, EXACT_N + 1) if least_p(more) * m <= ALPHA), None)
    mend = f"with {enough} seeds somebody could be" if enough else "fewer comparisons would mend it, seeds would not"
    p = [min(1.0, 2 * min(corrected_test(_differences(each), 0.0))) for each in found]
    named_by_t = [better_side(asked, each) for each, of in zip(found, holm(p), strict=True) if of <= ALPHA]
    one_way = sum(abs(np.sign(_differences(each)).sum()) == n for each in found)
    others = ", ".join(f"{name} in {count}" for name, count in Counter(named_by_t).most_common()) or "nobody"
    least = number(least_p(n), 2), number(least_p(n) * m, 2)
    return (
        f"{n} seeds are too few for {m} comparisons: where all {n} go one way, as they do in {one_way}, the sign-flip "
        f"test gives p = {least[0]}, and {m} times that is {least[1]}. So nobody can be called ahead here, whatever "
        f"the scores; {mend}. (A t test, which takes differences for normal, would after Holm call ahead: {others}. "
        "That is told and decides nothing.)"
    )


def _differences(each: Compared) -> FloatArray:
    """(n,), of the seeds that both cells have."""
    m = each.judged.measured[0]
    return m.first - m.second


def method(asked: Request, found: Sequence[Compared]) -> str:
    """The rule, and what this table leaves open."""
    alike = (
        f"alike is what is shown to differ by less than {asked.margin:g}."
        if asked.margin is not None
        else "nothing is called alike, as no margin is stated (margin=)."
    )
    chance = (
        "Chance is not known (chance=): two cells that learned nothing are not told from two that are alike."
        if all(None in each.learned for each in found)
        else "Nobody is ahead who is not clearly better than chance: the t interval of the mean gain holds no 0."
    )
    words = [_METHOD, alike, chance]
    if asked.tuned:
        words.append(
            f"Of {', '.join(asked.tuned)} each cell has, under each condition, what has the best mean {asked.select} "
            f"over its seeds; these seeds are then compared by {asked.score}. Intervals hold what a seed changes, not "
            "what another choice would."
        )
    return " ".join(words)


def warnings(asked: Request, found: Sequence[Compared], runs: pd.DataFrame) -> list[str]:
    """What of the table is not in the numbers, or in them by a rule."""
    lines = []
    missing = list(runs.loc[runs["status"] == "missing", "run_id"])
    if missing:
        lines.append(
            f"{len(missing)} row(s) without {asked.score} are left out, with their partners: {named(missing)}."
        )
    if diverged := list(runs.loc[runs["status"] == "diverged", "run_id"]):
        lines.append(
            f"{len(diverged)} row(s) have an infinite {asked.score} and count as the worse of chance and of the worst "
            f"run beside them: {named(diverged)}."
        )
    measured = [each.judged.measured[0] for each in found]
    alone = list(dict.fromkeys(m.name for m in measured if any("no partner" in words for words in m.left_out)))
    if alone:
        lines.append(f"Seeds that one of two cells lacks are left out in {len(alone)} condition(s): {named(alone)}.")
    compared = {m.name for m in measured}
    if rest := [name for name in dict.fromkeys(runs["dataset"]) if name not in compared]:
        lines.append(f"{len(rest)} condition(s) have one cell alone and are not compared: {named(rest)}.")
    return lines
