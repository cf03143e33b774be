"""How much room the models of a large sweep will take, said before it starts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rnnbench.config import Config
from rnnbench.errors import UsageError

MANY = 1000
"""Runs up to which nobody minds: of an LSTM of 64 units 17,000 weights, 70 MB in all."""


def say_room(configs: Sequence[Config], many: int = MANY) -> None:
    """Of more than `many` runs that keep a model, print the bytes of their weights. Of runs whose data are not here
    nothing is known, and the line says how many."""
    keeping = [config for config in configs if config.keep != "none"]
    if len(keeping) <= many:
        return
    alike: dict[tuple[object, ...], Config] = {size_of(config): config for config in keeping}
    counts = Counter(map(size_of, keeping))
    room = unknown = 0
    for size, config in alike.items():
        try:
            room += counts[size] * model_bytes(config)
        except UsageError:  # no data: each run says so
            unknown += counts[size]
    besides = f", {unknown} runs whose data are not here aside" if unknown else ""
    print(f"their {len(keeping)} models will take {room:,} bytes{besides} (keep=none: none)", flush=True)


def model_bytes(config: Config) -> int:
    """Of the weights of a run's model, counted without building it. Raises UsageError where its data are not here."""
    import torch

    from rnnbench.config import make_cell
    from rnnbench.preparation import matched_width, parts_of
    from rnnbench.training.model import count_parameters

    parts = parts_of(config)
    width = matched_width(config, parts) if config.match == "params" else config.hidden_size
    weights = count_parameters(make_cell(config), parts, width, num_layers=config.num_layers,
                               bidirectional=config.bidirectional, embedding_size=config.embedding_size,
                               layer_norm=config.layer_norm)  # fmt: skip
    return weights * getattr(torch, config.dtype_of_weights).itemsize


def size_of(config: Config) -> tuple[object, ...]:
    """What the number of weights and their bytes hang on."""
    return (str(config.cell), str(config.dataset), config.seq_len, config.hidden_size, config.num_layers,
            config.embedding_size, config.bidirectional, config.layer_norm, config.match, config.dtype)  # fmt: skip
