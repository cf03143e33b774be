"""The bar that shows a run as it goes, on a terminal or in a notebook."""

from __future__ import annotations

import sys

from tqdm import tqdm


def watched() -> bool:
    """Whether a person sees what is written now: a terminal, or a notebook."""
    return sys.stderr.isatty() or in_notebook()


def in_notebook() -> bool:
    shell = sys.modules.get("IPython")  # whoever is in a notebook has it loaded
    running = shell.get_ipython() if shell is not None else None
    return running is not None and "IPKernelApp" in running.config


def progress_bar(total: int | None, initial: int, label: str, shown: bool) -> tqdm:
    """Of so many steps; in a notebook its own kind, which a cell can hold."""
    make = tqdm
    if shown and in_notebook():
        from tqdm.auto import tqdm as make
    return make(total=total, initial=initial, unit="step", desc=label, leave=False, disable=not shown,
                dynamic_ncols=True)  # fmt: skip
