"""Estimate: how long takes will need, by how long they needed here before; and how much memory.

Times are kept in the cache (speeds.json) by engine and kind of device: seconds of work for a second of sound, the last
runs counting most. What was never timed here is not guessed.
"""

from __future__ import annotations

import contextlib
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from voicekit.errors import OutputError
from voicekit.speech.render import JUDGE, Order, Timing
from voicekit.workspace import cache_dir, folder_bytes, write_json

WORD = 0.4
"""Seconds that a word takes to say: 150 a minute, as readers read aloud."""

LETTER = 0.05
"""Seconds that a character takes, at least: of scripts without spaces, where words are not counted."""

OWN_MEMORY = 700_000_000
"""Bytes of Python with PyTorch and ONNX Runtime, before any weights."""

LAST = 0.5
"""Share that the newest run has in a remembered time."""


def speech_seconds(text: str) -> float:
    """About how long it takes to say, in seconds."""
    return max(WORD * len(text.split()), LETTER * len(text))


class Speeds:
    """Seconds of work for a second of sound, by engine or `judge`, and kind of device."""

    def __init__(self) -> None:
        self._path = cache_dir() / "speeds.json"
        self._known: dict[str, float] = {}
        with contextlib.suppress(OSError, ValueError, TypeError, AttributeError, RecursionError):
            found = json.loads(self._path.read_text(encoding="utf-8"))
            self._known = {str(name): float(value) for name, value in found.items() if 0 < float(value) < 1e6}

    def learn(self, timings: Sequence[Timing], device: str) -> None:
        """Keep what a run needed; the first of each engine is left out, as its model was loaded in it."""
        sound: dict[str, float] = defaultdict(float)
        took: dict[str, float] = defaultdict(float)
        seen: set[str] = set()
        for one in timings:
            if one.what in seen:
                sound[one.what] += one.sound
                took[one.what] += one.took
            seen.add(one.what)
        for what, seconds in sound.items():
            if seconds > 5:
                new, name = took[what] / seconds, f"{what} on {device}"
                self._known[name] = LAST * new + (1 - LAST) * self._known.get(name, new)
        if sound:
            with contextlib.suppress(OutputError):
                write_json(self._path, self._known)

    def seconds(self, orders: Iterable[Order], device: str) -> float | None:
        """Of work on takes that are to be rendered and judged; None where an engine was never timed here."""
        total = 0.0
        for order in orders:
            sound = speech_seconds(order.text)
            for what in (order.voice.voice.engine, JUDGE):
                cost = self._known.get(f"{what} on {device}")
                if cost is None:
                    return None
                total += cost * sound
        return total


def memory(voices: Iterable[Path], judge: Iterable[Path]) -> int:
    """Bytes, about, by the folders of weights: of voices one, the largest, is loaded at a time; the judge's all are."""
    return OWN_MEMORY + max(map(folder_bytes, voices), default=0) + sum(map(folder_bytes, judge))
