"""What cells are called and how they are drawn: said by the files under conf/, and no part of a run."""

from __future__ import annotations

import subprocess
import sys

import pytest
import yaml
from making import tiny

from rnnbench.cli.usage import help_text, one_line
from rnnbench.config import CONF, PRESENTATION, cell_choices, from_mapping
from rnnbench.config.identity import identity
from rnnbench.plots.look import Look, looks
from rnnbench.plots.panels import axis_name
from rnnbench.records import cell_name, in_order
from rnnbench.recurrent import backends as room
from rnnbench.registry import names, words

LOOKS = {
    "lstm": Look("#0072B2", "o", "-"),
    "gru": Look("#D55E00", "s", "--"),
    "rnn": Look("#009E73", "D", ":"),
    "gru_reset_before": Look("#E69F00", "^", "-."),
    "rnn_relu": Look("#CC79A7", "v", (0, (3, 1, 1, 1, 1, 1))),
}
"""Of Okabe and Ito (2008); in the order that readers expect."""
TITLES = ["LSTM", "GRU", "RNN", "GRU (reset before)", "RNN (ReLU)"]


def test_names_order_and_looks() -> None:
    assert in_order(["rnn_relu", "mine", "gru_reset_before", "another", "rnn", "gru", "lstm"]) == [
        *LOOKS, "another", "mine",
    ]  # fmt: skip
    assert [cell_name(cell) for cell in LOOKS] == TITLES
    assert cell_name("mine") == "mine"
    assert looks(list(LOOKS)) == LOOKS


def test_every_cell_of_conf_has_a_title_and_a_look_of_its_own() -> None:
    drawn = [looks([name])[name] for name in cell_choices()]
    places = [yaml.safe_load(file.read_text()).get("look", {}).get("place") for file in (CONF / "cell").glob("*.yaml")]
    assert len(set(drawn)) == len({look.marker for look in drawn}) == len(drawn)
    assert sorted(place for place in places if place) == list(range(1, len(drawn) + 1))
    assert not {cell_name(name) for name in cell_choices()} & {*cell_choices()}


def test_a_cell_of_ones_own_is_told_from_the_others() -> None:
    both = looks(["mine", "lstm", "another"])
    assert both["lstm"] == LOOKS["lstm"]
    assert len({*LOOKS.values(), both["mine"], both["another"]}) == len(LOOKS) + 2


def test_they_are_no_part_of_a_run_whoever_the_cell_is() -> None:
    plain = tiny("cell=gru")
    assert not {*PRESENTATION} & {*plain.to_dict()["cell"], *plain.recorded()["cell"], *identity(plain)["cell"]}
    values = plain.to_dict()
    values["cell"] |= {"title": "Mine", "look": {"colour": "red"}}
    assert from_mapping(values) == plain


def test_they_are_no_keys_of_the_command_line() -> None:
    assert "look" not in help_text()
    line = one_line(ValueError("Could not override 'cell.colour'.\n+cell.colour=red"), ["cell=gru", "cell.colour=red"])
    assert line == "cell.colour=red: no such key (allowed: cell.name, cell.target)"


@pytest.mark.parametrize("dataset", [file.stem for file in sorted((CONF / "dataset").glob("*.yaml"))])
def test_the_length_of_a_dataset_is_said_by_its_file(dataset: str) -> None:
    words = "delay T (steps)" if dataset == "copy" else "sequence length T (steps)"
    assert axis_name("seq_len", dataset) == words
    assert axis_name("batch_size", dataset) == "batch size (sequences)"


def test_what_a_backend_is_is_said_by_its_file() -> None:
    assert {name: words(room.__name__, name) for name in names(room.__name__)} == {
        "eager": "step by step in Python",
        "fused": "this project's C++ kernel",
        "torch": "what nn.LSTM, nn.GRU and nn.RNN call",
        "triton": "this project's Triton kernels",
    }


def test_they_are_read_without_torch_or_hydra() -> None:
    code = "import sys, rnnbench.records as r; r.cell_name('gru'); print({'torch', 'hydra'} & {*sys.modules})"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
