"""The Hydra entry point of `python -m rnnbench`: one run, or with -m a sweep."""

from __future__ import annotations

import os
import sys

from rnnbench.cli.usage import check_flags, check_own_choices, flags_first, from_hydra, help_text, one_line
from rnnbench.config import CONF
from rnnbench.errors import UsageError


def main() -> None:
    """Exit code 0: done; 1: a run failed; 2: the request cannot be met, said in one line; 130: interrupted."""
    if not {"", os.getcwd()} & set(sys.path):
        sys.path.insert(0, "")  # the console script finds a user's own cell where `python -m rnnbench` does
    arguments = sys.argv[1:] = flags_first(sys.argv[1:])
    if {"-h", "--help"} & set(arguments):
        print(help_text())
        return
    try:
        check_flags(arguments)
        check_own_choices(arguments)
        _hydra()
    except UsageError as error:
        _refuse(str(error))
    except KeyboardInterrupt:
        print("\ninterrupted: the same command goes on from the last checkpoint", file=sys.stderr)
        sys.exit(130)
    except Exception as error:
        if not from_hydra(error):
            raise
        _refuse(one_line(error, arguments))


def _hydra() -> None:
    import hydra
    from hydra.core.plugins import Plugins

    plugins = Plugins.instance()  # loads Hydra's own anew, so what derives from them comes after
    from hydra_plugins.rnnbench_launcher import LocalLauncher, SlurmLauncher
    from hydra_plugins.rnnbench_sweeper import ResumingSweeper

    for plugin in (ResumingSweeper, SlurmLauncher, LocalLauncher):
        plugins.register(plugin)  # where Hydra's scan does not see it: in an editable installation

    from rnnbench.cli.job import job

    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra then raises what it would print in many lines
    hydra.main(version_base="1.3", config_path=str(CONF), config_name="config")(job)()


def _refuse(line: str) -> None:
    print(f"rnnbench: {line}", file=sys.stderr)
    sys.exit(2)
