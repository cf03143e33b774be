"""How much is done in the time: a plan, made from what one step takes, before anything is promised.

What a plan costs is pairs × 2 cells × (trials · 0.55 + seeds) fits, a trial being given up early as often as not. When
time is short this is given up, in this order, and each is told: trials down to 4, seeds down to 1, examples (a sample
of them), steps of a fit, and pairs last. Nothing here looks at a clock: the same costs give the same plan.

Where fits turn out slower than was thought, as beside another program, the rest is planned again (`replanned`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from rnnbench.which.problem import Length

TRIALS, LEAST_TRIALS, MOST_TRIALS = 8, 4, 32
SEEDS = 3
LEAST_EXAMPLES = 400
STEPS, MOST_STEPS = 200, 2_000
"""Steps of a fit, at least and at most; between them by its passes over the data."""

SHORTER = (100, 50)
"""Steps of a fit where there is no time for STEPS."""

PASSES = 20
LOOKS = 16
"""Validations in a fit."""

A_TRIAL = 0.55
"""Of a fit: what a trial takes on average."""

LEAST_SHARE = 0.1
"""Of what baselines take on all examples: what they take on few, at the least."""

SAFE = 0.7
"""Share of the time that is promised: steps of one setting take longer than those of another."""

SURE = 0.9
"""Likewise under way, when it was seen how long fits take."""


@dataclass(frozen=True)
class Cost:
    """Seconds that were measured, of settings as they come on average."""

    step: float
    look: float  # at one example, which is answered and not learned from
    baselines: float = 0.0  # all of them on one split


@dataclass(frozen=True)
class Plan:
    pairs: int
    trials: int
    seeds: int
    examples: int  # of those that there are
    batch: int
    length: Length
    given_up: tuple[str, ...] = ()  # in the order in which it was
    seconds: float = 0.0  # of one core, that it was thought to take
    cost: tuple[float, ...] = ()  # of `Cost`, as it was measured

    @property
    def fits(self) -> float:
        """How many whole ones it is as much work as."""
        return 2 * self.pairs * (self.trials * A_TRIAL + self.seeds)

    @property
    def a_fit(self) -> float:
        """Seconds that one was thought to take."""
        return self.seconds / self.fits

    @property
    def data(self) -> tuple[int, Length]:
        """What every fit depends on: of another plan none of them counts."""
        return self.examples, self.length

    def plain(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, plain: dict[str, Any]) -> Plan:
        tuples = {name: tuple(plain.get(name, ())) for name in ("given_up", "cost")}
        return cls(**plain | {"length": Length(**plain["length"])} | tuples)


def batch_of(examples: int) -> int:
    """Examples in a step: a power of two, an eighth of those that train or less, 8 to 64."""
    return min(64, max(8, 2 ** ((max(examples, 1) // 8).bit_length() - 1)))


def length_of(examples: int, most: int = MOST_STEPS) -> Length:
    """Steps of a fit on so many training examples: PASSES over them, within bounds."""
    return of_steps(min(most, max(STEPS, PASSES * examples // batch_of(examples))))


def of_steps(steps: int) -> Length:
    """Whole numbers of steps between LOOKS looks, as near below as they come. steps: LOOKS or more."""
    every = steps // LOOKS
    return Length(every * LOOKS, every)


@dataclass(frozen=True)
class Sizes:
    """Of the parts of a split, as shares of all examples."""

    train: float
    valid: float
    test: float

    def trained(self, examples: int) -> int:
        return round(self.train * examples)


def in_time(
    cost: Cost,
    seconds: float,
    cores: int,
    examples: int,
    sizes: Sizes,
    most: int | None,
    pairs: int,
    available: int | None = None,
) -> Plan:
    """The richest plan that fits; its pairs are those that there is likely to be time for, see `begun`.

    seconds: that are left, of as many cores. most: pairs that there can be, None: any number. pairs: as many are
    planned first (ten), more are added while time is left. available: examples that there are, of which `examples` are
    the most that are used.
    """
    available = available or examples
    ample = () if examples == available else (f"a sample of {examples} of {available} examples",)
    first = min(pairs, most or pairs)
    train, measured = sizes.trained, (cost.step, cost.look, cost.baselines)

    def plan(trials: int, seeds: int, used: int, shortest: int, count: int) -> Plan:
        length = length_of(train(used), shortest)
        looks = cost.look * used * (LOOKS * sizes.valid + 2 * sizes.test)
        one = length.steps * cost.step + looks
        whole = count * 2 * (trials * A_TRIAL + seeds) * one
        return Plan(count, trials, seeds, used, batch_of(train(used)), length, seconds=whole, cost=measured)

    def ends(found: Plan) -> bool:
        baselines = found.pairs * cost.baselines * max(found.examples / examples, LEAST_SHARE)
        return found.seconds + baselines <= SAFE * seconds * cores

    rich = [(MOST_TRIALS, SEEDS), (2 * TRIALS, SEEDS)] if most is not None else []
    ladder = [plan(trials, seeds, examples, MOST_STEPS, first) for trials, seeds in [*rich, (TRIALS, SEEDS)]]
    told: list[tuple[str, Plan]] = []
    for trials in (6, LEAST_TRIALS):
        told.append((f"trials {trials}", plan(trials, SEEDS, examples, MOST_STEPS, first)))
    for seeds in (2, 1):
        told.append((f"seeds {seeds}", plan(LEAST_TRIALS, seeds, examples, MOST_STEPS, first)))
    used = examples
    while used > LEAST_EXAMPLES:
        used = max(LEAST_EXAMPLES, used // 2)
        told.append((f"a sample of {used} of {available} examples", plan(LEAST_TRIALS, 1, used, MOST_STEPS, first)))
    for steps in SHORTER:
        told.append((f"steps {steps}", plan(LEAST_TRIALS, 1, used, steps, first)))
    for count in range(first - 1, 1, -1):
        told.append((f"pairs {count} or so", plan(LEAST_TRIALS, 1, used, SHORTER[-1], count)))
    for found in ladder:
        if ends(found):
            return replace(found, given_up=ample)
    lost: dict[str, str] = {}
    for words, found in told:
        lost[words.split()[0]] = words
        if ends(found):
            break
    return _with_told(found, [*ample, *lost.values()])


def replanned(
    plan: Plan, missing: Callable[[int, int], float], room: float, slower: float, in_its_place: Callable[[], Plan]
) -> Plan | None:
    """What is done instead of the rest of a plan that will not end in time; None: that goes on, and may lose pairs.

    missing: of so many trials and seeds, the whole fits that are still to do. room: those that there is time for.
    slower: how many times as long as was thought one takes. in_its_place: the richest plan for what time is left.
    """
    if missing(plan.trials, plan.seeds) <= room:
        return None
    for trials in range(plan.trials, min(LEAST_TRIALS, plan.trials) - 1, -1):
        for seeds in range(plan.seeds, 0, -1) if trials <= LEAST_TRIALS else (plan.seeds,):
            found = replace(plan, trials=trials, seeds=seeds)
            if found != plan and missing(trials, seeds) <= SURE * room:
                lost = [f"{name} {now}" for name, now, was in
                        (("trials", trials, plan.trials), ("seeds", seeds, plan.seeds)) if now < was]  # fmt: skip
                found = replace(found, seconds=slower * plan.a_fit * found.fits)
                return _with_told(found, [*plan.given_up, *lost])
    least, found = min(LEAST_TRIALS, plan.trials), in_its_place()
    whole = replace(plan, trials=least, seeds=1).fits
    come_to = plan.pairs * (1 - max(0.0, missing(least, 1) - room) / whole)  # pairs of this one
    if found.data == plan.data or found.pairs < come_to + 1:
        return None
    return begun(_with_told(found, [*plan.given_up, *found.given_up]), plan.pairs)


def begun(plan: Plan, pairs: int) -> Plan:
    """The same with as many pairs as were wanted: they are done one after another, as far as the time goes."""
    return replace(plan, pairs=pairs, seconds=plan.seconds * pairs / plan.pairs)


def _with_told(plan: Plan, lost: Sequence[str]) -> Plan:
    """With what was given up, of each the last word, in the order of sacrifice."""
    words = {each.split()[0]: each for each in lost}
    order = ("trials", "seeds", "a", "steps", "pairs")
    return replace(plan, given_up=tuple(words[name] for name in order if name in words))


def as_said(pairs: int, trials: int, seeds: int, examples: int, sizes: Sizes, steps: int | None) -> Plan:
    """A plan of which everything is given: the same file gives the same plan, whatever the machine."""
    train = sizes.trained(examples)
    length = length_of(train) if steps is None else Length(steps, max(1, steps // LOOKS))
    return Plan(pairs, trials, seeds, examples, batch_of(train), length)
