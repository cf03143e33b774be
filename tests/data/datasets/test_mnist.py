import gzip
import struct

import pytest
import torch

from rnnbench.data.datasets.mnist import MNIST, PERMUTED, SEQUENTIAL, SHA256, idx
from rnnbench.errors import UsageError


@pytest.fixture(scope="module")
def parts(real, data_dir):
    for name in SHA256:
        real(f"mnist/{name}.gz")
    return MNIST().load(seq_len=None, train_size=None, seed=0, data_dir=data_dir)


def test_shapes_sizes_and_published_figures(parts):
    assert (parts.seq_len, parts.input_size, parts.objective.output_size) == (784, 1, 10)
    assert (parts.train.size, len(parts.valid), len(parts.test)) == (55_000, 5_000, 10_000)
    assert parts.published == SEQUENTIAL
    assert parts.chance["accuracy"] == 0.1135  # 1,135 of the 10,000 test images are ones


def test_pixels_are_normalised_by_mean_and_deviation(parts):
    assert float(parts.train.inputs.mean()) == pytest.approx(0, abs=2e-3)
    assert float(parts.train.inputs.std()) == pytest.approx(1, abs=2e-3)


def test_the_documented_example(parts, real):
    raw = gzip.decompress(real("mnist/train-images-idx3-ubyte.gz").read_bytes())
    first = idx(raw, "").flatten(1)[0]
    assert first[:158].tolist() == [0] * 152 + [3, 18, 18, 18, 126, 136]
    assert [round((p / 255 - 0.1307) / 0.3081, 4) for p in (0, 3, 18)] == [-0.4242, -0.3860, -0.1951]
    assert idx(gzip.decompress(real("mnist/train-labels-idx1-ubyte.gz").read_bytes()), "")[0] == 5
    first = (first.float() / 255 - 0.1307) / 0.3081
    parts = torch.cat((parts.train.inputs, parts.valid.inputs)).flatten(1)
    assert (parts - first).abs().amax(1).min() < 1e-5  # it is there, in one part


def test_one_permutation_for_all_images_by_its_own_seed(parts, data_dir):
    permuted, again, other = (
        MNIST(permutation_seed=p).load(seq_len=28, train_size=64, seed=s, data_dir=data_dir)
        for p, s in ((0, 0), (0, 1), (1, 0))
    )
    assert permuted.test.inputs.shape == (10_000, 28, 28) and permuted.published == {}
    assert torch.equal(permuted.test.inputs, again.test.inputs)
    assert not torch.equal(permuted.test.inputs, other.test.inputs)
    some = slice(0, 50)
    plain, mixed = parts.test.inputs[some].flatten(1), permuted.test.inputs[some].flatten(1)
    assert not torch.equal(plain, mixed)
    assert torch.equal(plain.sort(1).values, mixed.sort(1).values)
    assert permuted.train.size == 64 and set(PERMUTED) < set(SEQUENTIAL)


def test_idx_files_are_read_by_their_header():
    content = b"\x00\x00\x08\x02" + struct.pack(">II", 2, 3) + bytes(range(6))
    assert idx(content, "x").tolist() == [[0, 1, 2], [3, 4, 5]]
    for wrong in (
        b"",
        b"\x00\x00\x08\x02",
        content[:-1],
        content + b"\x00",
        b"\x00\x00\x0d" + content[3:],
        b"junk" * 9,
    ):
        with pytest.raises(UsageError, match=r"^x is not a whole idx file"):
            idx(wrong, "x")


@pytest.mark.parametrize("seq_len", [0, 29, 785])
def test_a_seq_len_that_divides_no_image_is_refused_before_any_download(seq_len, nowhere):
    with pytest.raises(UsageError, match=rf"^seq_len={seq_len}: .*28, .*784\)$"):
        MNIST().load(seq_len=seq_len, train_size=None, seed=0, data_dir=nowhere)
