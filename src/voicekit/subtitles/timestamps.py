"""Recognize and parse the times of cues, also where they are written in unusual ways."""

from __future__ import annotations

import re

from voicekit.errors import SourceError
from voicekit.transcript_check import MAX_SECONDS

CLOCK = (
    r"[-−]?\s{0,4}(?:\d{1,4}\s{0,4}[:：]\s{0,4})?(?:\d{1,4}\s{0,4}[:：]\s{0,4})?\d{1,6}"
    r"(?:\s{0,4}[.,，]\s{0,4}\d{1,9}|[:：]\d{3}(?!\d))?"
)
"""Regular expression of a time such as 00:01:02,500, with spaces, full-width marks and missing fields allowed."""

_ARROW = r"(?:-{1,3}|–|—|=)>|[-–—]{1,3}|(?=\s)"
LENIENT_TIMING = re.compile(rf"^[\ufeff\s]*({CLOCK})\s{{0,9}}({_ARROW})\s{{0,9}}({CLOCK})(?=\s|$)")
"""A line with two times: start, arrow, end. The arrow may be missing or misspelt."""

COMPLETE_TIMING = re.compile(
    r"^[\ufeff\s]*-?(?:\d{1,4}:)?\d{1,2}:\d{2}[.,:]\d{1,3}[\s\-–—=>]{1,9}(?:\d{1,4}:)?\d{1,2}:\d{2}[.,:]\d{1,3}(?=\s|$)"
)
"""Two times with minutes, seconds and milliseconds each."""

_STANDARD_CLOCK = r"(?:\d{2,4}:)?[0-5]\d:[0-5]\d[.,]\d{3}"
STANDARD_TIMING = re.compile(rf"^\ufeff?{_STANDARD_CLOCK} --> {_STANDARD_CLOCK}(?:\s|$)")
"""Two times exactly as the formats define them."""

MAYBE_TIMING = re.compile(r"\d.{0,30}?(?:>|\d[.,:：]\d)|-->")
"""Quick test that rejects most lines of text."""


def parse_timing(line: str, number: int, name: str, notes: list[str]) -> tuple[float, float]:
    """Parse a line that matches LENIENT_TIMING.

    Args:
        line: The line.
        number: Its number, for notes.
        name: Name of the file, for errors.
        notes: Receives a note for each repair.

    Returns:
        Start and end in seconds, both at least 0 and in order.

    Raises:
        SourceError: A time is later than MAX_SECONDS.
    """
    match = LENIENT_TIMING.match(line)
    assert match is not None
    start, end = parse_clock(match[1]), parse_clock(match[3])
    if start is None or end is None:
        raise SourceError(f"{name}: line {number}: a time later than eleven days", "Correct the line")
    if not STANDARD_TIMING.match(line):
        notes.append(f"line {number}: unusual times: read as {start:g} to {end:g} s")
    if start < 0 or end < 0:
        notes.append(f"line {number}: negative times: set to 0")
        start, end = max(0.0, start), max(0.0, end)
    if end < start:
        notes.append(f"line {number}: end before the start: set to the start")
        end = start
    return start, end


def parse_clock(clock: str) -> float | None:
    """Parse `1:02:03,5`, `02:03.500` or `01.5` as seconds, to the millisecond; None if later than MAX_SECONDS."""
    text = normalize_clock(clock)
    sign = -1 if text.startswith("-") else 1
    whole, _, fraction = text.lstrip("-").partition(".")
    if whole.count(":") == 3:  # 00:00:01:500
        whole, _, fraction = whole.rpartition(":")
    total = 0
    for part in whole.split(":"):
        total = total * 60 + int(part)
    if total > MAX_SECONDS:
        return None
    return sign * round(total + float(f"0.{fraction or 0}"), 3)


def normalize_clock(clock: str) -> str:
    """Return a time without spaces, with ASCII colons, points and minus signs."""
    return re.sub(r"\s", "", clock).replace("：", ":").replace(",", ".").replace("，", ".").replace("−", "-")


def text_after_timing(line: str) -> str:
    """Return what follows the times on their line: the position of the cue on the screen."""
    match = LENIENT_TIMING.match(line)
    return line[match.end() :].strip() if match else ""


def is_blank(line: str) -> bool:
    """Whether a line is empty. A no-break space counts as text: some use it for an empty cue."""
    return not line.strip("\ufeff \t\f\v")
