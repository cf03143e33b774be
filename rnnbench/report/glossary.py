"""The words that a page uses and a newcomer does not know, each in a sentence; only those of this page."""

from __future__ import annotations

import pandas as pd

from rnnbench.studies import StudyResult

_BACKENDS = {
    "fused": "this project's C++ kernel",
    "torch": "what nn.LSTM, nn.GRU and nn.RNN call",
    "eager": "step by step in Python",
}
_METRICS = {
    "accuracy": "share of answers that are right",
    "nll": "negative log-likelihood, here of a frame of music",
    "bpc": "bits per character, log₂ of the likelihood, negated",
    "first_failure": "the smallest n whose aⁿbⁿ is not continued rightly",
}


def words(runs: pd.DataFrame, result: StudyResult | None) -> list[tuple[str, str]]:
    """(word, what it says) for what these runs and this study make the page speak of."""
    datasets, biases = set(runs["dataset"].dropna()), set(runs["forget_bias"].dropna().astype(str))
    found = [("T", _length(datasets, bool(runs["seq_len_asked"].isna().any())))]
    h = "hidden size: units in a recurrent layer"
    if (runs["match"] == "params").any():
        h += "; with match = params of the LSTM, and other cells are as wide as gives equally many parameters"
    found.append(("h", h))
    found.append(("n", "pairs of runs that share a seed: the same data in the same order; of one mean, its runs"))
    metrics = [f"{name}: {said}" for name, said in _METRICS.items() if (runs["metric"] == name).any()]
    if metrics:
        found.append(("metric", "; ".join(metrics)))
    found.append(("chance", "the score of a model that has learned nothing of what came before"))
    if runs["budget_solved"].notna().any():
        found.append(("threshold", "the validation score (budget.solved) at which a run counts as solved and stops"))
    if result is not None and any(each.claim.kind == "solve_time" for each in result.claims):
        mean = (
            "mean of the times to the threshold, each cut at the horizon: what an unsolved run is known to have taken"
        )
        found.append(("restricted mean", mean))
    if biases:
        found.append(("forget bias", _bias(biases)))
    backends = [f"{name}: {said}" for name, said in _BACKENDS.items() if (runs["backend"] == name).any()]
    if backends:
        found.append(("backend", "how a cell is carried through time; " + "; ".join(backends)))
    if runs["contended"].fillna(False).any():
        found.append(("contended", "timed while another run ran beside it: its times are not used"))
    return found


def _length(datasets: set[str], own: bool) -> str:
    said = "sequence length in steps"
    if "copy" in datasets:
        said += "; of copy the delay, after which ten symbols are to be recalled"
    if own and datasets & {"anbn", "anbncn", "jsb", "nottingham", "musedata", "piano_midi"}:
        said += "; where sequences differ in length (music, counting), the longest in training"
    return said


def _bias(biases: set[str]) -> str:
    said = "what the LSTM's forget gate starts with"
    if "1" in biases:
        said += ", 1 unless another is named"
    if "chrono" in biases:
        said += "; chrono: spread over the times that are to be remembered, up to T (Tallec & Ollivier 2018)"
    return said
