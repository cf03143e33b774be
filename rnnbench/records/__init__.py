"""What a run leaves behind: written once and whole, read back as one tidy table.

    results/<name>/runs/<run_id>/run.json      the record (schema_version 1); its fields: records.columns
                                 history.csv   step, seconds, train_loss, valid_loss, valid_<metric>
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
from rnnbench.records.files import HISTORY, RECORD, finished, read_record, record_file, write_history, write_record
from rnnbench.records.names import cell_name, in_order, named, said
from rnnbench.records.pack import PACK
from rnnbench.records.schema import SCHEMA_VERSION, RecordError, check, spelled

__all__ = [
    "ASKED",
    "COLUMNS",
    "HISTORY",
    "PACK",
    "RECORD",
    "SCHEMA_VERSION",
    "RecordError",
    "cell_name",
    "check",
    "finished",
    "in_order",
    "named",
    "read_record",
    "record_file",
    "replacing",
    "run_lock",
    "said",
    "spelled",
    "write_bytes_atomically",
    "write_history",
    "write_json_atomically",
    "write_record",
    "write_text_atomically",
]
