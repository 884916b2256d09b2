"""Parse SubRip, as lenient as VLC and libass (https://www.matroska.org/technical/subtitles.html)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from voicekit.errors import SourceError
from voicekit.subtitles.markup import without_ass_codes, without_tags
from voicekit.subtitles.source_cue import MAX_CUES, SourceCue
from voicekit.subtitles.timestamps import (
    COMPLETE_TIMING,
    LENIENT_TIMING,
    MAYBE_TIMING,
    is_blank,
    normalize_clock,
    parse_timing,
    text_after_timing,
)

_DIRECTION_MARKS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_NUMBER = re.compile(r"[\ufeff\s]*\d+\s*")


def parse_srt(lines: Sequence[str], name: str, notes: list[str]) -> Iterator[SourceCue]:
    """Yield the cues. A cue starts with its times; the number before them may be missing or wrong.

    A blank line ends a cue only if times, or a number and times, follow: text after a blank line is not lost.

    Args:
        lines: Lines of the file.
        name: Name of the file, for errors.
        notes: Receives a note for each repair.

    Raises:
        SourceError: The text is not SubRip; names the line.
    """
    lines = [_without_direction_marks(line) for line in lines]
    timing_lines = _find_timing_lines(lines, name)
    _check_start(lines, timing_lines, name)
    if len(timing_lines) > MAX_CUES:
        raise SourceError(f"{name}: {len(timing_lines)} cues", "Give the subtitles of one recording")
    numbered = 2 * sum(index > 0 and _is_number(lines[index - 1]) for index in timing_lines) >= len(timing_lines)
    wrong_numbers = positions = 0
    for count, (index, following) in enumerate(zip(timing_lines, [*timing_lines[1:], len(lines)], strict=False), 1):
        start, end = parse_timing(lines[index], index + 1, name, notes)
        wrong_numbers += not (index > 0 and _number(lines[index - 1]) == str(count))
        positions += bool(text_after_timing(lines[index]))
        body = list(lines[index + 1 : following])
        if numbered and following < len(lines) and body and _is_number(body[-1]):  # the number of the next cue
            body.pop()
        body = _strip_blank_lines(without_ass_codes(body))
        if any(is_blank(line) for line in body):
            notes.append(f"line {index + 1}: blank lines inside a cue: removed")
            body = [line for line in body if not is_blank(line)]
        if not body:
            notes.append(f"line {index + 1}: a cue without text: left out")
            continue
        plain = tuple((None, without_tags(line).strip()) for line in body)
        yield SourceCue(index + 1, start, end, "\n".join(body), plain)
    if wrong_numbers:
        notes.append(f"{wrong_numbers} cues with a missing or wrong number: numbered again")
    if positions:
        notes.append(f"{positions} cues have a position on the screen: left out")


def _check_start(lines: Sequence[str], timing_lines: Sequence[int], name: str) -> None:
    """Raise SourceError if there is text before the first cue."""
    first = len(lines)
    if timing_lines:
        first = timing_lines[0]
        first -= first > 0 and _is_number(lines[first - 1])
    for number, line in enumerate(lines[:first], 1):
        if not is_blank(line):
            problem = "text before the times of the first cue" if timing_lines else "no cue and no times in it"
            raise SourceError(f"{name}: line {number}: {problem}", "Is it really a subtitle file?")


def _find_timing_lines(lines: Sequence[str], name: str) -> list[int]:
    """Return the indices of the lines with a cue's times.

    A line in the standard form counts anywhere. The less a line looks like times, the more certain it must be that a
    cue starts there: after a blank line, or after the expected number. So "3 -> 4" in a cue remains text.

    Raises:
        SourceError: A line that must hold times does not.
    """
    timing_lines: list[int] = []
    for index, line in enumerate(lines):
        if not MAYBE_TIMING.search(line):
            continue
        before = lines[index - 1] if index else ""
        after_blank = is_blank(before)
        after_number = index > 0 and _is_number(before)
        after_cue_number = after_number and (index == 1 or is_blank(lines[index - 2]))
        after_expected_number = after_number and _number(before) == str(len(timing_lines) + 1)
        match = LENIENT_TIMING.match(line)
        if match:
            if _is_timing(line, match, after_blank, after_cue_number, after_expected_number):
                timing_lines.append(index)
        elif "-->" in line and (after_cue_number or (after_blank and re.match(r"[\ufeff\s]*[-\d]", line))):
            raise SourceError(f"{name}: line {index + 1}: not `00:00:01,000 --> 00:00:02,000`", "Correct the line")
    return timing_lines


def _is_timing(
    line: str, match: re.Match[str], after_blank: bool, after_cue_number: bool, after_expected_number: bool
) -> bool:
    """Whether a line that matches LENIENT_TIMING starts a cue, given what precedes it."""
    complete = COMPLETE_TIMING.match(line) is not None
    standard_arrow = match[2] == "-->"
    if complete and (standard_arrow or after_blank or after_cue_number):
        return True
    if not match[2].endswith(">"):
        return False
    has_colons = ":" in normalize_clock(match[1]) and ":" in normalize_clock(match[3])
    return (
        after_cue_number or (after_blank and (standard_arrow or has_colons)) or (after_expected_number and has_colons)
    )


def _strip_blank_lines(body: list[str]) -> list[str]:
    while body and is_blank(body[-1]):
        body.pop()
    while body and is_blank(body[0]):
        body.pop(0)
    return body


def _without_direction_marks(line: str) -> str:
    """Remove marks of writing direction, as editors add them to Hebrew and Arabic, from a number or times."""
    plain = _DIRECTION_MARKS.sub("", line)
    return plain if plain != line and (_is_number(plain) or MAYBE_TIMING.search(plain)) else line


def _is_number(line: str) -> bool:
    return len(line) < 100 and _NUMBER.fullmatch(line) is not None


def _number(line: str) -> str:
    """Return the text of a cue number; empty if the line is not a number."""
    return line.strip("\ufeff \t") if _is_number(line) else ""
