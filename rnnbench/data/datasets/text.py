"""Plain text, character by character: Mikolov et al. 2012; Karpathy 2015 for tinyshakespeare (1,115,394 characters).

The first 90 % of the text train, the next 5 % validate, the last 5 % test. One example at T = 5, from the beginning:

    input   F i r s t
    target  i r s t ␣

Symbols are the characters of the training part, in code-point order, and one more for all that it does not hold.
bpc, bits per character, is the mean of −log₂ p(next character); the loss is the same in nats.

Chance is a table of how often each character occurs in training, tried on the test; `baselines` adds the table of
character pairs (add-one smoothing): 3.59 bits for tinyshakespeare.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from math import log
from pathlib import Path

import numpy as np
import torch

from rnnbench.data.base import Dataset, Parts, check
from rnnbench.data.files import data_file, own_file
from rnnbench.data.running import HeldOut, Streams, Windows
from rnnbench.errors import UsageError
from rnnbench.objectives.metrics.bits import Bits
from rnnbench.objectives.next_symbol import NextSymbol

URL = "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt"
SHA256 = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"


def code_points(text: str) -> np.ndarray:
    return np.frombuffer(text.encode("utf-32-le"), np.uint32)


@dataclass(frozen=True)
class Vocabulary:
    """Characters as symbols 0 … V − 1, of which V − 1 stands for all that are not known."""

    known: str  # V − 1 characters, by code point

    @property
    def size(self) -> int:
        """V"""
        return len(self.known) + 1

    def __call__(self, points: str | np.ndarray) -> np.ndarray:
        """A text, or its code points (N,) → symbols (N,). Raises UsageError for anything else."""
        points = code_points(points) if isinstance(points, str) else np.asarray(points)
        if points.ndim != 1 or points.dtype.kind not in "iu":
            raise UsageError(f"{points.dtype} {points.shape} is neither a text nor its code points")
        known = code_points(self.known)
        place = np.searchsorted(known, points).clip(max=len(known) - 1)
        symbols = np.where(known[place] == points, place, len(known))
        return symbols.astype(np.uint8 if len(self.known) < 256 else np.int32)


def encode(text: str) -> tuple[dict[str, np.ndarray], Vocabulary]:
    """The parts as symbols, and the characters of the training part, which they stand for."""
    points = code_points(text)  # (N,)
    train, valid = round(0.9 * len(points)), round(0.95 * len(points))
    vocabulary = Vocabulary("".join(map(chr, np.unique(points[:train]))))
    symbols = vocabulary(points)
    return {"train": symbols[:train], "valid": symbols[train:valid], "test": symbols[valid:]}, vocabulary


def unigram_bits(train: np.ndarray, test: np.ndarray, size: int) -> float:
    """Bits per character on the test of p(b) = (count b + 1) / (N + V)."""
    counts = np.bincount(train, minlength=size)
    return float(-np.log2((counts[test[1:]] + 1) / (len(train) + size)).mean())


def bigram_bits(train: np.ndarray, test: np.ndarray, size: int) -> float:
    """Bits per character on the test of p(b | a) = (count ab + 1) / (count a + V); the table is sparse."""
    pairs, counts = np.unique(train[:-1].astype(np.int64) * size + train[1:], return_counts=True)
    wanted = test[:-1].astype(np.int64) * size + test[1:]
    place = np.searchsorted(pairs, wanted).clip(max=len(pairs) - 1)
    count = np.where(pairs[place] == wanted, counts[place], 0)
    before = np.bincount(train[:-1], minlength=size)[test[:-1]]
    return float(-np.log2((count + 1) / (before + size)).mean())


@dataclass(frozen=True)
class Characters(Dataset):
    """`carry_state` carries the state from window to window, in training and in evaluation; false begins each window
    with a zero state. `train_size` counts characters, the first of the training part; the symbols stay the same."""

    carry_state: bool = True

    @abstractmethod
    def read(self, data_dir: Path) -> tuple[bytes, str]:
        """The text and its name in messages."""

    def load(self, *, seq_len: int | None, train_size: int | None, seed: int, data_dir: Path) -> Parts:
        content, name = self.read(data_dir)
        try:
            parts, vocabulary = encode(content.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            raise UsageError(f"{name} is not text in UTF-8 (byte {error.start})") from error
        if len(parts["valid"]) < 2 or len(parts["test"]) < 2:
            raise UsageError(f"{name} is too short to split 90/5/5: 40 characters or more are needed")
        if train_size is not None:
            check("train_size", train_size, 2, len(parts["train"]))
        train = parts["train"][:train_size]
        T = 100 if seq_len is None else seq_len
        check("seq_len", T, 1, len(train) - 1)
        symbols = vocabulary.size
        unigram = unigram_bits(train, parts["test"], symbols)
        source = Streams if self.carry_state else Windows
        return Parts(
            train=source(torch.from_numpy(train), T, seed),
            valid=HeldOut(torch.from_numpy(parts["valid"]), T, self.carry_state),
            test=HeldOut(torch.from_numpy(parts["test"]), T, self.carry_state),
            seq_len=T,
            symbols=symbols,
            objective=NextSymbol(symbols),
            metrics=(Bits("bpc", "bits per character"),),
            transform=vocabulary,
            chance={"bpc": unigram, "loss": unigram * log(2)},
            baselines={"bigram table": bigram_bits(train, parts["test"], symbols)},
        )


class TinyShakespeare(Characters):
    def read(self, data_dir: Path) -> tuple[bytes, str]:
        relative = "tinyshakespeare/input.txt"
        return data_file(data_dir, relative, url=URL, sha256=SHA256), str(data_dir / relative)


@dataclass(frozen=True)
class Text(Characters):
    """`path` names the text file, in UTF-8, plain or gzipped."""

    path: str | None = None

    def read(self, data_dir: Path) -> tuple[bytes, str]:
        if self.path is None:
            raise UsageError("no text was named", key="dataset.path", value=None, allowed="the path of a text file")
        return own_file(self.path), self.path
