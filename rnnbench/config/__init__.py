"""What one run is: the schema, its checks, its identity, and what it can choose from."""

from rnnbench.config.schema import (
    CONF,
    MOST_THREADS,
    BudgetConfig,
    Choice,
    Config,
    OptimizerConfig,
    cell_choices,
    dataset_choices,
    from_mapping,
    make_cell,
    make_dataset,
)

__all__ = [
    "CONF",
    "MOST_THREADS",
    "BudgetConfig",
    "Choice",
    "Config",
    "OptimizerConfig",
    "cell_choices",
    "dataset_choices",
    "from_mapping",
    "make_cell",
    "make_dataset",
]
