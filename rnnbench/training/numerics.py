"""Which bits training gives."""

NUMERICS = 2
"""In every record and checkpoint, no part of a run's identity: raised by any change that alters the bits of training.

"The same bits" means within one number. Runs of two are never pooled in a claim about time, steps or scores, and a
checkpoint of another starts over.

    1   release 0.1, whose records and checkpoints do not say it
    2   denormals are flushed in every thread and backend; threads = null goes by size
"""
