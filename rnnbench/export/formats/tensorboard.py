"""Runs for TensorBoard: every run's curves, settings and measures, and the page's figures (out: SOURCE/tensorboard).

One event file a run, written whole in place of the one before, so that nothing is there twice. To look at it:
`tensorboard --logdir results/NAME/tensorboard`; HPARAMS has a table of the settings that vary beside measures, TEXT all
settings of each run.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rnnbench.errors import UsageError, install
from rnnbench.export.formats.base import Format
from rnnbench.export.runs import TrackedRun, tracked
from rnnbench.records import write_bytes_atomically

FILE = "events.out.tfevents.rnnbench"
SHOWN = ("score/test_score", "score/valid_score", "score/test_loss", "time/step_ms_median", "time/train_seconds",
         "memory/saved_activation_bytes", "count/total_parameters", "count/steps")  # fmt: skip
"""Measures that are shown: each would be a panel of one point, and the record has all."""


class TensorBoard(Format):
    def missing(self) -> str | None:
        if find_spec("tensorboard") is None:
            return f"is not installed here: {install('tensorboard')}"
        return None

    def write(self, source: Path, out: str | None) -> list[str]:
        runs, figures = tracked(source)
        folder = Path(out) if out else source / "tensorboard"
        if folder.exists() and not folder.is_dir():
            raise UsageError("is no folder", key="out", value=out)
        for run in runs:
            write_bytes_atomically(folder / run.run_id / FILE, _file(_events(run)))
        start = min(run.started for run in runs)
        write_bytes_atomically(folder / FILE, _file([(start, 0, _columns(runs)), *_images(figures, start)]))
        return [f"{folder}: {len(runs)} runs, {len(figures)} figures (tensorboard --logdir {folder})"]


Event = tuple[float, int, Any]  # seconds since 1970, step, summary


def _events(run: TrackedRun) -> list[Event]:
    """Settings first, then each evaluation at the second when training had come to it, then what was measured."""
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.plugins.hparams import api_pb2, metadata
    from tensorboard.plugins.hparams.plugin_data_pb2 import SessionEndInfo, SessionStartInfo

    def scalars(values: dict[str, float]) -> Any:
        return Summary(value=[Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()])

    start = SessionStartInfo(start_time_secs=run.started)
    for key, value in run.settings.items():
        field = "bool" if isinstance(value, bool) else "string" if isinstance(value, str) else "number"
        setattr(start.hparams[key], f"{field}_value", value)
    ending = api_pb2.STATUS_FAILURE if run.status == "failed" else api_pb2.STATUS_SUCCESS
    end = SessionEndInfo(status=ending, end_time_secs=run.finished)
    events: list[Event] = [
        (run.started, 0, _settings(metadata.SESSION_START_INFO_TAG, session_start_info=start)),
        (run.started, 0, _text("configuration", run.settings)),
    ]
    for row in run.curves:
        values = {name.replace("_", "/", 1): value for name, value in row.items() if name not in ("step", "seconds")}
        events.append((run.started + row.get("seconds", 0.0), int(row["step"]), scalars(values)))
    events.append((run.finished, 0, scalars({name: run.measures[name] for name in SHOWN if name in run.measures})))
    return [*events, (run.finished, 0, _settings(metadata.SESSION_END_INFO_TAG, session_end_info=end))]


def _settings(tag: str, **content: Any) -> Any:
    """A summary for HPARAMS."""
    from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
    from tensorboard.plugins.hparams.metadata import PLUGIN_DATA_VERSION, PLUGIN_NAME
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    data = HParamsPluginData(version=PLUGIN_DATA_VERSION, **content).SerializeToString()
    plugin = SummaryMetadata.PluginData(plugin_name=PLUGIN_NAME, content=data)
    return Summary(value=[Summary.Value(tag=tag, metadata=SummaryMetadata(plugin_data=plugin))])


def _text(tag: str, values: Mapping[str, object]) -> Any:
    """A summary for TEXT: a table in Markdown."""
    from tensorboard.compat.proto import types_pb2
    from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
    from tensorboard.compat.proto.tensor_pb2 import TensorProto
    from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
    from tensorboard.plugins.text.plugin_data_pb2 import TextPluginData

    table = "\n".join(["| key | value |", "|---|---|", *(f"| {key} | {value} |" for key, value in values.items())])
    shape = TensorShapeProto(dim=[TensorShapeProto.Dim(size=1)])
    tensor = TensorProto(dtype=types_pb2.DT_STRING, string_val=[table.encode()], tensor_shape=shape)
    data = TextPluginData(version=0).SerializeToString()
    plugin = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="text", content=data))
    return Summary(value=[Summary.Value(tag=f"{tag}/text_summary", tensor=tensor, metadata=plugin)])


def _columns(runs: Sequence[TrackedRun]) -> Any:
    """What the table of settings and measures has: settings that any two runs differ in."""
    from tensorboard.plugins.hparams import api_pb2, metadata

    values: dict[str, list[bool | int | float | str]] = {}
    for run in runs:
        for key, value in run.settings.items():
            values.setdefault(key, []).append(value)
    varying = [key for key, each in values.items() if len(set(each)) > 1 or len(each) < len(runs) or len(runs) == 1]
    settings = [api_pb2.HParamInfo(name=key, type=_type(values[key])) for key in varying]
    there = [name for name in SHOWN if any(name in run.measures for run in runs)]
    measures = [api_pb2.MetricInfo(name=api_pb2.MetricName(tag=name)) for name in there]
    created = min(run.started for run in runs)
    table = api_pb2.Experiment(hparam_infos=settings, metric_infos=measures, time_created_secs=created)
    return _settings(metadata.EXPERIMENT_TAG, experiment=table)


def _type(values: Sequence[bool | int | float | str]) -> Any:
    from tensorboard.plugins.hparams import api_pb2

    if all(isinstance(value, bool) for value in values):
        return api_pb2.DATA_TYPE_BOOL
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return api_pb2.DATA_TYPE_FLOAT64
    return api_pb2.DATA_TYPE_STRING


def _images(figures: Sequence[Path], at: float) -> list[Event]:
    from tensorboard.compat.proto.summary_pb2 import Summary

    found = []
    for path in figures:
        content = path.read_bytes()
        width, height = struct.unpack(">II", content[16:24])  # where a PNG says its size
        image = Summary.Image(encoded_image_string=content, width=width, height=height, colorspace=4)
        found.append((at, 0, Summary(value=[Summary.Value(tag=f"figures/{path.stem}", image=image)])))
    return found


def _file(events: Sequence[Event]) -> bytes:
    """An event file, the same bytes for the same events."""
    from tensorboard.compat.proto.event_pb2 import Event as Written
    from tensorboard.summary.writer.record_writer import RecordWriter

    content = io.BytesIO()
    writer = RecordWriter(content)
    writer.write(Written(wall_time=events[0][0], file_version="brain.Event:2").SerializeToString())
    for wall_time, step, summary in events:
        writer.write(Written(wall_time=wall_time, step=step, summary=summary).SerializeToString())
    return content.getvalue()
