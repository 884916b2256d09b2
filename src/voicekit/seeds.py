"""Seeds: every random draw comes from a named stream, which nothing but its names decides.

A stream's seed is the SHA-256 of (seed, what for, which line, which take ...): the same item draws the same numbers
alone, in another order, resumed, or in a new process. Python's hash and what ran before have no part in it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np


def derive_seed(seed: int, *names: str | int) -> int:
    """A seed of 63 bits for the stream of these names."""
    text = json.dumps([seed, *names], ensure_ascii=True, separators=(",", ":"))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


@dataclass(frozen=True)
class RandomStreams:
    """The streams of one item. `names`: which one it is, such as its line and take."""

    seed: int
    names: tuple[str | int, ...] = ()

    def of(self, *names: str | int) -> RandomStreams:
        """The streams of a part of it."""
        return RandomStreams(self.seed, (*self.names, *names))

    def number(self, purpose: str) -> int:
        """The seed of the stream for a purpose."""
        return derive_seed(self.seed, purpose, *self.names)

    def numpy(self, purpose: str) -> np.random.Generator:
        """The stream for a purpose, as NumPy's; counter-based (Philox), so that it is the same on every machine."""
        return np.random.Generator(np.random.Philox(self.number(purpose)))

    @contextlib.contextmanager
    def torch(self, purpose: str) -> Iterator[None]:
        """Inside it torch's own generators, on every device, begin at the stream; after it they go on as before."""
        import torch

        devices = list(range(torch.cuda.device_count())) if torch.cuda.is_available() else []
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(self.number(purpose))
            yield
