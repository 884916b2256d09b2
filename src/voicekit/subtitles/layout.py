"""Lay out the words of a transcript as cues and lines. This is the only place that decides where they end.

The layout is one exact optimization. The words are a row of n tokens (subtitles/tokens.py), and a layout is a choice
of breaks between them. The cost of a cue (subtitles/cost.py) depends only on its own tokens and on the start of the
next one, so dynamic programming finds the best choice, as Knuth and Plass break paragraphs (Software: Practice and
Experience 11, 1981): best[t] = min over d of best[t-d] + cost(t-d, d). The length d of a cue is bounded by what fits on
the screen, so this takes O(n d) steps, and O(n d^2) for the lines, both as NumPy columns.

Since a broken rule costs more than everything else together, the best layout has the fewest broken rules that any
choice of breaks has. `subtitles.check` compares other layouts with it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from voicekit.config.subtitles import SubtitleStyle
from voicekit.subtitles.bilingual import second_language
from voicekit.subtitles.cost import TICK, CueCosts, best_breaks
from voicekit.subtitles.cue import Cue, Line, width
from voicekit.subtitles.tokens import label_of, shorten_name, text_of, to_tokens
from voicekit.text.dashes import plain_lines, without_dashes
from voicekit.types import Segment, Transcript

VERSION = 1


def lay_out(transcript: Transcript, style: SubtitleStyle) -> list[Cue]:
    """Return the cues of a transcript in order.

    Every word is in exactly one cue. Start times never decrease, and a cue ends before the next one starts; cues of
    different layers may overlap if the style allows it. The last one ends with the recording. A line is never wider
    than the style allows, including the speaker's name before it.
    """
    if style.labels == "change" and len({word.speaker for word in transcript.words}) < 2:
        style = style.model_copy(update={"labels": "never"})  # the speaker never changes
    if style.as_it_stands:
        return keep_cues(transcript, style)
    layers = sorted({segment.layer for segment in transcript.segments})
    if len(layers) > 1 and style.overlaps:
        cues = [cue for layer in layers for cue in lay_out(_layer(transcript, layer), style)]
        return sorted(cues, key=lambda cue: cue.start)
    tokens = to_tokens(transcript.segments, style)
    if not tokens:
        return []
    below = second_language(transcript, tokens, style) if style.bilingual else None
    is_recording = transcript.duration > 0 and all(segment.cue is None for segment in transcript.segments)
    costs = CueCosts(tokens, style, below, transcript.duration if is_recording else math.inf)
    ends = best_breaks(costs)
    starts = [0, *ends[:-1]]
    return [_make_cue(costs, first, end) for first, end in zip(starts, ends, strict=True)]


def _layer(transcript: Transcript, layer: int) -> Transcript:
    return replace(transcript, segments=tuple(segment for segment in transcript.segments if segment.layer == layer))


def fewest_violations(transcript: Transcript, style: SubtitleStyle) -> list[Cue]:
    """Return the layout with the fewest broken rules: a lower bound for every layout of the same words."""
    return lay_out(transcript, style.model_copy(update={"bilingual": False, "as_it_stands": False}))


def keep_cues(transcript: Transcript, style: SubtitleStyle) -> list[Cue]:
    """Return one cue per segment: as in its subtitle file, or else its text on one line."""
    cues = []
    last_speaker: str | None = None
    for segment in transcript.segments:
        if segment.cue is not None:
            lines, last_speaker = _lines_of_cue(segment, segment.cue, last_speaker)
        else:
            label = label_of(segment.speaker, last_speaker, segment.language, style)
            last_speaker = segment.speaker or last_speaker
            lines = (Line(segment.text, segment.words, segment.speaker, label),)
        below = (segment.source_text,) if style.bilingual and segment.source_text else ()
        cues.append(Cue(segment.start, segment.end, lines, below))
    return cues if style.overlaps else without_overlaps(cues)


def _lines_of_cue(segment: Segment, cue: str, last_speaker: str | None) -> tuple[tuple[Line, ...], str | None]:
    """Return the lines of a cue as in its file, and the last speaker.

    A name that is not in the text, because it comes from a voice span of WebVTT, is shown where the speaker changes.
    """
    speakers = [word.speaker or segment.speaker for word in segment.words for _ in word.text]
    plain = ["".join(line.split()) for line in without_dashes(plain_lines(cue))]
    named_elsewhere = "".join(plain) == "".join(word.text for word in segment.words)
    lines: list[Line] = []
    position = 0
    for text, letters in zip(cue.split("\n"), plain, strict=True):
        if not named_elsewhere or position >= len(speakers):
            lines.append(Line(text, (), segment.speaker, markup=True))
            last_speaker = speakers[-1] if speakers else last_speaker
            continue
        speaker = speakers[position]
        position += len(letters)
        label = "" if speaker in (None, last_speaker) else shorten_name(speaker)
        last_speaker = speaker or last_speaker
        lines.append(Line(text, (), speaker, label, markup=True))
    return tuple(lines), last_speaker


def without_overlaps(cues: Sequence[Cue]) -> list[Cue]:
    """Show cues that overlap in time as one cue with the lines of all, while they do. Cues of no duration stay."""
    lasting = [cue for cue in cues if cue.end > cue.start]
    times = sorted({time for cue in lasting for time in (cue.start, cue.end)})
    starting: dict[float, list[Cue]] = {}
    for cue in lasting:
        starting.setdefault(cue.start, []).append(cue)
    shown: list[Cue] = []
    separate = [cue for cue in cues if cue.end <= cue.start]
    for start, end in pairwise(times):
        shown = [cue for cue in [*shown, *starting.get(start, [])] if cue.end > start]
        if shown:
            lines = tuple(line for cue in shown for line in cue.lines)
            separate.append(Cue(start, end, lines, tuple(line for cue in shown for line in cue.below)))
    return sorted(separate, key=lambda cue: cue.start)


def _make_cue(costs: CueCosts, first: int, end: int) -> Cue:
    """Return the cue of tokens [first, end)."""
    style = costs.style
    start = float(costs.start[first])
    two_speakers = costs.run[first] != costs.run[end - 1]
    turn_end = int(costs.run_end[first])
    parts = [(first, turn_end), (turn_end, end)] if two_speakers else costs.lines.divide(first, end - first)
    lines = []
    for a, b in parts:
        words = tuple(token.word for token in costs.tokens[a:b])
        label = costs.labels[a] if a == first or two_speakers else ""
        lines.append(Line(text_of(costs.tokens[a:b]), words, words[0].speaker, label, dash=bool(two_speakers)))
    columns = sum(width(line.shown) for line in lines)
    speech_end = float(costs.end[first:end].max())
    reading_end = start + columns / float(costs.speed[first])
    latest = max(min(start + style.longest, float(costs.latest_end[end - 1])), start + TICK)
    stop = min(max(speech_end, start + TICK, start + style.shortest, reading_end), latest)
    if float(costs.next_start[end - 1]) - stop < style.chain:
        stop = latest
    below = costs.second_language.lines(first, end) if costs.second_language else ()
    return Cue(start, round(stop, 3), tuple(lines), below)
