"""One detector per kind of artifact.

A detector yields candidates (start, end, value) for its kind; those whose value exceeds the limit in `kinds.KINDS` are
artifacts.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from voicekit.audio.levels import clipping_ratio, frame_levels
from voicekit.quality.artifacts.kinds import KINDS, Candidates, Samples
from voicekit.quality.artifacts.signal import (
    PAUSE_TAG,
    TONE_BAND,
    TONE_SURROUNDINGS,
    TONE_WINDOW,
    TakeSignal,
    find_tone,
)
from voicekit.text.spoken_form import write_out
from voicekit.types import Artifact, Word

SILENT_PEAK = 1e-4
"""Peak, relative to full scale, below which a take is silent."""

WORD_RELEASE = 0.3
"""Seconds that a word may continue after the end that the ASR model gives it."""

MAX_PHRASE_WORDS = 12
"""Longest phrase that is checked for repetition."""

PAUSE_LEVEL = -36.0
"""dB relative to speech: pauses below it are as good as silent."""

CLICK_WIDTH = 0.0003
"""Seconds that a click takes at most."""

CLICK_CONTEXT = 0.012
"""Seconds on each side that a click is compared with: one period of a low voice, so that glottal pulses have
neighbours there."""

CLICK_MARGIN = 0.0005
"""Seconds before and after a click that its span includes, so that a repair replaces all of it."""

CLICK_EDGE = 0.003
"""Seconds at each end of the take that are ignored."""

MIN_CLICK = 10 ** (-50 / 20)
"""Relative to full scale: a smaller step is inaudible."""

AUDIBLE_TONE, AUDIBLE_HUM = -45.0, -38.0
"""dB relative to speech: quieter tones are inaudible beside it; for hum, where the ear is less sensitive, the limit is
higher. Kokoro leaves a line at 4.8 kHz 48 to 80 dB below its speech; audiobook recordings have hum 38 to 75 dB below.
"""


def find_artifacts(
    samples: Samples, rate: int, words: Sequence[Word], text: str, language: str = "en"
) -> tuple[Artifact, ...]:
    """Find all artifacts of a take, in the order of KINDS, then of time.

    Args:
        samples: float32 [n], mono.
        rate: Hz.
        words: Recognized words with times.
        text: The text that should be spoken, which may contain `[pause 0.7]`; empty if unknown.
        language: BCP-47 of the text.
    """
    signal = TakeSignal(samples, rate, tuple(words), text, language)
    return tuple(
        Artifact(name, round(start, 4), round(max(start, end), 4), round(value, 3), kind.limit, kind.unit)
        for name, kind in KINDS.items()
        for start, end, value in sorted(tuple(map(float, candidate)) for candidate in find_candidates(name, signal))
        if round(value, 3) > kind.limit
    )


def find_candidates(kind: str, signal: TakeSignal) -> Candidates:
    """Yield the candidates of one kind, above its limit or not. A silent take has only the artifact "silence"."""
    if not signal.seconds:
        return
    if float(np.abs(signal.samples).max()) < SILENT_PEAK:
        if kind == "silence":
            yield 0.0, signal.seconds, signal.seconds
        return
    yield from _DETECTORS[kind](signal)


def _clipping(signal: TakeSignal) -> Candidates:
    yield 0.0, signal.seconds, 100 * clipping_ratio(signal.samples)


def _silence(signal: TakeSignal) -> Candidates:
    requested = max((float(seconds) for seconds in PAUSE_TAG.findall(signal.text)), default=0.0)
    edges = [0.0, *(time for span in signal.active_spans for time in span), signal.seconds]
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        yield start, end, end - start - (requested if start > 0 and end < signal.seconds else 0.0)


def _tail(signal: TakeSignal) -> Candidates:
    """Measure the audio after the first silence that follows the last word of the text."""
    last = signal.round_trip.last_word if signal.round_trip.expected else len(signal.words) - 1
    if last is None or last < 0:
        return
    word_end = signal.words[last].end
    release_end = next((end for start, end in signal.active_spans if start <= word_end < end), word_end)
    release_end = min(release_end, word_end + WORD_RELEASE)
    spans = [(max(start, release_end), end) for start, end in signal.active_spans if end > release_end]
    if spans:
        yield spans[0][0], spans[-1][1], sum(end - start for start, end in spans)


def _repetition(signal: TakeSignal) -> Candidates:
    """Find phrases that are recognized several times in a row, but not so in the text."""
    trip = signal.round_trip
    if not trip.expected:
        return
    text = f" {' '.join(trip.expected)} "
    recognized = trip.recognized
    position = 0
    while position < len(recognized):
        skip = 1
        for size in range(min(MAX_PHRASE_WORDS, (len(recognized) - position) // 2), 0, -1):
            phrase = recognized[position : position + size]
            times = 1
            while recognized[position + times * size : position + (times + 1) * size] == phrase:
                times += 1
            if times > 1 and f" {' '.join(phrase * 2)} " not in text:
                first = trip.word_indices[position + size]
                last = trip.word_indices[position + times * size - 1]
                yield signal.words[first].start, signal.words[last].end, float(times - 1)
                skip = times * size
                break
        position += skip


def _unheard(signal: TakeSignal) -> Candidates:
    """Compare the audio of each word, up to the next one, with what its letters take at the median pace of the take."""
    words = signal.words
    if len(words) < 4:
        return
    letters = np.array([_spoken_letters(word.text, signal.language) for word in words])
    starts = [*(word.start for word in words), words[-1].end]
    seconds = np.array([
        sum(max(0.0, min(end, next_start) - max(start, word_start)) for start, end in signal.active_spans)
        for word_start, next_start in itertools.pairwise(starts)
    ])  # fmt: skip
    excess = seconds - float(np.median(seconds / letters)) * letters
    for word, next_start, value in zip(words, starts[1:], excess, strict=True):
        yield word.start, next_start, float(value)


def _spoken_letters(word: str, language: str) -> float:
    """Letters of a word with digits spelled out, plus 1.5 for the time that even a short word takes."""
    spoken = write_out(word, language) if any(char.isdigit() for char in word) else word
    return max(2, sum(char.isalnum() for char in spoken)) + 1.5


def _truncated(signal: TakeSignal) -> Candidates:
    """Compare the level of the last 25 ms, before a fade of 5 ms, with the quietest 20 ms of the take."""
    size = round(0.02 * signal.rate)
    end = len(signal.samples) - round(0.005 * signal.rate)
    last = signal.samples[max(0, end - round(0.025 * signal.rate)) : max(0, end)]
    if len(last) >= size:
        pause = max(signal.speech_level + PAUSE_LEVEL, float(frame_levels(signal.samples, size).min()))
        yield max(0.0, signal.seconds - 0.03), signal.seconds, float(frame_levels(last, len(last))[0]) - pause


def _click(signal: TakeSignal) -> Candidates:
    """Find samples whose third difference exceeds everything in their surroundings.

    Differencing is a high-pass filter: it attenuates speech and keeps steps and spikes (prediction-error detection as
    in Godsill and Rayner, "Digital Audio Restoration", 1998, with a fixed predictor). Where the signal is above its
    surroundings on both sides it is a click; a glottal pulse has neighbours of about its size within CLICK_CONTEXT.
    """
    rate = signal.rate
    width, context = max(3, round(CLICK_WIDTH * rate)), max(8, round(CLICK_CONTEXT * rate))
    if len(signal.samples) < 4 * context:
        return
    sharpness = np.abs(np.diff(np.pad(signal.samples.astype(np.float64), (2, 1), mode="edge"), n=3))
    surroundings = _surrounding_maximum(sharpness, width, context)
    ratio = np.where(sharpness > MIN_CLICK, sharpness / np.maximum(surroundings, MIN_CLICK / 10), 0.0)
    edge = round(CLICK_EDGE * rate)
    ratio[:edge] = ratio[-edge:] = 0.0
    covered = np.zeros(len(ratio), bool)  # samples that belong to a click found already
    peaks = np.flatnonzero(ratio > 2)
    for peak in peaks[np.argsort(-ratio[peaks], kind="stable")]:
        if not covered[peak]:
            covered[max(0, peak - 2 * width) : peak + 2 * width] = True
            yield peak / rate - CLICK_MARGIN, peak / rate + CLICK_MARGIN, 20 * float(np.log10(ratio[peak]))


def _surrounding_maximum(values: NDArray[np.float64], width: int, context: int) -> NDArray[np.float64]:
    """For each value, the maximum of those from `width` to `context` away, on both sides."""
    from scipy.ndimage import maximum_filter1d

    half = (context - width) // 2
    shift = width + half
    centred_maximum = np.pad(maximum_filter1d(values, 2 * half + 1), shift, mode="edge")
    left_maximum = centred_maximum[: len(values)]  # centred `shift` samples before each value
    right_maximum = centred_maximum[-len(values) :]  # and after it
    return np.asarray(np.maximum(left_maximum, right_maximum))


def _tone(signal: TakeSignal) -> Candidates:
    tone = find_tone(signal.samples, signal.rate, TONE_BAND, TONE_WINDOW, TONE_SURROUNDINGS)
    if tone and tone.power > signal.speech_level + AUDIBLE_TONE:
        yield 0.0, signal.seconds, tone.prominence


def _hum(signal: TakeSignal) -> Candidates:
    """Measure 50 and 60 Hz, below any voice, or else two of their first three harmonics: a monotonous voice has one."""
    for mains in (50.0, 60.0):
        prominences = [0.0, 0.0, 0.0]
        for harmonic in range(3):
            frequency = mains * (harmonic + 1)
            tone = find_tone(signal.samples, signal.rate, (frequency - 1.5, frequency + 1.5), 0.25, (9.0, 22.0))
            if tone and tone.power > signal.speech_level + AUDIBLE_HUM:
                prominences[harmonic] = tone.prominence
        yield 0.0, signal.seconds, max(prominences[0], sorted(prominences)[1])


def _dc(signal: TakeSignal) -> Candidates:
    yield 0.0, signal.seconds, 100 * abs(float(signal.samples.mean(dtype=np.float64)))


_DETECTORS: dict[str, Callable[[TakeSignal], Candidates]] = {
    "clipping": _clipping, "silence": _silence, "tail": _tail, "repetition": _repetition, "unheard": _unheard,
    "truncated": _truncated, "click": _click, "tone": _tone, "dc": _dc, "hum": _hum,
}  # fmt: skip
