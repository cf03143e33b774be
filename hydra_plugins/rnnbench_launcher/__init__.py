"""Hydra's door to clusters: submitit's jobs, and the records, not the jobs, say what is done.

The launcher of hydra-submitit-launcher asks Slurm's accounting whether a job has ended, so that without accounting a
cancelled job is waited for without end; and it stops waiting for all jobs when the first one fails. Here squeue is
asked, every job is waited for whatever becomes of the others, and every wait has a limit.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from hydra_plugins.rnnbench_launcher.queue import LocalQueue, Queue, SlurmQueue
from rnnbench.errors import UsageError


class SubmititLauncher(Launcher):
    """Submit runs in batches, wait until each job has left its queue, say which left no result."""

    choice: ClassVar[str]  # its name in conf/hydra/launcher
    cluster: ClassVar[str]  # submitit's name for it
    batch_key: ClassVar[str]  # the key that says how many jobs are submitted at once

    def __init__(self, **keys: Any) -> None:
        self._keys: dict[str, Any] = {
            key: OmegaConf.to_container(value) if OmegaConf.is_config(value) else value for key, value in keys.items()
        }

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        try:
            from hydra_plugins.hydra_submitit_launcher.submitit_launcher import BaseSubmititLauncher
        except ImportError:
            raise UsageError(f"hydra/launcher={self.choice} needs a plugin: pip install 'rnnbench[slurm]'") from None
        self._check()
        size = self._keys[self.batch_key]
        if not isinstance(size, int) or size < 1:
            raise UsageError(
                "not a number of jobs", key=f"hydra.launcher.{self.batch_key}", value=size, allowed="1 or more"
            )
        self._call = BaseSubmititLauncher()  # composes and runs one job where it is called; says how to queue it again
        self._call.setup(hydra_context=hydra_context, task_function=task_function, config=config)

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> list[JobReturn]:
        keys = dict(self._keys)
        size, limit = keys.pop(self.batch_key), time.monotonic() + 3600 * keys.pop("wait_hours")
        executor, returned = self._executor(keys), []
        for first in range(0, len(job_overrides), size):
            batch = job_overrides[first : first + size]
            jobs = self._submit(executor, batch, initial_job_idx + first)
            try:
                in_time = self._queue().wait(jobs, limit)
            except KeyboardInterrupt:
                self._tell_what_goes_on(jobs)
                raise
            if not in_time:
                self._tell_what_goes_on(jobs)
                break
            returned += [self._returned(job) for job in jobs]
        return returned

    def _check(self) -> None:
        """Raises UsageError where this launcher cannot work."""

    def _queue(self) -> Queue:
        raise NotImplementedError

    def _tell_what_goes_on(self, jobs: Sequence[Any]) -> None:
        """No longer waiting: say what becomes of the jobs."""

    def _executor(self, keys: dict[str, Any]) -> Any:
        import submitit

        everywhere = ("name", "timeout_min", "mem_gb", "nodes", "cpus_per_task", "gpus_per_node", "tasks_per_node",
                      "stderr_to_stdout")  # fmt: skip
        folder, timeouts = keys.pop("submitit_folder"), keys.pop("max_num_timeout")
        keys = {name if name in everywhere else f"{self.cluster}_{name}": value for name, value in keys.items()}
        given = {name: value for name, value in keys.items() if value is not None}
        try:
            executor = submitit.AutoExecutor(
                folder, cluster=self.cluster, **{f"{self.cluster}_max_num_timeout": timeouts}
            )
            executor.update_parameters(**given)
        except (TypeError, ValueError, NameError) as error:
            raise UsageError(f"hydra.launcher: {' '.join(str(error).split())}") from error
        return executor

    def _submit(self, executor: Any, batch: Sequence[Sequence[str]], first: int) -> list[Any]:
        from submitit.core.utils import FailedJobError, FailedSubmissionError

        n, state = len(batch), Singleton.get_state()
        arguments = ([list(job) for job in batch], ["hydra.sweep.dir"] * n, list(range(first, first + n)),
                     [str(i) for i in range(first, first + n)], [state] * n)  # fmt: skip
        folder = Path(executor.folder).parent
        existed = folder.exists()
        try:
            jobs: list[Any] = executor.map_array(self._call, *arguments)
        except (FailedJobError, FailedSubmissionError) as error:
            if not existed:  # a request that cannot be leaves nothing
                shutil.rmtree(folder, ignore_errors=True)
                for parent in list(folder.parents)[:2]:
                    with suppress(OSError):
                        parent.rmdir()
            raise UsageError(f"hydra/launcher={self.choice}: {' '.join(str(error).split())}") from error
        print(f"{n} jobs: {jobs[0].job_id} … {jobs[-1].job_id}, logs in {_shown(folder)}", flush=True)
        return jobs

    def _returned(self, job: Any) -> JobReturn:
        """What the job's function gave; a failure, said on stderr, when the job died before it gave anything."""
        try:
            if job.paths.result_pickle.exists():
                result: JobReturn = job.results()[0]
                return result
            error = RuntimeError(f"job {job.job_id} left no result: {_shown(job.paths.stdout)}")
        except Exception as raised:  # in the job, or a result that cannot be read
            last = str(raised).strip().splitlines()
            error = RuntimeError(
                f"job {job.job_id} failed: {last[0] if last else raised!r}: {_shown(job.paths.stdout)}"
            )
        print(f"launcher: {error}", file=sys.stderr, flush=True)
        return JobReturn(status=JobStatus.FAILED, _return_value=error)


def _shown(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


class SlurmLauncher(SubmititLauncher):
    """Arrays of Slurm jobs."""

    choice = cluster = "slurm"
    batch_key = "array_size"

    def _check(self) -> None:
        missing = [name for name in ("sbatch", "srun", "squeue") if shutil.which(name) is None]
        if missing:
            raise UsageError(f"hydra/launcher=slurm: no {', '.join(missing)} here: start it where Slurm's commands are")

    def _executor(self, keys: dict[str, Any]) -> Any:
        if keys.get("cpus_per_task") is not None:  # since 22.05 srun binds to one core unless it is told, too
            keys["srun_args"] = [f"--cpus-per-task={keys['cpus_per_task']}"]
        return super()._executor(keys)

    def _queue(self) -> Queue:
        return SlurmQueue()

    def _tell_what_goes_on(self, jobs: Sequence[Any]) -> None:
        array = jobs[0].job_id.split("_")[0]
        print(f"launcher: no longer waiting; the jobs go on (scancel {array} ends them)", file=sys.stderr, flush=True)


class LocalLauncher(SubmititLauncher):
    """Processes of this machine, kept by submitit as it keeps jobs."""

    choice, cluster = "slurm_local", "local"
    batch_key = "n_jobs"

    def _queue(self) -> Queue:
        return LocalQueue()

    def _tell_what_goes_on(self, jobs: Sequence[Any]) -> None:
        for job in jobs:
            job.cancel()
