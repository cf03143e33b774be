"""`format=onnx`: ONNX Runtime gives our outputs and answers, at two numbers of rows and two lengths."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from export.test_torch import CONFIGS
from making import tiny
from predict.files import labelled, stores, trained

import rnnbench
from rnnbench.config import Config
from rnnbench.data.table.keys import Keys
from rnnbench.data.table.read import read
from rnnbench.errors import UsageError
from rnnbench.export.__main__ import export
from rnnbench.predict import predict
from rnnbench.run import prepare, run

onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")


def session(folder: str) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(str(Path(folder, "model.onnx")), providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("name", CONFIGS)
def test_onnx_runtime_gives_our_outputs(name: str) -> None:
    config = CONFIGS[name]()
    run(config)
    model = rnnbench.load_model(config.run_dir)
    paths = export(config.run_dir, "onnx", "taken")
    assert paths[:2] == ["taken/model.onnx", "taken/transform.json"] and paths[2].startswith("checked in onnxruntime")
    rows = next(iter(prepare(config).parts.test.batches(7)))
    theirs = session("taken")
    for n, T in ((7, rows.inputs.shape[1]), (2, 4)):
        x = rows.inputs[:n, :T]
        lengths = torch.full((n,), T) if rows.lengths is None else rows.lengths[:n].clamp(max=T)
        fed = x.numpy() if model.reads_symbols else x.numpy().astype(np.float32)
        output, answer = theirs.run(["output", "answer"], {"x": fed, "lengths": lengths.numpy()})
        with torch.no_grad():
            ours = model(x if model.reads_symbols else x.to(model.network.head.weight.dtype), lengths)
        said = model.objective.predict(ours)
        real = np.arange(T) < lengths.numpy()[:, None] if output.ndim == 3 else np.ones(n, bool)
        np.testing.assert_allclose(output[real], ours.numpy()[real], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(answer[real], said.numpy()[real], rtol=1e-4, atol=1e-5)


def test_what_stands_beyond_a_length_is_not_read() -> None:
    config = CONFIGS["both"]()
    run(config)
    export(config.run_dir, "onnx", "taken")
    theirs, random = session("taken"), np.random.default_rng(0)
    I = rnnbench.load_model(config.run_dir).network.recurrent.input_size
    x = random.normal(size=(1, 9, I)).astype(np.float32)
    short = theirs.run(["answer"], {"x": x[:, :5], "lengths": np.array([5])})[0]
    x[:, 5:] = 1e6
    np.testing.assert_allclose(theirs.run(["answer"], {"x": x, "lengths": np.array([5])})[0], short, rtol=1e-5)


def test_a_forecast_of_raw_columns_is_that_of_predict() -> None:
    """The last window of the file, in its own units, gives the forecast in its own units."""
    frame = stores(stores=1).drop(columns=["store", "sky"])
    frame.loc[195:196, "sales"] = np.nan
    config = trained(frame, "sales", "dataset.time=date", "dataset.horizon=3", "dataset.window=14")
    export(config.run_dir, "onnx", "taken")
    raw = frame.sales.to_numpy(np.float32)[None, -14:, None]
    answer = session("taken").run(["answer"], {"numbers": raw, "lengths": np.array([14])})[0]
    np.testing.assert_allclose(answer[0], forecast(config, frame).sales, rtol=1e-5)


def test_several_series_with_categories_and_columns_known_ahead() -> None:
    """Each in its own unit, a thousand times another's; what is known ahead stands in the rows after the window."""
    frame = stores().reset_index(drop=True)
    frame["price"] = 2 + np.sin(np.arange(len(frame)) / 3)
    config = trained(frame, "sales", "dataset.time=date", "dataset.id=store", "dataset.horizon=2", "dataset.window=9",
                     'dataset.known="price,sky"')  # fmt: skip
    export(config.run_dir, "onnx", "taken")
    transform = json.loads(Path("taken/transform.json").read_text())["transform"]["fields"]
    names = [number["fields"]["name"] for number in transform["numbers"]]
    values = transform["categories"][0]["fields"]["values"]
    naive = {level["fields"]["name"]: level["fields"]["naive"] for level in transform["levels"]}
    rows = [frame[frame.store == f"S{s}"].tail(11) for s in range(3)]  # nine, and the two that follow
    fed = {"numbers": np.stack([row[names].to_numpy(np.float32) for row in rows]),
           "categories": np.stack([[[values.index(sky)] for sky in row.sky] for row in rows]),
           "naive": np.array([naive[f"S{s}"] for s in range(3)], np.float32), "lengths": np.full(3, 9)}  # fmt: skip
    answer = session("taken").run(["answer"], fed)[0]
    ahead = pd.concat([frame[frame.store == f"S{s}"].assign(sales=lambda f: [*f.sales[:-2], np.nan, np.nan])
                       for s in range(3)])  # fmt: skip
    np.testing.assert_allclose(answer.ravel(), forecast(config, ahead).sales, rtol=1e-4)


def forecast(config: Config, frame: pd.DataFrame) -> pd.DataFrame:
    frame.to_csv("new.csv", index=False)
    return predict(config.run_dir, read("new.csv", Keys())).frame


def test_labels_of_raw_columns_are_those_of_predict() -> None:
    config = trained(labelled(), "mood", "dataset.id=who")
    export(config.run_dir, "onnx", "taken")
    (room,) = json.loads(Path("taken/transform.json").read_text())["transform"]["fields"]["categories"]
    frame = labelled()
    frame.to_csv("new.csv", index=False)
    said = predict(config.run_dir, read("new.csv", Keys())).frame
    for who, rows in frame.groupby("who", sort=False):
        codes = [[room["fields"]["values"].index(each)] for each in rows.room]
        fed = {"numbers": rows[["x"]].to_numpy(np.float32)[None], "categories": np.array([codes]),
               "lengths": np.array([len(rows)])}  # fmt: skip
        shares = said[said.who == who][["mood=happy", "mood=sad"]].to_numpy()
        np.testing.assert_allclose(session("taken").run(["answer"], fed)[0], shares, rtol=1e-4)


def test_a_cell_that_onnx_lacks_is_refused_and_a_wrong_graph_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    config = tiny("cell=gru_reset_before")
    run(config)
    with pytest.raises(UsageError, match="ONNX has no such cell"):
        export(config.run_dir, "onnx")
    config = tiny("cell=gru")
    run(config)
    graph = sys.modules["rnnbench.export.graph"]
    monkeypatch.setitem(graph.GATES, "GRU", (0, 1, 2))  # r for z and z for r
    with pytest.raises(UsageError, match="outputs differ from ours"):
        export(config.run_dir, "onnx", "wrong")
    assert not Path("wrong").exists()
