"""What a run needs before it trains: data, device, threads, width, model, loop. What cannot be met is refused here."""

from __future__ import annotations

import sys
from collections.abc import Callable

import torch

from rnnbench.cells.lstm import LSTMCell
from rnnbench.config import Config, make_cell, make_dataset
from rnnbench.data.base import Parts
from rnnbench.data.checks import check_parts
from rnnbench.data.files import default_data_dir
from rnnbench.errors import UsageError, in_one_line, where_of
from rnnbench.machine import environment
from rnnbench.machine.progress import watched
from rnnbench.machine.threads import cores, for_size, use
from rnnbench.objectives.metrics import chosen
from rnnbench.recurrent import backends
from rnnbench.recurrent.options import zoned
from rnnbench.stopping import let_end
from rnnbench.training.loop import Training
from rnnbench.training.model import SequenceModel, matched_hidden_size

MANY_SYMBOLS = 1000
"""From which one-hot inputs are mostly zeros that take memory."""


def prepare(config: Config, beside: bool = False, settle: Callable[[], None] = lambda: None) -> Training:
    """Data, device, model and training loop, every random number from the seed, whatever ran before in the process.

    settle: sets what a user's code may have moved in the process as it was imported or as it made its data.

    Raises UsageError for every request that cannot be met.
    """
    device, dtype = choose_device(config.device), getattr(torch, config.dtype_of_weights)
    cell = make_cell(config)
    make_dataset(config)
    settle()
    between = config.layer_norm or config.residual
    numbers = getattr(torch, config.dtype)
    backend = backends.choose(config.backend, zoned(cell, config.zoneout), device, numbers, between=between)
    if backend == "fused":
        backends.say_what_is_unused(torch.backends.cpu.get_cpu_capability())
        if config.dtype == "bfloat16":
            backends.say_what_is_converted()
    if backend == "triton":
        backends.say_what_is_untimed(backend)
    parts = parts_of(config)
    parts.train.batch(0, config.batch_size)  # refuses a batch larger than the data
    metrics = chosen(parts, config.metric)
    hidden_size = matched_width(config, parts) if config.match == "params" else config.hidden_size
    settle()
    if parts.symbols is not None and parts.symbols > MANY_SYMBOLS and config.embedding_size is None:
        bytes_a_step = config.batch_size * parts.seq_len * parts.symbols * dtype.itemsize
        print(f"{config.run_id}: {parts.symbols:,} symbols one-hot take {bytes_a_step:,} bytes of inputs a step: "
              "embedding_size=64 would not", file=sys.stderr, flush=True)  # fmt: skip
    threads, because = threads_for(config, parts)
    use(threads)
    torch.manual_seed(config.seed)
    model = SequenceModel(
        cell,
        parts,
        hidden_size,
        readout=config.readout,
        num_layers=config.num_layers,
        bidirectional=config.bidirectional,
        embedding_size=config.embedding_size,
        dropout=config.dropout,
        forget_bias=config.forget_bias,
        backend="eager",  # until it is where its backend has a kernel: all weights are drawn on the CPU
        **config.options,
    ).to(device, dtype)
    model.recurrent.backend = backend
    where = torch.cuda.get_device_name(device) if device.type == "cuda" else environment.cpu_model()
    return Training(
        model=model,
        parts=parts,
        metrics=metrics,
        batch_size=config.batch_size,
        optimizer_config=config.optimizer,
        budget=config.budget,
        clip_norm=config.clip_norm,
        device=device,
        dtype=dtype,
        kind=f"{model.recurrent.backend} on {where}",
        threads_because=because,
        keep_last=config.keep == "last",
        show_progress=config.progress is True or (config.progress == "auto" and not beside and watched()),
    )


def threads_for(config: Config, parts: Parts) -> tuple[int, str]:
    """How many threads a run takes, and why: what is asked for, else by its size, cells of one width alike.

    As many beside other runs as alone: their number decides the last bits.
    """
    if config.threads is not None:
        return config.threads, "as asked"
    width = parts.symbols if parts.symbols is not None else parts.input_size
    inputs = width if config.embedding_size is None else config.embedding_size
    return for_size(config.batch_size, parts.seq_len, inputs, config.hidden_size, cores())


def parts_of(config: Config) -> Parts:
    """Its data. Raises UsageError where they are not there, cannot be cut as asked, or are wrong."""
    dataset = make_dataset(config)
    try:
        parts = dataset.load(
            seq_len=config.seq_len, train_size=config.train_size, seed=config.seed, data_dir=default_data_dir()
        )
    except UsageError:
        raise
    except BaseException as error:  # a user's own may raise anything
        let_end(error)
        if type(dataset).__module__.startswith("rnnbench."):
            raise
        raise UsageError(f"its load fails at {where_of(error, type(dataset))} ({in_one_line(error)})",
                         key="dataset.target", value=config.dataset.target) from error  # fmt: skip
    if not isinstance(parts, Parts):
        raise UsageError(f"its load gives {type(parts).__name__}", key="dataset.target", value=config.dataset.target,
                         allowed="rnnbench.Parts")  # fmt: skip
    check_parts(parts, config.batch_size, config.dataset.name)
    return parts


def matched_width(config: Config, parts: Parts) -> int:
    """The width that gives its cell the parameters of an LSTM of `hidden_size`. Raises UsageError where none does."""
    return matched_hidden_size(
        make_cell(config),
        LSTMCell(),
        parts,
        config.hidden_size,
        num_layers=config.num_layers,
        bidirectional=config.bidirectional,
        embedding_size=config.embedding_size,
        layer_norm=config.layer_norm,
    )


def choose_device(name: str) -> torch.device:
    """auto: CUDA where there is a GPU, else CPU. Raises UsageError for cuda without one."""
    if name == "cuda" and not torch.cuda.is_available():
        raise UsageError("no CUDA device is available", key="device", value=name, allowed="auto, cpu")
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)
