"""A claim in words: its effect, how it was measured, what it says to a reader, what would change it."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd

from rnnbench.records import COLUMNS, cell_name, named
from rnnbench.records.columns import TEXT, axis, key, label, unit
from rnnbench.records.numbers import interval, number
from rnnbench.report.prospects import margin_words, would_change
from rnnbench.statistics import ConditionVerdict, Interval
from rnnbench.studies import Evaluated, StudyResult, selected

_MOST_IN_A_CELL = 3


class Sentence(NamedTuple):
    words: str
    numbers: str = ""
    claim: str = ""  # the id of the claim that it is of


def answer(result: StudyResult, measured: Sequence[str]) -> list[Sentence]:
    """The study in a few sentences. measured: what each claim measures, in words.

    How many claims came out how; then what the study's author has a claim say of its outcome, with the numbers; where
    no claim says anything, the claims that were decided.
    """
    tally = {word: [each for each in result.claims if each.verdict.outcome == word] for word in _SAID}
    counts = ", ".join(f"{len(members)} {_SAID[word]}" for word, members in tally.items() if members)
    if not result.claims:
        return []
    sentences = [Sentence(f"Of {len(result.claims)} claim{'s' * (len(result.claims) != 1)}: {counts}.")]
    found = [
        Sentence(finding(each), f"{effects(each)} ({words}).", each.claim.id)
        for each, words in zip(result.claims, measured, strict=True)
        if finding(each)
    ]
    if found:
        return sentences + found
    for word, members in tally.items():
        if word == "undecided" or not members:
            continue
        said = " ".join(f"“{each.claim.statement}”" for each in members[:_MOST_SAID])
        more = f" And {len(members) - _MOST_SAID} more." if len(members) > _MOST_SAID else ""
        sentences.append(Sentence(f"{_HEADS[word]}: {said}{more}"))
    return sentences


def finding(each: Evaluated) -> str:
    """What the study's author has this claim say of its outcome; empty where nothing."""
    return each.claim.findings.get(each.verdict.outcome, "")


_SAID = {
    "supported": "supported",
    "contradicted": "contradicted",
    "equivalent": "equivalent (a difference that matters is excluded)",
    "undecided": "undecided",
}
_HEADS = {
    "supported": "Supported",
    "contradicted": "Contradicted",
    "equivalent": "Claimed, and shown to be no difference that matters",
}
_MOST_SAID = 4


def completeness(result: StudyResult) -> str:
    """What is not there yet; empty when all is."""
    there = result.requested - len(result.missing) - result.waiting
    if there == result.requested:
        return ""
    parts = [f"{there} of {result.requested} runs are there."]
    parts += [f"Missing: {named(result.missing)}."] if result.missing else []
    parts += [f"{result.waiting} wait for settings that are being tuned."] if result.waiting else []
    return " ".join(parts)


def effect(each: Evaluated, found: Interval) -> str:
    """An estimate with its interval, in the claim's scale."""
    if math.isnan(found.estimate):
        return "–"
    if each.claim.kind == "closed_form":
        return f"{found.estimate:.4g} (exact)"
    return interval(found.estimate, found.low, found.high)


def effects(each: Evaluated) -> str:
    """The effect of every condition, or where there are many their range."""
    conditions = each.verdict.conditions
    name = comparison(each)
    if not conditions:
        return "no effect measured"
    if len(conditions) == 1:
        return f"{name}: {effect(each, conditions[0].condition.effect)}"
    if len(conditions) <= _MOST_IN_A_CELL:
        return f"{name}: " + "; ".join(f"{effect(each, j.condition.effect)} at {j.condition.name}" for j in conditions)
    known = [j.condition.effect.estimate for j in conditions if not math.isnan(j.condition.effect.estimate)]
    if not known:
        return f"{name}: –"
    low, high = number(min(known)), number(max(known))
    those = len(conditions) if len(known) == len(conditions) else f"{len(known)} of {len(conditions)}"
    return f"{name}: {low if low == high else f'{low} to {high}'} over {those} conditions"


def comparison(each: Evaluated) -> str:
    """What the effect is of: "GRU / LSTM"."""
    a, b = (cell_name(value) for value in each.claim.sides)
    return f"{a} {'/' if each.claim.scale == 'ratio' else '−'} {b}"


def in_words(each: Evaluated, score: str = "") -> str:
    """What is compared, with its unit. score: what test_score is, see `score_name`."""
    metric = each.claim.metric
    return _measured(each, score if score and metric == "test_score" else axis(metric))


def axis_words(each: Evaluated, score: str = "") -> str:
    """What a claim's effect is of, with its unit; a ratio has none: "training step, GRU / LSTM (ratio)"."""
    if each.claim.scale != "ratio":
        return f"{in_words(each, score)}, {comparison(each)}"
    metric = each.claim.metric
    bare = re.sub(r" [(][^()]*[)]", "", score) if score and metric == "test_score" else label(metric)
    return f"{_measured(each, bare)}, {comparison(each)} (ratio)"


def _measured(each: Evaluated, metric: str) -> str:
    over = each.claim.over
    if over is not None:
        of_names = over in COLUMNS and COLUMNS[over].kind == TEXT  # two names, not sizes
        how = f"from one {label(over)} to the other" if of_names else f"with each doubling of {label(over)}"
        what = "factor of change" if each.claim.scale == "ratio" else "change"  # a factor has no unit
        return f"{what} of {metric} {how}"
    return "share of runs that solved it" if each.claim.kind == "success" else metric


def time_unit(each: Evaluated) -> str:
    """Of a time to the threshold."""
    return unit(each.claim.metric)


def method_words(each: Evaluated, found: Interval) -> str:
    """How an interval was made, a horizon with its unit: "restricted mean to 18.95 s, …"."""

    def horizon(match: re.Match[str]) -> str:
        return f"{match[1]}{float(match[2]):.4g} {time_unit(each)}"

    return re.sub(r"(restricted mean to )(\d+(?:\.\d+)?(?:e\+?\d+)?)", horizon, found.method)


def score_name(each: Evaluated, runs: pd.DataFrame) -> str:
    """What a claim's test_score is, "test nll (nats per frame)"; empty where its runs have several or none yet."""
    own = selected(each.claim.select, runs)
    kinds = own.loc[own["metric"].notna(), ["metric", "unit"]].drop_duplicates()
    if len(kinds) != 1:
        return ""
    metric, unit = kinds.iloc[0]
    return f"test {metric}" + (f" ({unit})" if isinstance(unit, str) and unit else "")


def pairs(each: Evaluated) -> str:
    counts = [j.condition.n for j in each.verdict.conditions]
    if each.claim.kind == "closed_form":
        return "counted"
    if not counts:
        return "n = 0"
    low, high = min(counts), max(counts)
    return f"n = {low if low == high else f'{low}–{high}'} pairs"


def condition_word(each: Evaluated, judged: ConditionVerdict) -> str:
    """How one condition came out; of a claim of heterogeneity, which of the two is above the other there."""
    if each.claim.kind == "heterogeneity" and judged.outcome in ("supported", "contradicted"):
        return judged.reason
    return judged.outcome


def cut_off(each: Evaluated) -> str:
    """Where a budget ended most runs of a side while they were improving; empty where it did not."""
    where = [m.name for m in each.measured if m.improving > 0.5]
    place = f" in {', '.join(where)}" if len(each.measured) > 1 else ""
    return f"most runs of a cell were cut off while improving{place}" if where else ""


def facts(each: Evaluated, score: str = "") -> list[tuple[str, str]]:
    """What a reader wants to know of a claim beyond its numbers, as pairs (name, words)."""
    claim = each.claim
    chosen = ", ".join(f"{key(name).removesuffix('_asked')} = {_listed(value)}" for name, value in claim.select.items())
    chosen = chosen or "all runs of the study"
    found = [
        ("Said", f"“{claim.folklore}”"),
        ("Verdict", f"{each.verdict.outcome}: " + "; ".join(filter(None, (each.verdict.reason, cut_off(each))))),
        ("Measured", f"{in_words(each, score)}, {comparison(each)}, {_KINDS[claim.kind]}"),
        ("Runs", f"{each.runs} asked for ({chosen})" + (f", {len(each.missing)} missing: {named(each.missing)}"
                                                      if each.missing else "")),
        ("Margin", margin_words(each)),
        ("Rule", _rule(each)),
        ("Correction", each.correction),
    ]  # fmt: skip
    if each.spread is not None:
        s = each.spread
        words = (
            f"Cochran's Q = {s.q:.3g}, {s.df} df, p = {number(s.p_value, 2)} ({s.method}), "
            f"I² = {100 * s.i_squared:.0f} %: whether the size of the effect differs; the verdict speaks of its sign"
        )
        found.append(("Spread", words))
    for m in each.measured:
        found += [(f"Rules, {m.name}", "; ".join(m.left_out))] if m.left_out else []
    found.append(("Would change it", would_change(each)))
    if claim.note:
        found.append(("Note", claim.note))
    return found


def _rule(each: Evaluated) -> str:
    """How its conditions make the verdict."""
    claim, several = each.claim, len(each.verdict.conditions) > 1
    if claim.kind == "heterogeneity":
        return "one ahead in some condition and the other in another, over all of them"
    if claim.kind == "closed_form":
        return "counted in every condition"
    a, b = (cell_name(side) for side in claim.sides)
    if claim.direction == "equivalent":
        so, other = f"{a} and {b} are shown within the margin", "shown beyond it"
    else:
        word = {"greater": "above", "less": "below"}[claim.direction]
        so, other = f"{a} is {word} {b} (p ≤ 5 %, by however little)", "the other way round"
    if not several:
        return f"supported if {so}, contradicted if {other}"
    where = "in every condition" if claim.combine == "all" else "in some condition and nowhere the other way round"
    return f"supported if {so} {where}; contradicted if {other} in some and as claimed in none"


_KINDS = {
    "paired": "paired by seed",
    "success": "paired by seed",
    "solve_time": "restricted mean time to the threshold, unsolved runs censored, paired by seed",
    "closed_form": "counted",
    "heterogeneity": "paired by seed, compared across conditions",
    "interaction": "how the difference or ratio changes, one change a seed, paired by seed",
}


def _listed(value: Any) -> str:
    return " or ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
