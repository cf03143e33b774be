"""What a study is: grids of runs, and the claims (claim.py) that those runs decide. The schema of conf/study/NAME.yaml.

`results/NAME/study.json` keeps the definition beside the runs that were asked for, so that the verdicts can be worked
out again from the records alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from rnnbench.conversion import checked
from rnnbench.errors import UsageError
from rnnbench.records import write_json_atomically
from rnnbench.records.newer import Newer, leave
from rnnbench.studies.claim import StudyClaim
from rnnbench.studies.kinds.base import kind_of
from rnnbench.studies.margins import check_margins
from rnnbench.studies.tuning import Tuned, Tuning

STUDY = "study.json"
SCHEMA_VERSION = 1


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
    margins: Mapping[str, float] = field(default_factory=dict)  # quantity → margin, see studies/margins.py

    def __post_init__(self) -> None:
        for claim in self.claims:
            kind_of(claim).validate(claim)
            if self.tuning is not None and self.tuning.fresh is not None and not kind_of(claim).averages:
                raise claim.wrong(
                    "kind", claim.kind, "paired and others of a metric, as study.tuning.fresh averages runs"
                )
        check_margins(self.claims, self.margins)
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
        return frozenset(run_id for each in self.tuned for trial in each.trials for run_id in trial.all_run_ids)


def write_request(
    directory: Path, name: str, study: Study, runs: Mapping[str, Mapping[str, Any]], tuned: Sequence[Tuned] = ()
) -> None:
    """Keep the study and its requests as `directory`/study.json."""
    content = {"schema_version": SCHEMA_VERSION, "name": name, "study": asdict(study), "runs": dict(runs)}
    write_json_atomically(directory / STUDY, content | {"tuned": [asdict(each) for each in tuned]})


def read_request(directory: Path) -> StudyRequest | None:
    """The study of results/NAME, or None where a plain sweep left its runs. Raises UsageError for a damaged file,
    Newer for one of a newer release."""
    path = Path(directory) / STUDY
    try:
        content = json.loads(path.read_bytes())
        found = content["schema_version"]
        leave(path, "schema_version", found, SCHEMA_VERSION)
        if found != SCHEMA_VERSION:
            raise UsageError(f"{path}: schema_version is {found}, this program reads {SCHEMA_VERSION}")
        tuned = tuple(checked(Tuned, each, "tuned.") for each in content.get("tuned", []))
        return StudyRequest(str(content["name"]), study_from(content["study"]), dict(content["runs"]), tuned)
    except FileNotFoundError:
        return None
    except UsageError:
        raise
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise UsageError(f"{path} cannot be read: {type(error).__name__}: {error}") from error


def earlier_request(directory: Path) -> StudyRequest | None:
    """What `write_request` would write over: None for a damaged file, too. Raises Newer for one of a newer release."""
    try:
        return read_request(directory)
    except Newer:
        raise
    except UsageError:
        return None


def overrides(grid: Mapping[str, Any]) -> Sequence[str]:
    """One grid in Hydra's grammar: {"cell": ["lstm", "gru"], "clip_norm": None} → cell=lstm,gru clip_norm=null."""
    plain = {"None": "null", "True": "true", "False": "false"}

    def said(value: Any) -> str:
        return ",".join(map(said, value)) if isinstance(value, list | tuple) else plain.get(str(value), str(value))

    return [f"{key}={said(value)}" for key, value in grid.items() if key not in ("tune", "alone")]
