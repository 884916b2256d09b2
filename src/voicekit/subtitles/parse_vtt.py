"""Parse WebVTT (https://www.w3.org/TR/webvtt1/)."""

from __future__ import annotations

import html
import itertools
import re
from collections.abc import Iterator, Sequence

from voicekit.errors import SourceError
from voicekit.subtitles.markup import ANY_TAG
from voicekit.subtitles.source_cue import MAX_CUES, SourceCue
from voicekit.subtitles.timestamps import (
    CLOCK,
    LENIENT_TIMING,
    STANDARD_TIMING,
    is_blank,
    parse_clock,
    parse_timing,
    text_after_timing,
)

_HEADER = re.compile(r"\ufeff?WEBVTT(?:[ \t]|$)")
_TIMESTAMP_MAP = re.compile(r"X-TIMESTAMP-MAP=.*")
_LANGUAGE = re.compile(r"Language:\s*([A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*)\s*$")
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?\s([^<>]*)>")
_LINE_DASH = re.compile(r"(?m)^((?:<[^<>]*>)*)[-–—‐]\s+")
_TIMESTAMP_TAG = re.compile(rf"<({CLOCK})>")


def language_in_header(lines: Sequence[str]) -> str | None:
    """Return the BCP-47 language of the header, if it has one."""
    return next((match[1] for line in lines[1:10] if (match := _LANGUAGE.match(line))), None)


def parse_vtt(lines: Sequence[str], name: str, notes: list[str]) -> Iterator[SourceCue]:
    """Yield the cues: blocks between blank lines, without header, comments, styles and regions.

    Args:
        lines: Lines of the file.
        name: Name of the file, for errors.
        notes: Receives a note for each repair.

    Raises:
        SourceError: The text is not WebVTT; names the line.
    """
    if not _HEADER.match(lines[0]):
        raise SourceError(f"{name}: line 1: does not begin with WEBVTT", "Is it really a WebVTT file?")
    positions = count = 0
    first_map = _timestamp_map(lines[1:10])
    shift = 0.0
    for block in _blocks(lines):
        if _HEADER.match(block[0][1]):
            shift = _timestamp_map([line for _, line in block]) - first_map
            notes.append(f"line {block[0][0]}: another file begins: its times are shifted by {shift:g} s")
            if not any("-->" in line for _, line in block):
                continue
        timing_index = next((i for i, (_, text) in enumerate(block[:2]) if "-->" in text), None)
        match = LENIENT_TIMING.match(block[timing_index or 0][1])
        if block[0][1].startswith(("NOTE", "STYLE", "REGION")) and (timing_index is None or not match):
            continue
        if timing_index is None:
            notes.append(f"line {block[0][0]}: a block without times: left out")
            continue
        number, timing = block[timing_index]
        if not match or match[2] != "-->":
            raise SourceError(f"{name}: line {number}: not `00:01.000 --> 00:02.000`", "Correct the line")
        if (count := count + 1) > MAX_CUES:
            raise SourceError(f"{name}: more than {MAX_CUES} cues", "Give the subtitles of one recording")
        positions += bool(text_after_timing(timing))
        start, end = (max(0.0, round(time + shift, 3)) for time in parse_timing(timing, number, name, notes))
        text = "\n".join(line for _, line in block[timing_index + 1 :])
        if not ANY_TAG.sub("", text).strip():
            notes.append(f"line {number}: a cue without text: left out")
            continue
        yield SourceCue(
            number, start, end, _with_srt_tags(text), tuple(_lines_by_voice(text)), _timestamps(text, start, end, shift)
        )
    if positions:
        notes.append(f"{positions} cues have a position on the screen: left out")


def _timestamp_map(header: Sequence[str]) -> float:
    """Return the seconds that a header adds to its cues, as HTTP Live Streaming does; 0 if it does not.

    Source: RFC 8216, section 3.5. The clock of MPEG has 90,000 ticks a second.
    """
    text = next((match[0] for line in header if (match := _TIMESTAMP_MAP.match(line))), "")
    ticks, local = re.search(r"MPEGTS:(\d{1,10})\b", text), re.search(rf"LOCAL:({CLOCK})", text)
    return int(ticks[1]) / 90_000 - (parse_clock(local[1]) or 0.0) if ticks and local else 0.0


def _blocks(lines: Sequence[str]) -> Iterator[list[tuple[int, str]]]:
    """Yield the blocks between empty lines as (line number, line), without the header.

    A line of spaces is text, unless a cue follows. Times begin a block even where the empty line before is missing.
    """
    block: list[tuple[int, str]] = []
    for number, line in enumerate([*lines, ""], 1):
        following = lines[number : number + 2]
        if line and is_blank(line) and not _begins_cue(following):
            if block and "-->" in "".join(text for _, text in block[:2]):
                block.append((number, line))
                continue
        elif not is_blank(line):
            if len(block) > 1 and any("-->" in text for _, text in block[:2]) and STANDARD_TIMING.match(line):
                yield block
                block = []
            block.append((number, line))
            continue
        if block and block[0][0] == 1:  # without a blank line, the header ends at the first cue
            block = list(itertools.dropwhile(lambda row: "-->" not in row[1], block[1:]))
        if block:
            yield block
        block = []


def _begins_cue(lines: Sequence[str]) -> bool:
    """Whether a cue, or nothing, begins with these two lines: times, or an identifier and times."""
    return not lines or not lines[0] or any("-->" in line for line in lines)


def _lines_by_voice(text: str) -> Iterator[tuple[str | None, str]]:
    """Yield (speaker, text) for each line, and for each voice span in it; a span continues on the next lines."""
    speaker = None
    for line in text.split("\n"):
        before, *spans = _VOICE.split(line)
        if not spans or ANY_TAG.sub("", before).strip():
            yield speaker, html.unescape(ANY_TAG.sub("", before)).strip()
        for name, content in zip(spans[::2], spans[1::2], strict=True):
            speaker = " ".join(html.unescape(name).split()) or None
            yield speaker, html.unescape(ANY_TAG.sub("", content)).strip()


def _with_srt_tags(text: str) -> str:
    """Return the text with only the tags that SubRip has too, and entities as characters."""
    return html.unescape(re.sub(r"<(?!/?[ibu]>)[^<>]*>", "", text))


def _timestamps(text: str, start: float, end: float, shift: float) -> tuple[tuple[int, float], ...]:
    """Return the times inside a cue with the number of words before each; only those in order and within the cue."""
    timestamps: list[tuple[int, float]] = []
    partial_word, complete_words, words = "", 0, 0
    for piece in re.split(r"(<[0-9:.]+>)", _LINE_DASH.sub(r"\1", text)):
        if match := _TIMESTAMP_TAG.fullmatch(piece):
            time = parse_clock(match[1])
            time = None if time is None else round(time + shift, 3)
            if time is not None and (timestamps[-1][1] if timestamps else start) <= time <= end:
                timestamps.append((words, time))
        else:
            # A word may continue after a time, so only spaces end a word.
            partial_word += ANY_TAG.sub("", piece)
            *complete, partial_word = re.split(r"\s+", partial_word) if partial_word else [""]
            complete_words += sum(1 for word in complete if word)
            words = complete_words + bool(partial_word)
    return tuple(timestamps)
