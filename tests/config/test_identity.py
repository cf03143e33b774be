"""A run's id survives growth: the ids of 0.1 come back, new keys at their defaults change none, nothing is imported."""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest
from making import tiny
from omegaconf import OmegaConf
from places import ROOT

from rnnbench.config import (
    CONF,
    BudgetConfig,
    Choice,
    Config,
    OptimizerConfig,
    added,
    cell_choices,
    classes,
    from_mapping,
    source,
)
from rnnbench.config.identity import identity, run_id
from rnnbench.config.schema import PLACES

V0_1 = ROOT / "tests" / "records" / "v0_1"


@pytest.mark.parametrize("study", ["folklore", "published"])
def test_the_runs_of_the_committed_studies_give_their_ids(study: str) -> None:
    runs = json.loads((ROOT / "results" / study / "study.json").read_text())["runs"]
    assert len(runs) > 60
    assert {name: from_mapping(config).run_id for name, config in runs.items()} == {name: name for name in runs}


def records_of_0_1() -> dict[str, dict[str, Any]]:
    records = [json.loads(path.read_text()) for path in (V0_1 / "results" / "v01" / "runs").glob("*/run.json")]
    return {record["run_id"]: record["config"] for record in records}


@pytest.mark.parametrize("name", sorted(records_of_0_1()))
def test_the_records_of_0_1_give_their_ids(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user's own cell and dataset, and a text by its content, are among them."""
    monkeypatch.chdir(V0_1)
    monkeypatch.syspath_prepend(V0_1)
    config = records_of_0_1()[name]
    for key in ("cell", "dataset"):
        for digest in ("source", "content"):
            config[key].pop(digest, None)
    assert from_mapping(config).run_id == name


def test_an_id_needs_neither_torch_nor_the_class() -> None:
    code = (
        "import json, sys; sys.path.insert(0, '.'); from rnnbench.config import from_mapping; "
        "values = json.load(sys.stdin); print(from_mapping(values).run_id); "
        "print([name for name in ('torch', 'my_cells', 'hydra', 'pandas') if name in sys.modules])"
    )
    name = next(name for name in records_of_0_1() if name.startswith("leaky"))
    config = records_of_0_1()[name]
    del config["cell"]["source"]
    done = subprocess.run(
        [sys.executable, "-c", code], input=json.dumps(config), capture_output=True, text=True, cwd=V0_1
    )
    assert done.stdout.splitlines() == [name, "[]"], done.stderr


@dataclass(frozen=True)
class Later(Config):
    """The schema of some later release."""

    bidirectional: bool = added(False)
    pooling: str = added("last")


def grown(**changes: Any) -> Later:
    today = tiny()
    values = {f: getattr(today, f) for f in Config.__dataclass_fields__}
    return Later(**(values | changes))


def test_a_key_added_at_its_default_changes_no_id() -> None:
    assert run_id(grown()) == tiny().run_id


def test_a_key_added_at_another_value_is_another_run() -> None:
    ids = {run_id(grown()), run_id(grown(bidirectional=True)), run_id(grown(pooling="mean"))}
    assert len(ids) == 3


def test_an_older_configuration_is_read_with_todays_defaults() -> None:
    """A record made before a key was there is not refused: every key but the cell and the dataset has a default."""
    cell, dataset = ({"name": name, "target": target} for name, target in (
        ("gru", "rnnbench.cells.gru.GRUCell"), ("adding", "rnnbench.data.datasets.adding.Adding")))  # fmt: skip
    config = from_mapping({"cell": cell, "dataset": dataset, "budget": {"max_steps": 5}})
    assert (config.hidden_size, config.clip_norm, config.optimizer) == (64, 1.0, OptimizerConfig())


def loaded(name: str) -> dict[str, Any]:
    """As Hydra reads it: YAML 1.2, in which 1e-3 is a number."""
    return OmegaConf.to_container(OmegaConf.load(CONF / name))  # type: ignore[return-value]


def test_the_defaults_of_the_schema_are_those_of_the_configuration_files() -> None:
    values = loaded("config.yaml")
    del values["hydra"], values["defaults"]
    values["optimizer"] |= loaded("optimizer/adam.yaml")
    choice = Choice("lstm", "rnnbench.cells.lstm.LSTMCell")
    schema = asdict(Config(choice, choice, OptimizerConfig(), BudgetConfig()))
    del schema["cell"], schema["dataset"]
    assert values == schema


def test_places_are_no_identity() -> None:
    assert set(PLACES) == {"name", "results_dir", "keep", "checkpoint_seconds", "force", "progress", "plan", "workers",
                           "replicas"}  # fmt: skip
    assert not set(PLACES) & set(identity(tiny()))


OWN = """
import abc
from dataclasses import dataclass
import rnnbench as bench
from rnnbench.config import added
from .base import Base, Mixin

from .base import Base as Other

@dataclass(frozen=True)
class Middle(Base, abc.ABC):
    forget_gate = "z"

@dataclass(frozen=True)
class Mine(Mixin, Middle):
    a: float = 0.5
    b: int = added(3)

@dataclass(frozen=True)
class Again(Other, bench.Cell): ...

class FromCall(type("Made", (Base,), {})): ...
"""
BASE = """
from dataclasses import dataclass
import rnnbench

class Mixin: ...

@dataclass(frozen=True)
class Base(rnnbench.Cell):
    gates = ("z",)
    def step(self, gates_x, state, p): return state
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A user's package of two modules."""
    name = f"own_{re.sub('[^a-z]', '_', tmp_path.name.lower())}_{len(sys.modules)}"  # of this test alone
    folder = tmp_path / name
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "base.py").write_text(BASE)
    (folder / "cells.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    return f"{name}.cells"


@pytest.mark.parametrize("name", ["Mine", "Middle", "Again"])
def test_what_is_read_is_what_the_class_would_say(package: str, name: str) -> None:
    target = f"{package}.{name}"
    facts = source._read(target)
    assert package.partition(".")[0] not in sys.modules
    cls = classes.resolve("cell", target)
    own = [base for base in cls.__mro__ if base.__module__.startswith(package.partition(".")[0])]
    assert facts.files == tuple(dict.fromkeys(inspect.getsourcefile(base) for base in own))
    assert facts.forget_gate == cls.forget_gate
    assert facts.added == ({"b": 3} if name == "Mine" else {})


def test_what_is_not_plainly_written_is_asked_of_the_class(package: str) -> None:
    with pytest.raises(source._NotPlainError):
        source._read(f"{package}.FromCall")


ODD = """
import sys
from dataclasses import dataclass, field
import rnnbench
from rnnbench.config import added
from rnnbench.config import added as new
from rnnbench.cells.gru import GRUCell
if sys.version_info >= (3, 8):
    from .base import Base as Chosen
else:
    from .other import Base as Chosen

def marked(cls):
    cls.forget_gate = "z"
    return cls

@dataclass(frozen=True)
class GRUCell(GRUCell): ...
@dataclass(frozen=True)
class Conditional(Chosen): ...
@marked
@dataclass(frozen=True)
class Decorated(GRUCell): ...
@dataclass(frozen=True)
class Touched(GRUCell): ...
Touched.forget_gate = "z"
@dataclass(frozen=True)
class Unpacked(GRUCell): forget_gate, other = "z", 1
@dataclass(frozen=True)
class Nested(GRUCell):
    if True: forget_gate = "z"
@dataclass(frozen=True)
class Renamed(GRUCell): a: float = new(0.5)
@dataclass(frozen=True)
class ByKeyword(GRUCell): a: float = added(default=0.5)
@dataclass(frozen=True)
class ByField(GRUCell): a: float = field(default=0.5, metadata={"added": True})
@dataclass(frozen=True)
class Parent(GRUCell): a: float = added(0.5)
@dataclass(frozen=True)
class Redefined(Parent): a: float = 0.3
class Reassigned(GRUCell): ...
Reassigned = Redefined
"""


@pytest.mark.parametrize("name", ["GRUCell", "Conditional", "Decorated", "Touched", "Unpacked", "Nested", "Renamed",
                                  "ByKeyword", "ByField", "Parent", "Redefined", "Reassigned"])  # fmt: skip
def test_what_is_oddly_written_is_told_as_the_class_would_say(package: str, name: str, tmp_path: Path) -> None:
    home = package.partition(".")[0]
    (tmp_path / home / "odd.py").write_text(ODD)
    target = f"{home}.odd.{name}"
    assert source.class_facts("cell", target) == source._asked("cell", target)


def test_a_package_without_init_files_has_an_id_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"spaces_{len(sys.modules)}"
    (tmp_path / name / "inner").mkdir(parents=True)
    (tmp_path / name / "inner" / "cells.py").write_text(BASE)
    monkeypatch.syspath_prepend(tmp_path)
    assert source.class_facts("cell", f"{name}.inner.cells.Base").files == (
        str(tmp_path / name / "inner" / "cells.py"),
    )


def test_every_shipped_cell_is_read_as_it_is() -> None:
    for cell in cell_choices().values():
        facts = source._read(f"{type(cell).__module__}.{type(cell).__name__}")
        assert (facts.forget_gate, facts.files) == (cell.forget_gate, ())


def test_an_option_added_to_a_class_is_hashed_where_it_is_not_the_default(package: str) -> None:
    def own(**options: Any) -> str:
        return run_id(grown(cell=Choice("mine", f"{package}.Mine", options)))

    assert own() == own(b=3)
    assert len({own(), own(b=4), own(a=0.5)}) == 3  # an option that was always there is hashed as given
