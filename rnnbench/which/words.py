"""A decision in sentences that a person can act on. Pure: numbers in, words out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rnnbench.data.table.columns import many
from rnnbench.statistics import MIN_PAIRS, Interval
from rnnbench.which.answer import AGAIN, CLEARLY, Decision, Pair, Terms
from rnnbench.which.prospects import prospect


@dataclass(frozen=True)
class Facts:
    """What the words need beside the numbers."""

    cells: tuple[str, str]  # as readers call them: LSTM, GRU
    metric: str
    unit: str  # of which more data would be: sequences, steps, groups
    size: int  # of the data, in that unit
    kind: str  # time, random, groups, given
    most: int  # pairs that there can be
    seeds: int


def answer_word(decision: Decision | None, facts: Facts) -> str:
    """Exactly one of: use LSTM, use GRU, either, not decided."""
    if decision is None:
        return "not decided"
    names = {"first": f"use {facts.cells[0]}", "second": f"use {facts.cells[1]}"}
    return names.get(decision.word, decision.word)


def sentences(decision: Decision, pairs: Sequence[Pair], terms: Terms, facts: Facts) -> list[str]:
    """The first says what to do, the second whether something simpler does it, the third what would change that."""
    found = [_first(decision, pairs, terms, facts)]
    if decision.word in ("first", "second", "either") or any(decision.beats):
        found.append(_second(decision, pairs, terms, facts))
    return [*found, _third(decision, terms, facts)]


def _first(decision: Decision, pairs: Sequence[Pair], terms: Terms, facts: Facts) -> str:
    lead, other = facts.cells[decision.leads], facts.cells[1 - decision.leads]
    naive = baseline_name(pairs)
    if decision.why == "few":
        return f"Not decided: {many(len(pairs), 'pair')}, and fewer than {MIN_PAIRS} decide nothing."
    if decision.why == "naive":
        return (f"Neither {facts.cells[0]} nor {facts.cells[1]} clearly beats {naive}: "
                f"{gain(decision.gain[decision.leads], terms)} for the better one; "
                f"{_instead(decision, pairs, terms)}.")  # fmt: skip
    if decision.why == "loser":
        return f"Not decided: {lead} is better than {other}, but does not clearly beat {naive}."
    if decision.why == "rows":
        return f"Not decided: {lead} is ahead over splits, but not over the rows of the test set."
    how = _difference(decision, terms)
    if decision.why == "won":
        chance = max(decision.chances.above, decision.chances.below)
        return (f"Use {lead}: {how} than {other}, and the probability that it is better by more than "
                f"{margin(terms)} is {probability(chance)}.")  # fmt: skip
    if decision.why == "alike":
        return (f"Either: {facts.cells[0]} and {facts.cells[1]} are alike within {margin(terms)} with probability "
                f"{probability(decision.chances.within)}; take the cheaper one.")  # fmt: skip
    first, within, second = (decision.chances.above, decision.chances.within, decision.chances.below)
    wanted = AGAIN if terms.again else CLEARLY
    return (f"Not decided: the probability that {facts.cells[0]} is better by more than {margin(terms)} is "
            f"{probability(first)}, that {facts.cells[1]} is {probability(second)}, that they are alike "
            f"{probability(within)}, and it takes {wanted:g}, or .95 of alike.")  # fmt: skip


def _instead(decision: Decision, pairs: Sequence[Pair], terms: Terms) -> str:
    """What to use where no cell clearly beats the naive baseline: a simple model that does, or that baseline."""
    if decision.simple_gain is None or not decision.simple_beats_naive:
        return f"use {baseline_name(pairs)}"
    return f"use a simple model ({simple_name(pairs)}), which beats it by {gain(decision.simple_gain, terms)}"


def _second(decision: Decision, pairs: Sequence[Pair], terms: Terms, facts: Facts) -> str:
    better = facts.cells[decision.leads]
    over = f"{better} beats {baseline_name(pairs)} by {gain(decision.gain[decision.leads], terms)}"
    if decision.word == "not decided" and not decision.beats[decision.leads]:
        over = f"{better} does not clearly beat {baseline_name(pairs)}"
    if decision.simple is None:
        return f"{over}."
    simple = simple_name(pairs)
    if decision.beats_simple:
        return f"{over}, and the best simple model ({simple}) by {gain(decision.simple, terms)}."
    worse = "does better" if decision.simple.high < 0 else "may do as well"
    return f"{over}, but a simple model ({simple}) {worse}: over it the gain is {gain(decision.simple, terms)}."


def _third(decision: Decision, terms: Terms, facts: Facts) -> str:
    if decision.word != "not decided":
        return f"It holds for {facts.size:,} {facts.unit} like these, {_how(decision, facts)}."
    if decision.why == "few" and facts.most < MIN_PAIRS:
        return f"There are only {facts.most} groups: more groups would, no number of minutes."
    if decision.why == "few":
        return "More minutes would: ten pairs at least."
    d = decision.gains[decision.leads] if decision.why in ("naive", "loser") else decision.differences
    limit = 0.0 if decision.why in ("naive", "loser") else terms.additive_margin
    if decision.why in ("naive", "loser") and d.mean() <= 0:
        return "Nothing seen here says that more minutes or more data would change that."
    found = prospect(d, limit, terms.rho, facts.most)
    if found.pairs is not None and found.pairs > len(d):
        return f"More minutes would decide: about {many(found.pairs - len(d), 'more pair')}."
    if facts.seeds < 3:
        return "More minutes may decide: three seeds a split instead of one narrow what is known."
    if found.factor is None:
        return f"Neither more minutes nor, in reason, more {facts.unit} would decide."
    more = math.ceil((found.factor - 1) * facts.size)
    unit = facts.unit if more != 1 else facts.unit.removesuffix("s")
    return f"About {rounded(more)} more {unit} would decide; no number of minutes."


def _how(decision: Decision, facts: Facts) -> str:
    seeds = "one seed" if facts.seeds == 1 else f"{facts.seeds} seeds"
    what = {"time": "blocks of time", "random": "random splits", "groups": "groups left out",
            "given": "parts of the training rows, judged on the given test set"}[facts.kind]  # fmt: skip
    return f"by {len(decision.differences)} {what} with {seeds} each"


def _difference(decision: Decision, terms: Terms) -> str:
    interval = decision.difference
    low, middle, high = (sign * each for sign in [1 if decision.leads == 0 else -1] for each in (
        interval.low, interval.estimate, interval.high))  # fmt: skip
    low, high = min(low, high), max(low, high)
    return f"{gain(Interval(middle, low, high, interval.n, interval.method), terms)} better"


def gain(interval: Interval, terms: Terms) -> str:
    """0.031 (95 %: 0.012 to 0.050), or of errors 6.1 % (95 %: 3.2 to 9.0): how much lower the error is.

    Of an error that may be more than eleven times as large: 6.1 % (95 %: less than -1000 to 9.0).
    """
    low, middle, high = interval.low, interval.estimate, interval.high
    if terms.better == "higher":
        return f"{middle:.3f} (95 %: {low:.3f} to {high:.3f})"
    said = [_percent(-100 * math.expm1(-each)) for each in (low, middle, high)]
    return f"{said[1]} % (95 %: {said[0]} to {said[2]})"


def _percent(value: float) -> str:
    return f"{value:z.1f}" if value >= -1000 else "less than -1000"


def margin(terms: Terms) -> str:
    return f"{terms.margin:g}" if terms.better == "higher" else f"{100 * terms.margin:g} % of the error"


def probability(p: float) -> str:
    """.983; never 1, which nobody knows."""
    return "above .999" if p > 0.999 else "below .001" if p < 0.001 else f"{p:.3f}".lstrip("0")


def baseline_name(pairs: Sequence[Pair]) -> str:
    return f"the naive baseline ({_chosen([pair.naive_name for pair in pairs])})"


def simple_name(pairs: Sequence[Pair]) -> str:
    return _chosen([pair.simple_name for pair in pairs])


def _chosen(names: Sequence[str]) -> str:
    """Of the baselines that validation chose, a split each: the one, or that they differ and which is the commonest,
    since the score beside it is then no model's alone."""
    commonest = max(dict.fromkeys(names), key=list(names).count)
    return commonest if len(set(names)) == 1 else f"chosen on validation, mostly {commonest}"


def rounded(number: int) -> str:
    """To two figures, as what is only about right is said."""
    size = max(0, len(str(number)) - 2)
    return f"{round(number, -size):,}"
