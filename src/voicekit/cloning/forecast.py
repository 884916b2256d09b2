"""Forecast of a clone job (`voicekit clone --dry-run`): number of takes, time and memory, without loading a model."""

from __future__ import annotations

import contextlib
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from voicekit.cloning.job import JobAccess, JobSource, load_job
from voicekit.cloning.plan import JobPlan, plan_job
from voicekit.errors import OutputError
from voicekit.quality.judge import Judge
from voicekit.storage.cache import StageCache
from voicekit.storage.files import folder_bytes, write_json
from voicekit.storage.paths import cache_dir
from voicekit.takes.render import JUDGE, Renderer, TakeRequest, Timing
from voicekit.tts.synthesizer import Synthesizer

SECONDS_PER_WORD = 0.4
"""150 words per minute, the usual pace of reading aloud."""

SECONDS_PER_CHARACTER = 0.05
"""Lower estimate, for scripts without spaces between words."""

BASE_MEMORY = 700_000_000
"""Bytes of a Python process with PyTorch and ONNX Runtime, before any weights."""

NEWEST_RUN_WEIGHT = 0.5
"""Weight of the newest run in the moving average of speeds."""


@dataclass(frozen=True)
class Forecast:
    """What a job would do.

    Attributes:
        plan: Its lines and takes.
        takes: Number of takes.
        cached: Takes that are in the cache already.
        seconds: Estimated work; None if an engine was never timed on this machine.
        audio_seconds: Estimated length of all takes.
        memory: Estimated bytes.
    """

    plan: JobPlan
    takes: int
    cached: int
    seconds: float | None
    audio_seconds: float
    memory: int


def forecast(
    job: JobSource, *, only: Sequence[str] = (), limit: int | None = None, overrides: Sequence[str] = (),
    access: JobAccess = JobAccess(),  # noqa: B008 - frozen
    device: str = "auto", model: str = "auto",
) -> Forecast:  # fmt: skip
    """Forecast what `clone` would do with the same arguments. Raises UsageError if the job is invalid."""
    plan = plan_job(load_job(job, overrides, access), tuple(only), limit)
    with Synthesizer(device=device) as synthesizer, Judge(device, model=model) as judge:
        renderer = Renderer(synthesizer, StageCache())
        requests = [request for line in plan.lines for request in plan.requests(line)]
        missing = [request for request in requests if not renderer.is_cached(request)]
        tts_weights = {
            weights.path for request in requests if (weights := synthesizer.weights(request.voice, request.model))
        }
        return Forecast(
            plan,
            len(requests),
            len(requests) - len(missing),
            SpeedRecords().estimate_seconds(missing, judge.device.kind),
            sum(estimate_speech_seconds(request.text) for request in requests),
            estimate_memory(tts_weights, [weights.path for weights in judge.weights.values()]),
        )


def estimate_speech_seconds(text: str) -> float:
    return max(SECONDS_PER_WORD * len(text.split()), SECONDS_PER_CHARACTER * len(text))


class SpeedRecords:
    """Seconds of work per second of audio on this machine, by component (see `Timing`) and kind of device."""

    def __init__(self) -> None:
        self._path = cache_dir() / "speeds.json"
        self._speeds: dict[str, float] = {}
        with contextlib.suppress(OSError, ValueError, TypeError, AttributeError, RecursionError):
            values = json.loads(self._path.read_text(encoding="utf-8"))
            self._speeds = {str(name): float(value) for name, value in values.items() if 0 < float(value) < 1e6}

    def learn(self, timings: Sequence[Timing], device: str) -> None:
        """Update from the timings of a run, without the first of each component, which includes loading its model."""
        audio_seconds: dict[str, float] = defaultdict(float)
        work_seconds: dict[str, float] = defaultdict(float)
        seen: set[str] = set()
        for timing in timings:
            if timing.component in seen:
                audio_seconds[timing.component] += timing.audio_seconds
                work_seconds[timing.component] += timing.work_seconds
            seen.add(timing.component)
        for component, seconds in audio_seconds.items():
            if seconds > 5:
                speed, name = work_seconds[component] / seconds, f"{component} on {device}"
                previous = self._speeds.get(name, speed)
                self._speeds[name] = NEWEST_RUN_WEIGHT * speed + (1 - NEWEST_RUN_WEIGHT) * previous
        if audio_seconds:
            with contextlib.suppress(OutputError):
                write_json(self._path, self._speeds)

    def estimate_seconds(self, requests: Iterable[TakeRequest], device: str) -> float | None:
        """Estimate the time to render and judge takes; None if a component was never timed on this machine."""
        total = 0.0
        for request in requests:
            audio_seconds = estimate_speech_seconds(request.text)
            for component in (request.voice.voice.engine, JUDGE):
                speed = self._speeds.get(f"{component} on {device}")
                if speed is None:
                    return None
                total += speed * audio_seconds
        return total


def estimate_memory(tts_weights: Iterable[Path], judge_weights: Iterable[Path]) -> int:
    """Bytes, from folders of weights: one TTS model is loaded at a time (the largest counts), the judge's together."""
    return BASE_MEMORY + max(map(folder_bytes, tts_weights), default=0) + sum(map(folder_bytes, judge_weights))
