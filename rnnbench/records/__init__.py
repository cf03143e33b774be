"""What a run leaves behind: written once and whole, read back as one tidy table.

    results/<name>/runs/<run_id>/run.json      the record (schema_version 1); its fields: records.columns
                                 history.csv   step, seconds, train_loss, valid_loss, valid_<metric>, a row an
                                               evaluation as it is made
                                 predictions.npz   what the model said of each test example: records.predictions
                                 model.safetensors, model.json   the model: rnnbench.load_model, training.artifact
                                 .lock         only while a process works on this run
    results/<name>/records.jsonl.gz   the same records in one file, read where runs/ is not: rnnbench.records.pack

Numbers that JSON cannot hold (NaN, infinities) are stored as null, which reads back as NaN: a record is always valid
JSON, and `status` and `error`, not a magic number, say what went wrong.
"""

from rnnbench.machine.locks import run_lock
from rnnbench.records.atomic import (
    replacing,
    write_bytes_atomically,
    write_json_atomically,
    write_text_atomically,
)
from rnnbench.records.columns import ASKED, COLUMNS
from rnnbench.records.files import (
    MODEL,
    MODEL_FACTS,
    RECORD,
    check_not_newer,
    finished,
    read_record,
    record_file,
    write_record,
)
from rnnbench.records.history import HISTORY, History
from rnnbench.records.names import cell_name, in_order, metric_name, named, said, setting
from rnnbench.records.pack import COMMANDS, PACK, commands
from rnnbench.records.predictions import PREDICTIONS, load_predictions, write_predictions
from rnnbench.records.schema import SCHEMA_VERSION, RecordError, check, spelled

__all__ = [
    "ASKED",
    "COLUMNS",
    "COMMANDS",
    "HISTORY",
    "MODEL",
    "MODEL_FACTS",
    "PACK",
    "PREDICTIONS",
    "RECORD",
    "SCHEMA_VERSION",
    "History",
    "RecordError",
    "cell_name",
    "check",
    "check_not_newer",
    "commands",
    "finished",
    "in_order",
    "load_predictions",
    "metric_name",
    "named",
    "read_record",
    "record_file",
    "replacing",
    "run_lock",
    "said",
    "setting",
    "spelled",
    "write_bytes_atomically",
    "write_json_atomically",
    "write_predictions",
    "write_record",
    "write_text_atomically",
]
