"""The report as a whole: what it writes, that it stands alone, that it names what is missing, that it is quick."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest

from rnnbench.errors import UsageError
from rnnbench.report import make_report
from tests.fake_records import record, sweep, write
from tests.pace import paced

pytestmark = pytest.mark.xdist_group("a sweep's page")  # in one process, so that it is made once

FIGURES = {"scores", "curves_steps", "curves_seconds", "step_time", "parameters", "score_time", "memory"}


@pytest.fixture(scope="module")
def messy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two datasets, three cells, and all that goes wrong."""
    results = tmp_path_factory.mktemp("results") / "messy"
    contents = sweep(seq_lens=(50, 200)) + sweep(datasets=("jsb",), seq_lens=(129,))
    contents[0] = record("lstm", seq_len=50, seed=0, status="diverged")
    contents[1] = record("lstm", seq_len=50, seed=1, status="failed")
    contents[-2]["timing"]["contended"] = True
    write(results, contents[:-1])
    (results / "runs" / "begun").mkdir()
    (results / "runs" / "half").mkdir()
    (results / "runs" / "half" / "run.json").write_text('{"schema_version": 1, "run')
    assert make_report(results) == results / "report.html"
    return results


def test_all_files_are_there(messy: Path) -> None:
    assert {path.name for path in (messy / "figures").iterdir()} == {
        f"{f}.{x}" for f in FIGURES | {"forest"} for x in ("png", "svg")
    }
    summary = pd.read_csv(messy / "summary.csv")
    assert len(summary) == 6
    assert summary["runs"].sum() == len(pd.read_csv(messy / "runs.csv")) == 17
    assert (messy / "summary.md").read_text().startswith("# messy\n")


def test_the_page_loads_nothing_from_elsewhere(messy: Path) -> None:
    page = (messy / "report.html").read_text()
    loaded = re.findall(r"""(?:src|srcset)\s*=\s*["']([^"']*)|url\(([^)]*)\)|(@import)""", page)
    assert loaded and all("".join(each).startswith("#") for each in loaded)  # clip paths of the drawings
    assert page.count("<script") == page.count("<script>\n") == 1


def test_links_are_of_the_page_of_files_beside_it_or_of_papers(messy: Path) -> None:
    page = (messy / "report.html").read_text()
    links = set(re.findall(r'<a [^>]*href="([^"]*)"', page))
    assert {"runs.csv", "summary.csv", "verdicts.csv", "figures/", "#made"} <= links
    ids = set(re.findall(r' id="([^"]*)"', page))
    for link in links:
        beside = (messy / link).exists() and not link.startswith("/")
        assert link[1:] in ids if link[0] == "#" else beside or link.startswith("https://doi.org/10."), link
    assert "https://doi.org/10.48550/arXiv.1803.01271" in links  # the published line of Bai et al. 2018


def test_every_figure_on_the_page_is_drawn_once_and_whole(messy: Path) -> None:
    """As an XML parser reads it, with all that it refers to; its colours are the page's own, light and dark."""
    page = (messy / "report.html").read_text()
    assert "data:image/svg" not in page and "<picture" not in page
    drawings = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(drawings) > 10 and len(set(drawings)) == len(drawings)
    assert page.count("<figure>") == len(FIGURES) + 1 == page.count('<div class="panels"')
    for drawn in drawings:
        root = ElementTree.fromstring(drawn)
        assert root.get("viewBox") and len(list(root.iter("path"))) + len(list(root.iter("use"))) > 1
        assert not re.search(r"#[0-9a-f]{6}", drawn)
    ids = re.findall(r' id="([^"]*)"', page)
    assert len(ids) == len(set(ids))
    for asked in re.findall(r'<use [^>]*href="#([^"]*)"', page) + re.findall(r"url\(#([^)]*)\)", page):
        assert asked in ids
    colours = set(re.findall(r"var\((--[\w]+)\)", page)) - {"--wide"}
    dark = page[page.index("prefers-color-scheme: dark") :]
    assert all(f"{each}:" in dark[: dark.index("}\n}")] for each in colours)


def test_panels_say_in_text_what_the_file_draws(messy: Path) -> None:
    page = (messy / "report.html").read_text()
    for words in ("sequence length T (steps)", "GRU better", "LSTM better", "ms a training step"):
        assert re.search(rf"<text[^>]*>[^<]*{re.escape(words)}", page), words


def test_the_first_screen_has_the_answer_the_figure_and_what_to_take(messy: Path) -> None:
    page = (messy / "report.html").read_text()
    first = page[page.index('<section aria-labelledby="answer"') : page.index("</section>")]
    lead = re.findall(r"<p>([^<]*)</p>", first[: first.index("<figure>")])
    assert len(lead) == 3
    assert lead[0].startswith("Too few seeds to say: n = 3 pairs")
    assert "Nothing was tuned" in lead[1] and "equal width" in lead[1]
    assert lead[2].startswith("Next: ten seeds")
    assert first.count("<figure>") == 1 and "your problem" in first and "how sure" in first
    assert "GRU − LSTM" in first


def test_how_it_was_made_stands_on_the_page_in_numbers_for_people(tmp_path: Path) -> None:
    contents = sweep(seq_lens=(50,), seeds=(0, 1))
    for place, each in enumerate(contents):
        each["environment"] |= {"load_average": 1.29052734375 + place, "dtype": "float32", "commit": "abcdef0123"}
    write(tmp_path, contents)
    (tmp_path / "commands.txt").write_bytes(b"python\xce\npython -m rnnbench -m cell=lstm,gru 'a=<b>'\n")
    page = make_report(tmp_path).read_text()
    made = re.sub(r"<[^>]*>", " ", page[page.index('id="made"') :])
    assert "python -m rnnbench -m cell=lstm,gru &#39;a=&lt;b&gt;&#39;" in made
    assert f"python -m rnnbench.report results/{tmp_path.name}" in made
    assert "rnnbench 0.1.0 (commit abcdef0123) for the runs" in made
    assert "Example CPU @ 3.0 GHz, 2 cores, 1 thread" in made and "2026-01-02" in made
    assert "1.3 to 4.3" in made and "1.29052734375" not in page
    assert len(re.findall(r"\bdtype\b", made)) == 1


def test_the_page_names_what_is_missing(messy: Path) -> None:
    page = (messy / "report.html").read_text()
    assert "17 runs (15 ok, 1 diverged, 1 failed)" in page
    assert "1 run(s) diverged and have no score: lstm-adding-T50-h64-s0-0.005" in page
    assert "runs/half/run.json" in page
    assert "started without a record yet: begun" in page
    assert "Incomplete: " in page


def test_names_from_records_are_escaped(tmp_path: Path) -> None:
    write(tmp_path, [record(environment__cpu="<script>alert(1)</script>")])
    assert "<script>alert" not in make_report(tmp_path).read_text()


def test_the_same_records_give_the_same_files(tmp_path: Path) -> None:
    write(tmp_path, sweep(seq_lens=(50,), seeds=(0, 1)))
    make_report(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    make_report(tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("contents", [
    [record(test_score=0.5)],
    [record(status="diverged")],
    [record(status="failed") | {"task": {}, "metrics": None, "timing": {}, "memory": {}, "parameters": {}}],
    [record(test_score=0.5, config__cell={"name": "mine"})],
    [record(task__chance={}, task__published={}, config__budget={"solved": None})],
])  # fmt: skip
def test_odd_results_still_have_a_page(tmp_path: Path, contents: list[dict]) -> None:
    write(tmp_path, contents, histories=False)
    assert make_report(tmp_path).exists()


def test_no_results_is_one_clear_line(tmp_path: Path) -> None:
    for directory in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(UsageError, match="no "):
            make_report(directory)
    (tmp_path / "runs").mkdir()
    with pytest.raises(UsageError, match="no results in"):
        make_report(tmp_path)


def test_the_command_prints_the_path_without_torch_or_hydra(tmp_path: Path) -> None:
    """Of a place with results, then of one without, in one process."""
    write(tmp_path, [record(test_score=0.5)], histories=False)
    code = (
        "import sys; from rnnbench.report.__main__ import main; codes = [main([each]) for each in sys.argv[1:]]; "
        "assert not {'torch', 'hydra', 'matplotlib.pyplot'} & set(sys.modules); sys.exit(codes != [0, 2])"
    )
    places = (str(tmp_path), str(tmp_path / "x"))
    done = subprocess.run([sys.executable, "-c", code, *places], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{tmp_path / 'report.html'}\n"
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.slow
def test_ten_thousand_records(tmp_path: Path) -> None:
    cells, widths = ("lstm", "gru", "rnn", "gru_reset_before"), tuple(range(8, 208, 8))
    write(tmp_path, sweep(cells, ("adding", "jsb"), (50, 100, 200, 400, 800), range(10), widths), histories=False)
    start = time.process_time()
    make_report(tmp_path)
    took = time.process_time() - start
    print(f"made in {took:.1f} s")
    assert paced(took) < 25  # 20 is promised, to who has a machine of his own
    assert (tmp_path / "report.html").stat().st_size < 1.5e6
