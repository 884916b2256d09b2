"""Read: subtitle files as they are found in the world. What is wrong with one is mended with a note, or refused.

SubRip as VLC and libass take it (https://www.matroska.org/technical/subtitles.html), WebVTT as
https://www.w3.org/TR/webvtt1/. A cue becomes a segment whose `cue` holds its text verbatim.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from voicekit.data import Segment, Transcript, Word, join_words, spread
from voicekit.errors import SourceError
from voicekit.subtitles.cue import DASH

BIGGEST = 64 << 20
"""Bytes of a file that is read."""

LATEST = 1e6
"""Seconds, eleven days: a time beyond it is a slip of the pen, or meant to exhaust the memory."""

LABEL_WORDS, LABEL_LENGTH = 4, 40
"""What a speaker's name has at most: "And then he said to me: no" is none."""


@dataclass(frozen=True)
class Block:
    """A cue as its file has it: `line` is that of its times, `text` verbatim.

    `said`: its lines without tags and entities, each with the speaker of its voice span.
    """

    line: int
    start: float
    end: float
    text: str
    said: tuple[tuple[str | None, str], ...]
    marks: tuple[tuple[int, float], ...] = ()
    """(words before it, seconds) of WebVTT's times inside a cue."""


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
    try:
        with path.open("rb") as file:
            data = file.read(BIGGEST + 1)
    except (OSError, ValueError) as error:
        reason = "no such file" if isinstance(error, FileNotFoundError) else getattr(error, "strerror", None) or error
        raise SourceError(f"cannot read {path}: {reason}", "Check the name and its rights") from error
    if len(data) > BIGGEST:
        raise SourceError(f"{path} is over {BIGGEST >> 20} MiB", "Give the subtitles of one recording")
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
            return data.decode("utf-16"), []
        except UnicodeDecodeError as error:
            raise SourceError(
                f"{name}: not UTF-16 although it begins so: {error.reason}", "Save it as UTF-8"
            ) from error
    if b"\0" in data:
        line = data[: data.index(b"\0")].count(b"\n") + 1
        raise SourceError(f"{name}: line {line}: a zero byte: this is no text", "Is it really a subtitle file?")
    try:
        return data.decode("utf-8-sig"), []
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        text = data.removeprefix(b"\xef\xbb\xbf").decode("cp1252", errors="replace")
        return text, [f"line {line}: not UTF-8: read as Windows-1252; check its accents"]


def parse(text: str, name: str, vtt: bool = False) -> tuple[Transcript, list[str]]:
    """Subtitles from text. `name`: of the file, for messages and as the transcript's source.

    Raises:
        SourceError: naming the line.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    language = "und"
    if vtt:
        if not lines[0].removeprefix("\ufeff").startswith("WEBVTT"):
            raise SourceError(f"{name}: line 1: does not begin with WEBVTT", "Is it really a WebVTT file?")
        language = next((found[1] for line in lines[1:10] if (found := _LANGUAGE.match(line))), "und")
    notes: list[str] = []
    blocks = list(_vtt_blocks(lines, name, notes) if vtt else _srt_blocks(lines, name, notes))
    if not blocks and any(line.strip() for line in lines[vtt:]):
        number = next(n for n, line in enumerate(lines, 1) if n > vtt and line.strip())
        raise SourceError(f"{name}: line {number}: no cue and no times in it", "Is it really a subtitle file?")
    if any(two.start < one.start for one, two in pairwise(blocks)):
        notes.append("cues out of order: sorted by their starts")
        blocks.sort(key=lambda block: (block.start, block.line))
    segments = _segments(blocks, language)
    speakers = tuple(dict.fromkeys(s.speaker for s in segments if s.speaker))
    duration = max((s.end for s in segments), default=0.0)
    return Transcript("voicekit.transcript/1", language, duration, Path(name).name, speakers, segments), notes


# --- blocks -----------------------------------------------------------------------------------------------------------


def _srt_blocks(lines: Sequence[str], name: str, notes: list[str]) -> Iterator[Block]:
    """Cues of SubRip: each begins with its times; the number before them may be missing or wrong.

    A blank line ends a cue only if times follow, or a number and times: so text after a blank line is not lost.
    """
    heads = [n for n, line in enumerate(lines) if _ARROW.search(line) and _looks_like_times(line, n, lines, name)]
    if not heads:
        return
    first = heads[0] - (1 if heads[0] and _NUMBER.fullmatch(lines[heads[0] - 1]) else 0)
    if any(line.strip("\ufeff \t") for line in lines[:first]):
        number = next(n for n, line in enumerate(lines, 1) if line.strip("\ufeff \t"))
        raise SourceError(f"{name}: line {number}: words before the first cue's times", "Is it really a subtitle file?")
    wrong_numbers = 0
    for count, (at, following) in enumerate(zip(heads, [*heads[1:], len(lines)], strict=True), 1):
        start, end = _times(lines[at], at + 1, name, notes)
        body = list(lines[at + 1 : following])
        numbered = at > 0 and _NUMBER.fullmatch(lines[at - 1]) is not None
        wrong_numbers += not numbered or lines[at - 1].strip("\ufeff \t") != str(count)
        if following < len(lines) and body and _NUMBER.fullmatch(body[-1]):  # the next cue's
            body.pop()
        while body and not body[-1].strip():
            body.pop()
        while body and not body[0].strip():
            body.pop(0)
        if any(not line.strip() for line in body):
            notes.append(f"line {at + 1}: blank lines inside a cue: taken out")
            body = [line for line in body if line.strip()]
        if not body:
            notes.append(f"line {at + 1}: a cue without text: left out")
            continue
        said = tuple((None, without_tags(line).strip()) for line in body)
        yield Block(at + 1, start, end, "\n".join(body), said)
    if wrong_numbers:
        notes.append(f"{wrong_numbers} cues without their right number: numbered anew")


def _looks_like_times(line: str, at: int, lines: Sequence[str], name: str) -> bool:
    """Whether a line with an arrow holds times.

    Raises:
        SourceError: it stands where times must be, and holds none.
    """
    if _TIMES.match(line):
        return True
    opens = (
        at == 0
        or not lines[at - 1].strip()
        or (_NUMBER.fullmatch(lines[at - 1]) is not None and (at == 1 or not lines[at - 2].strip()))
    )
    if opens and "-->" in line and re.match(r"[\ufeff\s]*[-\d]", line):
        raise SourceError(f"{name}: line {at + 1}: not `00:00:01,000 --> 00:00:02,000`", "Mend the line")
    return False


def _vtt_blocks(lines: Sequence[str], name: str, notes: list[str]) -> Iterator[Block]:
    """Cues of WebVTT: blocks between blank lines, without its header, comments, styles and regions."""
    block: list[tuple[int, str]] = []
    settings = 0
    for number, line in enumerate([*lines, ""], 1):
        if line.strip():
            block.append((number, line))
            continue
        some, block = block, []
        if not some or some[0][1].startswith(("WEBVTT", "\ufeffWEBVTT", "NOTE", "STYLE", "REGION")):
            continue
        head = next((i for i, (_, text) in enumerate(some[:2]) if "-->" in text), None)
        if head is None:
            notes.append(f"line {some[0][0]}: a block without times: left out")
            continue
        where, times = some[head]
        if not (found := _TIMES.match(times)):
            raise SourceError(f"{name}: line {where}: not `00:01.000 --> 00:02.000`", "Mend the line")
        settings += bool(times[found.end() :].strip())
        start, end = _times(times, where, name, notes)
        text = "\n".join(line for _, line in some[head + 1 :])
        if not _TAG.sub("", text).strip():
            notes.append(f"line {where}: a cue without text: left out")
            continue
        yield Block(where, start, end, _as_srt(text), tuple(_voices(text)), _marks(text, start, end))
    if settings:
        notes.append(f"{settings} cues have a place on the screen: left out")


def _voices(text: str) -> Iterator[tuple[str | None, str]]:
    """Lines of a VTT cue, each with who says it; a voice goes on to the next lines."""
    speaker = None
    for line in text.split("\n"):
        if found := _VOICE.search(line):
            speaker = " ".join(html.unescape(found[1]).split()) or None
        yield speaker, html.unescape(_TAG.sub("", line)).strip()


def _as_srt(text: str) -> str:
    """A VTT cue's text with the tags that SubRip knows, too; its entities as characters."""
    return html.unescape(re.sub(r"<(?!/?[ibu]>)[^<>]*>", "", text))


def _marks(text: str, start: float, end: float) -> tuple[tuple[int, float], ...]:
    """Times inside a cue, each with how many words stand before it; only those in order and within the cue."""
    out: list[tuple[int, float]] = []
    before = ""
    for piece in re.split(r"(<[0-9:.]+>)", text):
        if found := re.fullmatch(rf"<({_CLOCK})>", piece):
            time = _seconds(found[1])
            if time is not None and (out[-1][1] if out else start) <= time <= end:
                out.append((len(_TAG.sub("", before).split()), time))
        else:
            before += piece
    return tuple(out)


# --- times ------------------------------------------------------------------------------------------------------------

_CLOCK = r"[-−]?\s*(?:\d{1,4}\s*[:：]\s*)?(?:\d{1,4}\s*[:：]\s*)?\d{1,6}(?:\s*[.,]\s*\d{1,9})?"
_ARROW = re.compile(r"\s*(?:-{1,3}|–|—|=)>\s*")
_TIMES = re.compile(rf"^[\ufeff\s]*({_CLOCK}){_ARROW.pattern}({_CLOCK})(?=\s|$)")
_MADE_UP = re.compile(r"SPEAKER_\d+", re.IGNORECASE)
_NUMBER = re.compile(r"[\ufeff\s]*\d+\s*")
_LANGUAGE = re.compile(r"Language:\s*([A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*)\s*$")
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?\s([^<>]*)>")
_TAG = re.compile(r"<[^<>]*>")
_SRT_TAG = re.compile(r"</?(?:i|b|u|s|font|c|v|ruby|rt|lang)\b[^<>]*>|\{\\[^{}]*\}", re.IGNORECASE)


def _times(line: str, number: int, name: str, notes: list[str]) -> tuple[float, float]:
    found = _TIMES.match(line)
    assert found is not None
    start, end = _seconds(found[1]), _seconds(found[2])
    if start is None or end is None:
        raise SourceError(f"{name}: line {number}: a time later than eleven days", "Mend the line")
    if not _USUAL.match(line):
        notes.append(f"line {number}: unusual times: read as {start:g} to {end:g} s")
    if start < 0 or end < 0:
        notes.append(f"line {number}: negative times: taken as 0")
        start, end = max(0.0, start), max(0.0, end)
    if end < start:
        notes.append(f"line {number}: ends before it begins: ends where it begins")
        end = start
    return start, end


_USUAL = re.compile(r"^\ufeff?(?:\d{2,4}:)?\d{2}:\d{2}[.,]\d{3} --> (?:\d{2,4}:)?\d{2}:\d{2}[.,]\d{3}(?:\s|$)")


def _seconds(clock: str) -> float | None:
    """Seconds to the millisecond of `1:02:03,5`, `02:03.500` or `01.5`; None where it is later than LATEST."""
    flat = re.sub(r"\s", "", clock).replace("：", ":").replace(",", ".").replace("−", "-")
    sign = -1 if flat.startswith("-") else 1
    whole, _, fraction = flat.lstrip("-").partition(".")
    total = 0
    for part in whole.split(":"):
        total = total * 60 + int(part)
    if total > LATEST:
        return None
    return sign * round(total + float(f"0.{fraction or 0}"), 3)


# --- segments ---------------------------------------------------------------------------------------------------------


def _segments(blocks: Sequence[Block], language: str) -> tuple[Segment, ...]:
    """A segment a cue; a speaker whose name stands before a cue goes on until the next name.

    Where two share a cue, each word has its own speaker and the segment the first.
    """
    named = _has_labels(blocks)
    out: list[Segment] = []
    last: str | None = None
    for number, block in enumerate(blocks):
        said: list[tuple[str | None, str]] = []
        for voice, line in block.said:
            name, text = _labelled(line) if named and not voice else (voice, line.removeprefix(DASH).strip())
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
    if not block.marks or block.marks[-1][0] > len(words):
        return list(spread(text, block.start, block.end))
    cuts = [(0, block.start), *block.marks, (len(words), block.end)]
    return [
        word for (a, start), (b, end) in pairwise(cuts) if b > a for word in spread(" ".join(words[a:b]), start, end)
    ]


def _has_labels(blocks: Sequence[Block]) -> bool:
    """Whether names stand before cues: a colon alone makes no speaker.

    The first cue must have one, and some name must come back, or each line have one, or they be of a diarizer's making.
    """
    names = [_labelled(line)[0] for block in blocks for _, line in block.said[:2]]
    if not names or names[0] is None:
        return False
    known = [name for name in names if name]
    again = len(known) > 1 and (len(set(known)) < len(known) or len(known) >= len(blocks))
    return again or all(_MADE_UP.fullmatch(name) for name in known)


def _labelled(line: str) -> tuple[str | None, str]:
    """(name, words) of `- Ana: Yes.`, (None, words) of a line without a name."""
    plain = line.removeprefix(DASH).strip()
    name, colon, rest = plain.partition(": ")
    if (
        colon and rest.strip() and 0 < len(name) <= LABEL_LENGTH and len(name.split()) <= LABEL_WORDS
        and not name[0].islower() and (name[0].isalnum() or name[0] in "[(") and "." not in name.rstrip(".")
    ):  # fmt: skip
        return name.strip("[]() ") or None, rest.strip()
    return None, plain


def without_tags(text: str) -> str:
    return _SRT_TAG.sub("", text)
