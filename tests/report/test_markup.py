"""The page for readers who do not see it, and its one script: what it adds, in a browser where there is one."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from rnnbench.report import make_report
from tests.fake_records import sweep, write

pytestmark = pytest.mark.xdist_group("the page's markup")  # in one process, so that it is made once

BROWSER = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
)
VOID = {"meta", "link", "img", "source", "br", "hr", "input"}


class Tags(HTMLParser):
    """Every tag with its attributes and the tags around it; complains of one closed out of turn."""

    def __init__(self, page: str):
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None], tuple[str, ...]]] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs), tuple(self.open)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes, _ in self.found if name == tag]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    results = tmp_path_factory.mktemp("results") / "swept"
    write(results, sweep(seq_lens=(50, 100, 200), seeds=(0, 1)))
    return make_report(results)


def test_tags_are_balanced_and_ids_are_there_once(page: Path) -> None:
    tags = Tags(page.read_text())
    assert tags.open == []
    ids = [each["id"] for _, each, _ in tags.found if "id" in each]
    assert len(ids) == len(set(ids))
    links = [str(each["href"])[1:] for each in tags.named("a") if str(each["href"]).startswith("#")]
    assert set(links) <= set(ids)
    assert "main" in links  # past what stands before the results
    assert {each["aria-labelledby"] for each in tags.named("section")} <= set(ids)


def test_tables_and_figures_say_what_they_are(page: Path) -> None:
    tags = Tags(page.read_text())
    assert len(tags.named("caption")) == len(tags.named("table")) > 2
    assert all(each.get("scope") in ("row", "col") for each in tags.named("th"))
    drawn = [each for each in tags.named("div") if each.get("class") == "panels"]
    assert drawn and all(each["role"] == "img" and len(str(each["aria-label"])) > 20 for each in drawn)
    assert all(each["aria-hidden"] == "true" for each in tags.named("svg"))
    frames = [each for each in tags.named("div") if each.get("class") == "scroll"]
    assert all(each["tabindex"] == "0" and each["role"] == "region" and each["aria-label"] for each in frames)
    assert [name for name in ("header", "main") if len(tags.named(name)) == 1] == ["header", "main"]


@pytest.mark.skipif(not BROWSER, reason="needs chromium")
@pytest.mark.slow
def test_a_header_sorts_its_table_by_number_then_back(page: Path, tmp_path: Path) -> None:
    """1 click: ascending, 2: descending, 3: as it was; a cell without a number stands last either way."""
    cells = ["T: 9 [1, 20]", "10", "–", "1,200", "−3.5"]
    rows = "".join(f'<tr><th scope="row">r{i}</th><td>{cell}</td></tr>' for i, cell in enumerate(cells))
    table = f"<table><thead><tr><th>r</th><th id=head>v</th></tr></thead><tbody id=body>{rows}</tbody></table>"
    probe = """<script>
      const state = () => `${document.querySelector('#head').getAttribute('aria-sort')} ` +
        Array.from(document.querySelectorAll('#body th'), (each) => each.textContent).join(' ');
      const seen = [state()];
      for (let i = 0; i < 3; i++) { document.querySelector('#head button').click(); seen.push(state()); }
      document.body.append(Object.assign(document.createElement('output'), { textContent: seen.join('; ') }));
    </script>"""
    text = page.read_text()
    script = text[text.index("<script>") : text.index("</script>") + len("</script>")]
    made = tmp_path / "made.html"
    made.write_text(
        f'<!doctype html><meta charset="utf-8"><div class="scroll">{table}</div><p></p>{script}{probe}',
        encoding="utf-8",
    )
    command = [
        BROWSER,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={tmp_path}/profile",
        "--dump-dom",
    ]
    done = subprocess.run([*command, made.as_uri()], capture_output=True, text=True, timeout=120)
    (said,) = re.findall("<output>(.*)</output>", done.stdout)
    assert said.split("; ") == [
        "null r0 r1 r2 r3 r4",
        "ascending r4 r0 r1 r3 r2",
        "descending r3 r1 r0 r4 r2",
        "null r0 r1 r2 r3 r4",
    ]
