"""Where a sweep without a name leaves its runs: with its question, and with the runs that it had before."""

from __future__ import annotations

from pathlib import Path

import pytest
from making import TINY
from sweeping import here

from rnnbench.cli.naming import remember


def test_a_sweep_is_named_after_its_datasets_and_finds_its_runs() -> None:
    done = here("-m", *TINY, "seed=0,1", "workers=1")
    assert done.returncode == 0, done.stderr
    name = next(Path("results").iterdir()).name
    assert done.stdout.splitlines()[-1] == f"report: results/{name}/report.html" and name != "default"
    asked = " ".join(["python -m rnnbench -m", *TINY, "seed=0,1", "workers=1"])
    assert Path(f"results/{name}/commands.txt").read_text() == asked + "\n"
    again = here("-m", *TINY, "seed=0,1,2", "workers=1")  # more of the same question
    assert "3 runs: 2 finished before, 1 to do" in again.stdout
    assert [path.name for path in Path("results").iterdir()] == [name]
    assert len(Path(f"results/{name}/commands.txt").read_text().splitlines()) == 2


@pytest.mark.slow
def test_runs_of_before_are_gone_on_with_where_they_lie() -> None:
    assert here("-m", *TINY, "seed=0", "workers=1", "name=default").returncode == 0
    done = here("-m", *TINY, "seed=0,1", "workers=1")
    assert "2 runs: 1 finished before, 1 to do" in done.stdout
    assert [path.name for path in Path("results").iterdir()] == ["default"]


def test_a_command_is_kept_once(tmp_path: Path) -> None:
    for arguments in (["-m", "cell=lstm,gru"], ["-m", "a=b c"], ["-m", "cell=lstm,gru"]):
        remember(tmp_path, arguments)
    assert (tmp_path / "commands.txt").read_text() == (
        "python -m rnnbench -m cell=lstm,gru\npython -m rnnbench -m 'a=b c'\n"
    )


def test_damaged_commands_are_kept_as_far_as_they_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "commands.txt").write_bytes(b"python\xce -m rnnbench -m\n\n")
    remember(tmp_path, ["-m", "seed=0"])
    assert (tmp_path / "commands.txt").read_text(encoding="utf-8").splitlines() == [
        "python\ufffd -m rnnbench -m",
        "python -m rnnbench -m seed=0",
    ]


@pytest.mark.parametrize(
    ("names", "paths", "name"),
    [
        (["jsb", "adding", "jsb"], [None] * 3, "adding-jsb"),
        (["a", "b", "c", "d", "e"], [None] * 5, "a-b-c-and-2-more"),
        (["table"], ["/x/my beer.csv"], "my_beer"),
    ],
)
def test_a_name_is_of_datasets_or_of_ones_own_file(names: list[str], paths: list[str | None], name: str) -> None:
    from making import make

    from rnnbench.cli.naming import _name

    made = make(*TINY)
    from dataclasses import replace

    configs = [
        replace(made, dataset=replace(made.dataset, name=each, options={"path": path} if path else {}))
        for each, path in zip(names, paths, strict=True)
    ]
    assert _name(configs) == name
