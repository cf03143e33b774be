"""python -m rnnbench.report: its arguments, and the pack that it writes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rnnbench.records import PACK
from rnnbench.records.table import load_results
from rnnbench.report import opening
from rnnbench.report.__main__ import main
from tests.fake_records import sweep, write


@pytest.mark.slow
def test_it_packs_and_then_makes_the_page_without_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "a", sweep(seq_lens=(50,)))
    code = (
        "import sys; from rnnbench.report.__main__ import main; code = main(sys.argv[1:]); "
        "assert not {'torch', 'hydra', 'matplotlib.pyplot'} & set(sys.modules); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code, "a", "pack=true"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"a/{PACK}\na/report.html\n"
    assert len(list(Path("a/runs").iterdir())) == 6  # they stay
    page = Path("a/report.html").read_text()
    assert f'<a href="{PACK}">{PACK}</a>' in page and "No learning curves" not in page
    shutil.rmtree("a/runs")
    assert main(["a"]) == 0
    assert capsys.readouterr().out == "a/report.html\n"
    assert len(load_results("a")) == 6
    again = Path("a/report.html").read_text()
    assert again.count("<figure>") == page.count("<figure>") and "No learning curves" not in again
    assert main(["pack=true", "a"]) == 0
    assert capsys.readouterr().out == f"a/{PACK}\na/report.html\n"


@pytest.mark.parametrize(("arguments", "said"), [
    ([], "no directory is given (allowed: results/NAME, one or more)"),
    (["pack=true"], "no directory is given (allowed: results/NAME, one or more)"),
    (["a", "pakc=true"], "pakc=true: no such key; did you mean pack? (allowed: figure, name, pack, prune)"),
    (["a", "pack=yes"], "pack=yes: no such pack (allowed: true, false)"),
    (["a", "pack="], "pack=: has no value (allowed: a value, or no such key for the default)"),
    (["a", "--pack"], "--pack: write key=value (allowed: figure, name, pack, prune)"),
    (["gone"], "no such results directory: gone"),
    (["gone", "pack=true"], "no such results directory: gone"),
    (["empty"], f"no results in empty: there is no runs/ and no {PACK} in it (give results/NAME)"),
    (["empty", "pack=true"], "no results in empty: no readable record to pack"),
])  # fmt: skip
def test_a_request_that_cannot_be_is_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    Path("empty").mkdir()
    write(Path("a"), sweep(seq_lens=(50,)), histories=False)
    assert main(arguments) == 2
    assert capsys.readouterr() == ("", f"{said}\n")
    assert not (Path("empty") / PACK).exists() and not (Path("a") / PACK).exists()


@pytest.mark.slow
def test_figures_need_no_backend() -> None:
    """A notebook sets one for every process that it starts, which is of the notebook alone."""
    write(Path("a"), sweep(seq_lens=(50,)))
    env = os.environ | {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}
    done = subprocess.run([sys.executable, "-m", "rnnbench.report", "a"], capture_output=True, text=True, env=env)
    assert (done.returncode, done.stdout, done.stderr) == (0, "a/report.html\n", "")
    assert list(Path("a/figures").glob("*.svg"))


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_says_how_it_is_called(capsys: pytest.CaptureFixture[str], flag: str) -> None:
    assert main(["a", flag]) == 0
    assert "usage: python -m rnnbench.report results/NAME … [key=value]" in capsys.readouterr().out


@pytest.mark.slow
def test_a_directory_may_be_named_like_an_option() -> None:
    write(Path("lr=0.1"), sweep(seq_lens=(50,)), histories=False)
    assert main(["lr=0.1"]) == 0
    assert Path("lr=0.1/report.html").exists()


@pytest.mark.slow
def test_a_damaged_pack_still_has_a_page_that_names_it(capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("a"), sweep(seq_lens=(50,)))
    assert main(["a", "pack=true"]) == 0
    shutil.rmtree("a/runs")
    whole = Path("a", PACK).read_bytes()
    Path("a", PACK).write_bytes(whole[:-100])
    capsys.readouterr()
    assert main(["a"]) == 0
    said = capsys.readouterr()
    assert said.out == "a/report.html\n"
    assert said.err.startswith(f"warning: a/{PACK}: damaged after ") and said.err.count("\n") == 1
    assert (
        f"1 record(s) could not be read, or are copies, and are left out: {PACK} (damaged after "
        in Path("a/report.html").read_text()
    )


@pytest.mark.slow
def test_a_page_without_any_history_says_so(tmp_path: Path) -> None:
    write(tmp_path, sweep(seq_lens=(50,)), histories=False)
    assert main([str(tmp_path), "pack=true"]) == 0
    assert "No learning curves can be drawn: no record here comes with" in (tmp_path / "report.html").read_text()


@pytest.mark.slow
def test_of_several_directories_one_that_is_not_there_keeps_no_other(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "b"):
        write(Path(name), sweep(seq_lens=(50,)), histories=False)
    assert main(["a", "gone", "b"]) == 1
    assert capsys.readouterr() == ("a/report.html\nb/report.html\n", "no such results directory: gone\n")


@pytest.mark.few(1)
@pytest.mark.parametrize(("part", "wrong"), [
    ("published", "of 2018"), ("published", {"LSTM": "good"}), ("chance", [0.5]), ("baselines", {"last": [1]}),
])  # fmt: skip
def test_a_record_of_a_wrong_shape_is_skipped_with_a_word(
    part: str, wrong: object, capsys: pytest.CaptureFixture[str]
) -> None:
    write(Path("a"), sweep(seq_lens=(50,)), histories=False)
    (file, *_) = sorted(Path("a/runs").glob("*/run.json"))
    record = json.loads(file.read_text())
    record["task"][part] = wrong
    file.write_text(json.dumps(record))
    assert main(["a"]) == 0
    printed = capsys.readouterr()
    assert printed.out == "a/report.html\n"
    assert set(printed.err.splitlines()) == {printed.err.splitlines()[0]}
    assert f"warning: skipped {file}: task.{part}" in printed.err


def test_open_shows_a_page_in_a_browser_and_lists_those_that_there_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda place: shown.append(place) or True)
    Path("results/mine").mkdir(parents=True)
    page = Path("results/mine/report.html")
    page.write_text("<!doctype html>")
    assert main(["open"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert listed[0] == f"mine: {page.resolve()}"
    checkout = Path(opening.__file__).resolve().parents[2]  # none of ours is beside an installed package
    assert any(line.startswith("folklore: ") for line in listed) == (checkout / "results" / "folklore").exists()
    assert main(["open", "results/mine"]) == 0 and main(["open", "mine"]) == 0
    assert shown == [page.resolve().as_uri()] * 2
    capsys.readouterr()
    assert main(["open", "nowhere"]) == 2
    assert "no page in nowhere" in capsys.readouterr().err


def test_what_is_in_the_way_among_the_runs_keeps_no_page_from_being_made(tmp_path: Path) -> None:
    own = write(tmp_path / "a", sweep(seq_lens=(50,)))
    odd = own[0].with_name(os.fsdecode(b"d\xff"))
    shutil.copytree(own[0], own[0].with_name(f"{own[0].name}.bak"))
    own[1].rename(odd)
    own[0].with_name("round").symlink_to("round")
    assert main(["a"]) == 0
    page = Path("a/report.html").read_text()
    assert "3 record(s) could not be read, or are copies" in page and r"runs/d\udcff/run.json" in page
    assert len(Path("a/runs.csv").read_text().splitlines()) == 6
