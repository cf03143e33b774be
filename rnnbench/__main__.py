"""python -m rnnbench: one run, or with -m a sweep."""

from rnnbench.cli.main import main
from rnnbench.command import command


def command_line() -> None:
    """What the console script calls."""
    command(lambda _: main())


if __name__ == "__main__":
    command_line()
