"""A small trained intent classifier: hashed character n-grams and words, one linear layer, numpy only.

The features are those of fastText (Joulin et al. 2017) without embeddings: n-grams of 2 to 5 letters inside word
bounds, words and word pairs, hashed by CRC-32 into :data:`BUCKETS` rows. Weights are int8 with one scale per intent.
Trained by ``python -m characters.persona.small.intents``; the file is ``data/intents.npz``.
"""

from __future__ import annotations

import zlib
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

BUCKETS = 1 << 15
FILE = Path(__file__).parent / "data" / "intents.npz"


def rows(text: str) -> list[int]:
    """The feature rows of a normalised text, repetitions kept."""
    out: list[int] = []
    words = text.split()
    for word in words:
        padded = f" {word} "
        size = len(padded)
        for n in (2, 3, 4, 5):
            out += [zlib.crc32(padded[at : at + n].encode()) for at in range(size - n + 1)]
        out += [zlib.crc32(f"w:{word}".encode())] * 2
    bounded = ["^", *words, "$"]
    out += [zlib.crc32(f"p:{a} {b}".encode()) for a, b in zip(bounded, bounded[1:])] * 2
    out += [zlib.crc32(f"t:{a} {b} {c}".encode()) for a, b, c in zip(bounded, bounded[1:], bounded[2:])]
    return [value % BUCKETS for value in out]


class Classifier:
    """Probabilities of intents for a normalised text."""

    def __init__(self, file: Path = FILE) -> None:
        with np.load(file) as data:
            self.names: list[str] = [str(name) for name in data["names"]]
            self._weights: npt.NDArray[np.int8] = data["weights"]
            self._scale: npt.NDArray[np.float32] = data["scale"].astype(np.float32)
            self._bias: npt.NDArray[np.float32] = data["bias"].astype(np.float32)

    def rank(self, text: str) -> dict[str, float]:
        """Probability of every intent."""
        found = rows(text)
        if not found:
            return {}
        picked = self._weights[found].sum(0, dtype=np.int32).astype(np.float32)
        logits = picked * self._scale / np.float32(np.sqrt(len(found))) + self._bias
        shares = np.exp(logits - logits.max())
        shares /= shares.sum()
        return dict(zip(self.names, shares.tolist()))


@cache
def classifier() -> Classifier | None:
    """The shipped classifier, None where its file is missing (then retrieval understands alone)."""
    return Classifier() if FILE.exists() else None
