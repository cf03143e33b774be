"""A claim in words: its effect, how it was measured, what it says to a reader, what would change it."""

from __future__ import annotations

import math
import re
from typing import Any, NamedTuple

import pandas as pd

from rnnbench.records import metric_name, named
from rnnbench.records.columns import axis, key, label
from rnnbench.records.numbers import number
from rnnbench.statistics import MIN_PAIRS, least_p
from rnnbench.studies import Evaluated, StudyResult, told_apart
from rnnbench.studies.claim import ALPHA

_MOST_IN_A_CELL = 3


class Sentence(NamedTuple):
    words: str
    numbers: str = ""
    claim: str = ""  # the id of the claim that it is of


def shared(result: StudyResult) -> str:
    """How many claims share the error, how many can be decided at all with so many pairs, and what is told besides."""
    judged = [each for each in result.claims if not each.kind.counted and not each.claim.planted]
    primary = [each for each in judged if each.claim.primary and each.verdict.outcome != "withdrawn"]
    if not primary:
        return ""
    n = min((j.condition.n for each in primary for j in each.verdict.conditions if j.condition.n), default=0)
    one = len(primary) == 1
    words = f"{len(primary)} primary {'claim has' if one else 'claims share'} an error of {100 * ALPHA:g} %"
    words += "" if one else ", by Holm's correction"
    if n >= MIN_PAIRS and len(primary) * least_p(n) > ALPHA:
        most = int(ALPHA / least_p(n))
        words += (
            f"; of {n} pairs the least p-value is {least_p(n):.2g}, so that no more than {most} could be shown at once"
        )
    words += "."
    if others := len(judged) - sum(each.claim.primary for each in judged):
        words += f" {others} more are exploratory: told besides, each judged alone, and no ground for a choice."
    if planted := [each for each in result.claims if each.claim.planted]:
        bad = told_apart(planted)
        words += f" {len(planted)} compare{'s' * (len(planted) == 1)} a cell with itself (A/A): "
        words += f"{len(bad)} came out as none may." if bad else "undecided or alike, as they must be."
    return words


def role(each: Evaluated, result: StudyResult) -> str:
    """What a claim is on its page, where not all are alike."""
    if each.claim.planted:
        return "A/A: the same cell twice"
    told = any(not other.claim.primary for other in result.claims)
    return ("primary" if each.claim.primary else "exploratory") if told else ""


def told(each: Evaluated) -> str:
    """The effects of a claim; where there is none, why."""
    known = any(not math.isnan(j.condition.effect.estimate) for j in each.verdict.conditions)
    return effects(each) if known else each.verdict.reason


def finding(each: Evaluated) -> str:
    """What the study's author has this claim say of its outcome; empty where nothing."""
    return each.claim.findings.get(each.verdict.outcome, "")


def completeness(result: StudyResult) -> str:
    """What is not there yet; empty when all is."""
    there = result.requested - len(result.missing) - result.waiting
    if there == result.requested:
        return ""
    parts = [f"{there} of {result.requested} runs are there."]
    parts += [f"Missing: {named(result.missing)}."] if result.missing else []
    parts += [f"{result.waiting} wait for settings that are being tuned."] if result.waiting else []
    return " ".join(parts)


def effects(each: Evaluated) -> str:
    """The effect of every condition, or where there are many their range."""
    conditions = each.verdict.conditions
    effect, name = each.kind.effect, each.claim.compared
    if not conditions:
        return "no effect measured"
    if len(conditions) == 1:
        return f"{name}: {effect(conditions[0].condition.effect)}"
    if len(conditions) <= _MOST_IN_A_CELL:
        return f"{name}: " + "; ".join(f"{effect(j.condition.effect)} at {j.condition.name}" for j in conditions)
    known = [j.condition.effect.estimate for j in conditions if not math.isnan(j.condition.effect.estimate)]
    if not known:
        return f"{name}: –"
    low, high = number(min(known)), number(max(known))
    those = len(conditions) if len(known) == len(conditions) else f"{len(known)} of {len(conditions)}"
    return f"{name}: {low if low == high else f'{low} to {high}'} over {those} conditions"


def in_words(each: Evaluated, score: str = "") -> str:
    """What is compared, with its unit. score: what test_score is, see `score_name`."""
    metric = each.claim.metric
    return each.kind.subject(each.claim, score if score and metric == "test_score" else axis(metric))


def axis_words(each: Evaluated, score: str = "") -> str:
    """What a claim's effect is of, with its unit; a ratio has none: "training step, GRU / LSTM (ratio)"."""
    if each.claim.scale != "ratio":
        return f"{in_words(each, score)}, {each.claim.compared}"
    metric = each.claim.metric
    bare = re.sub(r" [(][^()]*[)]", "", score) if score and metric == "test_score" else label(metric)
    return f"{each.kind.subject(each.claim, bare)}, {each.claim.compared} (ratio)"


def score_name(runs: pd.DataFrame) -> str:
    """What the test_score of a claim's runs is, "test nll (nats per frame)"; empty where it is several or none yet."""
    kinds = runs.loc[runs["metric"].notna(), ["metric", "unit"]].drop_duplicates()
    if len(kinds) != 1:
        return ""
    metric, unit = kinds.iloc[0]
    return f"test {metric_name(metric, unit)}"


def cut_off(each: Evaluated) -> str:
    """Where a budget ended most runs of a side while they were improving; empty where it did not."""
    both = zip(each.measured, each.verdict.conditions, strict=False)  # of what is counted nothing is a score
    where = [m.name for m, j in both if m.improving > 0.5 and j.reason not in m.barred]
    place = f" in {', '.join(where)}" if len(each.measured) > 1 else ""
    return f"most runs of a cell were cut off while improving{place}" if where else ""


def facts(each: Evaluated, score: str = "") -> list[tuple[str, str]]:
    """What a reader wants to know of a claim beyond its numbers, as pairs (name, words)."""
    claim = each.claim
    chosen = ", ".join(f"{key(name).removesuffix('_asked')} = {_listed(value)}" for name, value in claim.select.items())
    chosen = chosen or "all runs of the study"
    found = [
        ("Said", f"“{claim.folklore}”"),
        ("Verdict", f"{each.word}: " + "; ".join(filter(None, (each.verdict.reason, cut_off(each))))),
        ("Measured", f"{in_words(each, score)}, {each.claim.compared}, {each.kind.method}"),
        ("Runs", f"{each.runs} asked for ({chosen})" + (f", {len(each.missing)} missing: {named(each.missing)}"
                                                      if each.missing else "")),
        ("Margin", margins(each)),
        ("Rule", each.kind.rule(each)),
        ("Correction", each.correction),
    ]  # fmt: skip
    found += each.kind.facts(each)
    for m in each.measured:
        found += [(f"Rules, {m.name}", "; ".join(m.left_out))] if m.left_out else []
    found.append(("Would change it", each.kind.would_change(each)))
    if claim.note:
        found.append(("Note", claim.note))
    return found


def margins(each: Evaluated) -> str:
    """The claim's, or where its conditions are of several quantities that of each."""
    own = {m.name: m.margin for m in each.measured if m.margin is not None}
    if each.claim.margin is not None or not own:
        return each.claim.margin_words
    return "; ".join(f"{each.claim.margined(margin).margin_words} in {name}" for name, margin in own.items())


def _listed(value: Any) -> str:
    return " or ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
