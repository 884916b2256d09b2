"""The page of a transcript: sound and words together, what to review, and corrections to save.

Words come as JSON, a row a word and times in milliseconds, and are laid out by the page's script as they come into
view: three hours of speech open as fast as three minutes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from voicekit.audio.decode import decode
from voicekit.config.report import ReportOptions
from voicekit.errors import MediaError
from voicekit.report import page
from voicekit.report.corrections import SCHEMA, mark
from voicekit.report.load import LoadedRun, recording_of, weights
from voicekit.report.media import PEAKS, PageMedia, peaks
from voicekit.report.speaker_stats import statistics
from voicekit.storage.paths import safe_name
from voicekit.types import Transcript, Word

SHOWN = ("model", "diarizer", "language", "clean", "beam_size", "speakers", "hotwords", "prompt", "seed", "takes")
"""Options that a reader asks for first."""


def transcript_page(
    run: LoadedRun, out: Path, options: ReportOptions, audio: Path | None = None
) -> tuple[str, list[str]]:
    """The page's HTML, its media made; and notes on what is missing.

    Args:
        run: Of a transcript.
        out: The file that the page will be.
        options: Thresholds, and whether to embed.
        audio: The recording, where the run does not know it.

    Raises:
        MediaError: `audio` cannot be decoded.
        OutputError: the sound cannot be written.
    """
    transcript = run.transcript
    shelf = PageMedia(out, options.embed)
    sound, notes = _sound(run, shelf, audio)
    notes = [*run.notes, *notes]
    data = {
        "kind": SCHEMA,
        "mark": mark(transcript),
        "source": transcript.source,
        "duration": transcript.duration,
        **rows(transcript),
        **sound,
        "below": options.below,
        "speakerBelow": options.speaker_below,
        "apply": str(run.folder if run.manifest else run.file),
        "save": f"{_stem(transcript.source)}.edits.json",
    }
    html = page.render(
        "transcript", transcript.source, data,
        transcript=transcript, statistics=statistics(transcript), notes=notes, made=made(run), run=run,
        words=len(transcript.words), has_sound="audio" in sound, options=options,
    )  # fmt: skip
    return html, notes


def rows(transcript: Transcript) -> dict[str, Any]:
    """Segments, words and turns as the script reads them: numbers for speakers, milliseconds, per cent.

    Returns:
        `segments`: [id, start, end, speaker, language, text, words]; a word is [text, start, end, probability, speaker
        confidence, speaker] without what is missing at its end. `turns`: [start, end, speaker].
    """
    numbers = {name: i for i, name in enumerate(transcript.speakers)}

    def who(name: str | None) -> int:
        return numbers.setdefault(name, len(numbers)) if name is not None else -1

    def row(word: Word, speaker: str | None) -> list[Any]:
        told: list[Any] = [word.text, _ms(word.start), _ms(word.end), round(word.probability * 100)]
        if word.speaker_confidence is not None or word.speaker != speaker:
            told.append(-1 if word.speaker_confidence is None else round(word.speaker_confidence * 100))
        if word.speaker != speaker:
            told.append(who(word.speaker))
        return told

    segments: list[list[Any]] = [
        [
            s.id, _ms(s.start), _ms(s.end), who(s.speaker), s.language, s.text,
            [row(word, s.speaker) for word in s.words],
        ]
        for s in transcript.segments
    ]  # fmt: skip
    turns = [[_ms(t.start), _ms(t.end), who(t.speaker)] for t in transcript.turns] or [s[1:4] for s in segments]
    return {"segments": segments, "turns": turns, "names": list(numbers)}


def made(run: LoadedRun) -> list[tuple[str, str]]:
    """With what the run was made, for people."""
    out = [("run", run.name)] if run.manifest else []
    if isinstance(when := run.get("created"), str):
        out.append(("made", when.replace("T", " ").replace("Z", " UTC")))
    for name in SHOWN:
        value = run.get("config", name)
        if value not in (None, "", [], ()):
            out.append((name.replace("_", " "), str(value)))
    out += [("weights", f"{name} ({revision})") for name, revision in weights(run)]
    if version := run.get("voicekit", "version"):
        out.append(("voicekit", str(version)))
    return out


def _sound(run: LoadedRun, shelf: PageMedia, given: Path | None) -> tuple[dict[str, Any], list[str]]:
    """Compact sound and its waveform; or nothing, and in words why."""
    found, why = (given, "") if given else recording_of(run)
    if found is None:
        return {}, [f"No sound: {why}. Give it with --audio FILE"]
    try:
        audio, notes = decode(found)
    except MediaError as error:
        if given:
            raise
        return {}, [f"No sound: {error}"]
    return {"audio": shelf.sound("audio", audio), "peaks": peaks(audio, PEAKS), "sound": audio.duration}, notes


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def _stem(source: str) -> str:
    return safe_name(Path(source.rstrip("/").rpartition("/")[2]).stem)
