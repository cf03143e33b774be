"""Where in a results folder the model is that is to be taken away."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rnnbench.errors import UsageError
from rnnbench.records import MODEL_FACTS, write_bytes_atomically


def kept_directory(source: str | Path) -> Path:
    """The folder of the kept model: `source` itself, where an answer keeps its best, or the only run that kept one.

    Raises UsageError where there is none, or there are several, naming some of them.
    """
    source = Path(source)
    if (source / MODEL_FACTS).exists():
        return source
    kept = sorted(file.parent for file in source.glob(f"runs/*/{MODEL_FACTS}"))
    if not kept:
        raise UsageError(f"{source} holds no kept model", allowed="results/NAME of an answer, or a run that ended")
    if len(kept) > 1:
        some = ", ".join(folder.name for folder in kept[:3])
        raise UsageError(f"{source} holds {len(kept)} kept models: {some} …", allowed=f"one: {source}/runs/RUN_ID")
    return kept[0]


def written(folder: Path, files: Mapping[str, bytes]) -> list[str]:
    """Write the files into a folder, made where there is none; gives their paths.

    Raises UsageError where that cannot be, or would write over files in a folder that holds others too: not ours.
    """
    try:
        there = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
        if there & set(files) and there - set(files):
            raise UsageError(f"holds {', '.join(sorted(there & set(files)))} already, beside other files", key="out",
                             value=folder, allowed="a folder of its own")  # fmt: skip
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            write_bytes_atomically(folder / name, content)
    except OSError as error:
        raise UsageError(f"cannot be written ({error.strerror})", key="out", value=folder) from error
    return [str(folder / name) for name in files]
