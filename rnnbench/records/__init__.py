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
from rnnbench.records.names import cell_name, in_order, named, said
from rnnbench.records.pack import PACK
from rnnbench.records.packing import write_pack
from rnnbench.records.schema import SCHEMA_VERSION, RecordError, check, spelled
from rnnbench.records.table import (
    HISTORY,
    RECORD,
    Results,
    config_columns,
    decided_by_sisters,
    finished,
    load_history,
    load_results,
    read_record,
    read_results,
    record_file,
    with_missing,
    write_history,
    write_record,
)

__all__ = [
    "ASKED",
    "COLUMNS",
    "HISTORY",
    "PACK",
    "RECORD",
    "SCHEMA_VERSION",
    "RecordError",
    "Results",
    "cell_name",
    "check",
    "config_columns",
    "decided_by_sisters",
    "finished",
    "in_order",
    "load_history",
    "load_results",
    "named",
    "read_record",
    "read_results",
    "record_file",
    "replacing",
    "run_lock",
    "said",
    "spelled",
    "with_missing",
    "write_bytes_atomically",
    "write_history",
    "write_json_atomically",
    "write_pack",
    "write_record",
    "write_text_atomically",
]
