import math
from collections import Counter
from itertools import pairwise

import pytest
import torch
from making import make
from scoring import scores

from rnnbench.data.base import MOST_STEPS
from rnnbench.data.datasets.text import Text, TinyShakespeare, code_points, encode
from rnnbench.data.running import HeldOut, Streams, Windows
from rnnbench.errors import UsageError
from rnnbench.run import run

SEA = "the sea, the sea, the open sea, the blue, the fresh, the ever free. " * 40


@pytest.fixture
def write(tmp_path):
    def parts(content: str | bytes, *, seq_len=10, train_size=None, seed=0, **keys):
        path = tmp_path / "own.txt"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return Text(path=str(path), **keys).load(seq_len=seq_len, train_size=train_size, seed=seed, data_dir=None)

    return parts


@pytest.fixture(scope="module")
def plays(real, data_dir):
    real("tinyshakespeare/input.txt")
    return TinyShakespeare().load(seq_len=None, train_size=None, seed=0, data_dir=data_dir)


def test_the_documented_example(plays, real):
    assert real("tinyshakespeare/input.txt").read_text()[:6] == "First "
    alphabet = sorted(set(real("tinyshakespeare/input.txt").read_text()[:1_003_855]))
    assert "".join(alphabet[i] for i in plays.train.row[:6]) == "First "
    assert (plays.symbols, plays.train.size) == (66, 1_003_855)  # 65 characters and the unknown; 90 % of 1,115,394


def test_the_tables_are_those_of_a_plain_count(plays, real):
    text = real("tinyshakespeare/input.txt").read_text()
    n = len(text)
    train, test = text[: round(0.9 * n)], text[round(0.95 * n) :]
    ones, pairs, before = Counter(train), Counter(pairwise(train)), Counter(train[:-1])
    bigram = [(pairs[a, b] + 1) / (before[a] + 66) for a, b in pairwise(test)]
    unigram = [(ones[b] + 1) / (len(train) + 66) for b in test[1:]]
    bits = [-sum(map(math.log2, p)) / len(p) for p in (bigram, unigram)]
    assert plays.baselines["bigram table"] == pytest.approx(bits[0], rel=1e-9) == pytest.approx(3.6, abs=0.02)
    assert plays.chance["bpc"] == pytest.approx(bits[1], rel=1e-9)


def test_even_odds_cost_the_logarithm_of_the_number_of_symbols(plays):
    seen = scores(plays, plays.valid, lambda batch: torch.zeros(*batch.inputs.shape, 66), batch_size=64)
    assert seen["bpc"] == pytest.approx(math.log2(66), rel=1e-5)
    assert seen["loss"] == pytest.approx(math.log(66), rel=1e-5)


def test_the_parts_are_the_text_and_unknown_symbols_are_one():
    text = "abcab" * 18 + "abxyc" + "zabcé"
    parts, vocabulary = encode(text)
    assert vocabulary.size == 4  # a, b, c and the unknown
    assert [len(parts[name]) for name in ("train", "valid", "test")] == [90, 5, 5]
    assert vocabulary(code_points("cabéx")).tolist() == [2, 0, 1, 3, 3]
    assert parts["valid"].tolist() == [0, 1, 3, 3, 2] and parts["test"].tolist() == [3, 0, 1, 2, 3]


@pytest.mark.parametrize(("n", "T", "batch_size"), [(100, 7, 3), (97, 10, 1), (60, 5, 4)])
def test_streams_go_on_where_they_were_and_repeat_nothing_within_a_pass(n, T, batch_size):
    row = torch.arange(n)
    source = Streams(row, T, seed=0)
    steps = source.epoch_steps(batch_size)
    batches = [source.batch(step, batch_size) for step in range(2 * steps)]
    assert [b.fresh for b in batches] == ([True] + [False] * (steps - 1)) * 2
    for before, after in pairwise(batches[:steps]):
        assert torch.equal(before.targets[:, -1], after.inputs[:, 0])
    seen = torch.cat([b.inputs.flatten() for b in batches[:steps]]).tolist()
    assert len(seen) == len(set(seen)) == steps * T * batch_size > n - batch_size * T
    assert all(torch.equal(b.targets, (b.inputs + 1) % n) for b in batches)
    assert not torch.equal(batches[0].inputs, batches[steps].inputs)  # another beginning
    assert torch.equal(Streams(row, T, seed=0).batch(steps, batch_size).inputs, batches[steps].inputs)
    assert not torch.equal(Streams(row, T, seed=1).batch(0, batch_size).inputs, batches[0].inputs)


def test_windows_are_shuffled_and_each_is_fresh():
    source = Windows(torch.arange(101), 10, seed=0)
    batches = [source.batch(step, 5) for step in range(source.epoch_steps(5))]
    assert all(b.fresh for b in batches)
    assert sorted(torch.cat([b.inputs.flatten() for b in batches]).tolist()) == list(range(100))
    assert all(torch.equal(b.targets, b.inputs + 1) for b in batches)


@pytest.mark.parametrize(("n", "T"), [(2, 5), (11, 5), (4001, 100), (4002, 100), (6004, 7), (7999, 3000)])
@pytest.mark.parametrize("carry", [True, False])
def test_every_held_out_symbol_but_the_first_is_predicted_once(n, T, carry):
    batches = list(HeldOut(torch.arange(n), T, carry).batches(32))
    predicted = []
    for k, batch in enumerate(batches):
        assert batch.fresh == (k == 0 or not carry)
        lengths = (
            batch.lengths if batch.lengths is not None else torch.full((len(batch.inputs),), batch.inputs.shape[1])
        )
        assert lengths.min() >= 1 and batch.inputs.shape[1] <= T + 1
        for x, y, steps in zip(batch.inputs, batch.targets, lengths.tolist(), strict=True):
            assert torch.equal(y[:steps], x[:steps] + 1)
            predicted += y[:steps].tolist()
    assert sorted(predicted) == list(range(1, n))
    for before, after in pairwise(batches):
        assert torch.equal(before.targets[:, -1], after.inputs[:, 0])


def test_long_windows_that_carry_nothing_are_evaluated_a_few_at_a_time():
    """200,001 symbols are 100 streams of 2,000: side by side they would be 200,000 steps in one batch."""
    batches = list(HeldOut(torch.arange(200_001), 2000, carry=False).batches(32))
    assert [len(batch.inputs) for batch in batches] == [MOST_STEPS // 2000] * 3 + [4]
    assert all(batch.inputs.numel() <= MOST_STEPS and batch.fresh for batch in batches)
    assert sorted(torch.cat([batch.targets.flatten() for batch in batches]).tolist()) == list(range(1, 200_001))


def test_what_stands_after_a_stream_s_end_changes_nothing(write):
    parts = write(SEA)
    batch = parts.train.batch(0, 2)._replace(lengths=torch.tensor([10, 4]))
    outputs = torch.randn(2, 10, parts.objective.output_size)
    garbage = outputs.clone()
    garbage[1, 4:] = math.nan
    loss = parts.objective.loss
    assert torch.equal(loss(outputs, batch), loss(garbage, batch))


def test_the_symbols_of_the_text_are_kept(write):
    parts = write(SEA)
    assert torch.from_numpy(parts.transform(code_points(SEA[:50]))).equal(parts.train.row[:50])


def test_carry_state_chooses_the_way_through_the_text(write):
    assert isinstance(write(SEA).train, Streams)
    parts = write(SEA, carry_state=False)
    assert isinstance(parts.train, Windows) and all(b.fresh for b in parts.valid.batches(8))


def test_train_size_takes_the_first_characters_and_keeps_the_symbols(write):
    whole, part = write(SEA), write(SEA, train_size=50)
    assert part.train.size == 50 and torch.equal(part.train.row, whole.train.row[:50])
    assert part.symbols == whole.symbols and torch.equal(part.test.row, whole.test.row)


def test_a_text_with_more_characters_than_a_byte_counts(write):
    parts = write("".join(chr(0x4E00 + i % 500) for i in range(4000)))
    assert parts.symbols == 501 and parts.train.batch(0, 2).inputs.dtype == torch.int64
    assert int(parts.train.row.max()) == 499


CHARACTERS = "".join(chr(0x4E00 + i % 6000) for i in range(12000))
SMALL = ("dataset=text", "dataset.path=own.txt", "seq_len=5", "batch_size=4", "hidden_size=3", "budget.max_steps=2",
         "budget.max_epochs=null", "device=cpu", "threads=1")  # fmt: skip


def test_six_thousand_symbols_go_through_an_embedding_and_the_memory_of_one_hot_ones_is_told(tmp_path, capsys):
    """Of 4 sequences of 5 steps: 4 · 5 · 6001 numbers of 4 bytes."""
    (tmp_path / "own.txt").write_text(CHARACTERS, encoding="utf-8")
    saved = {}
    for width, weights in (("32", 6001 * 32 + 4 * 3 * (32 + 3 + 2)), ("null", 4 * 3 * (6001 + 3 + 2))):
        config = make(*SMALL, *([] if width == "32" else ["embedding_size=null"]))
        record = run(config).record
        assert record["status"] == "ok"
        assert record["parameters"]["total"] == weights + 6001 * (3 + 1)
        saved[width] = record["memory"]["saved_activation_bytes"]
        err = capsys.readouterr().err
        told = (
            f"{config.run_id}: 6,001 symbols one-hot take 480,080 bytes of inputs a step: embedding_size=64 would not\n"
        )
        assert err == ("" if width == "32" else told)
    assert saved["null"] - saved["32"] > 400_000


def test_what_cannot_be_is_refused_in_one_line(write, tmp_path):
    for content, says in (
        (b"\xff\xfe\x00bad" * 30, "own.txt is not text in UTF-8"),
        ("short", "too short"),
        ("", "too short"),
    ):
        with pytest.raises(UsageError, match=says):
            write(content)
    for key, value in (("seq_len", 0), ("seq_len", 10_000), ("train_size", 1), ("train_size", 10_000)):
        with pytest.raises(UsageError, match=rf"^{key}={value}: "):
            write(SEA, **{key: value})
    with pytest.raises(UsageError, match=r"^batch_size=300: .*allowed: 1 to 244"):
        write(SEA).train.batch(0, 300)
    with pytest.raises(UsageError, match=r"^dataset.path=null: "):
        Text().load(seq_len=None, train_size=None, seed=0, data_dir=tmp_path)
    with pytest.raises(UsageError, match=r"absent\.txt cannot be read"):
        Text(path=str(tmp_path / "absent.txt")).load(seq_len=None, train_size=None, seed=0, data_dir=tmp_path)
