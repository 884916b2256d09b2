"""Decode failed clips again, drop what is not speech, and decode speech in which no words were found once more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from voicekit.engines.asr.chunking import (
    Span,
    drop_repeated_start,
    find_loop_start,
    find_missed_speech,
    longest_duration,
    move_to_pauses,
    pack_clips,
    share_kept,
    split_at_pause,
    split_at_pauses,
)
from voicekit.engines.asr.decoder import MAX_COMPRESSION, Clip, Decoder
from voicekit.engines.protocols import NOT_SPEECH, REPETITION, Dropped
from voicekit.text.words import join_words
from voicekit.types import Unrecognized, Word

NO_WORDS = "speech in which no words were found"  # in transcript.json

MIN_KEPT = 0.9
"""Share of a clip's words that must come again for its second decoding to replace it."""

_MIN_OVERLAP = 0.3
"""Seconds that a word may overlap speech which was decoded later."""

_NEAR = 1.0
"""Seconds from missed speech within which a stretched word has wrong times because of it."""

_ROUNDS = 2
"""Times that missed speech is looked for."""


def repair(decoder: Decoder, clips: Sequence[Clip]) -> tuple[list[Clip], list[Dropped]]:
    """Decode failed clips again: in halves, loops in pieces between pauses, the rest with temperatures.

    Clips that repeat the prompt are decoded without it.

    A person may say a phrase many times. Pieces are decoded independently, so a phrase that is recognized in each of
    them was really repeated.

    Returns:
        Clips without hallucinations and loops, and the words that were removed.
    """
    echoes = {clip.span: clip.language for clip in clips if decoder.echoes_prompt(clip)}
    clips = [clip for clip in clips if clip.span not in echoes] + decoder.without_prompt().decode(echoes, echoes)
    good = [clip for clip in clips if not clip.failed]
    halves = _decode_parts(decoder, [clip for clip in clips if clip.failed], split_at_pause)
    good += [clip for clip in halves if not clip.failed]
    loops = [clip for clip in halves if clip.failed and clip.compression > MAX_COMPRESSION]
    pieces = _decode_parts(decoder, loops, split_at_pauses)
    good += [clip for clip in pieces if not clip.failed]
    unreliable = [clip for clip in halves if clip.failed and clip.compression <= MAX_COMPRESSION]
    unreliable += [clip for clip in pieces if clip.failed]
    good += decoder.decode_with_temperatures(unreliable)
    return _check(decoder, good)


def _check(decoder: Decoder, clips: Sequence[Clip]) -> tuple[list[Clip], list[Dropped]]:
    """Drop hallucinations and cut loops, unless their pieces between pauses can be recognized reliably."""
    checked: list[Clip] = []
    suspects: list[tuple[Clip, Clip | None, list[Dropped]]] = []
    for clip in clips:
        kept, removed = drop_hallucinations(clip)
        if removed:
            suspects.append((clip, kept, removed))
        else:
            checked.append(clip)
    pieces = _decode_parts(decoder, [clip for clip, _, _ in suspects], split_at_pauses)
    reliable = [piece for piece in pieces if piece.is_reliable and drop_hallucinations(piece)[0] is piece]
    dropped: list[Dropped] = []
    for clip, kept, removed in suspects:
        inside = [piece for piece in reliable if clip.span[0] <= piece.span[0] and piece.span[1] <= clip.span[1]]
        if sum(len(piece.words) for piece in inside) > len(kept.words if kept else ()):
            checked += inside
            lost = [word for word in clip.words if not any(_is_inside(word, piece.span) for piece in inside)]
            dropped += [_dropped(lost, removed[0].reason)] if lost else []
        else:
            checked += [kept] if kept else []
            dropped += removed
    return checked, dropped


def _decode_parts(
    decoder: Decoder, clips: Sequence[Clip], split: Callable[[Span, Sequence[Span]], list[Span]]
) -> list[Clip]:
    languages = {part: clip.language for clip in clips for part in split(clip.span, decoder.spans)}
    return decoder.decode(languages, languages)


def decode_missed_speech(decoder: Decoder, clips: Sequence[Clip]) -> list[Clip]:
    """Decode the speech in which no words were found; returns the given clips, some replaced, and new ones."""
    done, todo = list(clips), list(clips)
    for _ in range(_ROUNDS):
        missed = [(clip, span) for clip in todo for span in find_missed_speech(clip.span, clip.words, decoder.spans)]
        if not missed:
            break
        todo = []
        for clip, piece in _decode_spans(decoder, missed):
            todo += _insert(decoder, done, clip, piece)
    return done


def _decode_spans(decoder: Decoder, missed: Sequence[tuple[Clip, Span]]) -> list[tuple[Clip, Clip]]:
    """Decode missed speech of clips as it is, and moved to pauses; return the clips with the longer reliable result."""
    versions = [
        [pack_clips([cut], decoder.audio.duration) for cut in (span, move_to_pauses(span, clip.words, decoder.spans))]
        for clip, span in missed
    ]
    languages = {
        part: clip.language
        for (clip, _), alternatives in zip(missed, versions, strict=True)
        for parts in alternatives
        for part in parts
    }
    decoded = {piece.span: piece for piece in decoder.decode(languages, languages) if piece.is_reliable}
    found = []
    for (clip, _), alternatives in zip(missed, versions, strict=True):
        results = [[decoded[part] for part in parts if part in decoded] for parts in sorted(alternatives)]
        best = max(results, key=lambda pieces: sum(len(piece.words) for piece in pieces))
        found += [(clip, piece) for piece in best]
    return found


def _insert(decoder: Decoder, clips: list[Clip], clip: Clip, piece: Clip) -> list[Clip]:
    """Add a piece that an earlier decoding left out to `clips`; returns the new clips.

    If words of the clip overlap the piece or are stretched next to it, their times are wrong: then the rest of the clip
    is decoded again too.
    """
    current = next((c for c in clips if c.span == clip.span), clip)
    if not any(_overlaps(word, piece.span) or _is_stretched_beside(word, piece.span) for word in current.words):
        before = [word for word in current.words if word.end <= piece.span[0] + 0.1]
        new = replace(piece, words=tuple(drop_repeated_start(before, piece.words)))
        clips.append(new)
        return [new]
    rest = [(current.span[0], piece.span[0]), (piece.span[1], current.span[1])]
    rest = [span for span in rest if any(min(e, span[1]) - max(s, span[0]) > 0.2 for s, e in decoder.spans)]
    again = [part for part in decoder.decode(rest, dict.fromkeys(rest, clip.language)) if part.words]
    new_words = sorted((w for part in [piece, *again] for w in part.words), key=lambda word: word.start)
    if any(part.failed or part.is_hallucination for part in again) or share_kept(current.words, new_words) < MIN_KEPT:
        return []
    if _seconds_missed(decoder, current.span, new_words) >= _seconds_missed(decoder, current.span, current.words):
        return []
    clips.remove(current)
    clips += [piece, *again]
    return [piece, *again]


def _seconds_missed(decoder: Decoder, span: Span, words: Sequence[Word]) -> float:
    return sum(end - start for start, end in find_missed_speech(span, words, decoder.spans, least=_MIN_OVERLAP))


def unrecognized_speech(decoder: Decoder, words: Sequence[Word], dropped: Sequence[Dropped]) -> list[Unrecognized]:
    """Return the speech of a recording in which there are no words, with the reason."""
    missed = find_missed_speech((0.0, decoder.audio.duration), words, decoder.spans)
    unrecognized = []
    for start, end in missed:
        reasons = [part.reason for part in dropped if part.start < end and part.end > start]
        reason = f"the words found were dropped ({reasons[0]})" if reasons else NO_WORDS
        unrecognized.append(Unrecognized(round(start, 3), round(end, 3), reason))
    return unrecognized


def drop_hallucinations(clip: Clip) -> tuple[Clip | None, list[Dropped]]:
    """Return the clip without repetitions, or None if it is a hallucination; and the words that were removed."""
    if clip.is_hallucination and clip.words:
        return None, [_dropped(clip.words, NOT_SPEECH)]
    if clip.compression > MAX_COMPRESSION and (cut := find_loop_start([w.text for w in clip.words])) is not None:
        return replace(clip, words=clip.words[:cut]), [_dropped(clip.words[cut:], REPETITION)]
    return clip, []


def _dropped(words: Sequence[Word], reason: str) -> Dropped:
    return Dropped(words[0].start, words[-1].end, join_words(word.text for word in words), reason)


def _overlaps(word: Word, span: Span) -> bool:
    return min(word.end, span[1]) - max(word.start, span[0]) > _MIN_OVERLAP


def _is_stretched_beside(word: Word, span: Span) -> bool:
    is_near = max(word.start - span[1], span[0] - word.end) < _NEAR
    return is_near and word.end - word.start > longest_duration(word.text)


def _is_inside(word: Word, span: Span) -> bool:
    return span[0] <= (word.start + word.end) / 2 < span[1]
