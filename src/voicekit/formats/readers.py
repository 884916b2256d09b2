"""Read: what a file says about one recording (words, speakers, times), whoever wrote it. `READERS` lists the formats.

The files are untrusted: whatever is wrong with one is a SourceError that names the file and the line. A file tells of
one recording; channels are not told apart; of STM's alternatives in braces every word counts.
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
from voicekit.storage.files import read_limited, utf8
from voicekit.subtitles.blocks import BIGGEST, LATEST
from voicekit.subtitles.read import decode, parse
from voicekit.text.sentences import SENTENCE_PAUSE
from voicekit.text.words import join_words
from voicekit.types import Segment, Transcript, Turn, Word


@dataclass(frozen=True)
class Utterance:
    """What one speaker said without a break. Times in seconds, None where the format has none, as is the speaker.

    `words` holds the same words with a time each; it is empty where the format has none.
    """

    text: str
    start: float | None = None
    end: float | None = None
    speaker: str | None = None
    words: tuple[Word, ...] = ()


@dataclass(frozen=True)
class Annotation:
    """What one file says about one recording.

    Attributes:
        source: The file, as messages name it.
        utterances: By start where all have one, else in the file's order; None where the format holds no words.
        turns: Who spoke when; None where the file does not say. `speaking` makes them of timed utterances then.
        ignored: Stretches (start, end) that are not to be scored.
        language: BCP-47, None where the file does not say.
        duration: Seconds, None where the file does not say.
    """

    source: str
    utterances: tuple[Utterance, ...] | None = None
    turns: tuple[Turn, ...] | None = None
    ignored: tuple[tuple[float, float], ...] = ()
    language: str | None = None
    duration: float | None = None

    @property
    def words(self) -> tuple[Word, ...]:
        return tuple(word for utterance in self.utterances or () for word in utterance.words)

    @property
    def has_speakers(self) -> bool:
        """Whether it says who spoke the words. Silence counts: of no word the speaker is missing."""
        some = self.utterances
        return some is not None and (not some or any(u.speaker is not None for u in some))

    @property
    def has_word_times(self) -> bool:
        return self.utterances is not None and (not self.utterances or bool(self.words))

    @property
    def speaking(self) -> tuple[Turn, ...] | None:
        """The turns, else the utterances that have times and a speaker as turns, else None."""
        if self.turns is not None or not self.utterances:
            return self.turns
        timed = [(u.start, u.end, u.speaker) for u in self.utterances]
        found = tuple(
            Turn(start, end, speaker)
            for start, end, speaker in timed
            if start is not None and end is not None and speaker is not None
        )
        return found or None

    def without(self, stretches: Sequence[tuple[float, float]]) -> Annotation:
        """Without the words whose middle lies in a stretch; where words have no times, the utterances'.

        Turns are kept: diarization is scored outside the stretches. What has no times is kept.
        """
        if not stretches or self.utterances is None:
            return self
        kept = (_outside(utterance, stretches) for utterance in self.utterances)
        return replace(self, utterances=tuple(utterance for utterance in kept if utterance is not None))


def read_annotation(path: str | Path) -> Annotation:
    """Read a file by its ending.

    Args:
        path: .json (voicekit's transcript.json), .stm, .rttm, .ctm, .srt, .vtt or .txt; UTF-8 with or without a BOM,
            subtitles in what `subtitles.read.decode` takes, too.

    Raises:
        SourceError: no such file, another ending, too big, not UTF-8, empty, or a fault in a line.
    """
    path = Path(path)
    reader = READERS.get(path.suffix.lower())
    if reader is None and os.path.exists(path):
        raise SourceError(f"{path}: cannot tell what it holds", f"Give a {', '.join(READERS)} file")
    data = read_limited(path, BIGGEST, "Give the transcript of one recording")
    assert reader is not None
    text = decode(data, str(path))[0] if reader in (_srt, _vtt) else utf8(data, str(path))
    if not text.strip():
        raise SourceError(f"{path} is empty", "Give a file with words or turns in it")
    return reader(str(path), text)


def annotation_of(transcript: Transcript, source: str = "") -> Annotation:
    """A voicekit transcript as a reading. Raises SourceError where something ends before it begins."""
    name = source or transcript.source
    if transcript.duration > LATEST:
        raise SourceError(f"{name}: a duration of {transcript.duration:g} s", "Mend the file")
    timed: tuple[Turn | Segment | Word, ...] = (*transcript.turns, *transcript.segments, *transcript.words)
    for each in timed:
        if not each.start <= each.end <= LATEST:
            kind = type(each).__name__.lower()
            raise SourceError(f"{name}: a {kind} from {each.start:g} to {each.end:g} s", "Mend the file")
    utterances = tuple(Utterance(s.text, s.start, s.end, s.speaker, s.words) for s in transcript.segments)
    return Annotation(
        source=name,
        utterances=_by_time(utterances),
        # Without turns there was no diarizer, or nothing was said.
        turns=transcript.turns if transcript.turns or not transcript.segments else None,
        language=None if transcript.language == "und" else transcript.language,
        duration=transcript.duration,
    )


# --- formats --------------------------------------------------------------------------------------------------------


def _json(source: str, text: str) -> Annotation:
    try:
        transcript = Transcript.from_json(text)
    except SourceError as error:
        raise SourceError(f"{source}: {error.message}", error.remedy) from None
    return annotation_of(transcript, source)


def _txt(source: str, text: str) -> Annotation:
    """Plain words, an utterance a line; with speakers where every line begins with one, as in transcript.txt."""
    lines = [line.strip() for _, line in _lines(text)]
    named = _named(lines) if len(lines) > 1 or lines[0].startswith("SPEAKER_") else None
    return Annotation(source, tuple(Utterance(line, speaker=speaker) for speaker, line in named or _unnamed(lines)))


def _stm(source: str, text: str) -> Annotation:
    """NIST STM: `file channel speaker start end [<label>] words`, sclite's `infmts.htm`."""
    utterances, ignored, recordings = [], [], set()
    for number, line in _lines(text, comment=";"):
        fields = line.split(None, 5)
        if len(fields) < 5:
            raise _fault(source, number, "not `file channel speaker start end words`")
        start = _seconds(source, number, fields[3])
        end = _end(source, number, start, _seconds(source, number, fields[4]))
        said = " ".join(_NOISE.sub(" ", "".join(fields[5:])).split())
        recordings.add(fields[0])
        if said.lower() == "ignore_time_segment_in_scoring":
            ignored.append((start, end))
        elif said:
            utterances.append(Utterance(said, start, end, fields[2]))
    _check_one_recording(source, recordings)
    return Annotation(source, _by_time(utterances), ignored=tuple(ignored))


def _rttm(source: str, text: str) -> Annotation:
    """NIST RTTM (RT-09 evaluation plan, appendix A): its SPEAKER and NOSCORE lines."""
    turns, ignored, recordings = [], [], set()
    for number, line in _lines(text, comment=";"):
        fields = line.split()
        if fields[0] not in _RTTM_TYPES:
            raise _fault(source, number, f"{fields[0]!r} is no RTTM type", "Lines begin with SPEAKER")
        if fields[0] not in ("SPEAKER", "NOSCORE"):
            continue
        if len(fields) < 8:
            raise _fault(source, number, "fewer than 8 fields", "As in: SPEAKER talk 1 0.5 2.0 <NA> <NA> Ana <NA> <NA>")
        start = _seconds(source, number, fields[3])
        end = _end(source, number, start, start + _seconds(source, number, fields[4]))
        recordings.add(fields[1])
        if fields[0] == "NOSCORE":
            ignored.append((start, end))
        else:
            turns.append(Turn(start, end, fields[7]))
    _check_one_recording(source, recordings)
    return Annotation(source, turns=tuple(sorted(turns, key=lambda turn: turn.start)), ignored=tuple(ignored))


def _ctm(source: str, text: str) -> Annotation:
    """NIST CTM: `file channel start duration word [confidence]`; an utterance ends at a pause of PAUSE seconds."""
    words, recordings = [], set()
    for number, line in _lines(text, comment=";;"):
        fields = line.split()
        if len(fields) < 5:
            raise _fault(source, number, "not `file channel start duration word`")
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
    return Annotation(source, tuple(_spoken(group) for group in groups))


def _srt(source: str, text: str) -> Annotation:
    """SubRip; with speakers where names stand before cues, as voicekit writes them."""
    return _of_subtitles(source, parse(text, source)[0])


def _vtt(source: str, text: str) -> Annotation:
    """WebVTT; the speaker is the voice span's, or as in SubRip."""
    return _of_subtitles(source, parse(text, source, vtt=True)[0])


def _of_subtitles(source: str, transcript: Transcript) -> Annotation:
    """An utterance a cue and speaker; its words have no times of their own."""
    utterances = [
        Utterance(join_words(word.text for word in words), segment.start, segment.end, speaker)
        for segment in transcript.segments
        for speaker, words in itertools.groupby(segment.words, key=lambda word: word.speaker)
    ]
    language = None if transcript.language == "und" else transcript.language
    return Annotation(source, _by_time(utterances), language=language)


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
_NAME = re.compile(r"([^:\s][^:]{0,39}): +(?=\S)")
_RTTM_TYPES = frozenset(
    "SEGMENT NOSCORE NO_RT_METADATA LEXEME NON-LEX NON-SPEECH FILLER EDIT SU IP CB A/P SPEAKER SPKR-INFO".split()
)


# --- their common parts ---------------------------------------------------------------------------------------------


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _lines(text: str, comment: str | None = None) -> Iterator[tuple[int, str]]:
    """Lines with their numbers from 1; comments are left out, and so are blank lines."""
    for number, line in enumerate(_unix(text).split("\n"), 1):
        if line.strip() and not (comment and line.lstrip().startswith(comment)):
            yield number, line


def _seconds(source: str, number: int, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= LATEST:
        raise _fault(source, number, f"{text[:40]!r} is no time in seconds")
    return value


def _end(source: str, number: int, start: float, end: float) -> float:
    if not start <= end <= LATEST:
        raise _fault(source, number, f"ends at {end:g} s but begins at {start:g} s" if end < start else "ends too late")
    return end


def _check_one_recording(source: str, names: set[str]) -> None:
    if not names:
        raise SourceError(f"{source} holds nothing but comments", "Give a file with words or turns in it")
    if len(names) > 1:
        some = ", ".join(sorted(names)[:3])
        raise SourceError(f"{source} holds {len(names)} recordings ({some} ...)", "Split it: one file a recording")


def _named(texts: Sequence[str]) -> list[tuple[str | None, str]] | None:
    """(speaker, words) where every text begins with `NAME: `, else None: a colon alone makes no speaker."""
    found = [_NAME.match(text) for text in texts]
    if not texts or None in found:
        return None
    return [(match[1].strip(), text[match.end() :]) for match, text in zip(found, texts, strict=True) if match]


def _unnamed(texts: Sequence[str]) -> list[tuple[str | None, str]]:
    return [(None, text) for text in texts]


def _by_time(utterances: Iterable[Utterance]) -> tuple[Utterance, ...]:
    some = tuple(utterances)
    starts = [u.start for u in some if u.start is not None]
    if len(starts) < len(some):
        return some
    return tuple(u for _, _, u in sorted(zip(starts, range(len(some)), some, strict=True), key=lambda row: row[:2]))


def _spoken(words: Sequence[Word], speaker: str | None = None) -> Utterance:
    text = join_words(word.text for word in words)
    return Utterance(text, words[0].start, max(word.end for word in words), speaker, tuple(words))


def _outside(utterance: Utterance, stretches: Sequence[tuple[float, float]]) -> Utterance | None:
    def inside(start: float, end: float) -> bool:
        return any(low <= (start + end) / 2 <= high for low, high in stretches)

    if utterance.words:
        kept = [word for word in utterance.words if not inside(word.start, word.end)]
        if len(kept) == len(utterance.words):
            return utterance
        return _spoken(kept, utterance.speaker) if kept else None
    if utterance.start is None or utterance.end is None or not inside(utterance.start, utterance.end):
        return utterance
    return None


def _fault(source: str, number: int, what: str, remedy: str = "Mend the line") -> SourceError:
    return SourceError(f"{source}: line {number}: {what}", remedy)
