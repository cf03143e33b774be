"""`metric=`: several at once, the first selects; what does not fit is one line with what does."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from making import TINY, make, tiny
from sweeping import here

from rnnbench.config import Config, from_mapping
from rnnbench.errors import UsageError
from rnnbench.objectives.metrics import chosen
from rnnbench.preparation import prepare
from rnnbench.records.table import load_results
from rnnbench.run import run


def own(shape: str, *overrides: str) -> Config:
    return make("dataset=custom", f"dataset.target=shapes.{shape}", "hidden_size=5", "batch_size=8",
                "budget.max_steps=8", "budget.eval_every=4", "device=cpu", "threads=1", *overrides)  # fmt: skip


def test_the_first_selects_and_all_are_counted() -> None:
    config = own("LabelOfSequence", "metric=[macro_f1,auc,accuracy]")
    training = prepare(config)
    training.run()
    rows = training.progress.history
    best = max(rows[1:], key=lambda row: (row["valid_macro_f1"], -row["valid_loss"]))  # type: ignore[operator]
    assert training.selection.best_step == best["step"]
    assert list(rows[0]) == ["step", "seconds", "train_loss", "valid_loss", "valid_macro_f1", "valid_auc",
                             "valid_accuracy"]  # fmt: skip
    record = run(config).record
    assert record is not None
    assert record["task"] | {"metric": "macro_f1", "unit": "", "higher_is_better": True} == record["task"]
    assert set(record["metrics"]["test"]) == {"loss", "macro_f1", "auc", "accuracy"}
    runs = load_results("results/default")
    assert runs.loc[0, ["metric", "metric_asked"]].tolist() == ["macro_f1", "macro_f1,auc,accuracy"]


def test_lower_is_better_where_it_is() -> None:
    training = prepare(own("ValueOfSequence", "metric=mae"))
    training.run()
    best = min(row["valid_mae"] for row in training.progress.history[1:])  # type: ignore[type-var]
    assert training.selection.best == {"loss": training.selection.best["loss"], "mae": best}  # type: ignore[index]


def test_names_by_comma_and_by_list_are_one_run_and_the_default_another() -> None:
    by_list, by_comma = (own("LabelOfSequence", text) for text in ("metric=[auc,accuracy]", "metric='auc, accuracy'"))
    assert by_list == by_comma and by_list.metric == "auc,accuracy"
    assert len({each.run_id for each in (by_list, own("LabelOfSequence"), own("LabelOfSequence", "metric=auc"))}) == 3
    values = own("LabelOfSequence").to_dict()
    del values["metric"]
    assert from_mapping(values).run_id == own("LabelOfSequence").run_id


@pytest.mark.parametrize(
    ("shape", "metric", "says"),
    [
        ("LabelOfSequence", "acuracy", r"acuracy: no such metric \(allowed: accuracy, auc, balanced_accuracy"),
        ("LabelOfSequence", "rmse", r"rmse: does not fit what is learned here \(allowed: accuracy, auc"),
        ("ValueOfStep", "auc", r"auc: does not fit .*allowed: rmse, mae, pinball, r2, smape, wape\)$"),
        ("Ahead", "bits", r"bits: does not fit .*allowed: mae, mase, pinball, r2, rmse, smape, wape\)$"),
        ("KeysOfStep", "accuracy", r"accuracy: does not fit .*allowed: nats, bits\)$"),
        ("LabelOfSequence", "auc,auc", r"auc,auc: the same twice"),
        ("LabelOfSequence", "nowhere.Metric", r"nowhere\.Metric: cannot be imported"),
        ("LabelOfSequence", "shapes.LabelOfSequence", r"wrong kind"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_one_line(shape: str, metric: str, says: str) -> None:
    with pytest.raises(UsageError, match=f"^metric={says}" if not says.startswith("wrong") else says):
        run(own(shape, f"metric='{metric}'"))
    assert not Path("results").exists()


def test_one_of_a_users_own_by_import_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_metrics.py").write_text(
        "from rnnbench.objectives.metrics.mae import MAE\n\nclass Halved(MAE):\n    name = 'halved'\n\n"
        "    def compute(self):\n        return super().compute() / 2\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    record = run(own("ValueOfSequence", "metric=[mae,my_metrics.Halved]")).record
    assert record is not None
    test = record["metrics"]["test"]
    assert test["halved"] == test["mae"] / 2 > 0


def test_one_that_has_no_value_on_a_part_is_refused_before_training() -> None:
    from shapes import LabelOfSequence

    parts = LabelOfSequence().load(seq_len=None, train_size=None, seed=0, data_dir=Path())
    parts.test.targets.zero_()  # type: ignore[attr-defined]
    with pytest.raises(UsageError, match=r"^metric=auc: has no value on the test part: all labels are the same$"):
        chosen(parts, "accuracy,auc")


def test_figures_of_the_datasets_own_metric_stand_beside_no_other() -> None:
    record = run(tiny("metric=mae")).record
    assert record is not None
    assert record["task"]["metric"] == "mae" and record["task"]["published"] == record["task"]["baselines"] == {}
    with open(tiny("metric=mae").run_dir / "history.csv") as file:
        assert "valid_accuracy" not in next(csv.reader(file))


def test_a_threshold_of_another_metric_is_not_met_before_training() -> None:
    """adding is solved at an accuracy of 0.995, below which every mean absolute error is."""
    config = tiny("metric=mae", "budget.solved=0.995")
    ending = run(config)
    assert ending.status == "failed" and ending.record is not None
    assert ending.record["error"].startswith("budget.solved=0.995: met by mae before any training")
    assert run(tiny("metric=mae", "budget.solved=0.001")).status == "ok"


def test_on_the_command_line() -> None:
    done = here(*TINY, "metric=auc")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith("rnnbench: metric=auc: does not fit what is learned here (allowed: accuracy, mae")
    swept = here("-m", *TINY, "seed=0,1", "metric=auc")  # before any run
    assert (swept.returncode, swept.stderr) == (2, done.stderr) and not Path("results").exists()
    assert here(*TINY, "metric=[mae,accuracy]").stdout.startswith("ok: lstm-adding-T6-h5-s0-")
