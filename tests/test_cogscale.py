"""examples/cogscale: the generators of another package as datasets, with their scores; and what their records say."""

from __future__ import annotations

import csv
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from places import ROOT
from scipy import stats

from rnnbench.studies import study_from

EXAMPLE = ROOT / "examples" / "cogscale"
RESULTS = ROOT / "results" / "cogscale"
THEIRS = ROOT.parent / "shared" / "data" / "cogscale" / "lstm_gru.csv.gz"
WIDTHS = {
    "sinus_forecasting": (14, 16), "chaotic_forecasting": (13, 15), "discrete_postcasting": (13, 15),
    "continuous_postcasting": (14, 16), "discrete_pattern_completion": (13, 15),
    "continuous_pattern_completion": (14, 16),
    "bracket_matching": (13, 15), "simple_copy": (13, 15), "selective_copy": (12, 14), "adding_problem": (12, 14),
    "sorting_problem": (9, 11), "cross_situation": (8, 10), "associative_recall": (12, 14), "induction_heads": (13, 15),
}  # fmt: skip

needs_cogscale = pytest.mark.skipif(
    find_spec("cogscale") is None, reason="needs the package cogscale: pip install cogscale==0.2.0"
)


def batches(task: str, difficulty: str = "small", seed: int = 3) -> tuple[dict[str, Any], Any]:
    """What the package itself makes, and our parts."""
    import cogscale
    from cogscale_tasks import CogScale

    data = cogscale.build_task(task, difficulty=difficulty, seed=seed)
    return data, CogScale(task, difficulty).load(seq_len=None, train_size=None, seed=seed, data_dir=Path())


@pytest.mark.few(1)
@needs_cogscale
@pytest.mark.parametrize("difficulty", ["small", "medium"])
def test_every_task_is_the_packages_and_is_scored_alike(difficulty: str) -> None:
    """Random answers, by `compute_score` and by our metric. The losses are those of torch over what is asked."""
    import cogscale

    for task in cogscale.tasks if difficulty == "small" else ["simple_copy"]:
        data, parts = batches(task, difficulty)
        (metric,), objective = parts.metrics, parts.objective
        count, loss = metric.begin(objective), 0.0
        random, answers = torch.Generator().manual_seed(5), []
        for batch in parts.test.batches(7):
            taken = objective.take(batch, torch.device("cpu"), torch.float32)
            outputs = torch.randn(*batch.inputs.shape[:2], objective.output_size, generator=random)
            total = objective.total(outputs, taken)
            count.update(outputs, taken, total)
            loss += float(total[0])
            answers.append(outputs)
        said = torch.cat(answers).numpy()
        np.testing.assert_array_equal(torch.cat([b.inputs for b in parts.test.batches(7)]), data["X_test"].astype("f4"))
        assert count.compute() == pytest.approx(
            cogscale.compute_score(data["Y_test"], said, data["category"]), rel=1e-5
        )
        assert parts.chance[metric.name] > 0 and len(parts.train) == len(data["X_train"]), task


@needs_cogscale
def test_the_packages_own_table_is_left_as_it_is() -> None:
    from cogscale import evals

    before = repr({name: task["params"].get("n_train") for name, task in evals.cogscale_small.items()})
    _, parts = batches("sorting_problem")
    assert len(parts.train) == 100
    assert before == repr({name: task["params"].get("n_train") for name, task in evals.cogscale_small.items()})


@needs_cogscale
@pytest.mark.parametrize(("options", "said"), [
    ({"task": "copy"}, "dataset.task=copy: no such task"),
    ({"difficulty": "easy"}, "dataset.difficulty=easy: no such difficulty (allowed: small, medium, large)"),
])  # fmt: skip
def test_what_it_does_not_have_is_one_line(options: dict[str, str], said: str) -> None:
    from cogscale_tasks import CogScale

    with pytest.raises(ValueError, match=re.escape(said)):
        CogScale(**options)
    with pytest.raises(ValueError, match="seq_len=5: the difficulty says how long"):
        CogScale().load(seq_len=5, train_size=None, seed=0, data_dir=Path())


@needs_cogscale
def test_a_run_has_their_number_of_parameters_and_learns() -> None:
    """Their GRU for 1,000 has 948 on three symbols that are to be said five steps later; two thirds wrong is chance."""
    import rnnbench

    record = rnnbench.train(
        cell="gru", dataset="custom", hidden_size=15, batch_size=10, threads=1,
        **{"dataset.target": "cogscale_tasks.CogScale", "dataset.name": "post", "+dataset.task": "discrete_postcasting",
           "budget.max_steps": None, "budget.max_epochs": 15, "budget.eval_every": 10, "optimizer.lr": 0.01},
    )  # fmt: skip
    assert record["parameters"]["total"] == 948 and record["steps"] == 150
    assert record["metrics"]["test"]["error"] < 0.3
    assert record["task"]["chance"]["error"] == pytest.approx(2 / 3, abs=0.01)


def levels() -> dict[tuple[str, str], float]:
    with (EXAMPLE / "chance.csv").open() as file:
        return {(row["Task"], row["Difficulty"]): float(row["chance"]) for row in csv.DictReader(file)}


@pytest.mark.slow
@needs_cogscale
def test_no_constant_answer_beats_chance_and_the_best_one_reaches_it() -> None:
    """On the small test sets, by `compute_score`, within four standard errors of the answers asked for."""
    import cogscale

    assert len(levels()) == 28
    for task in cogscale.tasks:
        data, _ = batches(task)
        if data["category"] != "classification":
            continue
        targets = data["Y_test"]
        constants = np.eye(targets.shape[-1])[:, None, None] * np.ones((1, *targets.shape[:2], 1))
        best = min(cogscale.compute_score(targets, answer, data["category"]) for answer in constants)
        asked = (targets != -100).any(-1).sum()
        assert best == pytest.approx(levels()[task, "small"], abs=4 * np.sqrt(0.25 / asked)), task


def test_the_study_is_well_formed_and_their_protocol() -> None:
    study = study_from(yaml.safe_load((EXAMPLE / "study" / "cogscale.yaml").read_text())["study"])
    for grid in study.sweeps:
        lstm, gru = WIDTHS[grid["dataset.name"]]
        assert grid["hidden_size"] == {"lstm": lstm, "gru": gru}[grid["cell"]]
        assert (grid["batch_size"], grid["budget.eval_every"]) == (
            (1, 1) if "forecasting" in grid["dataset.name"] else (10, 10)
        )
        assert (grid["budget.patience"], grid["budget.max_epochs"]) == (10, 50)
        assert grid["clip_norm"] is grid["forget_bias"] is None
    assert len(study.sweeps) == 28 and len(study.published) == 26  # of one task their score is another


SQUARED = {"sinus_forecasting", "chaotic_forecasting", "continuous_postcasting", "continuous_pattern_completion"}


def printed(task: str, *values: float) -> list[str]:
    """Error rates; of squared errors thousandths."""
    return [(f"{1000 * v:.2f}" if task in SQUARED else f"{v:.3f}").replace("-", "−") for v in values]


def test_the_readme_tells_the_runs() -> None:
    """Means and standard deviations of scores.csv, and the differences of seeds or tunings by scipy."""
    readme = (EXAMPLE / "README.md").read_text()
    rows = {
        study: set(re.findall(rf"^\| `(\w+)` \|{'[^|]*[|]' * n}$", readme, re.M))
        for study, n in (("both", 4), ("d", 3))
    }
    runs = pd.read_csv(EXAMPLE / "scores.csv")
    assert rows["both"] == rows["d"] == set(runs["task"]) == set(WIDTHS)
    for (study, task), of in runs.groupby(["study", "task"]):
        assert of.groupby("cell").size().tolist() == [20 if study == "tuned" else 10] * 2
        unit = of["seed"] // 2 if study == "tuned" else of["seed"]
        means = of.groupby(["cell", unit])["test_error"].mean().unstack("cell")
        d = means["gru"] - means["lstm"]
        effect, low, high = printed(task, d.mean(), *stats.t.interval(0.95, 9, d.mean(), stats.sem(d)))
        assert f"{effect} [{low}, {high}]" in readme
        if study == "protocol":
            for cell in ("lstm", "gru"):
                mean, spread = printed(task, means[cell].mean(), means[cell].std())
                assert f" {mean} ± {spread} |" in readme
    means = runs.groupby(["study", "task", "cell"])["test_error"].mean().unstack("cell")
    lower = (means["gru"] < means["lstm"]).groupby("study").sum()
    assert (lower["protocol"], lower["clipped"], lower["tuned"]) == (12, 12, 9)
    assert "in 12 of 14 by their protocol, in 12 with bias 1 and clipping, in 9 tuned" in readme


@pytest.mark.skipif(not THEIRS.exists(), reason="needs the authors' records beside the checkout")
def test_the_readme_tells_their_records() -> None:
    readme, near, held = (EXAMPLE / "README.md").read_text(), 0, 0
    ours = pd.read_csv(EXAMPLE / "scores.csv").query("study == 'protocol'").set_index(["task", "cell"])["test_error"]
    records = pd.read_csv(THEIRS).query("Difficulty == 'small' and Target_Params == 1000 and Task != 'cross_situation'")
    for (task, cell), of in records.groupby(["Task", "Model"]):
        valid = of.groupby("LR")["Best_Val_Score"].mean()
        scores = of[of["LR"] == valid.idxmin()]["Test_Score"]
        mean, spread = printed(task, scores.mean(), scores.std())
        assert f" {mean} ± {spread} |" in readme
        here = ours.loc[(task, cell.lower())]
        low, high = stats.t.interval(0.95, 9, here.mean(), stats.sem(here))
        near, held = near + (abs(here.mean() - scores.mean()) <= scores.std()), held + (low <= scores.mean() <= high)
    assert f"Of the 26 means {near} lie within a standard deviation of theirs, and {held} of" in readme.replace(
        "\n", " "
    )


@pytest.mark.skipif(not THEIRS.exists(), reason="needs the authors' records beside the checkout")
def test_what_docs_say_of_their_records_by_pandas_and_scipy_alone() -> None:
    """The counts of results/cogscale and docs/scores.md, from the records by another way."""
    by = ["Task", "Difficulty", "Target_Params"]
    records = pd.read_csv(THEIRS)
    valid = records.groupby([*by, "Model", "LR"])["Best_Val_Score"].mean().reset_index()
    chosen = valid.loc[valid.groupby([*by, "Model"])["Best_Val_Score"].idxmin(), [*by, "Model", "LR"]]
    tests = records.merge(chosen, on=[*by, "Model", "LR"]).pivot(
        index=[*by, "Seed"], columns="Model", values="Test_Score"
    )
    d = (tests["GRU"] - tests["LSTM"]).groupby(level=by)
    verdicts = pd.read_csv(RESULTS / "verdicts.csv").set_index(by).sort_index()
    np.testing.assert_allclose(verdicts["first_mean"] - verdicts["second_mean"], d.mean(), atol=1e-12)
    judged = verdicts["effect"].notna()  # where one of the two learned
    assert (~judged).sum() == 8
    assert (d.mean() < 0).sum() == 68 and len(verdicts) == 84
    whole = [(x.to_numpy() * 1e12).round() for _, x in d]  # so that sums that should be equal are, for scipy too
    of_scipy = [stats.permutation_test((x,), np.mean, permutation_type="samples").pvalue for x in whole]
    p = np.array(of_scipy)
    np.testing.assert_allclose(verdicts["p_difference"][judged], p[judged], atol=1e-12)
    assert p.min() * 84 > 0.05 and not verdicts["word"].str.contains("ahead").any()
    at_end = chosen.set_index([*by, "Model"])["LR"].eq(0.01).unstack()
    assert (at_end["GRU"].sum(), at_end["LSTM"].sum(), at_end.any(axis=1).sum(), at_end.all(axis=1).sum()) == (
        57,
        49,
        66,
        40,
    )
