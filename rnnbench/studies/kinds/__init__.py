"""Kinds of claims: what decides a claim, from its runs to its words. One file is one kind, its name the file's."""

BY_SEED = "paired"
"""The kind that asks whether the metric of one side is above the other's."""
