"""Runs for MLflow: every run's settings, curves and measures, and the page with its figures (out: SOURCE/mlflow).

A database and a folder of files, as MLflow keeps them. To look at it, with MLflow's server (pip install mlflow):
`mlflow ui --backend-store-uri sqlite:///results/NAME/mlflow/mlflow.db`. Written again, a run that is the same stays as
it is, with what was noted on it there, and one that was repeated takes its place.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rnnbench.errors import UsageError, install
from rnnbench.export.formats.base import Format
from rnnbench.export.runs import TrackedRun, tracked

RUN, CONTENT = "rnnbench.run_id", "rnnbench.content"
"""Tags by which a run is found again, and seen to be the same."""

PAGE = "report"
MOST = 1000  # numbers that MLflow takes at once


class MLflow(Format):
    def missing(self) -> str | None:
        if any(find_spec(name) is None for name in ("mlflow", "sqlalchemy", "alembic")):
            return f"is not installed here: {install('mlflow')}"
        return None

    def write(self, source: Path, out: str | None) -> list[str]:
        runs, figures = tracked(source)
        folder = (Path(out) if out else source / "mlflow").absolute()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"cannot be written ({error.strerror})", key="out", value=folder) from error
        client, experiment = _opened(folder, source.resolve().name)
        there = {run.data.tags.get(RUN): run for run in _all(client, experiment)}
        new = 0
        for run in runs:
            content = hashlib.sha256(json.dumps(asdict(run), sort_keys=True).encode()).hexdigest()
            before = there.get(run.run_id)
            if before is not None and before.data.tags.get(CONTENT) == content:
                continue
            if before is not None:
                client.delete_run(before.info.run_id)
            _log(client, experiment, run, content)
            new += 1
        page = [path for path in (source / "report.html",) if path.exists()]
        if page or figures:
            _log_page(client, experiment, there.get(PAGE), [*page, *figures], runs)
        where = f"sqlite:///{folder}/mlflow.db"
        return [f"{folder}: {len(runs)} runs, {new} of them new (mlflow ui --backend-store-uri {where})"]


def _opened(folder: Path, name: str) -> tuple[Any, str]:
    """A client of the database in `folder`, made where there is none, and the experiment of that name."""
    from mlflow import MlflowClient

    for library in ("mlflow", "alembic"):  # which set levels of their own when they are imported
        logging.getLogger(library).setLevel(logging.WARNING)
    client = MlflowClient(tracking_uri=f"sqlite:///{folder}/mlflow.db")
    found = client.get_experiment_by_name(name)
    if found is not None:
        return client, found.experiment_id
    return client, client.create_experiment(name, artifact_location=(folder / "files").as_uri())


def _all(client: Any, experiment: str) -> Iterator[Any]:
    token = None
    while True:
        found = client.search_runs([experiment], max_results=MOST, page_token=token)
        yield from found
        token = found.token
        if not token:
            return


def _log(client: Any, experiment: str, run: TrackedRun, content: str) -> None:
    from mlflow.entities import Metric, Param

    def at(seconds: float) -> int:
        return round(1000 * seconds)

    tags = {RUN: run.run_id, CONTENT: content, "status": run.status}
    made = client.create_run(experiment, start_time=at(run.started), tags=tags, run_name=run.run_id).info.run_id
    numbers = [
        Metric(name.replace("_", "/", 1), value, at(run.started + row.get("seconds", 0.0)), int(row["step"]))
        for row in run.curves
        for name, value in row.items()
        if name not in ("step", "seconds")
    ]
    numbers += [Metric(name, value, at(run.finished), 0) for name, value in run.measures.items()]
    for first in range(0, len(numbers), MOST):
        client.log_batch(made, metrics=numbers[first : first + MOST])
    client.log_batch(made, params=[Param(key, str(value)) for key, value in run.settings.items()])
    client.set_terminated(made, "FAILED" if run.status == "failed" else "FINISHED", at(run.finished))


def _log_page(client: Any, experiment: str, before: Any, files: Sequence[Path], runs: Sequence[TrackedRun]) -> None:
    """The page and its figures, as files of a run of their own; those of before are written over."""
    if before is None:
        start = round(1000 * min(run.started for run in runs))
        before = client.create_run(experiment, start_time=start, tags={RUN: PAGE}, run_name=PAGE)
        client.set_terminated(before.info.run_id, "FINISHED", round(1000 * max(run.finished for run in runs)))
    for path in files:
        client.log_artifact(before.info.run_id, str(path), "figures" if path.suffix == ".png" else None)
