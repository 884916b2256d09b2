"""Build a dialogue in its run's folder: render all utterances, mix them, retake the worst, write the files.

An utterance that cannot be rendered becomes silence of its estimated length; the run is still written and reports it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voicekit.config.dialogue import ScriptHeader
from voicekit.config.subtitles import subtitle_style
from voicekit.dialogues.casting import Casting, Utterance
from voicekit.dialogues.mix import MIX, SCORES, SCRIPT, TIMELINE
from voicekit.dialogues.mixdown import RenderedClip, encode_mix, load_clip, mix_takes, silent_clip, stem_names
from voicekit.dialogues.script import Script, by_kind
from voicekit.dialogues.script_format import format_script
from voicekit.dialogues.timeline import SCHEMA, Timeline, gap_statistics, timeline_entries
from voicekit.engines.registry import speech_engine
from voicekit.errors import EngineError, VoicekitError
from voicekit.formats.writers import save
from voicekit.provenance import package_versions, run_environment
from voicekit.quality.judge import Judge
from voicekit.runtime.device import choose_device
from voicekit.runtime.progress import Progress
from voicekit.storage.files import digest, write_text
from voicekit.takes.records import FILE as TAKES_FILE
from voicekit.takes.records import SCHEMA as TAKES_SCHEMA
from voicekit.takes.records import LineRecord, TakeRecord, Takes
from voicekit.takes.render import Renderer, StoredTake, TakeRequest

if TYPE_CHECKING:
    from voicekit.dialogues.scores import DialogueScores
    from voicekit.transcription.session import Session

MAX_LOCKED_TAKES = 100
"""Takes that are kept locked in the cache at a time; each keeps a file open."""

LOUDNESS_TOLERANCE = 0.5
"""LU by which the mix may miss its target without a warning."""

PACKAGES = ("kokoro-onnx", "numpy", "onnxruntime", "piper-tts", "pyloudnorm", "scipy", "soundfile", "soxr")
"""Packages whose versions are recorded in run.json."""


@dataclass(frozen=True)
class DialogueJob:
    """A dialogue to build.

    Attributes:
        casting: The script with voices.
        title: Its title.
        folder: The run's folder.
        renderer: Renders and measures takes.
        progress: Receives progress events.
        timings: Seconds by stage; filled while building.
    """

    casting: Casting
    title: str
    folder: Path
    renderer: Renderer
    progress: Progress
    timings: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Candidate:
    """A rendered take of an utterance, copied into the run's folder."""

    record: TakeRecord
    clip: RenderedClip


@dataclass(frozen=True)
class UtteranceResult:
    """What was rendered for an utterance.

    Attributes:
        utterance: The utterance.
        picked: The take to use; None if rendering failed.
        rejected: Records of its other takes, or of the failed one.
        cached: Whether the first take came from the cache.
        error: Why rendering failed.
        why: Why the picked take was picked.
    """

    utterance: Utterance
    picked: Candidate | None = None
    rejected: tuple[TakeRecord, ...] = ()
    cached: bool = False
    error: str | None = None
    why: str = "the only take"

    @property
    def clip(self) -> RenderedClip:
        return self.picked.clip if self.picked else silent_clip(self.utterance)

    @property
    def takes(self) -> tuple[TakeRecord, ...]:
        return (*self.rejected, self.picked.record) if self.picked else self.rejected


Results = dict[str, UtteranceResult]
"""By utterance id, in the order in which they were rendered."""


def render_all(job: DialogueJob) -> Results:
    """Render the first take of every utterance.

    Raises:
        EngineError: Not a single utterance could be rendered.
    """
    utterances = {utterance.request.id: utterance for utterance in job.casting.utterances}
    results: Results = {}
    started = time.monotonic()
    job.progress.stage_started("takes", 0.0)

    def on_error(request: TakeRequest, error: VoicekitError) -> None:
        utterance = utterances[request.id]
        record = replace(request.to_record(), error=str(error))
        results[utterance.id] = UtteranceResult(utterance, rejected=(record,), error=str(error))
        job.progress.item_failed(_describe(utterance), error)

    requests = [utterance.request for utterance in utterances.values()]
    for count, (stored, _) in enumerate(job.renderer.render_all(requests, None, on_error), 1):
        utterance = utterances[stored.request.id]
        results[utterance.id] = UtteranceResult(utterance, _copy_take(job.folder, stored), cached=stored.cached)
        job.progress.stage_progress(count / len(utterances))
        if count % MAX_LOCKED_TAKES == 0:
            job.renderer.release()
    job.renderer.release()
    if not any(result.picked for result in results.values()):
        error = next(result.error for result in results.values())
        raise EngineError("not a single line could be rendered", f"The first error: {error}")
    job.timings["takes"] = time.monotonic() - started
    all_cached = sum(result.cached for result in results.values()) == len(utterances)
    job.progress.stage_done("takes", job.timings["takes"], all_cached)
    return results


def _copy_take(folder: Path, stored: StoredTake) -> Candidate:
    file = f"takes/{stored.request.id}.flac"
    stored.copy_audio(folder, file)
    record = stored.to_record(file)
    return Candidate(record, load_clip(folder / file, record.parts))


def _describe(utterance: Utterance) -> str:
    return f"line {utterance.line + 1} ({utterance.speaker})"


def mix_all(job: DialogueJob, results: Mapping[str, UtteranceResult]) -> Timeline:
    """Place and mix the picked takes; writes mix.wav and stems/."""
    casting = job.casting
    clips = {id: result.clip for id, result in results.items()}
    started = time.monotonic()
    job.progress.stage_started("mix", sum(rendered.clip.seconds for rendered in clips.values()))
    placed, mixed = mix_takes(casting, clips, job.folder, job.progress.stage_progress)
    job.timings["mix"] = time.monotonic() - started
    job.progress.stage_done("mix", job.timings["mix"], False)
    target = casting.options.loudness
    if mixed.loudness is not None and abs(mixed.loudness - target) > LOUDNESS_TOLERANCE:
        job.progress.warning(
            f"the mix is at {mixed.loudness:g} LUFS instead of {target:g}: more would need too much limiting"
        )
    takes = {id: result.picked.record.id for id, result in results.items() if result.picked}
    errors = {id: result.error for id, result in results.items() if result.error is not None}
    return Timeline(
        SCHEMA, job.title, mixed.seconds, casting.options.rate, tuple(casting.roles), stem_names(casting.roles),
        mixed.loudness, mixed.true_peak, mixed.limited, gap_statistics(placed),
        timeline_entries(casting, placed, takes, errors),
    )  # fmt: skip


def judge_and_retake(
    job: DialogueJob, results: Results, timeline: Timeline, session: Session | None
) -> tuple[Timeline, DialogueScores]:
    """Transcribe and score the mix. If retakes are allowed and improve a line, mix and score again.

    Args:
        job: The dialogue.
        results: Updated with retakes.
        timeline: Of the mix.
        session: Transcribes; None opens a new one.
    """
    from voicekit.dialogues.scores import score_dialogue
    from voicekit.transcription.session import Session

    options = job.casting.options
    started = time.monotonic()
    with session or Session(job.progress) as session:
        scores, _ = score_dialogue(session, job.folder / MIX, timeline, options.device)
        if options.retakes and retake_worst(job, results, scores):
            timeline = mix_all(job, results)
            scores, _ = score_dialogue(session, job.folder / MIX, timeline, options.device)
    job.timings["judge"] = time.monotonic() - started
    return timeline, scores


def retake_worst(job: DialogueJob, results: Results, scores: DialogueScores) -> bool:
    """Retake the lines with the most recognition errors, within the budget of `options.retakes`.

    Lines of deterministic engines are skipped. A retake is kept if its own WER is lower.

    Returns:
        Whether a retake was kept. `results` holds all takes.
    """
    worst = [
        id
        for id, error_rate in scores.lines.items()
        if error_rate > 0 and results[id].picked and _uses_seed(results[id].utterance)
    ]
    budget = job.casting.options.retakes
    attempts = [(number, id) for number in range(2, 2 + budget) for id in worst][:budget]
    improved = False
    with Judge(job.casting.options.device, job.progress) as judge:
        for number, id in attempts:
            results[id] = _retake(job, results[id], number, judge)
            picked = results[id].picked
            improved |= picked is not None and picked.record.number == number
    return improved


def _uses_seed(utterance: Utterance) -> bool:
    return speech_engine(utterance.request.voice.voice.engine).uses_seed


def _retake(job: DialogueJob, result: UtteranceResult, number: int, judge: Judge) -> UtteranceResult:
    """Render another take of an utterance, measure it and the picked one, and pick the one with the lower WER."""
    utterance, current = result.utterance, result.picked
    assert current is not None
    requests = [
        utterance.request if each == 1 else job.casting.retake(utterance, each)
        for each in (current.record.number, number)
    ]
    stored = [job.renderer.render(request) for request in requests]
    measures = [job.renderer.measure(each, judge) for each in stored]
    retake = _copy_take(job.folder, stored[1])
    current = replace(current, record=replace(current.record, measures=measures[0]))
    retake = replace(retake, record=replace(retake.record, measures=measures[1]))
    wers = [1.0 if each.wer is None else each.wer for each in measures]
    best, other = (retake, current) if wers[1] < wers[0] else (current, retake)
    job.progress.note(
        f"{_describe(utterance)}: WER {wers[0]:.0%} of take {current.record.number}, {wers[1]:.0%} of take {number}"
    )
    job.renderer.release()
    why = f"WER {min(wers):.0%}, the other take's is {max(wers):.0%}"
    return replace(result, picked=best, rejected=(*result.rejected, other.record), why=why)


def write_files(
    job: DialogueJob, results: Mapping[str, UtteranceResult], timeline: Timeline, scores: DialogueScores | None
) -> None:
    """Write takes.json, timeline.json, the script, the scores, subtitles, RTTM and the encoded mixes."""
    folder, casting = job.folder, job.casting
    in_order = [results[utterance.id] for utterance in casting.utterances]
    takes = [take for result in in_order for take in sorted(result.takes, key=lambda take: take.number)]
    lines = tuple(_line_record(result) for result in in_order)
    write_text(folder / TAKES_FILE, Takes(TAKES_SCHEMA, lines, tuple(takes)).to_json())
    write_text(folder / TIMELINE, timeline.to_json())
    write_text(folder / SCRIPT, format_script(_resolved_script(casting, job.title)))
    if scores is not None:
        write_text(folder / SCORES, scores.to_json())
    transcript, style = timeline.transcript, subtitle_style("raw")
    for extension in ("srt", "vtt", "rttm"):
        save(transcript, folder / f"mix.{extension}", style)
    for extension in casting.options.format:
        encode_mix(folder / MIX, folder / f"mix.{extension}", timeline)


def _line_record(result: UtteranceResult) -> LineRecord:
    utterance = result.utterance
    voice = utterance.request.voice.voice.name
    if result.picked is None:
        return LineRecord(utterance.id, utterance.text, voice, None, result.error or "", flagged=True)
    record = result.picked.record
    return LineRecord(utterance.id, utterance.text, voice, record.id, result.why, False, record.file)


def _resolved_script(casting: Casting, title: str) -> Script:
    """The script with the cast and options that were used in its header."""
    options = casting.options.model_dump(exclude_defaults=True)
    cast = {name: role.model_dump(exclude_defaults=True) for name, role in casting.roles.items()}
    return replace(casting.script, header=ScriptHeader(title=title, cast=cast, **options))


def dialogue_manifest(
    job: DialogueJob, results: Mapping[str, UtteranceResult], plan: str, source: Path | None
) -> dict[str, Any]:
    """run.json without its list of outputs. Failed lines change the plan digest, so that the next run tries again."""
    casting = job.casting
    errors = {id: result.error for id, result in results.items() if result.error is not None}
    models = _distinct_models(take for result in results.values() for take in result.takes)
    script = {"name": source.name, "sha256": digest(format_script(casting.script))} if source else None
    cached = sum(result.cached for result in results.values())
    return {
        "kind": "dialogue",
        "plan": digest([plan, sorted(errors)]) if errors else plan,
        "source": {"kind": "script", "path": str(source)} if source else {"kind": "text"},
        "inputs": [script] if script else [],
        "config": casting.options.model_dump(mode="json"),
        "cast": {name: role.model_dump(mode="json", exclude_defaults=True) for name, role in casting.roles.items()},
        "models": models,
        "seeds": {"dialogue": casting.options.seed},
        "timings": {name: round(seconds, 3) for name, seconds in job.timings.items()},
        "takes": {"wanted": len(casting.utterances), "cached": cached, "failed": len(errors)},
        "not_spoken": {kind: len(texts) for kind, texts in by_kind(casting.unspoken).items()},
        "warnings": [*casting.notes, *(f"{id}: {error}" for id, error in errors.items())],
        **run_environment(choose_device(job.renderer.synthesizer.device)),
        "packages": package_versions(PACKAGES),
    }


def _distinct_models(takes: Iterable[TakeRecord]) -> list[dict[str, Any]]:
    models = {digest(model): model for take in takes if (model := take.made_with.get("model"))}
    return list(models.values())
