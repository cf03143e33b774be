"""What holds for all of a kind, tried on what hypothesis draws: records, identity, splits, transforms, statistics."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from fake_records import record
from hypothesis import given, settings
from hypothesis import strategies as st
from making import tiny

from rnnbench.data.datasets.text import Vocabulary
from rnnbench.data.table.transform import scale_of
from rnnbench.records.atomic import finite
from rnnbench.records.pack import line_of, parsed
from rnnbench.records.schema import RecordError, check
from rnnbench.statistics.intervals import mean_interval
from rnnbench.statistics.sign_flip import sign_flip_test

few = settings(max_examples=40, deadline=None, derandomize=True)
leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
trees = st.recursive(leaves, lambda of: st.lists(of, max_size=3) | st.dictionaries(st.text(max_size=6), of, max_size=3),
                     max_leaves=8)  # fmt: skip


@few
@given(st.sampled_from(sorted(record())), trees)
def test_a_record_with_any_part_replaced_is_refused_by_name_or_reads_back(part: str, value: Any) -> None:
    bent = finite(record() | {part: value})
    try:
        check(bent)
    except RecordError as error:
        said = str(error)
    else:
        said = ""
        again, history = parsed(line_of(bent, None))
        assert again == json.loads(json.dumps(bent)) and history is None
    assert "\n" not in said and len(said) < 300


@few
@given(st.integers(0, 2**63 - 1), st.integers(1, 512), st.sampled_from(("lstm", "gru", "mgu")))
def test_places_never_move_an_id_and_what_a_run_is_always_does(seed: int, hidden: int, cell: str) -> None:
    from dataclasses import replace

    config = replace(tiny(f"cell={cell}"), seed=seed, hidden_size=hidden)
    elsewhere = replace(
        config, name="other", results_dir="/elsewhere", keep="none", workers=3, force=True, progress=True
    )
    assert elsewhere.run_id == config.run_id
    assert replace(config, hidden_size=hidden + 1).run_id != config.run_id
    assert config.run_id.startswith(f"{cell}-adding-T6-h{hidden}-s{seed}-")


numbers = st.lists(st.floats(-1e3, 1e3).map(lambda x: round(x, 3)), min_size=3, max_size=12)


@few
@given(numbers, st.floats(0.01, 100))
def test_an_interval_moves_with_scale_and_sign(values: list[float], scale: float) -> None:
    x = np.asarray(values)
    found, up, down = mean_interval(x), mean_interval(scale * x), mean_interval(-x)
    wanted = np.array([found.estimate, found.low, found.high])
    np.testing.assert_allclose([up.estimate, up.low, up.high], scale * wanted, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose([down.estimate, down.high, down.low], -wanted, rtol=1e-6, atol=1e-6)


@few
@given(numbers)
def test_the_sign_flip_test_is_blind_to_scale_and_sign(values: list[float]) -> None:
    differences = np.asarray(values)
    p = sign_flip_test(differences)
    assert 0 <= p <= 1
    assert p == sign_flip_test(-differences) == sign_flip_test(4 * differences)


@few
@given(st.lists(numbers.map(lambda values: values[:3]), min_size=2, max_size=20))
def test_what_a_scale_does_its_inverse_undoes(rows: list[list[float]]) -> None:
    x = np.asarray(rows)
    shift, scale = map(np.asarray, scale_of(x))
    assert (scale > 0).all()
    np.testing.assert_allclose((x - shift) / scale * scale + shift, x, rtol=1e-9, atol=1e-9)


@few
@given(st.text(min_size=1, max_size=40), st.text(max_size=10))
def test_symbols_are_the_characters_again_and_one_stands_for_all_others(text: str, other: str) -> None:
    vocabulary = Vocabulary("".join(sorted(set(text))))
    assert "".join(vocabulary.known[symbol] for symbol in vocabulary(text)) == text
    unknown = [symbol == vocabulary.size - 1 for symbol in vocabulary(other)]
    assert unknown == [character not in text for character in other]
