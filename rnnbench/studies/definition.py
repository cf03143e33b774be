"""What a study is: grids of runs, and the claims that those runs decide. The schema of conf/study/NAME.yaml.

`results/NAME/study.json` keeps the definition beside the runs that were asked for, so that the verdicts can be worked
out again from the records alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Literal, get_args

from rnnbench.conversion import checked
from rnnbench.errors import UsageError
from rnnbench.records import spelled, write_json_atomically
from rnnbench.statistics.verdict import Outcome
from rnnbench.studies.tuning import Tuned, Tuning

STUDY = "study.json"
SCHEMA_VERSION = 1

Kind = Literal["paired", "success", "solve_time", "closed_form", "heterogeneity", "interaction"]


@dataclass(frozen=True)
class StudyClaim:
    """One sentence, and how its runs decide it. Every column is one of `rnnbench.load_results`.

    The effect is `compare[0]` against `compare[1]`, two values of the column `between`: a − b, or a / b on the scale
    `ratio`. `by`: columns that make conditions. `kind`:

        paired         `metric` by seed: mean difference, or geometric mean ratio
        success        share of runs that reached budget.solved
        solve_time     steps_to_threshold or seconds_to_threshold; unsolved runs are censored at the budget
        closed_form    a count, the same for every seed: a / b is exactly `expected`, or lies where `direction` says
        heterogeneity  `metric` by seed over conditions: is a ahead in some and b in others?
        interaction    by seed: how much a − b changes (a / b: by which factor) with each doubling of the column `over`,
                       or from the first to the second of its two names

    The two runs of a pair may differ in nothing else, but for what was tuned and the columns in `besides`: otherwise
    the condition is undecided and says why (studies/fairness.py).
    """

    id: str
    statement: str
    folklore: str  # the sentence heard that this answers
    kind: Kind
    metric: str
    compare: tuple[str | float, ...]
    direction: Literal["greater", "less", "equivalent"]
    between: str = "cell"
    select: Mapping[str, Any] = field(default_factory=dict)  # column → a value or a list of values
    by: tuple[str, ...] = ()
    besides: tuple[str, ...] = ()  # columns in which the two sides differ on purpose
    scale: Literal["difference", "ratio"] = "difference"
    margin: float | None = None  # effects smaller than this do not matter in practice; of a ratio: a number above 1
    better: Literal["lower", "higher"] | None = None  # of `metric`; null: as the record says
    combine: Literal["all", "any"] = "all"
    expected: float | None = None
    horizon: float | None = None  # of solve_time, in steps or seconds; null: the budget
    over: str | None = None  # of interaction: a column of numbers above 0, such as train_size, or of two names
    note: str = ""  # what a reader must know to read the numbers
    findings: Mapping[str, str] = field(default_factory=dict)  # verdict → a sentence, written before it is known

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9_-]+", self.id):  # it names figures and anchors
            raise UsageError("not allowed", key="study.claims.id", value=self.id, allowed="letters, digits, _ and -")
        for outcome, words in self.findings.items():
            if outcome not in get_args(Outcome):
                raise self._wrong("findings", outcome, ", ".join(get_args(Outcome)))
            if not isinstance(words, str):
                raise self._wrong(f"findings.{outcome}", words, "a sentence")
        if self.between in self.select:
            raise self._wrong("select", {self.between: self.select[self.between]}, f"{self.between} in compare alone")
        if self.horizon is not None and (self.kind != "solve_time" or self.horizon <= 0):
            raise self._wrong("horizon", self.horizon, "above 0, for solve_time alone")
        if len(self.compare) != 2 or self.compare[0] == self.compare[1]:
            raise self._wrong("compare", list(self.compare), "two different names")
        if self.direction == "equivalent" and self.margin is None:
            raise self._wrong("margin", None, "a number: being on par needs one")
        if self.margin is not None and not self.margin > (1 if self.scale == "ratio" else 0):
            raise self._wrong("margin", self.margin, "above 1 for a ratio, above 0 for a difference")
        if self.kind in ("success", "solve_time") and self.scale != "difference":
            raise self._wrong("scale", self.scale, f"difference, for {self.kind}")
        if self.kind in ("success", "solve_time") and self.metric not in ("steps_to_threshold", "seconds_to_threshold"):
            raise self._wrong("metric", self.metric, "steps_to_threshold, seconds_to_threshold")
        if self.kind == "closed_form" and self.scale != "ratio":
            raise self._wrong("scale", self.scale, "ratio, for closed_form")
        if self.expected is not None and self.kind != "closed_form":
            raise self._wrong("expected", self.expected, "null, unless closed_form")
        if (self.over is None) == (self.kind == "interaction"):
            raise self._wrong("over", self.over, "a column, for interaction alone")
        if self.kind == "heterogeneity" and not self.by:
            raise self._wrong("by", [], "the columns over which the effect may differ")

    @property
    def sides(self) -> tuple[str, str]:
        """What `compare` names, as a reader would: a cell or a backend by its name, numbers by the key too."""
        by_name = all(isinstance(value, str) for value in self.compare)  # forget_bias chrono, against forget_bias 1
        first, second = (str(v) if by_name else f"{self.between} {spelled(v)}" for v in self.compare)
        return first, second

    def _wrong(self, key: str, value: object, allowed: str) -> UsageError:
        return UsageError("not allowed", key=f"study.claims.{self.id}.{key}", value=value, allowed=allowed)


@dataclass(frozen=True)
class PublishedRow:
    """A figure from the literature, and which runs stand beside it. It is no claim and has no verdict.

    `value`: as printed; in quotes where its last digit is a zero ("8.10"), because it is taken to be rounded there.
    """

    select: Mapping[str, Any]  # column → a value or a list of values: runs that differ by seed alone
    value: float | str
    source: str  # "Bai et al. 2018, table 1"
    model: str = ""  # what they ran: "LSTM, about 300K parameters"
    metric: str = "test_score"  # the column of ours that is compared
    unit: str = ""  # of the metric; empty: as the record says of its score
    note: str = ""  # why ours may differ: set-up, size, budget

    def __post_init__(self) -> None:
        if not self.select:
            raise UsageError("selects every run", key="study.published.select", value="{}", allowed="columns")
        try:
            finite = self._decimal.is_finite()
        except InvalidOperation:
            finite = False
        if not finite:
            raise UsageError("no number", key="study.published.value", value=self.value, allowed="a number")

    @property
    def _decimal(self) -> Decimal:
        return Decimal(str(self.value))

    @property
    def number(self) -> float:
        return float(self._decimal)

    @property
    def rounding(self) -> float:
        """How far the figure may be from what was measured: half of its last printed digit."""
        return 0.5 * 10.0 ** int(self._decimal.as_tuple().exponent)


@dataclass(frozen=True)
class Study:
    """`sweeps`: each maps keys to a value, a comma list or a range, and is one grid; a study is all grids together.

    Two keys of a grid are no keys of a run:

        tune   the values of `tuning.space` are chosen on validation, for each combination but the seed, before the
               grid is run; it maps keys to values that they have in those trials, {} for none
        alone  true: one run at a time, whatever the launcher, after all others: for claims about seconds
    """

    title: str
    sweeps: tuple[Mapping[str, Any], ...]
    claims: tuple[StudyClaim, ...]
    note: str = ""  # what a reader must know of the whole: what was known before its runs
    tuning: Tuning | None = None
    published: tuple[PublishedRow, ...] = ()

    def __post_init__(self) -> None:
        ids = [claim.id for claim in self.claims]
        if twice := sorted({each for each in ids if ids.count(each) > 1}):
            raise UsageError("given twice", key="study.claims.id", value=", ".join(twice), allowed="each once")
        if not self.sweeps:
            raise UsageError("nothing to run", key="study.sweeps", value="[]", allowed="one grid or more")
        for number, grid in enumerate(self.sweeps):
            for key, kind, allowed in (("tune", Mapping, "{} or keys with values"), ("alone", bool, "true, false")):
                if key in grid and not isinstance(grid[key], kind):
                    raise UsageError(
                        "not allowed", key=f"study.sweeps.{number}.{key}", value=grid[key], allowed=allowed
                    )
            for key, value in grid.items():
                if key != "tune" and isinstance(value, Mapping):
                    raise UsageError("not allowed", key=f"study.sweeps.{number}.{key}", value=dict(value),
                                     allowed=f"{key}.NAME: value for each of its keys")  # fmt: skip
            if "tune" in grid:
                self._check_tuning(number, grid)

    def _check_tuning(self, number: int, grid: Mapping[str, Any]) -> None:
        """A grid whose trials choose: they choose what nobody sets, and the seeds are theirs."""
        if self.tuning is None:
            raise UsageError("no search space", key="study.tuning", value=None, allowed="trials, seeds, space")
        where = f"study.sweeps.{number}"
        for key in self.tuning.space:
            for name, values in ((f"{where}.{key}", grid), (f"{where}.tune.{key}", grid["tune"])):
                if key in values:
                    raise UsageError("chosen by the trials", key=name, value=values[key], allowed="another key")
        for name, values in ((f"{where}.tune.seed", grid["tune"]), ("study.tuning.space.seed", self.tuning.space)):
            if "seed" in values:
                raise UsageError("seeds are not tuned", key=name, value=values["seed"], allowed="study.tuning.seeds")


def study_from(values: Any) -> Study:
    """A checked study from nested plain values. Raises UsageError naming the key, the value and what is allowed."""
    return checked(Study, values, "study.")


@dataclass(frozen=True)
class StudyRequest:
    """A study, the runs that it was last asked for, run_id → configuration, and what was tuned for them before."""

    name: str
    study: Study
    runs: Mapping[str, Mapping[str, Any]]
    tuned: tuple[Tuned, ...] = ()

    @property
    def waiting(self) -> int:
        """Runs whose settings are not chosen yet, because their trials have not all ended: they have no run_id yet."""
        return sum(each.runs for each in self.tuned if each.chosen is None)

    @property
    def trials(self) -> frozenset[str]:
        """Run ids of the trials: they choose settings and are no part of any claim."""
        return frozenset(run_id for each in self.tuned for trial in each.trials for run_id in trial.run_ids)


def write_request(
    directory: Path, name: str, study: Study, runs: Mapping[str, Mapping[str, Any]], tuned: Sequence[Tuned] = ()
) -> None:
    """Keep the study and its requests as `directory`/study.json."""
    content = {"schema_version": SCHEMA_VERSION, "name": name, "study": asdict(study), "runs": dict(runs)}
    write_json_atomically(directory / STUDY, content | {"tuned": [asdict(each) for each in tuned]})


def read_request(directory: Path) -> StudyRequest | None:
    """The study of results/NAME, or None where a plain sweep left its runs. Raises UsageError for a damaged file."""
    path = Path(directory) / STUDY
    try:
        content = json.loads(path.read_bytes())
        if content["schema_version"] != SCHEMA_VERSION:
            found = content["schema_version"]
            raise UsageError(f"{path}: schema_version is {found}, this program reads {SCHEMA_VERSION}")
        tuned = tuple(checked(Tuned, each, "tuned.") for each in content.get("tuned", []))
        return StudyRequest(str(content["name"]), study_from(content["study"]), dict(content["runs"]), tuned)
    except FileNotFoundError:
        return None
    except UsageError:
        raise
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise UsageError(f"{path} cannot be read: {type(error).__name__}: {error}") from error


def overrides(grid: Mapping[str, Any]) -> Sequence[str]:
    """One grid in Hydra's grammar: {"cell": ["lstm", "gru"], "clip_norm": None} → cell=lstm,gru clip_norm=null."""
    plain = {"None": "null", "True": "true", "False": "false"}

    def said(value: Any) -> str:
        return ",".join(map(said, value)) if isinstance(value, list | tuple) else plain.get(str(value), str(value))

    return [f"{key}={said(value)}" for key, value in grid.items() if key not in ("tune", "alone")]
