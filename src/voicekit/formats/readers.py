"""Read annotations (words, speakers, times) of one recording from the formats in `READERS`.

Files are untrusted: every error is a SourceError that names the file and the line. A file must be about one recording;
channels are not distinguished; of STM's alternatives in braces the first is read.
"""

from __future__ import annotations

import itertools
import math
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from voicekit.errors import SourceError
from voicekit.formats.transcript_json import read_transcript_json
from voicekit.storage.files import decode_utf8, read_limited
from voicekit.subtitles.read import decode, parse
from voicekit.subtitles.source_cue import MAX_BYTES, ReadOptions
from voicekit.text.sentences import SENTENCE_PAUSE
from voicekit.text.words import join_words
from voicekit.transcript_check import MAX_SECONDS
from voicekit.types import Segment, Transcript, Turn, Word


@dataclass(frozen=True)
class Utterance:
    """Speech of one speaker without a break.

    Attributes:
        text: The words.
        start, end: Seconds; None if the format has no times.
        speaker: None if the format has none.
        words: The same words with times; empty if the format has none.
    """

    text: str
    start: float | None = None
    end: float | None = None
    speaker: str | None = None
    words: tuple[Word, ...] = ()


@dataclass(frozen=True)
class Annotation:
    """The annotation of one recording in one file.

    Attributes:
        source: The file, for messages.
        utterances: By start if all have one, else in the file's order; None if the format has no words.
        turns: Who speaks when; None if the file does not say. See also `speaker_turns`.
        ignored: Intervals (start, end) that are not scored.
        language: BCP-47; None if the file does not say.
        duration: Seconds; None if the file does not say.
        notes: Remarks of the reader for the user.
    """

    source: str
    utterances: tuple[Utterance, ...] | None = None
    turns: tuple[Turn, ...] | None = None
    ignored: tuple[tuple[float, float], ...] = ()
    language: str | None = None
    duration: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[Word, ...]:
        return tuple(word for utterance in self.utterances or () for word in utterance.words)

    @property
    def has_speakers(self) -> bool:
        """Whether the words have speakers; true without words."""
        utterances = self.utterances
        return utterances is not None and (not utterances or any(u.speaker is not None for u in utterances))

    @property
    def has_word_times(self) -> bool:
        return self.utterances is not None and (not self.utterances or bool(self.words))

    @property
    def speaker_turns(self) -> tuple[Turn, ...] | None:
        """`turns`, or else the utterances with times and a speaker as turns; None if there are none either."""
        if self.turns is not None or not self.utterances:
            return self.turns
        timed = [(u.start, u.end, u.speaker) for u in self.utterances]
        turns = tuple(
            Turn(start, end, speaker)
            for start, end, speaker in timed
            if start is not None and end is not None and speaker is not None
        )
        return turns or None

    def without_intervals(self, intervals: Sequence[tuple[float, float]]) -> Annotation:
        """Remove the words whose middle is in an interval; of utterances without word times, whole utterances.

        Turns are kept, since the scoring of diarization skips the intervals itself. Words without times are kept too.
        """
        if not intervals or self.utterances is None:
            return self
        kept = (_outside(utterance, intervals) for utterance in self.utterances)
        return replace(self, utterances=tuple(utterance for utterance in kept if utterance is not None))


def read_annotation(path: str | Path, options: ReadOptions = ReadOptions()) -> Annotation:
    """Read a file; its extension selects the format.

    Args:
        path: .json (voicekit's transcript.json), .stm, .rttm, .ctm, .srt, .vtt or .txt.
        options: What is known about its encoding and language; see `text.encodings.decode_text`.

    Returns:
        The annotation. An empty file is one without words; an empty .rttm file is one without turns.

    Raises:
        SourceError: No such file, unknown extension, too large, or an error in a line.
    """
    path = Path(path)
    reader = READERS.get(path.suffix.lower())
    if reader is None and os.path.exists(path):
        raise SourceError(f"{path}: unknown file type", f"Give a {', '.join(READERS)} file")
    data = read_limited(path, MAX_BYTES, "Give the transcript of one recording")
    assert reader is not None
    if reader is _json:
        return reader(str(path), decode_utf8(data, str(path)))
    text, notes = decode(data, str(path), options)
    if text.strip():
        annotation = reader(str(path), text)
        return replace(annotation, notes=(*notes, *annotation.notes))
    return Annotation(str(path), turns=()) if reader is _rttm else Annotation(str(path), ())


def annotation_from_transcript(transcript: Transcript, source: str = "") -> Annotation:
    """Convert a transcript. Raises SourceError if something in it ends before it begins."""
    name = source or transcript.source
    if transcript.duration > MAX_SECONDS:
        raise SourceError(f"{name}: a duration of {transcript.duration:g} s", "Correct the file")
    items: tuple[Turn | Segment | Word, ...] = (*transcript.turns, *transcript.segments, *transcript.words)
    for item in items:
        if not item.start <= item.end <= MAX_SECONDS:
            kind = type(item).__name__.lower()
            raise SourceError(f"{name}: a {kind} from {item.start:g} to {item.end:g} s", "Correct the file")
    utterances = tuple(Utterance(s.text, s.start, s.end, s.speaker, s.words) for s in transcript.segments)
    return Annotation(
        source=name,
        utterances=_sort_by_start(utterances),
        # Segments without turns mean that there was no diarizer.
        turns=transcript.turns if transcript.turns or not transcript.segments else None,
        language=None if transcript.language == "und" else transcript.language,
        duration=transcript.duration,
    )


def _json(source: str, text: str) -> Annotation:
    return annotation_from_transcript(read_transcript_json(text, source)[0], source)


def _txt(source: str, text: str) -> Annotation:
    """Plain text, one utterance per line; with speakers if every line starts with one, as in transcript.txt."""
    lines = [line.strip() for _, line in _lines(text)]
    pairs = _split_speakers(lines) if len(lines) > 1 or lines[0].startswith("SPEAKER_") else None
    pairs = pairs or [(None, line) for line in lines]
    return Annotation(source, tuple(Utterance(line, speaker=speaker) for speaker, line in pairs))


def _stm(source: str, text: str) -> Annotation:
    """NIST STM: `file channel speaker start end [<label>] words`, sclite's `infmts.htm`."""
    utterances, ignored, recordings = [], [], set()
    with_choice: set[int] = set()
    for number, line in _lines(text, comment=";"):
        fields = line.split(None, 5)
        if len(fields) < 5:
            raise _line_error(source, number, "not `file channel speaker start end words`")
        start = _seconds(source, number, fields[3])
        end = _end(source, number, start, _seconds(source, number, fields[4]))
        spoken = _NOISE.sub(" ", "".join(fields[5:]))
        words = " ".join(_OPTIONAL.sub(r"\1", _ALTERNATIVES.sub(_first_alternative, spoken)).split())
        with_choice.update({number} if {"{", "("} & set(spoken) else ())
        recordings.add(fields[0])
        if words.lower() == "ignore_time_segment_in_scoring":
            ignored.append((start, end))
        elif words:
            utterances.append(Utterance(words, start, end, fields[2]))
    _check_one_recording(source, recordings)
    notes = [f"alternatives (lines: {len(with_choice)}): the first is scored, and optional words count"]
    return Annotation(
        source, _sort_by_start(utterances), ignored=tuple(ignored), notes=tuple(notes if with_choice else ())
    )


def _first_alternative(braces: re.Match[str]) -> str:
    """Return the words of `{ one / two }` that are scored; @ stands for none."""
    first = re.split(r"\s/\s", braces[1])[0].strip()
    return f" {'' if first == '@' else first} "


def _rttm(source: str, text: str) -> Annotation:
    """NIST RTTM (RT-09 evaluation plan, appendix A): the SPEAKER and NOSCORE lines."""
    turns, ignored, recordings = [], [], set()
    for number, line in _lines(text, comment=";"):
        fields = _rttm_fields(line)
        if fields[0] not in _RTTM_TYPES:
            raise _line_error(source, number, f"{fields[0]!r} is not an RTTM type", "Lines start with SPEAKER")
        if fields[0] not in ("SPEAKER", "NOSCORE"):
            continue
        if len(fields) < 8:
            raise _line_error(
                source, number, "fewer than 8 fields", "As in: SPEAKER talk 1 0.5 2.0 <NA> <NA> Ana <NA> <NA>"
            )
        if len(fields) > 10:
            raise _line_error(
                source, number, "more than 10 fields", "Replace the spaces in the names of files and speakers"
            )
        start = _seconds(source, number, fields[3])
        end = _end(source, number, start, start + _seconds(source, number, fields[4]))
        recordings.add(fields[1])
        if fields[0] == "NOSCORE":
            ignored.append((start, end))
        else:
            turns.append(Turn(start, end, fields[7]))
    _check_one_recording(source, recordings)
    return Annotation(source, turns=tuple(sorted(turns, key=lambda turn: turn.start)), ignored=tuple(ignored))


def _rttm_fields(line: str) -> list[str]:
    """Return the fields of a line; the names of the file and the speaker may have spaces where <NA> separates them."""
    fields = line.split()
    absent = next((i for i in range(5, len(fields) - 2) if fields[i] == fields[i + 1] == "<NA>"), None)
    if fields[0] != "SPEAKER" or absent is None:
        return fields
    speaker = fields[absent + 2 :]
    while len(speaker) > 1 and speaker[-1] == "<NA>":
        speaker.pop()
    before = [fields[0], " ".join(fields[1 : absent - 3]), *fields[absent - 3 : absent]]
    return [*before, "<NA>", "<NA>", " ".join(speaker)]


def _ctm(source: str, text: str) -> Annotation:
    """NIST CTM: `file channel start duration word [confidence]`; an utterance ends at a pause of SENTENCE_PAUSE."""
    words, recordings = [], set()
    for number, line in _lines(text, comment=";;"):
        fields = line.split()
        if len(fields) < 5:
            raise _line_error(source, number, "not `file channel start duration word`")
        start = _seconds(source, number, fields[2])
        end = _end(source, number, start, start + _seconds(source, number, fields[3]))
        recordings.add(fields[0])
        if not _NOISE.fullmatch(fields[4]):
            words.append(Word(fields[4], start, end, probability=1.0))
    _check_one_recording(source, recordings)
    words.sort(key=lambda word: word.start)
    groups: list[list[Word]] = []
    for word in words:
        if groups and word.start - groups[-1][-1].end < SENTENCE_PAUSE:
            groups[-1].append(word)
        else:
            groups.append([word])
    return Annotation(source, tuple(_utterance(group) for group in groups))


def _srt(source: str, text: str) -> Annotation:
    """SubRip; with speakers if cues start with names, as voicekit writes them."""
    return _from_subtitles(source, parse(text, source)[0])


def _vtt(source: str, text: str) -> Annotation:
    """WebVTT; the speaker is that of the voice span, or as in SubRip."""
    return _from_subtitles(source, parse(text, source, vtt=True)[0])


def _from_subtitles(source: str, transcript: Transcript) -> Annotation:
    """One utterance per cue and speaker, without word times."""
    utterances = [
        Utterance(join_words(word.text for word in words), segment.start, segment.end, speaker)
        for segment in transcript.segments
        for speaker, words in itertools.groupby(segment.words, key=lambda word: word.speaker)
    ]
    language = None if transcript.language == "und" else transcript.language
    return Annotation(source, _sort_by_start(utterances), language=language)


READERS: dict[str, Callable[[str, str], Annotation]] = {
    ".json": _json,
    ".stm": _stm,
    ".rttm": _rttm,
    ".ctm": _ctm,
    ".srt": _srt,
    ".vtt": _vtt,
    ".txt": _txt,
}

_NOISE = re.compile(r"<[^<>]*>|\[[^\[\]]*\]")
_ALTERNATIVES = re.compile(r"\{([^{}]*)\}")
_OPTIONAL = re.compile(r"\(([^()]*)\)")
_NAME = re.compile(r"([^:\s][^:]{0,39}): +(?=\S)")
_RTTM_TYPES = frozenset(
    "SEGMENT NOSCORE NO_RT_METADATA LEXEME NON-LEX NON-SPEECH FILLER EDIT SU IP CB A/P SPEAKER SPKR-INFO".split()
)


def _lines(text: str, comment: str | None = None) -> Iterator[tuple[int, str]]:
    """Yield lines with their numbers from 1, without comments and blank lines."""
    for number, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
        if line.strip() and not (comment and line.lstrip().startswith(comment)):
            yield number, line


def _seconds(source: str, number: int, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= MAX_SECONDS:
        raise _line_error(source, number, f"{text[:40]!r} is not a time in seconds")
    return value


def _end(source: str, number: int, start: float, end: float) -> float:
    if not start <= end <= MAX_SECONDS:
        reason = f"ends at {end:g} s but begins at {start:g} s" if end < start else "ends too late"
        raise _line_error(source, number, reason)
    return end


def _check_one_recording(source: str, names: set[str]) -> None:
    if not names:
        raise SourceError(f"{source} contains only comments", "Give a file with words or turns")
    if len(names) > 1:
        examples = ", ".join(sorted(names)[:3])
        raise SourceError(
            f"{source} is about {len(names)} recordings ({examples} ...)", "Split it into one file per recording"
        )


def _split_speakers(texts: Sequence[str]) -> list[tuple[str | None, str]] | None:
    """Return (speaker, words) if every text starts with `NAME: `, else None: one colon alone is not a speaker."""
    matches = [_NAME.match(text) for text in texts]
    if not texts or None in matches:
        return None
    return [(match[1].strip(), text[match.end() :]) for match, text in zip(matches, texts, strict=True) if match]


def _sort_by_start(utterances: Iterable[Utterance]) -> tuple[Utterance, ...]:
    """Sort utterances by start; keep their order if one has no start."""
    unsorted = tuple(utterances)
    if any(utterance.start is None for utterance in unsorted):
        return unsorted
    return tuple(sorted(unsorted, key=lambda utterance: utterance.start or 0.0))


def _utterance(words: Sequence[Word], speaker: str | None = None) -> Utterance:
    text = join_words(word.text for word in words)
    return Utterance(text, words[0].start, max(word.end for word in words), speaker, tuple(words))


def _outside(utterance: Utterance, intervals: Sequence[tuple[float, float]]) -> Utterance | None:
    """Return the part of an utterance outside the intervals."""

    def is_inside(start: float, end: float) -> bool:
        return any(low <= (start + end) / 2 <= high for low, high in intervals)

    if utterance.words:
        kept = [word for word in utterance.words if not is_inside(word.start, word.end)]
        if len(kept) == len(utterance.words):
            return utterance
        return _utterance(kept, utterance.speaker) if kept else None
    if utterance.start is None or utterance.end is None or not is_inside(utterance.start, utterance.end):
        return utterance
    return None


def _line_error(source: str, number: int, reason: str, remedy: str = "Correct the line") -> SourceError:
    return SourceError(f"{source}: line {number}: {reason}", remedy)
