"""Read: subtitle files as they are found in the world. What is wrong with one is mended with a note, or refused.

SubRip as VLC and libass take it (https://www.matroska.org/technical/subtitles.html), WebVTT as
https://www.w3.org/TR/webvtt1/. A cue becomes a segment whose `cue` holds its text verbatim.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from voicekit.errors import SourceError
from voicekit.storage.files import read_limited
from voicekit.subtitles.blocks import BIGGEST, NOTES_OF_A_KIND, Block
from voicekit.subtitles.parse_srt import srt_blocks
from voicekit.subtitles.parse_vtt import LANGUAGE_TAG, vtt_blocks
from voicekit.subtitles.speaker_labels import has_labels, split_label, strip_dash
from voicekit.text.words import join_words, spread
from voicekit.types import Segment, Transcript, Word


def read_subtitles(path: str | Path) -> tuple[Transcript, list[str]]:
    """A transcript of .srt or .vtt: a segment a cue; and notes of what was mended, with the line.

    Raises:
        SourceError: no such file, too big, another ending, or a fault that cannot be mended, with its line.
    """
    path = Path(path)
    if path.suffix.lower() not in (".srt", ".vtt"):
        known = "Give a .srt, .vtt or transcript.json"
        if path.exists():
            raise SourceError(f"{path}: cannot tell what it holds", known)
        raise SourceError(f"cannot read {path}: no such file", known)
    data = read_limited(path, BIGGEST, "Give the subtitles of one recording")
    text, notes = decode(data, str(path))
    transcript, more = parse(text, str(path), vtt=path.suffix.lower() == ".vtt")
    return transcript, notes + more


def decode(data: bytes, name: str) -> tuple[str, list[str]]:
    """UTF-8, UTF-16 with a mark, or else Windows' cp1252, with a note.

    Raises:
        SourceError: it is no text.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return _no_zero(data.decode("utf-16"), name), []
        except UnicodeDecodeError as error:
            raise SourceError(
                f"{name}: not UTF-16 although it begins so: {error.reason}", "Save it as UTF-8"
            ) from error
    _no_zero(data.decode("latin-1"), name)
    try:
        return data.decode("utf-8-sig"), []
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        text = data.removeprefix(b"\xef\xbb\xbf").decode("cp1252", errors="replace")
        return text, [f"line {line}: not UTF-8: read as Windows-1252; check its accents"]


def _no_zero(text: str, name: str) -> str:
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise SourceError(f"{name}: line {line}: a zero byte: this is no text", "Give a subtitle file, as UTF-8")
    return text


def parse(text: str, name: str, vtt: bool = False) -> tuple[Transcript, list[str]]:
    """Subtitles from text. `name`: of the file, for messages and as the transcript's source.

    Raises:
        SourceError: naming the line.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    language = "und"
    if vtt:
        if not re.match(r"\ufeff?WEBVTT(?:[ \t]|$)", lines[0]):
            raise SourceError(f"{name}: line 1: does not begin with WEBVTT", "Is it really a WebVTT file?")
        language = next((found[1] for line in lines[1:10] if (found := LANGUAGE_TAG.match(line))), "und")
    notes: list[str] = []
    blocks = list(vtt_blocks(lines, name, notes) if vtt else srt_blocks(lines, name, notes))
    if any(two.start < one.start for one, two in pairwise(blocks)):
        notes.append("cues out of order: sorted by their starts")
        blocks.sort(key=lambda block: (block.start, block.line))
    segments = _segments(blocks, language)
    speakers = tuple(dict.fromkeys(s.speaker for s in segments if s.speaker))
    duration = max((s.end for s in segments), default=0.0)
    return Transcript("voicekit.transcript/1", language, duration, Path(name).name, speakers, segments), _few(notes)


def _few(notes: Sequence[str]) -> list[str]:
    """The notes, of each kind a few: a file that has one fault in every cue needs no note for each."""
    kinds: dict[str, list[str]] = {}
    for note in notes:
        kinds.setdefault(re.sub(r"^line \d+: |\d[\d.]*", "", note), []).append(note)
    out = []
    for some in kinds.values():
        out += some[:NOTES_OF_A_KIND]
        if more := some[NOTES_OF_A_KIND:]:
            out.append(f"and {len(more)} more like it, up to {more[-1].partition(':')[0]}")
    return out


# --- segments ---------------------------------------------------------------------------------------------------------


def _segments(blocks: Sequence[Block], language: str) -> tuple[Segment, ...]:
    """A segment a cue; a speaker whose name stands before a cue goes on until the next name.

    Where two share a cue, each word has its own speaker and the segment the first.
    """
    named = not any(voice for block in blocks for voice, _ in block.said) and has_labels(blocks)
    out: list[Segment] = []
    last: str | None = None
    for number, block in enumerate(blocks):
        said: list[tuple[str | None, str]] = []
        for voice, line in zip((voice for voice, _ in block.said), strip_dash(block), strict=True):
            name, text = split_label(line) if named else (voice, line)
            last = name or (last if named else None)
            said.append((last, text))
        text = join_words(line for _, line in said if line)
        speakers = [speaker for speaker, line in said for _ in "".join(line.split())]
        words, at = [], 0
        for word in _timed(text, block):
            words.append(replace(word, speaker=speakers[at]))
            at += len(word.text)
        out.append(Segment(number, block.start, block.end, text, said[0][0], language, tuple(words), cue=block.text))
    return tuple(out)


def _timed(text: str, block: Block) -> list[Word]:
    """The words; between the times that the file gives them, they share the time by their length."""
    words = text.split()
    label = sum(len(line.split()) for line in strip_dash(block)) - len(words)
    marks = [(max(0, before - label), time) for before, time in block.marks]
    if not marks or marks[-1][0] > len(words):
        return list(spread(text, block.start, block.end))
    cuts = [(0, block.start), *marks, (len(words), block.end)]
    return [
        word for (a, start), (b, end) in pairwise(cuts) if b > a for word in spread(" ".join(words[a:b]), start, end)
    ]
