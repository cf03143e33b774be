"""MNIST read as a sequence: Le et al. 2015 (arXiv 1504.00941), in the set-up of Bai et al. 2018 (arXiv 1803.01271).

An image of 28 × 28 pixels is read pixel by pixel (`seq_len=784`), row by row (28), or in any divisor of 784, and named
after the last step. With a `permutation_seed` the pixels come in one random order, the same for every image: what was
near is far. Pixels are scaled to [0, 1], then (p − 0.1307) / 0.3081. The first training image, a five, pixel by pixel:

    pixel 0 … 151: 0, then 3 18 18 18 126 136 …   →   −0.4242 (152 times), −0.3860, −0.1951, …   → label 5

Commonest class: 0.1135 of the test images are ones: chance. The 60,000 training images lend `valid_size` of them, drawn
by `split_seed`, to validation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from rnnbench.data.base import Dataset, Parts, check, generator
from rnnbench.data.examples import Examples, drawn
from rnnbench.data.files import data_file
from rnnbench.data.pixels import Pixels, chance, steps
from rnnbench.errors import UsageError
from rnnbench.objectives.label import Label

URL = "https://ossci-datasets.s3.amazonaws.com/mnist/"
SHA256 = {  # of the un-gzipped bytes
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
MEAN, STD = 0.1307, 0.3081

SEQUENTIAL = {  # accuracy, pixel by pixel
    "LSTM, Bai et al. 2018": 0.872,
    "GRU, Bai et al. 2018": 0.962,
    "RNN, Bai et al. 2018": 0.215,
    "LSTM, Campos et al. 2018": 0.910,
    "GRU, Campos et al. 2018": 0.968,
    "LSTM, Cooijmans et al. 2017": 0.989,
}
PERMUTED = {
    "LSTM, Bai et al. 2018": 0.857,
    "GRU, Bai et al. 2018": 0.873,
    "RNN, Bai et al. 2018": 0.253,
    "LSTM, Cooijmans et al. 2017": 0.902,
}


def idx(content: bytes, name: str) -> Tensor:
    """An idx file of unsigned bytes: two zeros, type 8, the number of axes, their sizes (big-endian), the data."""
    axes = content[3] if content[:3] == b"\x00\x00\x08" and len(content) > 3 else 0
    start = 4 + 4 * axes
    shape = np.frombuffer(content[4:start], ">u4").astype(int).tolist() if axes and len(content) >= start else []
    if not shape or len(content) != start + int(np.prod(shape)):
        raise UsageError(f"{name} is not a whole idx file of unsigned bytes")
    data = np.frombuffer(content, np.uint8, offset=start).reshape(shape)
    return torch.from_numpy(data.copy())


@dataclass(frozen=True)
class MNIST(Dataset):
    """`permutation_seed=null` reads the pixels in their order."""

    permutation_seed: int | None = None
    valid_size: int = 5000
    split_seed: int = 0

    def load(self, *, seq_len: int | None, train_size: int | None, seed: int, data_dir: Path) -> Parts:
        check("dataset.valid_size", self.valid_size, 1, 59_999)
        T = steps(seq_len, 784)  # refuse a wrong one before any download

        order = None
        if self.permutation_seed is not None:
            shuffled = torch.randperm(784, generator=generator(self.permutation_seed, "permutation"))
            order = tuple(shuffled.tolist())
        transform = Pixels(T, 255, MEAN, STD, order)

        def read(name: str) -> Tensor:
            relative = f"mnist/{name}.gz"
            return idx(data_file(data_dir, relative, url=f"{URL}{name}.gz", sha256=SHA256[name]), name)

        def part(images: Tensor, labels: Tensor) -> Examples:
            return Examples(transform(images.flatten(1)), labels.long(), seed=seed)

        images, labels = read("train-images-idx3-ubyte"), read("train-labels-idx1-ubyte")
        split = torch.randperm(len(images), generator=generator(self.split_seed, "split"))
        valid, rest = split[: self.valid_size], split[self.valid_size :]
        rest = rest[drawn(train_size, n=len(rest), seed=seed)]
        train = part(images[rest], labels[rest])
        test = part(read("t10k-images-idx3-ubyte"), read("t10k-labels-idx1-ubyte"))
        published: Mapping[str, float] = SEQUENTIAL if self.permutation_seed is None else PERMUTED
        return Parts(
            train=train,
            valid=part(images[valid], labels[valid]),
            test=test,
            objective=Label(10),
            transform=transform,
            chance=chance(train.targets, test.targets, classes=10),
            published=published if T == 784 else {},
        )
