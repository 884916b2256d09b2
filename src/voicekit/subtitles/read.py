"""Read subtitle files as they occur in the world: problems are repaired with a note, or reported with their line.

Each cue becomes a segment whose `cue` holds its original text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby, pairwise
from pathlib import Path

from voicekit.errors import SourceError
from voicekit.redact import limit_notes
from voicekit.storage.files import read_limited
from voicekit.subtitles.frame_times import with_milliseconds
from voicekit.subtitles.parse_srt import parse_srt
from voicekit.subtitles.parse_vtt import language_in_header, parse_vtt
from voicekit.subtitles.rolling import without_repeated_lines
from voicekit.subtitles.source_cue import MAX_BYTES, ReadOptions, SourceCue
from voicekit.subtitles.speaker_labels import has_labels, lines_without_dashes, split_label
from voicekit.text.controls import without_controls
from voicekit.text.encodings import DAMAGED_UTF8, decode_text
from voicekit.text.languages import UNKNOWN
from voicekit.text.words import join_words
from voicekit.transcript_check import MAX_TEXT
from voicekit.types import Segment, Transcript, Word, spread

MIN_SIMULTANEOUS = 0.5
"""Share of the shorter of two cues from which an overlap in time counts as intended."""


def read_subtitles(path: str | Path, options: ReadOptions = ReadOptions()) -> tuple[Transcript, list[str]]:
    """Read a .srt or .vtt file.

    Args:
        path: The file.
        options: What is known about it.

    Returns:
        A transcript with one segment per cue, and notes on what was repaired, with line numbers.

    Raises:
        SourceError: The file is missing, too large or of another type, or has an error that cannot be repaired.
    """
    path = Path(path)
    if path.suffix.lower() not in (".srt", ".vtt"):
        problem = f"{path}: unknown file type" if path.exists() else f"cannot read {path}: no such file"
        raise SourceError(problem, "Give a .srt, .vtt or transcript.json")
    data = read_limited(path, MAX_BYTES, "Give the subtitles of one recording")
    text, decoding_notes = decode(data, str(path), options)
    transcript, notes = parse(text, str(path), vtt=path.suffix.lower() == ".vtt", options=options)
    if not transcript.segments:
        notes = [*notes, "there are no cues in it"]
    return transcript, decoding_notes + notes


def decode(data: bytes, name: str, options: ReadOptions = ReadOptions()) -> tuple[str, list[str]]:
    """Decode the contents of a file, with a note if it is neither UTF-8 nor UTF-16.

    Raises:
        SourceError: The data is not text, or its encoding is in doubt; see `text.encodings.decode_text`.
    """
    text, encoding = decode_text(data, name, options.encoding, options.language)
    if "\0" in text and not text.startswith("WEBVTT"):
        line = text[: text.index("\0")].count("\n") + 1
        raise SourceError(f"{name}: line {line}: a zero byte: this is not text", "Give a subtitle file, as UTF-8")
    text = text.replace("\0", "\ufffd")
    if options.encoding or encoding in ("utf-8", "utf-16"):
        return text, []
    if encoding == DAMAGED_UTF8:
        line = next(number for number, row in enumerate(data.split(b"\n"), 1) if not _is_utf8(row))
        return text, [f"line {line}: bytes that are not UTF-8: read as cp1252; if that is wrong, give --encoding"]
    line = next(number for number, row in enumerate(data.split(b"\n"), 1) if not row.isascii())
    return text, [f"line {line}: not UTF-8: read as {encoding}; if that is wrong, give --encoding"]


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def parse(
    text: str,
    name: str,
    vtt: bool = False,
    options: ReadOptions = ReadOptions(),
) -> tuple[Transcript, list[str]]:
    """Parse subtitles.

    Args:
        text: Contents of the file.
        name: Name of the file, for errors and as the transcript's source.
        vtt: Whether it is WebVTT; otherwise SubRip.
        options: What is known about the file.

    Returns:
        A transcript with one segment per cue, and notes on what was repaired.

    Raises:
        SourceError: An error cannot be repaired; names the line.
    """
    lines = without_controls(text.replace("\r\n", "\n").replace("\r", "\n")).split("\n")
    lines = with_milliseconds(lines, name, options.fps)
    notes: list[str] = []
    cues = list(parse_vtt(lines, name, notes) if vtt else parse_srt(lines, name, notes))
    for cue in cues:
        if len(cue.text) > MAX_TEXT:
            raise SourceError(
                f"{name}: line {cue.line}: a cue of {len(cue.text):,} characters", f"At most {MAX_TEXT:,} are possible"
            )
    language = (language_in_header(lines) if vtt else None) or UNKNOWN
    if any(second.start < first.start for first, second in pairwise(cues)):
        notes.append("cues out of order: sorted by start time")
        cues.sort(key=lambda cue: (cue.start, cue.line))
    cues = without_repeated_lines(cues, notes)
    segments = with_layers(_to_segments(cues, language, options.speaker_prefix))
    speakers = tuple(dict.fromkeys(s.speaker for s in segments if s.speaker))
    duration = max((s.end for s in segments), default=0.0)
    transcript = Transcript("voicekit.transcript/1", language, duration, Path(name).name, speakers, segments)
    return transcript, limit_notes(notes)


def with_layers(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    """Put cues that are shown at the same time, such as a sign over dialogue, into different layers.

    A cue that only lingers into the next one, by less than MIN_SIMULTANEOUS of the shorter one, is not simultaneous.
    """
    last_of_layer: list[Segment] = []
    layered = []
    for segment in segments:
        layer = next((n for n, last in enumerate(last_of_layer) if not _are_simultaneous(last, segment)), None)
        if layer is None:
            layer = len(last_of_layer)
            last_of_layer.append(segment)
        elif last_of_layer[layer].end < segment.end:
            last_of_layer[layer] = segment
        layered.append(replace(segment, layer=layer))
    return tuple(layered)


def _are_simultaneous(first: Segment, second: Segment) -> bool:
    shared = min(first.end, second.end) - second.start
    shorter = min(first.end - first.start, second.end - second.start)
    return shared > MIN_SIMULTANEOUS * shorter and shared > 0


def _to_segments(cues: Sequence[SourceCue], language: str, speaker_prefix: bool | None) -> tuple[Segment, ...]:
    """Return one segment per cue.

    A speaker label applies until the next one. If two speakers share a cue, each word has its own speaker and the
    segment has the first.
    """
    labelled = speaker_prefix
    if labelled is None:
        labelled = not any(voice for cue in cues for voice, _ in cue.lines) and has_labels(cues)
    segments: list[Segment] = []
    speaker: str | None = None
    for number, cue in enumerate(cues):
        lines: list[tuple[str | None, str]] = []
        for (voice, _), line in zip(cue.lines, lines_without_dashes(cue), strict=True):
            name, text = split_label(line) if labelled else (voice, line)
            speaker = name or (speaker if labelled else None)
            lines.append((speaker, text))
        said = (join_words(line for _, line in group if line) for _, group in groupby(lines, key=lambda pair: pair[0]))
        text = " ".join(filter(None, said))  # no word is of two speakers, also in scripts without spaces
        speaker_of_character = [name for name, line in lines for _ in "".join(line.split())]
        words, position = [], 0
        for word in _with_times(text, cue):
            words.append(replace(word, speaker=speaker_of_character[position]))
            position += len(word.text)
        segments.append(Segment(number, cue.start, cue.end, text, lines[0][0], language, tuple(words), cue=cue.text))
    return tuple(segments)


def _with_times(text: str, cue: SourceCue) -> list[Word]:
    """Return the words; between the timestamps of the file they share the time by length."""
    words = text.split()
    label_words = sum(len(line.split()) for line in lines_without_dashes(cue)) - len(words)
    timestamps = [(max(0, before - label_words), time) for before, time in cue.timestamps]
    if not timestamps or timestamps[-1][0] > len(words):
        return list(spread(text, cue.start, cue.end))
    cuts = [(0, cue.start), *timestamps, (len(words), cue.end)]
    return [
        word for (a, start), (b, end) in pairwise(cuts) if b > a for word in spread(" ".join(words[a:b]), start, end)
    ]
