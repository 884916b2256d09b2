"""Read: subtitle files as they are found in the world. What is wrong with one is mended with a note, or refused.

SubRip as VLC and libass take it (https://www.matroska.org/technical/subtitles.html), WebVTT as
https://www.w3.org/TR/webvtt1/. A cue becomes a segment whose `cue` holds its text verbatim.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from voicekit.subtitles.blocks import Block
from voicekit.subtitles.cue import DASH
from voicekit.subtitles.timestamps import MADE_UP

LABEL_WORDS, LABEL_LENGTH = 4, 40
"""What a speaker's name has at most: "And then he said to me: no" is none."""


def strip_dash(block: Block) -> list[str]:
    """The lines without the dashes of speakers; where two lines have one, no space need follow it."""
    lines = [line for _, line in block.said]
    shared = sum(_ANY_DASH.match(line) is not None for line in lines) > 1
    return [_ANY_DASH.sub("", line) if shared else line.removeprefix(DASH).strip() for line in lines]


_ANY_DASH = re.compile(r"[-–—‐]\s{0,3}(?=[^\W\d]|\s|[\"'¿¡<(\[♪])")


def has_labels(blocks: Sequence[Block]) -> bool:
    """Whether names stand before cues: a colon alone makes no speaker.

    The first words must have one, and some name must come back, or each line have one, or they be of a diarizer's
    making. Or two names come back, on a tenth of the cues or more.
    """
    names = [
        split_label(line)[0]
        for block in blocks
        for line in strip_dash(block)[:2]
        if any(char.isalnum() for char in _NO_SPEECH.sub("", line))
    ]
    times = Counter(name for name in names if name)
    again = [name for name, count in times.items() if count > 1]
    if len(again) > 1 and times.total() * 10 >= len(blocks):
        return True
    if not names or names[0] is None:
        return False
    each = times.total() > 1 and times.total() >= len(blocks)
    return bool(again) or each or all(MADE_UP.fullmatch(name) for name in times)


_NO_SPEECH = re.compile(r"\[[^\[\]]*\]|\([^()]*\)|[♪♫#*][^♪♫#*]*[♪♫#*]")


def split_label(line: str) -> tuple[str | None, str]:
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
