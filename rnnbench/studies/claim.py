"""A claim: one sentence, and how its runs decide it. The schema of each of `study.claims`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from rnnbench.errors import UsageError
from rnnbench.records import cell_name, in_order, spelled
from rnnbench.statistics.verdict import Outcome

ALPHA = 0.05
"""The error that the primary claims of a page share."""

AGAIN = " again"
"""After a cell's name: the same cell, in the other half of its seeds."""


@dataclass(frozen=True)
class StudyClaim:
    """Every column is one of `rnnbench.load_results`.

    The effect is `compare[0]` against `compare[1]`, two values of the column `between`: a − b, or a / b on the scale
    `ratio`. Cells are compared one way round on every page, each with those that stand before it in conf/cell (GRU −
    LSTM): a claim that names them otherwise is the same claim turned round. `by`: columns that make conditions. `kind`,
    what decides it: a file of studies/kinds/, which says what it measures, or the import path of a class of one's own.

    The two runs of a pair may differ in nothing else, but for what was tuned and the columns in `besides`: otherwise
    the condition is undecided and says why (studies/fairness.py).
    """

    id: str
    statement: str
    folklore: str  # the sentence heard that this answers
    kind: str
    metric: str
    compare: tuple[str | float, ...]
    direction: Literal["greater", "less", "either", "equivalent"]
    between: str = "cell"
    select: Mapping[str, Any] = field(default_factory=dict)  # column → a value or a list of values
    by: tuple[str, ...] = ()
    besides: tuple[str, ...] = ()  # columns in which the two sides differ on purpose
    scale: Literal["difference", "ratio"] = "difference"
    margin: float | None = None  # effects smaller than this do not matter in practice; null: as studies/margins.py says
    better: Literal["lower", "higher"] | None = None  # of `metric`; null: as the record says
    combine: Literal["all", "any"] = "all"
    primary: bool = True  # shares the error of 5 % with the study's other primary claims; else it is told besides
    expected: float | None = None  # the next four are each for the kinds that read them, see Kind.keys
    horizon: float | None = None  # where times are cut, in steps or seconds; null: the budget
    over: str | None = None  # a column of numbers above 0, such as train_size, or of two names
    change: Mapping[str, str] | None = None  # {removes: the output gate}, or {adds: …}
    problem: str = ""  # whose answer this is: "the next character of a text", in the page's table of what to take
    note: str = ""  # what a reader must know to read the numbers
    findings: Mapping[str, str] = field(default_factory=dict)  # verdict → a sentence, written before it is known

    def __post_init__(self) -> None:
        """What holds of every kind; what its own asks for is checked by `Kind.validate`."""
        if not re.fullmatch(r"[A-Za-z0-9_-]+", self.id):  # it names figures and anchors
            raise UsageError("not allowed", key="study.claims.id", value=self.id, allowed="letters, digits, _ and -")
        for outcome, sentence in self.findings.items():
            if outcome not in (words := [word for word in get_args(Outcome) if word != "withdrawn"]):
                raise self.wrong("findings", outcome, ", ".join(words))
            if not isinstance(sentence, str):
                raise self.wrong(f"findings.{outcome}", sentence, "a sentence")
        if self.between in self.select:
            raise self.wrong("select", {self.between: self.select[self.between]}, f"{self.between} in compare alone")
        if len(self.compare) != 2:
            raise self.wrong("compare", list(self.compare), "two names")
        if self.planted and not (self.between == "cell" and self.direction == "either"):
            allowed = "two different names; of a cell and itself direction: either"
            raise self.wrong("compare", list(self.compare), allowed)
        if self.margin is not None and not self.margin > (1 if self.scale == "ratio" else 0):
            raise self.wrong("margin", self.margin, "above 1 for a ratio, above 0 for a difference")
        if self.between == "cell" and self.change is None and in_order(map(str, self.compare))[0] == self.compare[0]:
            self._turn_round()

    def _turn_round(self) -> None:
        """The same claim of b against a."""
        turned = {"greater": "less", "less": "greater"}
        object.__setattr__(self, "compare", self.compare[::-1])
        object.__setattr__(self, "direction", turned.get(self.direction, self.direction))
        if self.expected is not None:
            object.__setattr__(self, "expected", 1 / self.expected)

    def margined(self, margin: float | None) -> StudyClaim:
        """The claim with another margin."""
        return replace(self, margin=margin)

    def wrong(self, key: str, value: object, allowed: str) -> UsageError:
        """The refusal of what this claim says for a key."""
        return UsageError("not allowed", key=f"study.claims.{self.id}.{key}", value=value, allowed=allowed)

    @property
    def planted(self) -> bool:
        """Whether a cell is compared with itself, under two names (planted.py): nobody may come out ahead."""
        return len(set(self.compare)) == 1

    @property
    def values(self) -> tuple[str | float, ...]:
        """The two values of `between`, in the runs that the claim is judged by."""
        return (self.compare[0], f"{self.compare[0]}{AGAIN}") if self.planted else self.compare

    @property
    def sides(self) -> tuple[str, str]:
        """What `compare` names: a cell or a backend by its name, numbers by the key too."""
        by_name = all(isinstance(value, str) for value in self.values)  # forget_bias chrono, against forget_bias 1
        first, second = (str(v) if by_name else f"{self.between} {spelled(v)}" for v in self.values)
        return first, second

    @property
    def names(self) -> tuple[str, str]:
        """The two sides as a reader knows them: "GRU", "LSTM"."""
        first, second = map(cell_name, self.sides)
        return first, f"{first}{AGAIN}" if self.planted else second

    @property
    def compared(self) -> str:
        """What the effect is of: "GRU / LSTM"."""
        first, second = self.names
        return f"{first} {'/' if self.scale == 'ratio' else '−'} {second}"

    @property
    def margin_words(self) -> str:
        if self.margin is None:
            return "none"
        return f"{1 / self.margin:.3g} to {self.margin:.3g} ×" if self.scale == "ratio" else f"± {self.margin:g}"
