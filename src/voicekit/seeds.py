"""Named random streams: each random number depends only on the seed and the stream's names.

A stream's seed is the SHA-256 of (seed, purpose, item names such as line and take). The same item therefore gets the
same numbers alone, in another order, after a resume or in a new process.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np


def derive_seed(seed: int, *names: str | int) -> int:
    """Return the 63-bit seed of the stream with these names."""
    text = json.dumps([seed, *names], ensure_ascii=True, separators=(",", ":"))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


@dataclass(frozen=True)
class RandomStreams:
    """The random streams of one item, one stream per purpose.

    Attributes:
        seed: The user's seed.
        names: What identifies the item, such as its line and take number.
    """

    seed: int
    names: tuple[str | int, ...] = ()

    def of(self, *names: str | int) -> RandomStreams:
        """Return the streams of a part of this item."""
        return RandomStreams(self.seed, (*self.names, *names))

    def number(self, purpose: str) -> int:
        """Return the seed of the stream for a purpose."""
        return derive_seed(self.seed, purpose, *self.names)

    def numpy(self, purpose: str) -> np.random.Generator:
        """Return a NumPy generator for a purpose: Philox, which gives the same numbers on all machines."""
        return np.random.Generator(np.random.Philox(self.number(purpose)))

    @contextlib.contextmanager
    def torch(self, purpose: str) -> Iterator[None]:
        """Seed PyTorch's generators on all devices inside the block; restore their state afterwards."""
        import torch

        devices = list(range(torch.cuda.device_count())) if torch.cuda.is_available() else []
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(self.number(purpose))
            yield
