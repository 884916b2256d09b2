"""Read: subtitle files as they are found in the world. What is wrong with one is mended with a note, or refused.

SubRip as VLC and libass take it (https://www.matroska.org/technical/subtitles.html), WebVTT as
https://www.w3.org/TR/webvtt1/. A cue becomes a segment whose `cue` holds its text verbatim.
"""

from __future__ import annotations

import html
import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from voicekit.data import Segment, Transcript, Word, join_words, spread
from voicekit.documents import read_limited
from voicekit.errors import SourceError
from voicekit.subtitles.cue import DASH

BIGGEST = 64 << 20
"""Bytes of a file that is read."""

MOST_CUES = 200_000
"""Cues that a file may have: one a second for two days. What is not a subtitle file does not fill the memory."""

LATEST = 1e6
"""Seconds, eleven days: a time beyond it is a slip of the pen, or meant to exhaust the memory."""

NOTES_OF_A_KIND = 5

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
        language = next((found[1] for line in lines[1:10] if (found := _LANGUAGE.match(line))), "und")
    notes: list[str] = []
    blocks = list(_vtt_blocks(lines, name, notes) if vtt else _srt_blocks(lines, name, notes))
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


# --- blocks -----------------------------------------------------------------------------------------------------------


def _srt_blocks(lines: Sequence[str], name: str, notes: list[str]) -> Iterator[Block]:
    """Cues of SubRip: each begins with its times; the number before them may be missing or wrong.

    A blank line ends a cue only if times follow, or a number and times: so text after a blank line is not lost.
    """
    heads = _heads(lines, name)
    first = heads[0] - (heads[0] > 0 and _is_number(lines[heads[0] - 1])) if heads else len(lines)
    if (odd := next((n for n, line in enumerate(lines[:first], 1) if not _blank(line)), None)) is not None:
        what = "words before the first cue's times" if heads else "no cue and no times in it"
        raise SourceError(f"{name}: line {odd}: {what}", "Is it really a subtitle file?")
    if len(heads) > MOST_CUES:
        raise SourceError(f"{name}: {len(heads)} cues", "Give the subtitles of one recording")
    if not heads:
        return
    wrong_numbers = places = 0
    for count, (at, following) in enumerate(zip(heads, [*heads[1:], len(lines)], strict=True), 1):
        start, end = _times(lines[at], at + 1, name, notes)
        body = list(lines[at + 1 : following])
        numbered = at > 0 and _is_number(lines[at - 1])
        wrong_numbers += not numbered or lines[at - 1].strip("\ufeff \t") != str(count)
        places += bool(_after_times(lines[at]))
        if following < len(lines) and body and _is_number(body[-1]):  # the next cue's
            body.pop()
        while body and _blank(body[-1]):
            body.pop()
        while body and _blank(body[0]):
            body.pop(0)
        if any(_blank(line) for line in body):
            notes.append(f"line {at + 1}: blank lines inside a cue: taken out")
            body = [line for line in body if not _blank(line)]
        if not body:
            notes.append(f"line {at + 1}: a cue without text: left out")
            continue
        said = tuple((None, without_tags(line).strip()) for line in body)
        yield Block(at + 1, start, end, "\n".join(body), said)
    if wrong_numbers:
        notes.append(f"{wrong_numbers} cues without their right number: numbered anew")
    if places:
        notes.append(f"{places} cues have a place on the screen: left out")


def _heads(lines: Sequence[str], name: str) -> list[int]:
    """Indices of the lines that hold a cue's times.

    Times as they should be stand anywhere. The less they look like times, the more a cue must begin there: after a
    blank line, or after the number that is due. So "3 -> 4" in a cue stays its text.

    Raises:
        SourceError: a line that must hold times holds none.
    """
    heads: list[int] = []
    for at, line in enumerate(lines):
        if not _MAY_BE_TIMES.search(line):
            continue
        fresh = at == 0 or _blank(lines[at - 1])
        after_number = at > 0 and _is_number(lines[at - 1])
        numbered = after_number and (at == 1 or _blank(lines[at - 2]))
        times = _TIMES.match(line)
        arrow = times[2].endswith(">") if times else "-->" in line
        if times:
            colons = ":" in _plain_clock(times[1]) and ":" in _plain_clock(times[3])
            full = _FULL.match(line) is not None
            expected = after_number and lines[at - 1].strip("\ufeff \t") == str(len(heads) + 1)
            if (
                (full and times[2] == "-->")
                or (arrow and (numbered or (fresh and (times[2] == "-->" or colons)) or (expected and colons)))
                or (full and (fresh or numbered))
            ):
                heads.append(at)
        elif arrow and (numbered or (fresh and re.match(r"[\ufeff\s]*[-\d]", line))):
            raise SourceError(f"{name}: line {at + 1}: not `00:00:01,000 --> 00:00:02,000`", "Mend the line")
    return heads


def _blank(line: str) -> bool:
    """Whether nothing stands in the line; a no-break space does, as some put it for an empty cue."""
    return not line.strip("\ufeff \t\f\v")


def _is_number(line: str) -> bool:
    return len(line) < 100 and _NUMBER.fullmatch(line) is not None


def _after_times(line: str) -> str:
    """What stands after a cue's times: its place on the screen."""
    found = _TIMES.match(line)
    return line[found.end() :].strip() if found else ""


def _vtt_blocks(lines: Sequence[str], name: str, notes: list[str]) -> Iterator[Block]:
    """Cues of WebVTT: blocks between blank lines, without its header, comments, styles and regions."""
    block: list[tuple[int, str]] = []
    settings = cues = 0
    for number, line in enumerate([*lines, ""], 1):
        if not _blank(line):
            block.append((number, line))
            continue
        some, block = block, []
        if some and some[0][0] == 1:  # the header ends where the first cue begins, if no blank line did before
            some = list(itertools.dropwhile(lambda row: "-->" not in row[1], some[1:]))
        if not some:
            continue
        head = next((i for i, (_, text) in enumerate(some[:2]) if "-->" in text), None)
        found = _TIMES.match(some[head or 0][1])
        if some[0][1].startswith(("NOTE", "STYLE", "REGION")) and (head is None or not found):
            continue
        if head is None:
            notes.append(f"line {some[0][0]}: a block without times: left out")
            continue
        where, times = some[head]
        if not found or found[2] != "-->":
            raise SourceError(f"{name}: line {where}: not `00:01.000 --> 00:02.000`", "Mend the line")
        if (cues := cues + 1) > MOST_CUES:
            raise SourceError(f"{name}: more than {MOST_CUES} cues", "Give the subtitles of one recording")
        settings += bool(_after_times(times))
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
    before, done, words = "", 0, 0
    text = re.sub(r"(?m)^((?:<[^<>]*>)*)[-–—‐]\s+", r"\1", text)  # dashes are no words
    for piece in re.split(r"(<[0-9:.]+>)", text):
        if found := re.fullmatch(rf"<({_CLOCK})>", piece):
            time = _seconds(found[1])
            if time is not None and (out[-1][1] if out else start) <= time <= end:
                out.append((words, time))
        else:
            # A word may go on beyond a time, so what is counted is cut only at spaces.
            before += _TAG.sub("", piece)
            *whole, before = re.split(r"\s+", before) if before else [""]
            done += sum(1 for word in whole if word)
            words = done + bool(before)
    return tuple(out)


# --- times ------------------------------------------------------------------------------------------------------------

_CLOCK = (
    r"[-−]?\s{0,4}(?:\d{1,4}\s{0,4}[:：]\s{0,4})?(?:\d{1,4}\s{0,4}[:：]\s{0,4})?\d{1,6}"
    r"(?:\s{0,4}[.,，]\s{0,4}\d{1,9}|[:：]\d{3}(?!\d))?"
)
_ARROW = r"(?:-{1,3}|–|—|=)>|[-–—]{1,3}|(?=\s)"
_TIMES = re.compile(rf"^[\ufeff\s]*({_CLOCK})\s{{0,9}}({_ARROW})\s{{0,9}}({_CLOCK})(?=\s|$)")
_FULL = re.compile(
    r"^[\ufeff\s]*-?(?:\d{1,4}:)?\d{1,2}:\d{2}[.,:]\d{1,3}[\s\-–—=>]{1,9}(?:\d{1,4}:)?\d{1,2}:\d{2}[.,:]\d{1,3}(?=\s|$)"
)
_MAY_BE_TIMES = re.compile(r"\d.{0,30}?(?:>|\d[.,:：]\d)|-->")
_MADE_UP = re.compile(r"SPEAKER_\d+", re.IGNORECASE)
_NUMBER = re.compile(r"[\ufeff\s]*\d+\s*")
_LANGUAGE = re.compile(r"Language:\s*([A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*)\s*$")
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?\s([^<>]*)>")
_TAG = re.compile(r"<[^<>]*>")
_SRT_TAG = re.compile(r"</?(?:i|b|u|s|font|c|v|ruby|rt|lang)\b[^<>]*>|\{\\[^{}]*\}", re.IGNORECASE)


def _times(line: str, number: int, name: str, notes: list[str]) -> tuple[float, float]:
    found = _TIMES.match(line)
    assert found is not None
    start, end = _seconds(found[1]), _seconds(found[3])
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
    flat = _plain_clock(clock)
    sign = -1 if flat.startswith("-") else 1
    whole, _, fraction = flat.lstrip("-").partition(".")
    if whole.count(":") == 3:  # 00:00:01:500
        whole, _, fraction = whole.rpartition(":")
    total = 0
    for part in whole.split(":"):
        total = total * 60 + int(part)
    if total > LATEST:
        return None
    return sign * round(total + float(f"0.{fraction or 0}"), 3)


def _plain_clock(clock: str) -> str:
    return re.sub(r"\s", "", clock).replace("：", ":").replace(",", ".").replace("，", ".").replace("−", "-")


# --- segments ---------------------------------------------------------------------------------------------------------


def _segments(blocks: Sequence[Block], language: str) -> tuple[Segment, ...]:
    """A segment a cue; a speaker whose name stands before a cue goes on until the next name.

    Where two share a cue, each word has its own speaker and the segment the first.
    """
    named = not any(voice for block in blocks for voice, _ in block.said) and _has_labels(blocks)
    out: list[Segment] = []
    last: str | None = None
    for number, block in enumerate(blocks):
        said: list[tuple[str | None, str]] = []
        for voice, line in zip((voice for voice, _ in block.said), _undashed(block), strict=True):
            name, text = _labelled(line) if named else (voice, line)
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
    label = sum(len(line.split()) for line in _undashed(block)) - len(words)
    marks = [(max(0, before - label), time) for before, time in block.marks]
    if not marks or marks[-1][0] > len(words):
        return list(spread(text, block.start, block.end))
    cuts = [(0, block.start), *marks, (len(words), block.end)]
    return [
        word for (a, start), (b, end) in pairwise(cuts) if b > a for word in spread(" ".join(words[a:b]), start, end)
    ]


def _undashed(block: Block) -> list[str]:
    """The lines without the dashes of speakers; where two lines have one, no space need follow it."""
    lines = [line for _, line in block.said]
    shared = sum(_ANY_DASH.match(line) is not None for line in lines) > 1
    return [_ANY_DASH.sub("", line) if shared else line.removeprefix(DASH).strip() for line in lines]


_ANY_DASH = re.compile(r"[-–—‐]\s{0,3}(?=[^\W\d]|\s|[\"'¿¡<(\[♪])")


def _has_labels(blocks: Sequence[Block]) -> bool:
    """Whether names stand before cues: a colon alone makes no speaker.

    The first words must have one, and some name must come back, or each line have one, or they be of a diarizer's
    making. Or two names come back, on a tenth of the cues or more.
    """
    names = [
        _labelled(line)[0]
        for block in blocks
        for line in _undashed(block)[:2]
        if any(char.isalnum() for char in _NO_SPEECH.sub("", line))
    ]
    times = Counter(name for name in names if name)
    again = [name for name, count in times.items() if count > 1]
    if len(again) > 1 and times.total() * 10 >= len(blocks):
        return True
    if not names or names[0] is None:
        return False
    each = times.total() > 1 and times.total() >= len(blocks)
    return bool(again) or each or all(_MADE_UP.fullmatch(name) for name in times)


_NO_SPEECH = re.compile(r"\[[^\[\]]*\]|\([^()]*\)|[♪♫#*][^♪♫#*]*[♪♫#*]")


def _labelled(line: str) -> tuple[str | None, str]:
    """(name, words) of `Ana: Yes.`, (None, words) of a line without a name."""
    name, colon, rest = line.partition(": ")
    name = name.strip()
    if (
        colon and rest.strip() and 0 < len(name) <= LABEL_LENGTH and len(name.split()) <= LABEL_WORDS
        and not name[0].islower() and (name[0].isalnum() or name[0] in "[(")
        and "." not in _TITLE.sub("", name).rstrip(".")
    ):  # fmt: skip
        return name.strip("[]() ") or None, rest.strip()
    return None, line


_TITLE = re.compile(r"\b(?:Dr|Drs|Mr|Mrs|Ms|Prof|St|Sr|Sra|Fr|Hr|Lt|Sgt|Capt|Rev|[^\W\d_])\.")


def without_tags(text: str) -> str:
    return _SRT_TAG.sub("", text)
