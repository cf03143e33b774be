"""Every conf/dataset/*.yaml names a dataset that exists and sets keys that it has."""

from dataclasses import fields
from importlib import import_module

import pytest
import yaml

from rnnbench.config import CONF

CHOICES = [file for file in sorted((CONF / "dataset").glob("*.yaml")) if file.stem != "custom"]
KNOWN = yaml.safe_load((CONF / "config.yaml").read_text())


@pytest.mark.parametrize("file", CHOICES, ids=lambda file: file.stem)
def test_a_choice_is_its_dataset_with_every_key_and_its_default(file):
    choice = yaml.safe_load(file.read_text())
    options = choice.pop("dataset")
    options.pop("look", None)  # what is peculiar about it to readers, no key of it
    assert options.pop("name") == file.stem
    module, name = options.pop("class" if "class" in options else "target").rsplit(".", 1)
    cls = getattr(import_module(module), name)
    assert set(options) == {field.name for field in fields(cls)}
    assert options == vars(cls(**options))
    if file.stem != "permuted_mnist":
        assert options == vars(cls())
    assert set(choice) <= set(KNOWN)
    assert set(choice["budget"]) <= set(KNOWN["budget"])
    assert choice["budget"].keys() & {"max_steps", "max_epochs"}


@pytest.mark.parametrize("file", CHOICES, ids=lambda file: file.stem)
def test_every_key_is_commented(file):
    lines = file.read_text().splitlines()
    start = lines.index("dataset:") + 3  # after name and target
    own = [line for line in lines[start:] if line.startswith("  ")]
    own = own[: next((i for i, line in enumerate(own) if line.strip().startswith("lr:")), len(own))]
    assert all("#" in line for line in own)
