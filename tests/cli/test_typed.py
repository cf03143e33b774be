"""What Hydra would answer in several lines, in another's words or not at all: one line in those that were typed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from making import TINY
from sweeping import here

from rnnbench.cli.typed import as_typed, flags_first, for_each_choice, quoting, unread
from rnnbench.errors import UsageError

ONE_LINE = [
    (["name=2024_11_05"], "name=2024_11_05: not allowed (allowed: 'name=\"2024_11_05\"')"),
    (["name=1e3"], "name=1e3: not allowed (allowed: 'name=\"1e3\"')"),
    (["-m", "name=1_0", "seed=0,1"], "name=1_0: not allowed (allowed: 'name=\"1_0\"')"),
    (["name=true"], "name=true: not allowed (allowed: 'name=\"true\"')"),
    (["name=null"], "name=null: not allowed (allowed: 'name=\"null\"')"),
    (["name=nan"], "name=nan: not allowed (allowed: 'name=\"nan\"')"),
    (["seed=٣"], "seed=٣: cannot be read: digits are 0 to 9"),
    (["dataset=text", "dataset.path=caf\udce9.csv"], r"""quote the value: $'dataset.path="caf\xe9.csv"'"""),
    (["dataset=text", "dataset.path=my data, 1=2.txt"], "quote the value: 'dataset.path=\"my data, 1=2.txt\"'"),
    (["dataset=text", "dataset.path=a:b#c%"], "quote the value: 'dataset.path=\"a:b#c%\"'"),
    (["dataset=text", "dataset.path=it\"s"], "quote the value: 'dataset.path=\"it\\\"s\"'"),
    (["results_dir=~/foo"], "quote the value: 'results_dir=\"~/foo\"'"),
    (["-m", "seed=0,1,"], "seed=0,1,: ends with a comma: seed=0,1"),
    (["-m", "seed=0,", "1"], "seed=0,: ends with a comma: seed=0,1"),
    (["hidden_size=${nothing}"], "hidden_size=${nothing}: Interpolation key 'nothing' not found"),
    (["-m", "hidden_size=${nothing}", "seed=0,1"], "hidden_size=${nothing}: Interpolation key 'nothing' not found"),
    (["--config-dir", ".", "own=small"], "own=small: a group of your own is added with a plus: +own=small"),
    (["~budget"], "~budget: no key can be taken away; what is not typed has its default"),
    (["-m", "~dataset=adding", "seed=0,1"], "~dataset=adding: no key can be taken away"),
    (["seq_len=6", "--info", "none"], "invalid choice: 'none'"),
    (["--cfg", "wrong"], "invalid choice: 'wrong'"),
    (["seed=1", "--cfg"], "invalid choice: 'seed=1'"),
    (["hydra.job.chdir=true"], "hydra.job.chdir=true: a run's files go to results_dir"),
    (["-m", "seed=0,1", "hydra.job.chdir=true"], "hydra.job.chdir=true: a run's files go to results_dir"),
    (["name=" + 300 * "x"], "too long for a folder's name (allowed: up to 80 bytes)"),
    (["cell.name=" + 300 * "x"], "cell.name=xxxx"),
    (["results_dir=" + 300 * "x"], "a name in it is too long (allowed: 255 bytes each)"),
    (["-m", "dataset=anbn,adding", "dataset.n_max=6"], "dataset.n_max=6: dataset=adding has no such key"),
]  # fmt: skip


@pytest.mark.few(10)
@pytest.mark.parametrize(("arguments", "part"), ONE_LINE, ids=[" ".join(a)[:60] for a, _ in ONE_LINE])
def test_one_line_names_what_was_typed(arguments: list[str], part: str) -> None:
    Path("own").mkdir()
    Path("own/small.yaml").write_text("# @package _global_\nhidden_size: 5\n")
    done = here(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("rnnbench: ") and done.stderr.count("\n") == 1 and len(done.stderr) < 300
    assert part in done.stderr
    assert [path.name for path in Path().iterdir()] == ["own"]


@pytest.mark.parametrize("text", ["my data, 1=2.txt", "it's", 'say "so"', "a\\", "2024_11_05", "${x", "", "both '\""])
def test_the_quoting_that_is_offered_works(text: str) -> None:
    import shlex

    from hydra.core.override_parser.overrides_parser import OverridesParser

    (typed,) = shlex.split(quoting("name", text) or "")
    value = OverridesParser.create().parse_override(typed).value()
    assert getattr(value, "text", value) == text


def test_what_can_be_read_is_not_complained_of() -> None:
    assert unread(["seed=0,1", "-m", "+cell.a=0.5", "seed=range(3)"]) is None


def test_only_what_was_spelled_otherwise_is_shown_otherwise() -> None:
    problem = UsageError("too small", key="seed", value=-1, allowed="0 or more")
    assert as_typed(problem, ["seed=-1"]) == str(problem)
    assert as_typed(UsageError("too small", key="seq_len", value=10, allowed="20"), ["seq_len=1_0"]).startswith(
        "seq_len=1_0: "
    )


@pytest.mark.parametrize(("given", "made"), [
    (["--info", "all", "a=1"], ["--info=all", "a=1"]),
    (["a=1", "-i"], ["--info=all", "a=1"]),
    (["--info", "a=1"], ["--info=all", "a=1"]),
    (["a=1", "--hydra-help"], ["--hydra-help"]),
])  # fmt: skip
def test_flags_of_hydra_may_stand_beside_anything(given: list[str], made: list[str]) -> None:
    assert flags_first(given) == made


def test_a_key_of_swept_choices_is_asked_of_each() -> None:
    given = ["-m", "dataset=anbn,anbncn", "dataset.n_max=6", "dataset.valid_size=8,16", "cell.a=1", "seed=0"]
    made = ["-m", "dataset=anbn,anbncn", "dataset.n_max=choice(6)", *given[3:]]
    assert for_each_choice(given, ("cell", "dataset")) == made
    assert for_each_choice(given[1:], ("cell", "dataset")) == given[1:]


def test_a_key_that_every_swept_dataset_has_is_accepted_and_values_worked_out_are_printed() -> None:
    """Hydra's own `sort(range(7,0,-3))` gives 3, 6, 9, and a range of fractions one too many: seen before it is run."""
    done = here("-m", "dataset=anbn,anbncn", "dataset.n_max=6", "plan=only", "device=cpu",
                "threads=1", "hidden_size=5", "batch_size=4", "seed=sort(range(7,0,-3))",
                "optimizer.lr=range(0.1,0.4,0.1)")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("seed: 3, 6, 9\noptimizer.lr: 0.1, 0.2, 0.30000000000000004, 0.4\n")
    assert "24 runs" in done.stdout


@pytest.mark.slow
def test_paths_may_refer_to_home_and_to_hydra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    done = here(*TINY, 'results_dir="~/foo"')
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.glob("home/foo/default/runs/*/run.json")) and not Path("~").exists()
    done = here("-m", *TINY, "seed=0,1", "results_dir=${hydra:runtime.cwd}/abs", "workers=1")
    assert done.returncode == 0, done.stderr
    assert len(list(Path("abs/adding/runs").glob("*/run.json"))) == 2


@pytest.mark.parametrize("sweep", [["-m", "seed=0,1"], []])
def test_results_that_are_a_dangling_link_have_one_cause(sweep: list[str]) -> None:
    os.symlink("nowhere", "results")
    done = here(*TINY, *sweep)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("rnnbench: results_dir=results") and done.stderr.count("\n") == 1
    assert "is a link to nowhere, which is not there" in done.stderr
