"""Plan: a job to the takes that it wants, before any model is loaded. What cannot be is said here, with its place.

A take's seed is derived from the job's seed, the voice, the text, which of its like it is, and the take's number: not
from the line's place, so that a line more or less renders nothing else anew. Two settings of one line get the same
seeds, so that they differ by the settings alone.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from voicekit.cloning.job import Job
from voicekit.config.clone import CloneJob, JobLine, JobVoice, Scalar
from voicekit.config.engines import sampling
from voicekit.config.presets import preset
from voicekit.engines.registry import SpeechEngine, speech_engine, speech_engines
from voicekit.errors import UsageError
from voicekit.takes.render import TakeRequest, take_seed
from voicekit.tts.voices import KnownVoice, find
from voicekit.types import Voice

MOST_TAKES = 200_000

SEEDS = "seeds"
"""The step of a retry's ramp that takes other seeds."""


@dataclass(frozen=True)
class Setting:
    """With what a line is tried. `seed`: where it is swept."""

    voice: KnownVoice
    params: BaseModel
    preset: str | None
    seed: int | None = None


@dataclass(frozen=True)
class LinePlan:
    """A line by one voice. `like`: how many lines before it have the same voice and text."""

    id: str
    text: str
    voice: str
    like: int
    settings: tuple[Setting, ...]

    @property
    def engine(self) -> SpeechEngine:
        return speech_engine(self.settings[0].voice.voice.engine)


@dataclass(frozen=True)
class JobPlan:
    """All lines of a job, each with its settings."""

    spec: CloneJob
    lines: tuple[LinePlan, ...]

    def orders(self, line: LinePlan) -> list[TakeRequest]:
        """The takes of a line at first."""
        seeds = range(1, (self.spec.takes if line.engine.uses_seed else 1) + 1)
        wanted = [
            (setting, setting.seed if setting.seed is not None else self.seed(line, n))
            for setting in line.settings
            for n in (seeds if setting.seed is None else (1,))
        ]
        return [self._order(line, number, *each) for number, each in enumerate(wanted, 1)]

    def retries(self, line: LinePlan, made: int) -> Iterator[list[TakeRequest]]:
        """The takes to try further where none was good, step by step. `made`: how many there were at first."""
        ramp = self.spec.retry.ramp
        steps = [step for step in ramp if (line.engine.uses_seed if step == SEEDS else _has_preset(line.engine, step))]
        left, number = self.spec.retry.budget, made
        for place, step in enumerate(steps):
            settings = self._settings_of_step(line, step)
            share = left // (len(steps) - place) if line.engine.uses_seed else min(left, 1)
            orders = []
            for n in range(share):
                number += 1
                orders.append(self._order(line, number, settings[n % len(settings)], self.seed(line, number)))
            left -= share
            if orders:
                yield orders

    def seed(self, line: LinePlan, number: int) -> int:
        return take_seed(self.spec.seed, line.voice, line.text, line.like, number)

    def _settings_of_step(self, line: LinePlan, step: str) -> tuple[Setting, ...]:
        if step == SEEDS:
            return line.settings
        first = line.settings[0]
        return (Setting(first.voice, sampling(line.engine.name, line.engine.params, step), step),)

    def _order(self, line: LinePlan, number: int, setting: Setting, seed: int) -> TakeRequest:
        return TakeRequest(
            line.id, number, line.text, setting.voice, setting.params, seed, setting.preset,
            self.spec.voices[line.voice].model, self.spec.normalize, self.spec.watermark,
        )  # fmt: skip


def plan_job(job: Job, only: tuple[str, ...] = (), limit: int | None = None) -> JobPlan:
    """What a job wants.

    Args:
        only: Ids of lines; all when empty.
        limit: The first lines only.

    Raises:
        UsageError: a voice, engine, preset or parameter that cannot be, with its place; an id that is not there.
    """
    spec = job.spec
    for step in spec.retry.ramp:
        _check_step(job, step)
    like: Counter[tuple[str, str]] = Counter()
    lines: list[LinePlan] = []
    for number, line in enumerate(spec.lines):
        for voice in spec.voices if line.voice == "all" else [str(line.voice)]:
            settings = tuple(_settings(job, line, voice, number))
            lines.append(LinePlan(_id(line, voice), line.text, voice, like[voice, line.text], settings))
            like[voice, line.text] += 1
    if only:
        known = {line.id for line in lines} | {str(line.id) for line in spec.lines}
        if unknown := [name for name in only if name not in known]:
            raise UsageError(f"no line {unknown[0]!r} in the job", f"Its lines: {', '.join(sorted(known)[:20])}")
        of_all = {_id(line, voice) for line in spec.lines if line.id in only for voice in spec.voices}
        lines = [line for line in lines if line.id in only or line.id in of_all]
    plan = JobPlan(spec, tuple(lines[:limit]))
    count = sum(len(line.settings) * spec.takes for line in plan.lines)
    if count > MOST_TAKES:
        raise UsageError(f"{count} takes", f"Give at most {MOST_TAKES} at once: fewer takes, or a smaller sweep")
    return plan


def _id(line: JobLine, voice: str) -> str:
    return f"{line.id}-{voice}" if line.voice == "all" else str(line.id)


def _check_step(job: Job, step: str) -> None:
    if step != SEEDS and not any(_has_preset(engine, step) for engine in speech_engines().values()):
        raise UsageError(
            f"{job.where('retry', 'ramp')}: no engine has a preset {step!r}",
            f"Use {SEEDS}, or a name in configs/sampling/ENGINE",
        )


def _has_preset(engine: SpeechEngine, name: str) -> bool:
    try:
        preset(f"sampling/{engine.name}", name)
    except UsageError:
        return False
    return True


def _known(job: Job, name: str, reference: str | None) -> KnownVoice:
    voice = job.spec.voices[name]
    try:
        found = _find(reference or voice.clip or voice.voice or name, voice.engine, voice.language)
    except UsageError as error:
        raise UsageError(f"{job.where('voices', name)}: {error.message}", error.remedy) from None
    own = found.voice
    clip = own.clip and Path(own.clip)
    return KnownVoice(Voice(name, own.engine, own.speaker, clip, own.language), found.about, found.folder)


@functools.lru_cache(maxsize=1024)
def _find(name: str, engine: str | None, language: str | None) -> KnownVoice:
    return find(name, engine, language)


def _settings(job: Job, line: JobLine, name: str, number: int) -> Iterator[Setting]:
    """Of a preset the nearest holds: the sweep's, the line's, the voice's; of parameters likewise, one by one."""
    voice: JobVoice = job.spec.voices[name]
    for setting in (voice.sweep or job.spec.sweep).settings:
        own: dict[str, Any] = dict(setting)
        known = _known(job, name, _text(own.pop("reference", None)))
        chosen = _text(own.pop("preset", None)) or line.preset or voice.preset
        chosen = chosen or (known.about.preset if known.about else None)
        seed = own.pop("seed", None)
        spec = speech_engine(known.voice.engine)
        try:
            if seed is not None and (not isinstance(seed, int) or seed < 0):
                raise UsageError(f"seed {seed!r} is no whole number from 0", "Give such as 7")
            params = sampling(spec.name, spec.params, chosen, **{**voice.params, **line.params, **own})
        except UsageError as error:
            place = ("lines", number) if line.params or line.preset else ("voices", name)
            raise UsageError(f"{job.where(*place)}: {error.message}", error.remedy) from None
        yield Setting(known, params, chosen, seed)


def _text(value: Scalar | None) -> str | None:
    return None if value is None else str(value)
