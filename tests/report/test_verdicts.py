"""The verdicts of a study on the page and beside it, from records and study.json alone."""

from __future__ import annotations

import html
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rnnbench.errors import UsageError
from rnnbench.records.table import load_results
from rnnbench.report import make_report, report_and_verdicts
from rnnbench.report.verdicts import condition_table, measured_names, study_result
from rnnbench.report.wording import axis_words
from rnnbench.studies import study_from, write_request
from tests.fake_records import record, write

pytestmark = pytest.mark.xdist_group("the verdicts' page")  # in one process, so that it is made once

PAIR = {"compare": ["gru", "lstm"], "folklore": "They say <so> & so."}
CLAIMS: list[dict[str, Any]] = [
    {"id": "parameters", "statement": "Fewer parameters.", "kind": "closed_form", "metric": "recurrent_parameters",
     "scale": "ratio", "direction": "less", "expected": 0.75, "by": ["seq_len"]},
    {"id": "better", "statement": "More accurate.", "kind": "paired", "metric": "test_score", "direction": "greater",
     "margin": 0.02, "by": ["seq_len"]},
    {"id": "par", "statement": "As accurate at 50 % & more.", "kind": "paired", "metric": "test_score",
     "direction": "equivalent", "margin": 0.02, "select": {"seq_len": 50}},
    {"id": "sooner", "statement": "Sooner.", "kind": "solve_time", "metric": "steps_to_threshold", "direction": "less",
     "by": ["seq_len"]},
    {"id": "solved", "statement": "More often.", "kind": "success", "metric": "steps_to_threshold",
     "direction": "greater", "by": ["seq_len"]},
    {"id": "depends", "statement": "It depends.", "kind": "heterogeneity", "metric": "test_loss", "scale": "ratio",
     "direction": "greater", "by": ["seq_len"]},
    {"id": "nothing", "statement": "Nothing.", "kind": "paired", "metric": "test_score", "direction": "greater",
     "select": {"dataset": "none"}},
]  # fmt: skip


def contents() -> list[dict[str, Any]]:
    """At T = 50 both are as good, at T = 100 the GRU is 0.2 better; an LSTM at T = 100 solves nothing."""
    made = []
    for seq_len in (50, 100):
        for seed in range(10):
            lstm = 0.9 + 0.002 * np.sin(seed) - (0.2 if seq_len == 100 else 0)
            for cell, score in (("gru", 0.9), ("lstm", float(lstm))):
                unsolved = cell == "lstm" and seq_len == 100
                step = None if unsolved else (300 if cell == "gru" else 500) + seed
                made.append(record(cell, seq_len=seq_len, seed=seed, test_score=score, steps=step or 2000,
                                   timing__steps_to_threshold=step))  # fmt: skip
    return made


def leave(directory: Path, records: list[dict[str, Any]], requested: list[dict[str, Any]]) -> Path:
    write(directory, records, histories=False)
    study = study_from({"title": "Is <it> so?", "sweeps": [{"cell": "gru,lstm"}], "claims": [PAIR | c for c in CLAIMS]})
    write_request(directory, "made", study, {each["run_id"]: each["config"] for each in requested})
    return directory


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = leave(tmp_path_factory.mktemp("results") / "made", contents(), contents())
    make_report(directory)
    return directory


def test_the_verdicts_are_those_of_the_records(whole: Path) -> None:
    result = study_result(whole, load_results(whole))
    assert result is not None
    found = {each.claim.id: each.verdict.outcome for each in result.claims}
    assert found == {
        "parameters": "supported",
        "better": "undecided",  # it depends: within the margin at 50, better at 100
        "par": "supported",
        "sooner": "supported",
        "solved": "undecided",  # 10 of 10 against 10 of 10 at 50
        "depends": "contradicted",  # within the margin at 50, and no GRU behind at 100
        "nothing": "undecided",
    }
    assert not result.missing


def test_the_page_begins_with_the_answer_and_folds_its_claims(whole: Path) -> None:
    page = (whole / "report.html").read_text()
    assert page.index('id="answer"') < page.index('id="take"') < page.index('id="claims"') < page.index('id="grids"')
    assert "Is &lt;it&gt; so?" in page
    assert "They say &lt;so&gt; &amp; so." in page
    lead = re.findall(r"<p>([^<]*)</p>", page[page.index('class="lead"') : page.index("<figure>")])
    assert len(lead) == 3 and lead[0].startswith("GRU is better for adding: accuracy (T = 100), adding: steps to the ")
    assert lead[2] == "4 of 7 claims are decided; they share an error of 5 % (Holm)."
    folded = page[page.index('id="grids"') :]
    assert folded.index("<details>") < folded.index('id="scores"') < folded.index("</details>")  # what is no claim
    claims = page[page.index('id="claims"') : page.index('id="grids"')]
    assert claims.count('<details class="claim">') == len(CLAIMS)
    for claim in CLAIMS:
        assert f'id="claim-{claim["id"]}"' in claims
    rows = set(re.findall(r'href="#claim-([\w]+)"', page))
    assert rows == {"parameters", "better", "par", "sooner", "solved", "nothing"}  # "it depends" names no side
    assert "0.75 (exact) at T = 50; 0.75 (exact) at T = 100" in page
    assert "Would change it" in page
    text = html.unescape(re.sub(r"<[^>]*>", " ", page))
    assert "mean up to 2000 steps" in text
    assert "10 of 20 runs never solved it and are censored (horizon 2000)" in text
    assert not re.search(r"\bnan\b", text)


def test_the_answer_is_what_the_author_has_the_outcome_say(tmp_path: Path) -> None:
    """T = 100, where the GRU is 0.2 better: "supported" is said with its numbers, the unclaimed outcome is not."""
    write(tmp_path, contents(), histories=False)
    claim = PAIR | {"id": "said", "statement": "Better.", "kind": "paired", "metric": "test_score",
                    "direction": "greater", "margin": 0.05, "select": {"seq_len": 100},
                    "findings": {"supported": "Take <the GRU>:", "undecided": "Take either:"}}  # fmt: skip
    silent = claim | {"id": "silent", "direction": "less", "findings": {"supported": "Never said:"}}
    values = {"title": "t", "note": "Known <before>.", "sweeps": [{"cell": "gru,lstm"}], "claims": [claim, silent]}
    write_request(tmp_path, "made", study_from(values), {each["run_id"]: each["config"] for each in contents()})
    page = make_report(tmp_path).read_text()
    assert "2 of 2 claims are decided" in page
    assert "<p>Take &lt;the GRU&gt;: GRU − LSTM: 0.1" in page
    assert "Known &lt;before&gt;." in page
    assert "Never said" not in page and "Take either" not in page
    write_request(
        tmp_path, "made", study_from(values | {"claims": [claim]}), {r["run_id"]: r["config"] for r in contents()}
    )
    assert "The one claim is decided, at an error of 5 %." in make_report(tmp_path).read_text()


def test_a_finding_is_of_a_verdict() -> None:
    claim = PAIR | CLAIMS[1] | {"findings": {"maybe": "It may be."}}
    with pytest.raises(UsageError, match=r"study.claims.better.findings=maybe: .*supported, contradicted, equivalent"):
        study_from({"title": "t", "sweeps": [{"cell": "gru"}], "claims": [claim]})


def test_figures_and_tables_stand_beside_it(whole: Path) -> None:
    names = {path.name for path in (whole / "figures").glob("*.svg")}
    assert {"claim_better.svg", "claim_parameters.svg", "claim_sooner.svg", "unsolved_sooner.svg"} <= names
    assert "claim_nothing.svg" not in names
    numbers = pd.read_csv(whole / "verdicts.csv")
    assert set(numbers["claim"]) == {claim["id"] for claim in CLAIMS}
    better = numbers[numbers["claim"] == "better"].set_index("condition")
    expected = 0.2 - 0.002 * np.sin(np.arange(10)).mean()
    assert better.loc["T = 100", "effect"] == pytest.approx(expected)
    assert list(better["n"]) == [10, 10]
    assert (
        "| Fewer parameters. | supported | recurrent parameters | GRU / LSTM: 0.75 (exact)"
        in (whole / "verdicts.md").read_text()
    )
    tex = (whole / "verdicts.tex").read_text()
    assert r"As accurate at 50 \% \& more." in tex
    assert tex.startswith(r"\begin{tabular}") and tex.endswith("\\end{tabular}\n")


def test_an_incomplete_study_says_so_first(tmp_path: Path) -> None:
    every = contents()
    leave(tmp_path, every[1:], every)
    made, lines = report_and_verdicts(tmp_path)
    page = made.read_text()
    assert "<strong>Incomplete:</strong> 39 of 40 runs are there. Missing: gru-adding-T50-h64-s0-0.005." in page
    assert lines[0].startswith("incomplete: 39 of 40 runs are there")
    assert "Incomplete: 39 of 40" in (tmp_path / "verdicts.md").read_text()


def test_what_would_change_a_verdict(whole: Path) -> None:
    result = study_result(whole, load_results(whole))
    assert result is not None
    words = {each.claim.id: each.kind.would_change(each) for each in result.claims}
    assert words["parameters"].startswith("Other equations")
    assert words["better"].startswith("More seeds alone are not known to decide it: it depends")
    assert "± 0.02" in words["par"]
    few = study_result(whole, load_results(whole).query("seed < 5"))
    assert few is not None
    assert few.claims[2].kind.would_change(few.claims[2]).startswith("About 5 more seeds")


@pytest.mark.parametrize(("kind", "outcome", "judged", "rests"), [
    ("paired", "supported", [("supported", 0.001), ("supported", 0.04)], 0.04),  # in all
    ("paired", "contradicted", [("contradicted", 0.04), ("contradicted", 0.001)], 0.001),  # in one, and none otherwise
    ("paired", "equivalent", [("equivalent", 0.04), ("equivalent", 0.001)], 0.04),
    ("heterogeneity", "supported", [("supported", 0.001), ("supported", 0.03), ("contradicted", 0.04)], 0.04),
    ("heterogeneity", "contradicted", [("supported", 0.001), ("equivalent", 0.04)], 0.04),
])  # fmt: skip
def test_a_verdict_is_as_firm_as_the_weakest_that_it_needs(
    whole: Path, kind: str, outcome: Any, judged: list[tuple[Any, float]], rests: float
) -> None:
    """Where p = 0.04 was needed other seeds may well say otherwise; where p = 0.001 was enough they hardly would."""
    result = study_result(whole, load_results(whole))
    assert result is not None
    each = next(c for c in result.claims if c.claim.kind == kind and c.claim.id != "nothing")
    one = each.verdict.conditions[0]
    conditions = tuple(replace(one, outcome=word, p_adjusted=p, p_within=p) for word, p in judged)
    made = replace(each, verdict=replace(each.verdict, outcome=outcome, conditions=conditions))
    assert ("it rests on p = 0.04" in made.kind.would_change(made)) == (rests > 0.01)


def test_an_effect_within_its_margin_may_turn_out_equivalent(whole: Path) -> None:
    """The same verdict with an effect of 0.01 beside margins of 0.02 and of 0.005."""
    result = study_result(whole, load_results(whole))
    assert result is not None
    each = next(c for c in result.claims if c.claim.kind == "paired" and c.claim.direction != "equivalent")
    one = each.verdict.conditions[0]

    def with_margin(margin: float) -> str:
        effect = replace(one.condition.effect, estimate=0.01)
        judged = replace(one, outcome="supported", condition=replace(one.condition, effect=effect, margin=margin))
        verdict = replace(each.verdict, outcome="supported", conditions=(judged,))
        made = replace(each, claim=replace(each.claim, margin=margin), verdict=verdict)
        return made.kind.would_change(made)

    assert "many more seeds would make it equivalent" in with_margin(0.02)
    assert "equivalent" not in with_margin(0.005)


def test_more_seeds_than_anyone_would_run_are_not_counted(whole: Path) -> None:
    result = study_result(whole, load_results(whole))
    assert result is not None
    each = result.claims[0]
    for more, words in ((1000, "About 1000 more seeds"), (1001, "More than 1,000 more seeds")):
        verdict = replace(each.verdict, outcome="undecided", more_seeds=more)
        assert each.kind.would_change(replace(each, verdict=verdict)).startswith(words)


def test_a_study_of_published_figures_alone_has_no_tally(tmp_path: Path) -> None:
    write(tmp_path, contents(), histories=False)
    row = {"select": {"cell": "gru", "seq_len": 50}, "value": 0.9, "source": "A 2020"}
    study = study_from({"title": "t", "sweeps": [{"cell": "gru"}], "claims": [], "published": [row]})
    write_request(tmp_path, "made", study, {each["run_id"]: each["config"] for each in contents()})
    page = make_report(tmp_path).read_text()
    assert "Of 0 claims" not in page
    assert '<div class="lead"><p>Of 1 published figure' in page


def test_which_way_is_better_is_said_as_it_was_counted(tmp_path: Path) -> None:
    write(tmp_path, contents(), histories=False)
    claims = [PAIR | {"id": f"c{index}", "statement": "s", "kind": "paired", "direction": "greater"} | changes
              for index, changes in enumerate([{"metric": "test_accuracy"}, {"metric": "test_loss"},
                                               {"metric": "test_score", "better": "lower"}])]  # fmt: skip
    study = study_from({"title": "t", "sweeps": [{"cell": "gru"}], "claims": claims})
    write_request(tmp_path, "made", study, {each["run_id"]: each["config"] for each in contents()})
    result = study_result(tmp_path, load_results(tmp_path))
    assert result is not None
    ways = [words.rpartition(", ")[2] for words in measured_names(result, load_results(tmp_path))]
    assert ways == ["higher is better", "lower is better", "lower is better"]


def test_a_plain_sweep_has_the_verdicts_of_what_it_implies(tmp_path: Path) -> None:
    write(tmp_path, contents()[:4], histories=False)
    page, lines = report_and_verdicts(tmp_path)
    assert 'id="claims"' not in page.read_text()
    assert lines == ["adding: GRU and LSTM: too few seeds to say: n = 2"]
    assert pd.read_csv(tmp_path / "verdicts.csv")["reason"].tolist() == ["too few seeds to say: n = 2"]


def test_the_report_of_a_study_needs_no_torch_and_no_hydra(tmp_path: Path) -> None:
    leave(tmp_path, contents(), contents())
    code = (
        "import sys; from rnnbench.report.__main__ import main; code = main(sys.argv[1:]); "
        "assert not {'torch', 'hydra', 'matplotlib.pyplot'} & set(sys.modules); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "verdicts.csv").exists()


def test_a_mean_has_its_unit_and_a_ratio_none(whole: Path) -> None:
    result = study_result(whole, load_results(whole))
    assert result is not None
    of = {each.claim.id: each for each in result.claims}
    heads = {name: list(condition_table(each, "test accuracy")) for name, each in of.items()}
    assert heads["better"][1:3] == ["GRU: mean test accuracy", "LSTM: mean test accuracy"]
    assert heads["sooner"][1] == "GRU: mean steps, unsolved to the end"
    assert condition_table(of["sooner"])["interval by"].str.startswith("mean up to 2000 steps").all()
    assert axis_words(of["better"], "test accuracy") == "test accuracy, GRU − LSTM"
    claim = replace(of["depends"].claim, metric="step_ms_median")
    assert axis_words(replace(of["depends"], claim=claim)) == "training step, GRU / LSTM (ratio)"
    claim = replace(claim, metric="test_score")
    assert axis_words(replace(of["depends"], claim=claim), "test nll (nats per frame)") == (
        "test nll, GRU / LSTM (ratio)"
    )
    seconds = replace(of["sooner"], claim=replace(of["sooner"].claim, metric="seconds_to_threshold"))
    made = replace(of["sooner"].verdict.conditions[0].condition.effect, method="restricted mean to 18.9537, sign-flip")
    assert seconds.kind.interval_by(seconds.claim, made) == "mean up to 18.95 s, sign-flip"
