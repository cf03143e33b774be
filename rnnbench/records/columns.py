"""The one table of columns: where each stands in a record, what readers call it, what it may be used for.

A column is added by one line of `_TABLE`. Then come, with no line of their own, `test_<metric>` and `valid_<metric>`,
every other `config` leaf under its own name with "_" for "." (dataset.n_max → dataset_n_max), and `environment` leaves
as `env_<leaf>`; to readers they are called by the key that they are given by.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

TEXT, INTEGER, NUMBER, TRUTH, TIME = "str", "Int64", "float64", "boolean", "datetime64[us, UTC]"

Role = Literal["place", "ending", "setting", "tuned", "limit", "twin", "machine", "seed", "numerics", "task", "score",
               "count", "time", "memory", "check", "date"]  # fmt: skip
"""What a column may be used for.

    place     where the run is kept           ending   how it ended
    setting   what was run                    tuned    the same, where each cell may have its own
    limit     the same, of a budget           seed     of the data, their order and the first weights
    twin      a setting's other form, which cells need not share: as asked where the run decided it (seq_len=null,
              backend=auto); of the width, what `match` made of what was asked
    machine   where it ran: times are compared within one
    numerics  the bits of its arithmetic: scores, steps and times of two are never pooled
    task      what was learned, and its levels
    score     how well, step by validation score    count    how many; the same on every machine
    time      how long: nothing is claimed of a run timed while another ran beside it
    memory    bytes; with times, what depends on the backend
    check     whether to believe it           date     when
"""


@dataclass(frozen=True)
class Column:
    name: str
    where: str  # in run.json, first found wins; "": records.schema or records.table works it out
    kind: str
    role: Role
    label: str  # what readers call it
    unit: str = ""
    short: str = ""  # in figures and heads of tables; "": of a setting its key, of a result its label
    axis: str = ""  # with its unit; "": the label and the unit
    better: Literal["lower", "higher", ""] = ""
    along: int = 9  # of the settings that vary, the lowest goes along a figure's axis
    spelled: bool = False  # a number or a word: text, "1" for 1.0
    needed: Literal["always", "ok", ""] = ""  # in every record, in those that ended well
    absent: Any = None  # what a record without it counts as


_TABLE = [
    Column("name", "", TEXT, "place", "name"),  # the <name> of results/<name>
    Column("run_id", "run_id", TEXT, "place", "run", needed="always"),
    Column("status", "status", TEXT, "ending", "status", needed="always"),
    Column("error", "error", TEXT, "ending", "error"),
    Column("cell", "config.cell.name", TEXT, "setting", "cell", needed="always"),
    Column("dataset", "config.dataset.name", TEXT, "setting", "dataset", needed="always"),
    Column("seq_len", "task.seq_len config.seq_len", INTEGER, "setting", "sequence length", "steps", short="T",
           axis="sequence length T (steps)", along=1, needed="ok"),
    Column("hidden_size", "hidden_size config.hidden_size", INTEGER, "twin", "hidden size", "units", short="h",
           needed="ok"),
    Column("num_layers", "config.num_layers", INTEGER, "setting", "layers", short="layers", along=4),
    Column("bidirectional", "config.bidirectional", TRUTH, "setting", "both directions"),
    Column("layer_norm", "config.layer_norm", TRUTH, "setting", "layer norm between layers", absent=False),
    Column("residual", "config.residual", TRUTH, "setting", "residual connections", absent=False),
    Column("batch_size", "config.batch_size", INTEGER, "setting", "batch size", "sequences", along=5),
    Column("train_size", "task.train_size config.train_size", INTEGER, "setting", "training examples", along=2),
    Column("optimizer", "config.optimizer.name", TEXT, "tuned", "optimizer"),
    Column("optimizer_lr", "config.optimizer.lr", NUMBER, "tuned", "learning rate", along=6),
    Column("optimizer_schedule", "config.optimizer.schedule", TEXT, "tuned", "schedule of the rate", short="schedule",
           absent="constant"),
    Column("clip_norm", "config.clip_norm", NUMBER, "tuned", "largest norm of the gradient"),
    Column("dropout", "config.dropout", NUMBER, "tuned", "dropout"),
    Column("recurrent_dropout", "config.recurrent_dropout", NUMBER, "tuned", "recurrent dropout", absent=0.0),
    Column("zoneout", "config.zoneout", NUMBER, "tuned", "zoneout", absent=0.0),
    Column("forget_bias", "config.forget_bias", TEXT, "tuned", "forget bias", spelled=True),
    Column("match", "config.match", TEXT, "setting", "match"),
    Column("seed", "config.seed", INTEGER, "seed", "seed", needed="always"),
    Column("device", "environment.device config.device", TEXT, "machine", "device"),
    Column("dtype", "config.dtype", TEXT, "setting", "dtype"),
    Column("backend", "backend config.backend", TEXT, "tuned", "backend"),
    Column("threads", "environment.threads config.threads", INTEGER, "machine", "threads"),
    # with numerics 1, of release 0.1, the fused backend flushed them and the others did not, whatever stands here
    Column("flush_denormals", "config.flush_denormals", TRUTH, "setting", "denormals, as asked: flushed"),
    Column("readout", "config.readout", TEXT, "setting", "readout"),
    Column("budget_max_steps", "config.budget.max_steps", INTEGER, "limit", "limit of steps", "steps"),
    Column("budget_max_epochs", "config.budget.max_epochs", NUMBER, "limit", "limit of epochs", "epochs"),
    Column("budget_max_seconds", "config.budget.max_seconds", NUMBER, "limit", "limit of time", "s"),
    Column("budget_patience", "config.budget.patience", INTEGER, "limit", "patience"),
    Column("budget_solved", "config.budget.solved", NUMBER, "setting", "threshold"),
    Column("budget_eval_every", "config.budget.eval_every", INTEGER, "setting", "steps between evaluations"),
    Column("seq_len_asked", "config.seq_len", INTEGER, "twin", "sequence length", "steps"),
    Column("hidden_size_asked", "config.hidden_size", INTEGER, "setting", "hidden size", "units", short="h", along=3),
    Column("train_size_asked", "config.train_size", INTEGER, "twin", "training examples"),
    Column("device_asked", "config.device", TEXT, "twin", "device"),
    Column("backend_asked", "config.backend", TEXT, "twin", "backend", short="backend"),
    Column("threads_asked", "config.threads", INTEGER, "twin", "threads"),
    Column("metric_asked", "config.metric", TEXT, "twin", "metric"),
    Column("numerics", "numerics", INTEGER, "numerics", "numerics", absent=1),
    Column("metric", "task.metric", TEXT, "task", "metric", needed="ok"),
    Column("unit", "task.unit", TEXT, "task", "unit"),
    Column("higher_is_better", "task.higher_is_better", TRUTH, "task", "higher is better", needed="ok"),
    Column("chance", "", NUMBER, "task", "chance"),  # of `metric`
    Column("to_beat", "", NUMBER, "task", "score without learning"),  # the best of chance and of the baselines
    Column("to_beat_is", "", TEXT, "task", "what scores so without learning"),  # "chance", or the baseline's name
    Column("published", "", TEXT, "task", "published"),  # of `metric`: a JSON object {label: value}, or null
    Column("test_score", "", NUMBER, "score", "test score"),  # the value of `metric`, which says what is better
    Column("valid_score", "", NUMBER, "score", "validation score"),
    Column("test_loss", "metrics.test.loss", NUMBER, "score", "test loss", better="lower"),
    Column("valid_loss", "metrics.valid.loss", NUMBER, "score", "validation loss", better="lower"),
    Column("valid_curve", "metrics.curve", NUMBER, "score", "validation score over training",
           axis="validation score, mean over training"),  # of `metric`: the mean of the learning curve
    Column("best_step", "best_step", INTEGER, "count", "best step"),
    Column("steps", "steps", INTEGER, "count", "steps", "steps", needed="ok"),
    Column("stopped_by", "stopped_by", TEXT, "ending", "stopped by"),
    Column("train_seconds", "timing.train_seconds", NUMBER, "time", "training time", "s", short="training",
           better="lower"),
    Column("step_ms_median", "timing.probe.step_ms.median timing.step_ms.median", NUMBER, "time", "training step",
           "ms", short="step", axis="ms a training step", better="lower"),
    Column("step_ms_p10", "timing.probe.step_ms.p10 timing.step_ms.p10", NUMBER, "time",
           "10th percentile of a training step", "ms", better="lower"),
    Column("step_ms_p90", "timing.probe.step_ms.p90 timing.step_ms.p90", NUMBER, "time",
           "90th percentile of a training step", "ms", better="lower"),
    Column("step_ms_n", "timing.probe.step_ms.n timing.step_ms.n", INTEGER, "count", "steps timed"),
    Column("seconds_to_threshold", "timing.seconds_to_threshold", NUMBER, "time", "time to the threshold", "s",
           axis="seconds to the threshold", better="lower"),
    Column("steps_to_threshold", "timing.steps_to_threshold", INTEGER, "count", "steps to the threshold", "steps",
           short="steps to solve", better="lower"),
    Column("contended", "timing.contended", TRUTH, "check", "contended"),  # False with a probe, whose times then count
    Column("probe", "timing.probe.kind", TEXT, "check", "timed by a probe"),  # all its times are those of a probe
    Column("mixed", "timing.mixed", TRUTH, "check", "timed in parts of two kinds", absent=False),
    Column("saved_activation_bytes", "memory.saved_activation_bytes", INTEGER, "memory", "memory saved for backward",
           "bytes", short="saved for backward", axis="bytes saved for backward", better="lower"),
    Column("peak_bytes", "memory.peak_bytes", INTEGER, "memory", "memory at the peak", "bytes", short="peak",
           axis="bytes at the peak", better="lower"),
    Column("recurrent_parameters", "parameters.recurrent", INTEGER, "count", "recurrent parameters"),
    Column("total_parameters", "parameters.total", INTEGER, "count", "parameters"),
    Column("parity_max_error", "parity.max_error", NUMBER, "check", "largest error of the parity check"),
    Column("parity_checked_against", "parity.checked_against", TEXT, "check", "reference of the parity check"),
    Column("env_cpu", "environment.cpu", TEXT, "machine", "CPU"),
    Column("env_gpu", "environment.gpu", TEXT, "machine", "GPU"),
    Column("env_fused_isa", "environment.fused_isa", TEXT, "machine", "instruction set of the kernel"),
    Column("started", "started", TIME, "date", "started"),
    Column("finished", "finished", TIME, "date", "finished"),
    Column("path", "", TEXT, "place", "path"),  # the run's directory
]  # fmt: skip
COLUMNS = {column.name: column for column in _TABLE}
"""By name. All are always present in a table of runs, in this order, also when it is empty."""

ASKED = {name: f"{name}_asked" for name in COLUMNS if f"{name}_asked" in COLUMNS}
"""Column of what was decided in the run → of what was asked for."""

_GROUPS = {place.split(".")[1] for column in _TABLE for place in column.where.split()
           if place.startswith("config.") and place.count(".") == 2}  # fmt: skip
_SPLITS = ("test_", "valid_")


@cache
def with_role(*roles: Role) -> tuple[str, ...]:
    """The columns of these roles, in the order of the table."""
    return tuple(column.name for column in _TABLE if column.role in roles)


def configured(column: str) -> bool:
    """Whether a column of the table says what is run, so that runs that differ in it have no common mean."""
    known = COLUMNS[column]
    return known.role == "numerics" or ("config." in known.where and known.role != "seed")


def is_score(column: str) -> bool:
    """Whether it is of the test or the validation set: the score, the loss or another metric of the task."""
    return column.startswith(_SPLITS)


def key(column: str) -> str:
    """The configuration key of a column, as on the command line: optimizer_lr → optimizer.lr."""
    group = column.partition("_")[0]
    if group in _GROUPS and column != group:
        return column.replace("_", ".", 1)
    return column.removesuffix("_asked") if column in with_role("setting") else column


def label(column: str) -> str:
    """What readers call it, without its unit: "training step"."""
    return COLUMNS[column].label if column in COLUMNS else key(column)


def unit(column: str) -> str:
    return COLUMNS[column].unit if column in COLUMNS else ""


def short(column: str) -> str:
    """In a figure and a head: T and h as in the equations; else of a setting its key, of a result its label."""
    if column not in COLUMNS:
        return key(column)
    return COLUMNS[column].short or (key(column) if configured(column) else label(column))


def head(column: str, estimate: str = "") -> str:
    """Of a column of numbers in a table: "training (s)", "training (median, s)"."""
    within = ", ".join(filter(None, (estimate, "" if unit(column) in short(column).split() else unit(column))))
    return f"{short(column)} ({within})" if within else short(column)


def axis(column: str) -> str:
    """What it is with its unit: "sequence length T (steps)", "ms a training step"."""
    if column in COLUMNS and COLUMNS[column].axis:
        return COLUMNS[column].axis
    words, of = label(column), unit(column)
    return f"{words} ({of})" if of and of not in words.split() else words


def along(column: str) -> int:
    """Of the settings that vary, the one that has the lowest goes along a figure's axis."""
    return COLUMNS[column].along if column in COLUMNS else Column.along


def better(column: str) -> str:
    """ "lower", "higher", or "" where another column says it or neither is."""
    return COLUMNS[column].better if column in COLUMNS else ""
