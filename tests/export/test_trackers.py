"""`format=tensorboard|mlflow`: read back by the trackers' own readers; written again nothing doubles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from making import tiny
from places import ROOT

from rnnbench.errors import UsageError
from rnnbench.export.__main__ import export, main
from rnnbench.report import make_report
from rnnbench.run import run

tensorboard = pytest.importorskip("tensorboard")


@pytest.fixture
def swept() -> dict[str, dict[str, Any]]:
    """The records of a real sweep, with its page."""
    endings = [run(tiny("name=swept", f"cell={cell}", "optimizer.lr=0.01")) for cell in ("lstm", "gru")]
    make_report("results/swept")
    return {each.run_dir.name: each.record for each in endings if each.record is not None}


def test_tensorboard_reads_what_the_records_say(swept: dict[str, dict[str, Any]]) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.plugins.hparams import plugin_data_pb2

    (line,) = export("results/swept", "tensorboard")
    assert line.startswith("results/swept/tensorboard: 2 runs, ")
    for run_id, record in swept.items():
        events = EventAccumulator(f"results/swept/tensorboard/{run_id}").Reload()
        history = pd.read_csv(f"results/swept/runs/{run_id}/history.csv")
        losses = events.Scalars("valid/loss")
        assert [event.step for event in losses] == [0, 5, 10, 15, 20]
        assert [event.value for event in losses] == pytest.approx(history["valid_loss"].tolist(), rel=1e-6)
        assert [event.step for event in events.Scalars("train/loss")] == [5, 10, 15, 20]
        (score,) = events.Scalars("score/test_score")
        assert score.value == pytest.approx(record["metrics"]["test"]["accuracy"])
        (step,) = events.Scalars("time/step_ms_median")
        assert step.value == pytest.approx(record["timing"]["step_ms"]["median"])
        data = events.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
        settings = plugin_data_pb2.HParamsPluginData.FromString(data).session_start_info.hparams
        assert settings["cell.name"].string_value == record["config"]["cell"]["name"]
        assert settings["optimizer.lr"].number_value == 0.01
        (text,) = events.Tensors("configuration/text_summary")
        assert b"| optimizer.lr | 0.01 |" in text.tensor_proto.string_val[0]
    data = EventAccumulator("results/swept/tensorboard").Reload().SummaryMetadata("_hparams_/experiment").plugin_data
    table = plugin_data_pb2.HParamsPluginData.FromString(data.content).experiment
    assert {info.name for info in table.hparam_infos} == {
        "cell.name",
        "cell.target",
        "forget_bias",
    }  # what they differ in
    images = EventAccumulator("results/swept/tensorboard").Reload().Tags()["images"]
    assert f"figures/{sorted(Path('results/swept/figures').glob('*.png'))[0].stem}" in images


def test_written_again_the_same_bytes_and_no_run_twice(swept: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    export("results/swept", "tensorboard", "out")
    files = {path: path.read_bytes() for path in Path("out").rglob("*") if path.is_file()}
    assert len(files) == 3  # a run each, and the page
    export("results/swept", "tensorboard", "out")
    assert files == {path: path.read_bytes() for path in Path("out").rglob("*") if path.is_file()}
    assert not Path("results/swept/tensorboard").exists()
    one = sorted(swept)[0]
    export(f"results/swept/runs/{one}", "tensorboard", "one")
    assert {path.name for path in Path("one").iterdir() if path.is_dir()} == {one}


def test_records_made_again_from_a_table_have_neither_dates_nor_curves() -> None:
    """Those of a published study: runs, settings and scores all the same."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    (line,) = export(ROOT / "results" / "published", "tensorboard", "out")
    assert line.startswith("out: 66 runs, ")
    some = sorted(path for path in Path("out").iterdir() if path.is_dir())[0]
    tags = EventAccumulator(str(some)).Reload().Tags()["scalars"]
    assert "score/test_score" in tags and "valid/loss" not in tags


@pytest.mark.slow
def test_mlflow_reads_what_the_records_say_and_takes_it_once(
    swept: dict[str, dict[str, Any]], capfd: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("mlflow")
    from mlflow import MlflowClient

    capfd.readouterr()
    (line,) = export("results/swept", "mlflow")
    assert capfd.readouterr() == ("", "")  # nothing of the making of a database
    assert ": 2 runs, 2 of them new (mlflow ui --backend-store-uri sqlite:///" in line
    client = MlflowClient(tracking_uri=f"sqlite:///{Path.cwd()}/results/swept/mlflow/mlflow.db")
    experiment = client.get_experiment_by_name("swept")

    def runs() -> dict[str, Any]:
        found = client.search_runs([experiment.experiment_id])
        assert len(found) == 3  # and the page
        return {each.info.run_name: each for each in found}

    for run_id, record in swept.items():
        each = runs()[run_id]
        assert each.data.params["cell.name"] == record["config"]["cell"]["name"] and each.info.status == "FINISHED"
        assert each.data.params["optimizer.lr"] == "0.01"
        assert each.data.metrics["score/test_score"] == record["metrics"]["test"]["accuracy"]
        curve = client.get_metric_history(each.info.run_id, "valid/loss")
        assert [point.step for point in curve] == [0, 5, 10, 15, 20]
        history = pd.read_csv(f"results/swept/runs/{run_id}/history.csv")
        assert [point.value for point in curve] == history["valid_loss"].tolist()
    page = runs()["report"].info.run_id
    assert {each.path for each in client.list_artifacts(page)} == {"report.html", "figures"}

    before = {name: each.info.run_id for name, each in runs().items()}
    assert ": 2 runs, 0 of them new" in export("results/swept", "mlflow")[0]
    assert {name: each.info.run_id for name, each in runs().items()} == before
    again = sorted(swept)[0]  # it is repeated, with another outcome
    path = Path("results/swept/runs") / again / "run.json"
    path.write_text(json.dumps(swept[again] | {"steps": 19}))
    assert ": 2 runs, 1 of them new" in export("results/swept", "mlflow")[0]
    assert runs()[again].data.metrics["count/steps"] == 19 and runs()[again].info.run_id != before[again]


def test_what_cannot_be_exported_is_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("empty/runs").mkdir(parents=True)
    assert main(["empty", "format=tensorboard"]) == 2
    assert capsys.readouterr().err == "no results in empty: no readable record to export\n"
    monkeypatch.setattr("rnnbench.export.formats.tensorboard.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"^format=tensorboard: is not installed here: pip install 'tensorboard>="):
        export("empty", "tensorboard")
