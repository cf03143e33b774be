import io
import math

import numpy as np
import pytest
import torch
from scipy.io import loadmat, savemat
from scoring import score, scores
from sweeping import here

from rnnbench.data.batch import Batch
from rnnbench.data.datasets.music import JSB, Nottingham, piano_rolls
from rnnbench.data.sequences import Sequences
from rnnbench.errors import UsageError


@pytest.fixture(scope="module")
def jsb(real):
    return loadmat(real("poly_music/JSB_Chorales.mat"))


@pytest.fixture(scope="module")
def parts(jsb, data_dir):
    return JSB().load(seq_len=None, train_size=None, seed=0, data_dir=data_dir)


def roll_of(*lengths: int, keys: int = 4) -> np.ndarray:
    """A row of sequences, as savemat stores a cell array."""
    random = np.random.default_rng(sum(lengths))
    row = np.empty((1, len(lengths)), dtype=object)
    for i, length in enumerate(lengths):
        row[0, i] = random.integers(0, 2, (length, keys)).astype(np.uint8)
    return row


def mat(**parts) -> bytes:
    whole = {"traindata": roll_of(6, 4), "validdata": roll_of(3), "testdata": roll_of(5, 2)} | parts
    file = io.BytesIO()
    savemat(file, {name: rolls for name, rolls in whole.items() if rolls is not None})
    return file.getvalue()


@pytest.fixture
def own(tmp_path):
    def write(content: bytes):
        path = tmp_path / "own.mat"
        path.write_bytes(content)
        return lambda frame=4, **asked: JSB(path=str(path), keys=frame).load(
            **{"seq_len": None, "train_size": None, "seed": 0} | asked, data_dir=None
        )

    return write


def test_the_documented_example(jsb):
    first = jsb["traindata"][0][0]
    assert first.shape == (129, 88)
    sounding = [np.flatnonzero(frame).tolist() for frame in first[:5]]
    assert sounding == [[39, 51, 58, 67], [51, 58, 67], [46, 49, 55, 63], [48, 56, 65], [46, 49, 58, 67]]


def test_nll_is_that_of_a_plain_loop_over_the_file(jsb, parts):
    # Outputs that depend on the frame read: logit = 3·(key sounds now) − 2.
    total, frames = 0.0, 0
    for sequence in jsb["testdata"][0]:
        for t in range(len(sequence) - 1):
            logit = 3.0 * sequence[t] - 2.0
            p = 1 / (1 + np.exp(-logit))
            y = sequence[t + 1]
            total -= (np.log(p[y == 1])).sum() + np.log(1 - p[y == 0]).sum()
        frames += len(sequence) - 1
    for batch_size in (1, 16, 256):
        seen = scores(parts, parts.test, lambda batch: 3.0 * batch.inputs - 2.0, batch_size=batch_size,
                      dtype=torch.float64)  # fmt: skip
        assert seen["nll"] == seen["loss"] == pytest.approx(total / frames, rel=1e-9)


def test_chance_is_that_of_a_plain_loop_over_the_file(jsb, parts):
    train = np.concatenate([s[1:] for s in jsb["traindata"][0]])
    test = np.concatenate([s[1:] for s in jsb["testdata"][0]])
    p = (train.sum(0) + 1.0) / (len(train) + 2)
    nll = -(np.log(p) * test + np.log(1 - p) * (1.0 - test)).sum(1).mean()
    assert parts.chance["nll"] == pytest.approx(nll, rel=1e-9)


def test_padding_changes_nothing(parts):
    batch = parts.train.batch(0, 8)
    outputs = torch.randn_like(batch.targets)
    garbage, padding = outputs.clone(), torch.arange(outputs.shape[1]) >= batch.lengths[:, None]
    assert padding.any() and not batch.inputs[padding].any() and not batch.targets[padding].any()
    garbage[padding] = math.nan
    loss = parts.objective.loss
    assert torch.equal(loss(outputs, batch), loss(garbage, batch))
    one_by_one = [
        score(parts, Batch(batch.inputs[i : i + 1, :n], batch.targets[i : i + 1, :n]), outputs[i : i + 1, :n], "nll")[0]
        for i, n in enumerate(batch.lengths.tolist())
    ]
    assert loss(outputs, batch).item() == pytest.approx(sum(one_by_one) / int(batch.lengths.sum()), rel=1e-5)


def test_splits_sizes_and_published_figures(parts, real, data_dir):
    assert (parts.train.size, parts.valid.size, parts.test.size, parts.input_size) == (229, 76, 77, 88)
    assert parts.seq_len == 128 and parts.published["GRU, Bai et al. 2018"] == 8.43
    real("poly_music/Nottingham.mat")
    other = Nottingham().load(seq_len=100, train_size=50, seed=0, data_dir=data_dir)
    assert (other.train.size, other.test.size, other.seq_len) == (50, 170, 100)
    assert other.train.steps.max() == 100 and other.test.steps.max() == 1792


def test_pieces_predict_every_frame_but_each_first_once():
    rolls = [np.arange(n * 2, dtype=np.uint8).reshape(n, 2) + k for n, k in ((6, 0), (2, 100), (9, 200))]
    for seq_len in (None, 1, 3, 5, 50):
        pieces = Sequences.of(rolls, seq_len=seq_len)
        seen = []
        for batch in pieces.batches(2):
            for x, y, n in zip(batch.inputs, batch.targets, batch.lengths.tolist(), strict=True):
                assert n <= (seq_len or 50)
                assert torch.equal(x[1:n], y[: n - 1])
                seen += y[:n].tolist()
        assert sorted(seen) == sorted(row for roll in rolls for row in roll[1:].tolist())
        total, count = pieces.key_counts()
        assert count == 14 and total.tolist() == [sum(int(r[1:, k].sum()) for r in rolls) for k in (0, 1)]


def test_a_pass_uses_each_piece_once_and_batches_are_pure():
    pieces = Sequences.of([np.full((3, 1), k, dtype=np.uint8) for k in range(12)], seed=1)
    first = [pieces.batch(step, 4).inputs[:, 0, 0].tolist() for step in range(3)]
    assert sorted(k for batch in first for k in batch) == list(range(12)) and pieces.epoch_steps(4) == 3
    assert pieces.batch(1, 4).inputs[:, 0, 0].tolist() == first[1]


def test_own_file_of_the_same_form(own):
    parts = own(mat())(train_size=1)
    assert (parts.train.size, parts.input_size, parts.objective.output_size) == (1, 4, 4)
    assert parts.published == {}
    sequences_of_one_frame = own(mat(traindata=roll_of(1, 5)))()
    assert sequences_of_one_frame.train.size == 1


@pytest.mark.parametrize(("seq_len", "longest"), [(None, 5), (100, 5), (2, 2)])
def test_the_longest_is_that_of_the_training_pieces(own, seq_len, longest):
    """Of 6 and 4 frames, and so 5 and 3 steps."""
    assert own(mat())(seq_len=seq_len).longest == longest


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no .mat file"),
        (b"not a mat file at all, but text" * 20, "no .mat file"),
        (mat()[:300], "truncated"),
        (mat()[:-40], "truncated"),
        (b"MATLAB 7.3 MAT-file, Platform: GLNXA64" + b" " * 600, "MATLAB 7.3 .HDF5.: save it with -v7"),
        (b" " * 512 + b"\x89HDF\r\n\x1a\n" + b"\0" * 99, "MATLAB 7.3 .HDF5.: save it with -v7"),
        (mat(validdata=None), "holds no validdata"),
        (mat(testdata=roll_of(5, keys=3)), "one number of keys"),
        (mat(testdata=np.zeros((1, 1), dtype=object)), "no row of"),
        (mat(testdata=roll_of(1)), "two frames or more in testdata"),
        (mat(traindata=roll_of(4) * 2), "other numbers than 0 and 1"),
    ],
)
def test_a_file_of_another_form_is_named_in_one_line(own, content, says):
    with pytest.raises(UsageError, match=says) as caught:
        own(content)()
    assert "own.mat" in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(("key", "value"), [("seq_len", 0), ("train_size", 0), ("train_size", 3)])
def test_what_cannot_be_is_refused(own, key, value):
    with pytest.raises(UsageError, match=rf"^{key}={value}: "):
        own(mat())(**{key: value})


def test_sequences_of_one_frame_or_none_are_left_out_and_told(capsys):
    assert [len(roll) for roll in piano_rolls(mat(traindata=roll_of(1, 5, 0, 2)), "x", 4)["traindata"]] == [5, 2]
    assert capsys.readouterr().err == "x: 2 sequences of one frame or none are left out\n"


def of_keys(keys: int) -> bytes:
    return mat(traindata=roll_of(6, keys=keys), validdata=roll_of(3, keys=keys), testdata=roll_of(5, keys=keys))


@pytest.mark.parametrize("keys", [87, 89, 12])
def test_frames_of_other_keys_than_a_pianos_are_taken_where_that_is_said(own, keys):
    load = own(of_keys(keys))
    with pytest.raises(UsageError, match=rf"^dataset.path=.*own.mat: its frames have {keys} keys \(allowed: 88, or "
                                         rf"dataset.keys={keys} beside it\)$"):  # fmt: skip
        load(frame=None)
    with pytest.raises(UsageError, match=rf"^dataset.keys=88: .* have others \(allowed: {keys}\)$"):
        load(frame=88)
    assert load(frame=keys).input_size == keys
    assert own(of_keys(88))(frame=None).input_size == 88


def test_on_the_command_line_it_is_one_line_and_nothing_is_written(tmp_path):
    (tmp_path / "own.mat").write_bytes(of_keys(87))
    asked = ("dataset=jsb", "dataset.path=own.mat", "batch_size=1", "hidden_size=3", "budget.max_steps=2", "device=cpu")
    done = here(*asked)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "rnnbench: dataset.path=own.mat: its frames have 87 keys (allowed: 88, or dataset.keys=87 beside it)\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["own.mat"]
    assert here(*asked, "dataset.keys=87").returncode == 0
