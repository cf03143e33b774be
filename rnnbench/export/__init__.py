"""What a run or an answer leaves, for programs of others: one file a format in `formats/`."""
