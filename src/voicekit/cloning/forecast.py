"""Clone: a job from its file to a finished run. Takes are rendered, judged, tried again where none was good, chosen.

What is rendered and heard lies in the stage cache, so that a job which was killed goes on where it stopped; the run's
folder appears when it is whole. A line that cannot be said costs that line.
"""

from __future__ import annotations

import contextlib
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from voicekit.cloning.job import JobSource, load_job
from voicekit.cloning.plan import JobPlan, plan_job
from voicekit.errors import OutputError
from voicekit.quality.judge import Judge
from voicekit.storage.cache import StageCache
from voicekit.storage.files import folder_bytes, write_json
from voicekit.storage.paths import cache_dir
from voicekit.takes.render import JUDGE, Renderer, TakeRequest, Timing
from voicekit.tts.synthesizer import Synthesizer


@dataclass(frozen=True)
class Forecast:
    """What a job will take, told before it is done.

    Attributes:
        plan: Its lines and takes.
        takes: How many; `cached`: of them, there already.
        seconds: Of work, about; None where an engine was never timed here.
        sound: Seconds of sound, about.
        memory: Bytes, about.
    """

    plan: JobPlan
    takes: int
    cached: int
    seconds: float | None
    sound: float
    memory: int


def forecast(
    job: JobSource, *, only: Sequence[str] = (), limit: int | None = None, changes: Sequence[str] = (),
    device: str = "auto", model: str = "auto",
) -> Forecast:  # fmt: skip
    """What `clone` would do. Loads no model and writes nothing. Raises as `clone` does before it renders."""
    plan = plan_job(load_job(job, changes), tuple(only), limit)
    with Synthesizer(device=device) as speaker, Judge(device, model=model) as judge:
        renderer = Renderer(speaker, StageCache())
        orders = [order for line in plan.lines for order in plan.orders(line)]
        new = [order for order in orders if not renderer.there(order)]
        voices = {weights.path for order in orders if (weights := speaker.weights(order.voice, order.model))}
        return Forecast(
            plan,
            len(orders),
            len(orders) - len(new),
            Speeds().seconds(new, judge.device.kind),
            sum(speech_seconds(order.text) for order in orders),
            memory(voices, [weights.path for weights in judge.weights.values()]),
        )


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

    def seconds(self, orders: Iterable[TakeRequest], device: str) -> float | None:
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
