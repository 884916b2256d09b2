"""Read: subtitle files as they are found in the world. What is wrong with one is mended with a note, or refused.

SubRip as VLC and libass take it (https://www.matroska.org/technical/subtitles.html), WebVTT as
https://www.w3.org/TR/webvtt1/. A cue becomes a segment whose `cue` holds its text verbatim.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from voicekit.errors import SourceError
from voicekit.subtitles.blocks import MOST_CUES, Block
from voicekit.subtitles.markup import without_tags
from voicekit.subtitles.timestamps import CUE_NUMBER, FULL_CLOCK, MAY_BE_TIMES, TIMES, is_plain_clock, parse_times

# --- blocks -----------------------------------------------------------------------------------------------------------


def srt_blocks(lines: Sequence[str], name: str, notes: list[str]) -> Iterator[Block]:
    """Cues of SubRip: each begins with its times; the number before them may be missing or wrong.

    A blank line ends a cue only if times follow, or a number and times: so text after a blank line is not lost.
    """
    heads = _heads(lines, name)
    first = heads[0] - (heads[0] > 0 and _is_number(lines[heads[0] - 1])) if heads else len(lines)
    if (odd := next((n for n, line in enumerate(lines[:first], 1) if not is_blank(line)), None)) is not None:
        what = "words before the first cue's times" if heads else "no cue and no times in it"
        raise SourceError(f"{name}: line {odd}: {what}", "Is it really a subtitle file?")
    if len(heads) > MOST_CUES:
        raise SourceError(f"{name}: {len(heads)} cues", "Give the subtitles of one recording")
    if not heads:
        return
    wrong_numbers = places = 0
    for count, (at, following) in enumerate(zip(heads, [*heads[1:], len(lines)], strict=True), 1):
        start, end = parse_times(lines[at], at + 1, name, notes)
        body = list(lines[at + 1 : following])
        numbered = at > 0 and _is_number(lines[at - 1])
        wrong_numbers += not numbered or lines[at - 1].strip("\ufeff \t") != str(count)
        places += bool(after_times(lines[at]))
        if following < len(lines) and body and _is_number(body[-1]):  # the next cue's
            body.pop()
        while body and is_blank(body[-1]):
            body.pop()
        while body and is_blank(body[0]):
            body.pop(0)
        if any(is_blank(line) for line in body):
            notes.append(f"line {at + 1}: blank lines inside a cue: taken out")
            body = [line for line in body if not is_blank(line)]
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
        if not MAY_BE_TIMES.search(line):
            continue
        fresh = at == 0 or is_blank(lines[at - 1])
        after_number = at > 0 and _is_number(lines[at - 1])
        numbered = after_number and (at == 1 or is_blank(lines[at - 2]))
        times = TIMES.match(line)
        arrow = times[2].endswith(">") if times else "-->" in line
        if times:
            colons = ":" in is_plain_clock(times[1]) and ":" in is_plain_clock(times[3])
            full = FULL_CLOCK.match(line) is not None
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


def is_blank(line: str) -> bool:
    """Whether nothing stands in the line; a no-break space does, as some put it for an empty cue."""
    return not line.strip("\ufeff \t\f\v")


def _is_number(line: str) -> bool:
    return len(line) < 100 and CUE_NUMBER.fullmatch(line) is not None


def after_times(line: str) -> str:
    """What stands after a cue's times: its place on the screen."""
    found = TIMES.match(line)
    return line[found.end() :].strip() if found else ""
