"""Read: subtitle files as they are found in the world. What is wrong with one is mended with a note, or refused.

SubRip as VLC and libass take it (https://www.matroska.org/technical/subtitles.html), WebVTT as
https://www.w3.org/TR/webvtt1/. A cue becomes a segment whose `cue` holds its text verbatim.
"""

from __future__ import annotations

import re

from voicekit.errors import SourceError
from voicekit.subtitles.blocks import LATEST

# --- times ------------------------------------------------------------------------------------------------------------

CLOCK = (
    r"[-−]?\s{0,4}(?:\d{1,4}\s{0,4}[:：]\s{0,4})?(?:\d{1,4}\s{0,4}[:：]\s{0,4})?\d{1,6}"
    r"(?:\s{0,4}[.,，]\s{0,4}\d{1,9}|[:：]\d{3}(?!\d))?"
)
_ARROW = r"(?:-{1,3}|–|—|=)>|[-–—]{1,3}|(?=\s)"
TIMES = re.compile(rf"^[\ufeff\s]*({CLOCK})\s{{0,9}}({_ARROW})\s{{0,9}}({CLOCK})(?=\s|$)")
FULL_CLOCK = re.compile(
    r"^[\ufeff\s]*-?(?:\d{1,4}:)?\d{1,2}:\d{2}[.,:]\d{1,3}[\s\-–—=>]{1,9}(?:\d{1,4}:)?\d{1,2}:\d{2}[.,:]\d{1,3}(?=\s|$)"
)
MAY_BE_TIMES = re.compile(r"\d.{0,30}?(?:>|\d[.,:：]\d)|-->")
MADE_UP = re.compile(r"SPEAKER_\d+", re.IGNORECASE)
CUE_NUMBER = re.compile(r"[\ufeff\s]*\d+\s*")


def parse_times(line: str, number: int, name: str, notes: list[str]) -> tuple[float, float]:
    found = TIMES.match(line)
    assert found is not None
    start, end = clock_seconds(found[1]), clock_seconds(found[3])
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


def clock_seconds(clock: str) -> float | None:
    """Seconds to the millisecond of `1:02:03,5`, `02:03.500` or `01.5`; None where it is later than LATEST."""
    flat = is_plain_clock(clock)
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


def is_plain_clock(clock: str) -> str:
    return re.sub(r"\s", "", clock).replace("：", ":").replace(",", ".").replace("，", ".").replace("−", "-")
