"""Which of our jobs have left the queue."""

from __future__ import annotations

import getpass
import subprocess
import time
from collections.abc import Sequence
from typing import Any

POLL_SECONDS = 2.0
LATE_SECONDS = 5.0
"""How much later than its end a job's result may show: another node wrote it, to a disk that both see."""


class Queue:
    """Waits for jobs."""

    def present(self, jobs: Sequence[Any]) -> list[Any]:
        """Those that wait, run or will be queued again, or all when it cannot be known."""
        raise NotImplementedError

    def wait(self, jobs: Sequence[Any], limit: float) -> bool:
        """Until every job has left its result, or has been seen to be gone and stayed away; False at the limit.

        limit: on time.monotonic()'s clock.
        """
        left = list(jobs)
        gone_since: dict[str, float] = {}
        while True:
            left = [job for job in left if not job.paths.result_pickle.exists()]
            if not left:
                return True
            here = {job.job_id for job in self.present(left)}
            now = time.monotonic()
            gone_since = {job.job_id: gone_since.get(job.job_id, now) for job in left if job.job_id not in here}
            left = [job for job in left if now - gone_since.get(job.job_id, now) < LATE_SECONDS]
            if not left:
                return True
            if now >= limit:
                return False
            time.sleep(POLL_SECONDS)


class SlurmQueue(Queue):
    """squeue: it needs no accounting, and shows jobs until they have ended."""

    def present(self, jobs: Sequence[Any]) -> list[Any]:
        command = ["squeue", "--noheader", "--array", "--format=%i", f"--user={getpass.getuser()}"]
        try:
            shown = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.split()
        except (OSError, subprocess.SubprocessError):  # the controller is busy or being restarted
            return list(jobs)
        return [job for job in jobs if job.job_id in shown]


class LocalQueue(Queue):
    """The processes themselves."""

    def present(self, jobs: Sequence[Any]) -> list[Any]:
        return [job for job in jobs if not job.done()]
