"""The Hydra entry point of `python -m rnnbench`: one run, or with -m a sweep."""

from __future__ import annotations

import os
import sys

from rnnbench.cli.completion import completions
from rnnbench.cli.typed import as_typed, check_taken_away, check_with_hydra, flags_first, for_each_choice
from rnnbench.cli.usage import (
    GROUPS,
    check_flags,
    check_names,
    check_own_choices,
    check_stays,
    from_hydra,
    help_text,
    one_line,
)
from rnnbench.command import say_stopped
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
    if "query=bash" in arguments and (found := completions(os.environ.get("COMP_LINE", ""))) is not None:
        print(*found)
        return
    try:
        check_flags(arguments)
        check_with_hydra(arguments)
        check_taken_away(arguments)
        check_own_choices(arguments)
        check_names(arguments)
        check_stays(arguments)
        sys.argv[1:] = for_each_choice(arguments, GROUPS)
        _hydra()
    except UsageError as error:
        _refuse(as_typed(error, arguments), error.exit_code)
    except KeyboardInterrupt as ending:
        sys.exit(say_stopped(ending, ": the same command goes on from the last checkpoint"))
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


def _refuse(line: str, code: int = 2) -> None:
    print(f"rnnbench: {line}", file=sys.stderr)
    sys.exit(code)
