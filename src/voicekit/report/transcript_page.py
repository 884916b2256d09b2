"""The page of a transcript: audio and words in sync, words to review, and corrections to save.

Words are compact JSON that the page's script lays out when they come into view, so that three hours of speech open as
fast as three minutes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from voicekit.audio.decode import decode
from voicekit.config.report import ReportOptions
from voicekit.errors import MediaError
from voicekit.report.corrections import SCHEMA, transcript_digest
from voicekit.report.load import LoadedRun, find_recording, model_weights
from voicekit.report.media import PEAKS, PageMedia, waveform_peaks
from voicekit.report.page import render_page
from voicekit.report.speaker_stats import speaker_stats
from voicekit.storage.paths import safe_name
from voicekit.types import Transcript, Word

SHOWN_OPTIONS = (
    "model",
    "diarizer",
    "language",
    "clean",
    "beam_size",
    "speakers",
    "hotwords",
    "prompt",
    "seed",
    "takes",
)
"""Options of the run that the page shows."""


def transcript_page(
    run: LoadedRun, out: Path, options: ReportOptions, audio: Path | None = None
) -> tuple[str, list[str]]:
    """Render the page of a transcript and write its audio.

    Args:
        run: The transcript.
        out: File of the page.
        options: Thresholds, and whether to embed audio.
        audio: The recording (default: the one that the run names).

    Returns:
        The HTML, and notes on what is missing.

    Raises:
        MediaError: `audio` cannot be decoded.
        OutputError: The audio cannot be written.
    """
    transcript = run.transcript
    audio_data, audio_notes = _load_audio(run, PageMedia(out, options.embed), audio)
    notes = [*run.notes, *audio_notes]
    data = {
        "kind": SCHEMA,
        "mark": transcript_digest(transcript),
        "source": transcript.source,
        "duration": transcript.duration,
        **transcript_rows(transcript),
        **audio_data,
        "below": options.below,
        "speakerBelow": options.speaker_below,
        "apply": str(run.folder if run.manifest else run.file),
        "save": f"{_file_stem(transcript.source)}.edits.json",
    }
    html = render_page(
        "transcript", transcript.source, data,
        transcript=transcript, statistics=speaker_stats(transcript), notes=notes, settings=run_settings(run),
        words=len(transcript.words), has_audio="audio" in audio_data,
    )  # fmt: skip
    return html, notes


def transcript_rows(transcript: Transcript) -> dict[str, Any]:
    """Segments, words and turns as compact JSON: indices of speakers, milliseconds, per cent.

    Returns:
        `segments`: [id, start, end, speaker, language, text, words]; a word is [text, start, end, probability, speaker
        confidence, speaker], without trailing values that are missing or the segment's. `turns`: [start, end, speaker].
        `names`: of speakers.
    """
    indices = {name: index for index, name in enumerate(transcript.speakers)}

    def speaker_index(name: str | None) -> int:
        return indices.setdefault(name, len(indices)) if name is not None else -1

    def word_row(word: Word, speaker: str | None) -> list[Any]:
        row: list[Any] = [word.text, _milliseconds(word.start), _milliseconds(word.end), round(word.probability * 100)]
        if word.speaker_confidence is not None or word.speaker != speaker:
            row.append(-1 if word.speaker_confidence is None else round(word.speaker_confidence * 100))
        if word.speaker != speaker:
            row.append(speaker_index(word.speaker))
        return row

    segments: list[list[Any]] = [
        [
            s.id, _milliseconds(s.start), _milliseconds(s.end), speaker_index(s.speaker), s.language, s.text,
            [word_row(word, s.speaker) for word in s.words],
        ]
        for s in transcript.segments
    ]  # fmt: skip
    turns = [[_milliseconds(t.start), _milliseconds(t.end), speaker_index(t.speaker)] for t in transcript.turns]
    return {"segments": segments, "turns": turns or [s[1:4] for s in segments], "names": list(indices)}


def run_settings(run: LoadedRun) -> list[tuple[str, str]]:
    """Name and value of the settings of a run that pages show."""
    rows = [("run", run.name)] if run.manifest else []
    if isinstance(created := run.get("created"), str):
        rows.append(("created", created.replace("T", " ").replace("Z", " UTC")))
    for name in SHOWN_OPTIONS:
        value = run.get("config", name)
        if value not in (None, "", [], ()):
            rows.append((name.replace("_", " "), str(value)))
    rows += [("weights", f"{name} ({revision})") for name, revision in model_weights(run)]
    if version := run.get("voicekit", "version"):
        rows.append(("voicekit", str(version)))
    return rows


def _load_audio(run: LoadedRun, media: PageMedia, given: Path | None) -> tuple[dict[str, Any], list[str]]:
    """Address, waveform and duration of the recording's audio; or {}, with a note that says why not."""
    path, reason = (given, "") if given else find_recording(run)
    if path is None:
        return {}, [f"No audio: {reason}. Give the recording with --audio FILE"]
    try:
        audio, notes = decode(path)
    except MediaError as error:
        if given:
            raise
        return {}, [f"No audio: {error}"]
    address = media.add_audio("audio", audio)
    return {"audio": address, "peaks": waveform_peaks(audio, PEAKS), "sound": audio.duration}, notes


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def _file_stem(source: str) -> str:
    """A file name for a path or URL."""
    return safe_name(Path(source.rstrip("/").rpartition("/")[2]).stem)
