"""Artifacts: faults that can be heard in a take, each by a detector of its own. Pure.

A detector takes a `Heard` (samples, words, text) and yields (start, end, value) of whatever is most like its fault;
what is above the limit in `KINDS` is an artifact. The limits were set on clean takes and recordings and on damage of
stated size (benchmarks/judge.py, figures in benchmarks/RESULTS.md).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np

from voicekit.audio.levels import clipped, loudness
from voicekit.quality.artifacts.kinds import KINDS, SILENT, Finding, Samples
from voicekit.quality.artifacts.signal import AUDIBLE_HUM, AUDIBLE_TONE, TONE, WORD_PAUSE, TakeSignal, steady
from voicekit.text.speakable import as_words
from voicekit.types import Artifact, Word


def find_artifacts(
    samples: Samples, rate: int, words: Sequence[Word], text: str, language: str = "en"
) -> tuple[Artifact, ...]:
    """What is above its limit, in the order of KINDS, then of time.

    Args:
        samples: Float32 [n], mono.
        words: As heard, with times.
        text: That was meant, which may hold `[pause 0.7]`; empty where it is not known.
        language: BCP-47 of the text.
    """
    heard = TakeSignal(samples, rate, tuple(words), text, language)
    return tuple(
        Artifact(name, round(start, 4), round(max(start, end), 4), round(value, 3), kind.limit, kind.unit)
        for name, kind in KINDS.items()
        for start, end, value in sorted(tuple(map(float, found)) for found in candidates(name, heard))
        if round(value, 3) > kind.limit
    )


def candidates(kind: str, heard: TakeSignal) -> Finding:
    """What is most like the fault, above its limit or not. Nothing of silence but that it is silent."""
    if not heard.seconds:
        return
    if float(np.abs(heard.samples).max()) < SILENT:
        if kind == "silence":
            yield 0.0, heard.seconds, heard.seconds
        return
    yield from _DETECTORS[kind](heard)


def _clipping(heard: TakeSignal) -> Finding:
    yield 0.0, heard.seconds, 100 * clipped(heard.samples)


def _silence(heard: TakeSignal) -> Finding:
    asked = max((float(seconds) for seconds in WORD_PAUSE.findall(heard.text)), default=0.0)
    edges = [0.0, *(t for run in heard.runs for t in run), heard.seconds]
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        yield start, end, end - start - (asked if start > 0 and end < heard.seconds else 0.0)


def _tail(heard: TakeSignal) -> Finding:
    """From the first silence after the last word of the text that was heard, how long there is sound."""
    last = len(heard.words) - 1 if not heard.trip.said else heard.trip.last
    if last is None or last < 0:
        return
    runs = heard.runs
    ended = heard.words[last].end
    release = next((end for start, end in runs if start <= ended < end), ended)
    release = min(release, ended + RELEASE)
    after = [(max(start, release), end) for start, end in runs if end > release]
    if after:
        yield after[0][0], after[-1][1], sum(end - start for start, end in after)


RELEASE = 0.3
"""Seconds by which a word may go on after its end as the recogniser has it."""


def _repetition(heard: TakeSignal) -> Finding:
    """Phrases of up to twelve words that come twice in a row, and do not so in the text."""
    trip = heard.trip
    if not trip.said:
        return
    text = f" {' '.join(trip.said)} "
    at = 0
    while at < len(trip.heard):
        found = 0
        for size in range(min(12, (len(trip.heard) - at) // 2), 0, -1):
            phrase = trip.heard[at : at + size]
            times = 1
            while trip.heard[at + times * size : at + (times + 1) * size] == phrase:
                times += 1
            if times > 1 and f" {' '.join(phrase * 2)} " not in text:
                first, last = trip.origins[at + size], trip.origins[at + times * size - 1]
                yield heard.words[first].start, heard.words[last].end, float(times - 1)
                found = times * size
                break
        at += found or 1


def _unheard(heard: TakeSignal) -> Finding:
    """For each word how much more sound there is, to the next one's start, than its letters take at the take's pace."""
    words = heard.words
    if len(words) < 4:
        return
    letters = np.array([_letters(word.text, heard.language) for word in words])
    starts = [*(word.start for word in words), words[-1].end]
    sound = np.array([
        sum(max(0.0, min(end, after) - max(start, before)) for start, end in heard.runs)
        for before, after in itertools.pairwise(starts)
    ])  # fmt: skip
    more = sound - float(np.median(sound / letters)) * letters
    for word, after, value in zip(words, starts[1:], more, strict=True):
        yield word.start, after, float(value)


def _letters(word: str, language: str) -> float:
    """Of it as it is said, and one and a half, which short words take as well."""
    said = as_words(word, language) if any(char.isdigit() for char in word) else word
    return max(2, sum(char.isalnum() for char in said)) + 1.5


PAUSE = -36.0
"""dB of speech's level: a pause that is quieter is as good as silent."""


def _truncated(heard: TakeSignal) -> Finding:
    """The level of the last 25 ms before a fade of 5 ms, against that of the quietest 20 ms."""
    size = round(0.02 * heard.rate)
    end = len(heard.samples) - round(0.005 * heard.rate)
    last = heard.samples[max(0, end - round(0.025 * heard.rate)) : max(0, end)]
    if len(last) >= size:
        pause = max(heard.level + PAUSE, float(loudness(heard.samples, size).min()))
        yield max(0.0, heard.seconds - 0.03), heard.seconds, float(loudness(last, len(last))[0]) - pause


PULSE, AROUND = 0.0003, 0.012
"""Seconds that a click takes at most, and beside it, to compare it with: glottal pulses have neighbours there."""

BROAD = 0.0005
"""Seconds before and after a click that it is told to take: what is to be mended."""

QUIETEST = 10 ** (-50 / 20)
"""Of full scale: a smaller step is not heard."""


def _click(heard: TakeSignal) -> Finding:
    """Where the third difference stands alone: against its largest just before and after. Not at the file's edges."""
    from scipy.ndimage import maximum_filter1d

    rate = heard.rate
    inside, beside = max(3, round(PULSE * rate)), max(8, round(AROUND * rate))
    if len(heard.samples) < 4 * beside:
        return
    sharp = np.abs(np.diff(np.pad(heard.samples.astype(np.float64), (2, 1), mode="edge"), n=3))
    half = (beside - inside) // 2
    around = np.pad(maximum_filter1d(sharp, 2 * half + 1), inside + half, mode="edge")
    neighbours = np.maximum(around[: len(sharp)], around[-len(sharp) :])
    ratio = np.where(sharp > QUIETEST, sharp / np.maximum(neighbours, QUIETEST / 10), 0.0)
    edge = round(0.003 * rate)
    ratio[:edge] = ratio[-edge:] = 0.0
    taken = np.zeros(len(ratio), bool)
    alone = np.flatnonzero(ratio > 2)
    for at in alone[np.argsort(-ratio[alone], kind="stable")]:
        if not taken[at]:
            taken[max(0, at - 2 * inside) : at + 2 * inside] = True
            yield at / rate - BROAD, at / rate + BROAD, 20 * float(np.log10(ratio[at]))


def _tone(heard: TakeSignal) -> Finding:
    if found := steady(heard.samples, heard.rate, TONE, 0.05, beside=(60.0, 400.0)):
        _, power, value = found
        if power > heard.level + AUDIBLE_TONE:
            yield 0.0, heard.seconds, value


def _hum(heard: TakeSignal) -> Finding:
    """Of 50 or 60 Hz, where no voice is, or of two of the first three multiples: a monotonous voice has but one."""
    for base in (50.0, 60.0):
        values = [0.0, 0.0, 0.0]
        for n in range(3):
            hertz = base * (n + 1)
            found = steady(heard.samples, heard.rate, (hertz - 1.5, hertz + 1.5), 0.25, beside=(9.0, 22.0))
            if found and found[1] > heard.level + AUDIBLE_HUM:
                values[n] = found[2]
        yield 0.0, heard.seconds, max(values[0], sorted(values)[1])


def _dc(heard: TakeSignal) -> Finding:
    yield 0.0, heard.seconds, 100 * abs(float(heard.samples.mean(dtype=np.float64)))


_DETECTORS: dict[str, Callable[[TakeSignal], Finding]] = {
    "clipping": _clipping, "silence": _silence, "tail": _tail, "repetition": _repetition, "unheard": _unheard,
    "truncated": _truncated, "click": _click, "tone": _tone, "dc": _dc, "hum": _hum,
}  # fmt: skip
