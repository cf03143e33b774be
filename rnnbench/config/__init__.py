"""What one run is: the schema, its checks, its identity, and what it can choose from."""

from rnnbench.config.checks import MOST_THREADS, from_mapping
from rnnbench.config.choices import CONF, cell_choices, dataset_choices, make_cell, make_dataset
from rnnbench.config.schema import PLACES, PRESENTATION, BudgetConfig, Choice, Config, OptimizerConfig
from rnnbench.growth import added, place

__all__ = [
    "CONF",
    "MOST_THREADS",
    "PLACES",
    "PRESENTATION",
    "BudgetConfig",
    "Choice",
    "Config",
    "OptimizerConfig",
    "added",
    "cell_choices",
    "dataset_choices",
    "from_mapping",
    "make_cell",
    "make_dataset",
    "place",
]
