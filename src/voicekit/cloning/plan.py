"""Plan a clone job: the takes to render for each line, with voices, parameters and seeds. Loads no model.

The seed of a take is derived from the job's seed, the voice, the text, the occurrence (of equal lines) and the take's
number, but not from the position of the line: adding a line does not change other takes. Different settings of a line
get the same seeds, so that their takes differ by the settings only.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel

from voicekit.audio.encode import check_rate
from voicekit.cloning.job import Job
from voicekit.config.clone import CloneJob, JobLine, JobVoice, Scalar
from voicekit.config.engines import sampling
from voicekit.config.presets import preset
from voicekit.config.schema import check_seed
from voicekit.engines.registry import SpeechEngine, speech_engine, speech_engines
from voicekit.errors import UsageError
from voicekit.redact import list_names
from voicekit.storage.paths import distinct_names
from voicekit.takes.render import TakeRequest, take_seed
from voicekit.text.plain_text import tags_without_effect
from voicekit.tts.readable import check_readable
from voicekit.tts.voices import KnownVoice, find_voice, hidden_voice

MAX_TAKES = 200_000

SEEDS = "seeds"
"""Step of the retry ramp that tries other seeds instead of another preset."""


@dataclass(frozen=True)
class Setting:
    """Voice and parameters to try for a line. `seed` is set if seeds are swept."""

    voice: KnownVoice
    params: BaseModel
    preset: str | None
    seed: int | None = None


@dataclass(frozen=True)
class LinePlan:
    """A line spoken by one voice. `occurrence`: number of earlier lines with the same voice and text."""

    id: str
    text: str
    voice: str
    occurrence: int
    settings: tuple[Setting, ...]

    @property
    def engine(self) -> SpeechEngine:
        return speech_engine(self.settings[0].voice.voice.engine)


@dataclass(frozen=True)
class JobPlan:
    """All lines of a job with their settings."""

    spec: CloneJob
    lines: tuple[LinePlan, ...]

    def requests(self, line: LinePlan) -> list[TakeRequest]:
        """The first takes of a line."""
        numbers = range(1, (self.spec.takes if line.engine.uses_seed else 1) + 1)
        variants = [
            (setting, setting.seed if setting.seed is not None else self.seed(line, number))
            for setting in line.settings
            for number in (numbers if setting.seed is None else (1,))
        ]
        return [self._request(line, number, *variant) for number, variant in enumerate(variants, 1)]

    @property
    def warnings(self) -> list[str]:
        """What the writer of the job may not expect."""
        voices = [setting.voice for line in self.lines for setting in line.settings]
        hidden = dict.fromkeys(warning for voice in voices if (warning := hidden_voice(voice)))
        return [*hidden, *tags_without_effect({line.id: line.text for line in self.lines})]

    def retries(self, line: LinePlan, take_count: int) -> Iterator[list[TakeRequest]]:
        """Yield further takes for a line without a good one, step by step of the retry ramp.

        Args:
            line: The line.
            take_count: Takes that the line has already.
        """
        steps = [
            step
            for step in self.spec.retry.ramp
            if (line.engine.uses_seed if step == SEEDS else _has_preset(line.engine, step))
        ]
        budget, number = self.spec.retry.budget, take_count
        for position, step in enumerate(steps):
            settings = self._settings_of_step(line, step)
            share = budget // (len(steps) - position) if line.engine.uses_seed else min(budget, 1)
            requests = []
            for n in range(share):
                number += 1
                requests.append(self._request(line, number, settings[n % len(settings)], self.seed(line, number)))
            budget -= share
            if requests:
                yield requests

    def seed(self, line: LinePlan, number: int) -> int:
        return take_seed(self.spec.seed, line.voice, line.text, line.occurrence, number)

    def _settings_of_step(self, line: LinePlan, step: str) -> tuple[Setting, ...]:
        if step == SEEDS:
            return line.settings
        voice = line.settings[0].voice
        return (Setting(voice, sampling(line.engine.name, line.engine.params, step), step),)

    def _request(self, line: LinePlan, number: int, setting: Setting, seed: int) -> TakeRequest:
        return TakeRequest(
            line.id, number, line.text, setting.voice, setting.params, seed, setting.preset,
            self.spec.voices[line.voice].model, self.spec.normalize, self.spec.watermark,
        )  # fmt: skip


def plan_job(job: Job, only: tuple[str, ...] = (), limit: int | None = None) -> JobPlan:
    """Plan a job.

    Args:
        job: The job.
        only: Ids of lines (default: all).
        limit: The first N lines only.

    Raises:
        UsageError: An invalid voice, engine, preset or parameter, with its place in the job; an unknown line id.
    """
    spec = job.spec
    _find_voice_cached.cache_clear()  # refs/ may have changed since the last job
    check_rate(f".{spec.output.format}", spec.output.rate)
    _check_count(spec)
    for step in spec.retry.ramp:
        _check_retry_step(job, step)
    occurrences: Counter[tuple[str, str]] = Counter()
    lines: list[LinePlan] = []
    file_names = distinct_names(spec.voices)
    for number, line in enumerate(spec.lines):
        for voice in spec.voices if line.voice == "all" else [str(line.voice)]:
            settings = tuple(_resolve_settings(job, line, voice, number))
            _check_line(job, number, line.text, settings)
            name = _line_id(line, file_names[voice])
            lines.append(LinePlan(name, line.text, voice, occurrences[voice, line.text], settings))
            occurrences[voice, line.text] += 1
    if only:
        known = {line.id for line in lines} | {str(line.id) for line in spec.lines}
        if unknown := [name for name in only if name not in known]:
            raise UsageError(f"no line {unknown[0]!r} in the job", f"Its lines: {list_names(sorted(known), 20)}")
        chosen = [line for line in spec.lines if line.id in only]
        wanted = {*only, *(_line_id(line, name) for line in chosen for name in file_names.values())}
        lines = [line for line in lines if line.id in wanted]
    plan = JobPlan(spec, tuple(lines[:limit]))
    _check_distinct_ids(plan.lines)
    return plan


def _check_count(spec: CloneJob) -> None:
    """Raise UsageError if the job has too many takes; they are counted before any is planned."""
    settings = {name: (voice.sweep or spec.sweep).count for name, voice in spec.voices.items()}
    everyone = sum(settings.values())
    count = spec.takes * sum(
        everyone if line.voice == "all" else settings.get(str(line.voice), 0) for line in spec.lines
    )
    if count > MAX_TAKES:
        raise UsageError(f"{count:,} takes", f"Give at most {MAX_TAKES:,} at once: fewer takes, or a smaller sweep")


def _line_id(line: JobLine, voice: str) -> str:
    """Id of a line; it names files, so `voice` is a file name."""
    return f"{line.id}-{voice}" if line.voice == "all" else str(line.id)


def _check_line(job: Job, number: int, text: str, settings: Sequence[Setting]) -> None:
    by_language = {setting.voice.voice.language: setting.voice for setting in reversed(settings)}
    try:
        for voice in by_language.values():
            check_readable(text, voice, job.spec.normalize)
    except UsageError as error:
        raise UsageError(f"{job.locate('lines', number)}: {error.message}", error.remedy) from None


def _check_distinct_ids(lines: Sequence[LinePlan]) -> None:
    """Raise UsageError if two lines would have one file: `x-a` with the voice b, and `x` with the voice a-b."""
    seen: dict[str, LinePlan] = {}
    for line in lines:
        other = seen.setdefault(line.id.casefold(), line)
        if other is not line:
            raise UsageError(
                f"two lines would be written to {line.id}: {other.text[:30]!r} and {line.text[:30]!r}",
                "Change the id of one",
            )


def _check_retry_step(job: Job, step: str) -> None:
    if step != SEEDS and not any(_has_preset(engine, step) for engine in speech_engines().values()):
        raise UsageError(
            f"{job.locate('retry', 'ramp')}: no engine has a preset {step!r}",
            f"Use {SEEDS}, or a name in configs/sampling/ENGINE",
        )


def _has_preset(engine: SpeechEngine, name: str) -> bool:
    try:
        preset(f"sampling/{engine.name}", name)
    except UsageError:
        return False
    return True


def _resolve_voice(job: Job, name: str, reference: str | None) -> KnownVoice:
    voice = job.spec.voices[name]
    try:
        known = _find_voice_cached(reference or voice.clip or voice.voice or name, voice.engine, voice.language)
    except UsageError as error:
        raise UsageError(f"{job.locate('voices', name)}: {error.message}", error.remedy) from None
    return replace(known, voice=replace(known.voice, name=name))


@functools.lru_cache(maxsize=1024)
def _find_voice_cached(name: str, engine: str | None, language: str | None) -> KnownVoice:
    return find_voice(name, engine, language)


def _resolve_settings(job: Job, line: JobLine, name: str, number: int) -> Iterator[Setting]:
    """Yield each setting of the sweep with a voice; sweep overrides line, line overrides voice."""
    voice: JobVoice = job.spec.voices[name]
    for setting in (voice.sweep or job.spec.sweep).settings:
        swept: dict[str, Any] = dict(setting)
        known = _resolve_voice(job, name, _optional_text(swept.pop("reference", None)))
        preset_name = _optional_text(swept.pop("preset", None)) or line.preset or voice.preset
        preset_name = preset_name or (known.config.preset if known.config else None)
        seed = swept.pop("seed", None)
        spec = speech_engine(known.voice.engine)
        try:
            if seed is not None:
                check_seed(seed)
            params = sampling(spec.name, spec.params, preset_name, **{**voice.params, **line.params, **swept})
        except UsageError as error:
            place = ("lines", number) if line.params or line.preset else ("voices", name)
            raise UsageError(f"{job.locate(*place)}: {error.message}", error.remedy) from None
        yield Setting(known, params, preset_name, seed)


def _optional_text(value: Scalar | None) -> str | None:
    return None if value is None else str(value)
