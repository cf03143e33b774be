"""A real Slurm of one node whose controller is killed under a sweep, and started again after a while.

usage: python -m tests.campaign.slurm [n=10] [seed=0] [out=]

The jobs run on, the sweep waits for what does not answer, and its records are those of a sweep without Slurm. Needs
`scripts/slurm install`.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.campaign.common import OBJECTIVES, ROOT, B, Log, arguments, ended, files, started, unpolite
from tests.campaign.kills import records as with_places

SWEEP = ["-m", *B, *OBJECTIVES["value"], "cell=lstm,gru", "seed=0,1", "budget.max_steps=4000", "budget.eval_every=1000",
         "checkpoint_seconds=0.2"]  # fmt: skip
JOBS = ["hydra/launcher=slurm", "hydra.launcher.mem_gb=1"]


def records(folder: Path) -> dict[str, Any]:
    """As those of kills, less how the sweep shared out its runs."""
    found = with_places(folder)
    for record in found.values():
        del record["config"]["workers"]
    return found


def jobs(folder: Path) -> int:
    """That have begun to compute."""
    return sum(1 for name in ("checkpoint.pt", "run.json") for _ in folder.glob(f"results/*/runs/*/{name}"))


def handed_in(folder: Path) -> int:
    """That Slurm has taken."""
    return sum(1 for _ in folder.glob("results/*/slurm/*"))


def case(key: str, seed: int, node: Path, wanted: Any) -> dict[str, Any]:
    draw = random.Random(f"{seed} {key}")
    away = draw.uniform(0, 20)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files(folder)
        sweep = started(folder, *SWEEP, *JOBS, env={"SLURM_CONF": str(node / "slurm.conf")})
        limit = time.monotonic() + 120
        there = jobs if key.startswith("running") else handed_in
        while not there(folder) and sweep.poll() is None and time.monotonic() < limit:
            time.sleep(0.1)
        time.sleep(draw.uniform(0, 3))
        os.kill(int((node / "slurmctld.pid").read_text()), signal.SIGKILL)
        time.sleep(away)
        restarted(node)
        code, out, err = minded(node, sweep)
        broken = unpolite(code, out, err, (0,))
        if not broken and records(folder) != wanted:
            broken = "other records than those of a sweep without Slurm"
        return {"kind": key.split("/")[0], "away": round(away, 1), "broken": broken, "said": err[-300:]}


def restarted(node: Path) -> None:
    """The controller once more, with the state that it had."""
    (node / "slurmctld.pid").unlink(missing_ok=True)
    subprocess.run(["slurmctld", "-f", str(node / "slurm.conf")], check=True, timeout=60)
    limit = time.monotonic() + 60
    env = os.environ | {"SLURM_CONF": str(node / "slurm.conf")}
    while subprocess.run(["sinfo", "--noheader"], env=env, capture_output=True).returncode:
        if time.monotonic() > limit:
            raise RuntimeError("the controller does not answer")
        time.sleep(0.2)


def minded(node: Path, sweep: subprocess.Popen[str], seconds: float = 600) -> tuple[int, str, str]:
    """The sweep to its end, beside an administrator: jobs that a dead controller had not written down are found doubled
    by the next one, which drains their node and holds them."""
    env, limit = os.environ | {"SLURM_CONF": str(node / "slurm.conf")}, time.monotonic() + seconds
    host = os.uname().nodename.partition(".")[0]
    while sweep.poll() is None and time.monotonic() < limit:
        for do in (["update", f"NodeName={host}", "State=RESUME"], ["release", *_held(env)]):
            subprocess.run(["scontrol", *do], env=env, capture_output=True)
        time.sleep(2)
    return ended(sweep, 5)


def _held(env: dict[str, str]) -> list[str]:
    asked = ["squeue", "--noheader", "--format=%A", "--states=PENDING"]
    return subprocess.run(asked, env=env, capture_output=True, text=True).stdout.split()


def main() -> int:
    asked = arguments({"n": 10, "seed": 0, "out": ""})
    if shutil.which("slurmctld") is None:
        print("not tried: scripts/slurm install")
        return 0
    with tempfile.TemporaryDirectory() as name:
        files(Path(name))
        alone = started(Path(name), *SWEEP, "workers=1")
        code, out, err = ended(alone)
        if code:
            sys.exit(out + err)
        wanted = records(Path(name))
    node = Path(tempfile.mkdtemp(prefix="slurm-")) / "node"
    subprocess.run([ROOT / "scripts" / "slurm", "start", node], check=True, timeout=120)
    try:
        keys = [f"{('running', 'handed in')[i % 2]}/{i}" for i in range(asked["n"])]
        return int(Log(asked["out"], "slurm").each(keys, lambda key: case(key, asked["seed"], node, wanted)) > 0)
    finally:
        subprocess.run([ROOT / "scripts" / "slurm", "stop", node], timeout=120)


if __name__ == "__main__":
    sys.exit(main())
