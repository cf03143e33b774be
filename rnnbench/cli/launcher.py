"""What the settings of Hydra's launcher say."""

from __future__ import annotations

from typing import Any


def plain(settings: Any) -> bool:
    """Whether a sweep's launcher is Hydra's own, which does one run after another in this process."""
    return str(settings.get("_target_")).endswith(".BasicLauncher")


def at_once(settings: Any) -> int:
    """How many runs the launcher keeps going side by side on this machine."""
    jobs = settings.get("n_jobs", 1)
    if jobs is None or jobs > 0:
        return jobs or 1
    import joblib

    return joblib.effective_n_jobs(jobs)
