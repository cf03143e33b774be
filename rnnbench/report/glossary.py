"""The words that a page uses and a newcomer does not know, each in a sentence; only those of this page."""

from __future__ import annotations

import pandas as pd

from rnnbench import registry
from rnnbench.records.columns import label, short, unit
from rnnbench.records.names import look_of
from rnnbench.studies import StudyResult

_BACKENDS = "rnnbench.recurrent.backends"
_METRICS = {
    "accuracy": "share of answers that are right",
    "nll": "negative log-likelihood, here of a frame of music",
    "bpc": "bits per character, log₂ of the likelihood, negated",
    "first_failure": "the smallest n whose aⁿbⁿ is not continued rightly",
}


def words(runs: pd.DataFrame, result: StudyResult | None) -> list[tuple[str, str]]:
    """(word, what it says) for what these runs and this study make the page speak of."""
    datasets, biases = set(runs["dataset"].dropna()), set(runs["forget_bias"].dropna().astype(str))
    found = [(short("seq_len"), _length(datasets, bool(runs["seq_len_asked"].isna().any())))]
    h = f"{label('hidden_size')}: {unit('hidden_size')} in a recurrent layer"
    if (runs["match"] == "params").any():
        h += "; with match = params of the LSTM, and other cells are as wide as gives equally many parameters"
    found.append((short("hidden_size"), h))
    found.append(("n", "pairs of runs that share a seed: the same data in the same order; of one mean, its runs"))
    metrics = [f"{name}: {said}" for name, said in _METRICS.items() if (runs["metric"] == name).any()]
    if metrics:
        found.append((label("metric"), "; ".join(metrics)))
    found.append((label("chance"), "the score of a model that has learned nothing of what came before"))
    if runs["budget_solved"].notna().any():
        found.append(
            (label("budget_solved"), "the validation score (budget.solved) at which a run counts as solved and stops")
        )
    claims = result.claims if result is not None else ()
    found += dict(word for each in claims for word in each.kind.glossary.items()).items()
    if biases:
        found.append((label("forget_bias"), _bias(biases)))
    backends = [f"{name}: {registry.words(_BACKENDS, name)}" for name in registry.names(_BACKENDS)
                if (runs["backend"] == name).any()]  # fmt: skip
    if backends:
        found.append((label("backend"), "how a cell is carried through time; " + "; ".join(backends)))
    if runs["contended"].fillna(False).any():
        said = "timed while another run ran beside it, or in parts under two backends, machines or numbers of threads"
        found.append((label("contended"), f"{said}: its times are not used"))
    if runs["probe"].notna().any():
        said = "its step time is of some fifty steps taken alone after the sweep, its other times so many such steps"
        found.append((label("probe"), f"one run of each condition whose runs went side by side: {said}"))
    return found


def _length(datasets: set[str], own: bool) -> str:
    said = f"{label('seq_len')} in {unit('seq_len')}"
    looks = {name: look_of("dataset", name) for name in sorted(datasets)}
    for name, look in looks.items():
        said += f"; of {name} the {look['length']}, {look['remark']}" if "length" in look else ""
    differ = [name for name, look in looks.items() if look.get("lengths") == "differ"]
    if own and differ:
        said += f"; where sequences differ in length ({', '.join(differ)}), the longest in training"
    return said


def _bias(biases: set[str]) -> str:
    said = "what the LSTM's forget gate starts with"
    if "1" in biases:
        said += ", 1 unless another is named"
    if "chrono" in biases:
        said += "; chrono: spread over the times that are to be remembered, up to T (Tallec & Ollivier 2018)"
    return said
