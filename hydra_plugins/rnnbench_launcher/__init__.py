"""Hydra's door to clusters: submitit's jobs, and the records, not the jobs, say what is done.

The launcher of hydra-submitit-launcher asks Slurm's accounting whether a job has ended, so that without accounting a
cancelled job is waited for without end; and it stops waiting for all jobs when the first one fails. Here squeue is
asked, every job is waited for whatever becomes of the others, and every wait has a limit.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
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
from rnnbench.errors import UsageError, install


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
            raise UsageError(f"hydra/launcher={self.choice} needs a plugin: {install('slurm')}") from None
        self._check()
        for key, least in ((self.batch_key, 1), ("wait_hours", 0), ("max_num_timeout", 0)):
            value = self._keys[key]
            if not isinstance(value, int | float) or value < least or (key != "wait_hours" and value != int(value)):
                raise UsageError("not such a number", key=f"hydra.launcher.{key}", value=value,
                                 allowed=f"{least} or more")  # fmt: skip
        with tempfile.TemporaryDirectory() as folder:  # submitit's own checks, before anything starts
            self._executor(folder)
        self._call = BaseSubmititLauncher()  # composes and runs one job where it is called; says how to queue it again
        self._call.setup(hydra_context=hydra_context, task_function=task_function, config=config)

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> list[JobReturn]:
        size, limit = self._keys[self.batch_key], time.monotonic() + 3600 * self._keys["wait_hours"]
        executor, returned = self._executor(str(self._keys["submitit_folder"])), []
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

    def _submission(self) -> dict[str, Any]:
        """The keys that are submitit's."""
        ours = ("submitit_folder", "max_num_timeout", "wait_hours", self.batch_key)
        return {key: value for key, value in self._keys.items() if key not in ours and value is not None}

    def _executor(self, folder: str) -> Any:
        import submitit

        everywhere = ("name", "timeout_min", "mem_gb", "nodes", "cpus_per_task", "gpus_per_node", "tasks_per_node",
                      "stderr_to_stdout")  # fmt: skip
        keys = {k if k in everywhere else f"{self.cluster}_{k}": value for k, value in self._submission().items()}
        requeue = {f"{self.cluster}_max_num_timeout": self._keys["max_num_timeout"]}
        try:
            executor = submitit.AutoExecutor(folder, cluster=self.cluster, **requeue)
            executor.update_parameters(**keys)
        except (AssertionError, TypeError, ValueError, NameError) as error:
            said = re.sub(r"<class '(\w+)'>", r"\1", " ".join(str(error).split()))
            raise UsageError(f"hydra.launcher: {said}") from error
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

    def _submission(self) -> dict[str, Any]:
        keys = super()._submission()
        if "cpus_per_task" in keys:  # since 22.05 srun binds to one core unless it is told, too
            keys["srun_args"] = [f"--cpus-per-task={keys['cpus_per_task']}"]
        return keys

    def _queue(self) -> Queue:
        return SlurmQueue()

    def _tell_what_goes_on(self, jobs: Sequence[Any]) -> None:
        array = jobs[0].job_id.split("_")[0]
        print(f"launcher: no longer waiting; the jobs go on (scancel {array} ends them)", file=sys.stderr, flush=True)


class LocalLauncher(SubmititLauncher):
    """Processes of this machine, kept by submitit as it keeps jobs."""

    choice, cluster = "slurm_local", "local"
    batch_key = "n_jobs"

    def _submit(self, executor: Any, batch: Sequence[Sequence[str]], first: int) -> list[Any]:
        """Away from this terminal's stderr, on which Ctrl-C makes each of submitit's processes print its traceback."""
        kept = os.dup(2)
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        try:
            return super()._submit(executor, batch, first)
        finally:
            os.dup2(kept, 2)
            os.close(kept)

    def _queue(self) -> Queue:
        return LocalQueue()

    def _tell_what_goes_on(self, jobs: Sequence[Any]) -> None:
        for job in jobs:
            job.cancel()
