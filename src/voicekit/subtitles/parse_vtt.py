"""Read: subtitle files as they are found in the world. What is wrong with one is mended with a note, or refused.

SubRip as VLC and libass take it (https://www.matroska.org/technical/subtitles.html), WebVTT as
https://www.w3.org/TR/webvtt1/. A cue becomes a segment whose `cue` holds its text verbatim.
"""

from __future__ import annotations

import html
import itertools
import re
from collections.abc import Iterator, Sequence

from voicekit.errors import SourceError
from voicekit.subtitles.blocks import MOST_CUES, Block
from voicekit.subtitles.markup import TAG
from voicekit.subtitles.parse_srt import after_times, is_blank
from voicekit.subtitles.timestamps import CLOCK, TIMES, clock_seconds, parse_times


def vtt_blocks(lines: Sequence[str], name: str, notes: list[str]) -> Iterator[Block]:
    """Cues of WebVTT: blocks between blank lines, without its header, comments, styles and regions."""
    block: list[tuple[int, str]] = []
    settings = cues = 0
    for number, line in enumerate([*lines, ""], 1):
        if not is_blank(line):
            block.append((number, line))
            continue
        some, block = block, []
        if some and some[0][0] == 1:  # the header ends where the first cue begins, if no blank line did before
            some = list(itertools.dropwhile(lambda row: "-->" not in row[1], some[1:]))
        if not some:
            continue
        head = next((i for i, (_, text) in enumerate(some[:2]) if "-->" in text), None)
        found = TIMES.match(some[head or 0][1])
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
        settings += bool(after_times(times))
        start, end = parse_times(times, where, name, notes)
        text = "\n".join(line for _, line in some[head + 1 :])
        if not TAG.sub("", text).strip():
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
        yield speaker, html.unescape(TAG.sub("", line)).strip()


def _as_srt(text: str) -> str:
    """A VTT cue's text with the tags that SubRip knows, too; its entities as characters."""
    return html.unescape(re.sub(r"<(?!/?[ibu]>)[^<>]*>", "", text))


def _marks(text: str, start: float, end: float) -> tuple[tuple[int, float], ...]:
    """Times inside a cue, each with how many words stand before it; only those in order and within the cue."""
    out: list[tuple[int, float]] = []
    before, done, words = "", 0, 0
    text = re.sub(r"(?m)^((?:<[^<>]*>)*)[-–—‐]\s+", r"\1", text)  # dashes are no words
    for piece in re.split(r"(<[0-9:.]+>)", text):
        if found := re.fullmatch(rf"<({CLOCK})>", piece):
            time = clock_seconds(found[1])
            if time is not None and (out[-1][1] if out else start) <= time <= end:
                out.append((words, time))
        else:
            # A word may go on beyond a time, so what is counted is cut only at spaces.
            before += TAG.sub("", piece)
            *whole, before = re.split(r"\s+", before) if before else [""]
            done += sum(1 for word in whole if word)
            words = done + bool(before)
    return tuple(out)


LANGUAGE_TAG = re.compile(r"Language:\s*([A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*)\s*$")
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?\s([^<>]*)>")
