"""python -m rnnbench: one run, or with -m a sweep."""

from rnnbench.cli.main import main

if __name__ == "__main__":
    main()
