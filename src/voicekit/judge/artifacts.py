"""Artifacts: faults that can be heard in a take, each by a detector of its own. Pure.

A detector takes a `Heard` (samples, words, text) and yields (start, end, value) of whatever is most like its fault;
what is above the limit in `KINDS` is an artifact. The limits were set on clean takes and recordings and on damage of
stated size (benchmarks/judge.py, figures in benchmarks/RESULTS.md).
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voicekit.data import Artifact, Word
from voicekit.judge.roundtrip import RoundTrip, round_trip
from voicekit.speech.join import level, loudness
from voicekit.speech.reference import clipped
from voicekit.speech.script import as_words

Samples = NDArray[np.float32]
Found = Iterator[tuple[float, float, float]]
"""Start and end in seconds, and how much of it."""


@dataclass(frozen=True)
class Kind:
    """A kind of fault: what it is, its unit, how much of it is let pass, and why so much."""

    what: str
    unit: str
    limit: float
    why: str


KINDS: dict[str, Kind] = {
    "clipping": Kind("samples cut off at full scale", "% of samples", 0.05, "less is not heard as crackle"),
    "silence": Kind(
        "a pause longer than any that the text asks for", "s", 1.2,
        "readers leave up to 1.1 s between sentences, voicekit 0.8 s between paragraphs",
    ),
    "tail": Kind(
        "sound after the text's last word: babble, breath, noise", "s", 0.25,
        "a last consonant after its closure, or a breath, takes up to 0.25 s",
    ),
    "repetition": Kind("a phrase said again that the text has once", "times", 0.0, "once is right"),
    "unheard": Kind(
        "sound that the word heard there does not account for: babble, or a phrase again, which recognisers leave out",
        "s", 0.55, "a drawn-out word takes up to 0.4 s more than its letters, in a long reading more",
    ),
    "truncated": Kind(
        "speech that ends in full voice", "dB above the take's pauses", 12.0,
        "a word said to its end has faded into the pause, give or take the noise in it",
    ),
    "click": Kind(
        "a spike or step of a sample or two", "dB above what is around it", 13.3,
        "glottal pulses and bursts come in rows: in packaged voices within 10 dB of each other",
    ),
    "tone": Kind(
        "a constant tone from 4.6 to 5.2 kHz, which some neural voices leave", "dB above what is beside it", 12.0,
        "speech and noise stay within 10 dB",
    ),
    "dc": Kind("a constant offset", "% of full scale", 1.0, "more takes headroom, and clicks at cuts"),
    "hum": Kind(
        "mains hum, 50 or 60 Hz and their multiples", "dB above what is beside it", 12.0,
        "voices and rumble do not stand still for a whole take",
    ),
}  # fmt: skip
"""By name, in the order in which they are told."""

FRAME = 0.01
"""Seconds over which loudness is taken."""

HEARD = 35.0
"""dB below the level of speech: what is quieter counts as silence."""

SILENT = 1e-4
"""Peak, of full scale, below which a file holds nothing."""

_PAUSE = re.compile(r"\[pause\s+([0-9]+(?:\.[0-9]+)?)\s*s?\]", re.IGNORECASE)


@dataclass(frozen=True)
class Heard:
    """What a detector is given: mono samples, their rate, the words heard with times, the text meant, its language."""

    samples: Samples
    rate: int
    words: tuple[Word, ...]
    text: str
    language: str

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate

    @functools.cached_property
    def trip(self) -> RoundTrip:
        return round_trip(self.text, self.words, self.language)

    @functools.cached_property
    def loud(self) -> NDArray[np.float64]:
        """dB of each frame."""
        return loudness(self.samples, self._frame)

    @property
    def _frame(self) -> int:
        """Samples of a frame: FRAME, rounded."""
        return max(1, round(FRAME * self.rate))

    @functools.cached_property
    def level(self) -> float:
        """dB of the speech."""
        return level(self.samples, self.rate)

    @functools.cached_property
    def active(self) -> NDArray[np.bool_]:
        """Whether each frame holds sound: above HEARD, clearly above the noise if there is some, two in a row."""
        if not len(self.loud):
            return np.zeros(0, bool)
        floor = float(np.percentile(self.loud, 5))
        bar = max(self.level - HEARD, min(floor + 8.0, self.level - 12.0))
        on = self.loud > bar
        before, after = np.append(False, on[:-1]), np.append(on[1:], False)
        both: NDArray[np.bool_] = on & (before | after)
        return both

    @functools.cached_property
    def runs(self) -> list[tuple[float, float]]:
        """Start and end in seconds of each stretch of sound."""
        edges = np.flatnonzero(np.diff(np.concatenate([[False], self.active, [False]]).astype(np.int8)))
        return [(start * self._frame / self.rate, end * self._frame / self.rate) for start, end in edges.reshape(-1, 2)]


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
    heard = Heard(samples, rate, tuple(words), text, language)
    return tuple(
        Artifact(name, round(start, 4), round(max(start, end), 4), round(value, 3), kind.limit, kind.unit)
        for name, kind in KINDS.items()
        for start, end, value in sorted(tuple(map(float, found)) for found in candidates(name, heard))
        if round(value, 3) > kind.limit
    )


def candidates(kind: str, heard: Heard) -> Found:
    """What is most like the fault, above its limit or not. Nothing of silence but that it is silent."""
    if not heard.seconds:
        return
    if float(np.abs(heard.samples).max()) < SILENT:
        if kind == "silence":
            yield 0.0, heard.seconds, heard.seconds
        return
    yield from _DETECTORS[kind](heard)


def _clipping(heard: Heard) -> Found:
    yield 0.0, heard.seconds, 100 * clipped(heard.samples)


def _silence(heard: Heard) -> Found:
    asked = max((float(seconds) for seconds in _PAUSE.findall(heard.text)), default=0.0)
    edges = [0.0, *(t for run in heard.runs for t in run), heard.seconds]
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        yield start, end, end - start - (asked if start > 0 and end < heard.seconds else 0.0)


def _tail(heard: Heard) -> Found:
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


def _repetition(heard: Heard) -> Found:
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


def _unheard(heard: Heard) -> Found:
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


def _truncated(heard: Heard) -> Found:
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


def _click(heard: Heard) -> Found:
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


TONE = (4600.0, 5200.0)
"""Hz: chatterbox's is near 4.9 kHz (resemble-ai/chatterbox#536)."""

AUDIBLE_TONE, AUDIBLE_HUM = -45.0, -38.0
"""dB of speech's level: what is quieter is not heard beside it, hum even less so, where the ear is dull. Kokoro leaves
a line at 4.8 kHz, 48 to 80 dB below its speech; readers' recordings have hum 38 to 75 dB below."""


def _tone(heard: Heard) -> Found:
    if found := steady(heard.samples, heard.rate, TONE, 0.05, beside=(60.0, 400.0)):
        _, power, value = found
        if power > heard.level + AUDIBLE_TONE:
            yield 0.0, heard.seconds, value


def tone_frequency(samples: Samples, rate: int) -> float | None:
    """Hz of the steadiest tone in TONE; None where the rate or the length is too low to tell."""
    found = steady(samples, rate, TONE, 0.05, beside=(60.0, 400.0))
    return found[0] if found else None


def _hum(heard: Heard) -> Found:
    """Of 50 or 60 Hz, where no voice is, or of two of the first three multiples: a monotonous voice has but one."""
    for base in (50.0, 60.0):
        values = [0.0, 0.0, 0.0]
        for n in range(3):
            hertz = base * (n + 1)
            found = steady(heard.samples, heard.rate, (hertz - 1.5, hertz + 1.5), 0.25, beside=(9.0, 22.0))
            if found and found[1] > heard.level + AUDIBLE_HUM:
                values[n] = found[2]
        yield 0.0, heard.seconds, max(values[0], sorted(values)[1])


def steady(
    samples: Samples, rate: int, band: tuple[float, float], window: float, beside: tuple[float, float]
) -> tuple[float, float, float] | None:
    """The steadiest tone of a band: its Hz, its power in dB, and how far it stands above what is beside it, dB.

    Of each frequency the power is taken that it has in all but the quietest fifth of the frames, so that what comes and
    goes, as speech does, counts little.

    Args:
        band: Hz, from and to.
        window: Seconds of a frame.
        beside: Hz from a tone, from and to, where its surroundings are.
    """
    size = round(window * rate)
    if len(samples) < 4 * size or band[1] + beside[1] > rate / 2:
        return None
    hop = size // 2
    frames = np.lib.stride_tricks.sliding_window_view(samples.astype(np.float64), size)[::hop]
    taper = np.hanning(size)
    hertz = np.arange(band[0] - beside[1], band[1] + beside[1], 1 / (4 * window))  # few: no need for a whole FFT
    angles = 2 * np.pi * np.outer(np.arange(size) / rate, hertz)
    real, imaginary = (frames @ (taper[:, None] * wave(angles)) for wave in (np.cos, np.sin))
    spectra = (real**2 + imaginary**2) / (taper.sum() ** 2 / 2)
    kept = 10 * np.log10(np.maximum(np.percentile(spectra, 20, axis=0), 1e-14))
    inside = np.flatnonzero((hertz >= band[0]) & (hertz <= band[1]))
    at = int(inside[kept[inside].argmax()])
    distance = np.abs(hertz - hertz[at])
    around = kept[(distance >= beside[0]) & (distance <= beside[1])]
    return float(hertz[at]), float(kept[at]), float(kept[at] - np.median(around))


def _dc(heard: Heard) -> Found:
    yield 0.0, heard.seconds, 100 * abs(float(heard.samples.mean(dtype=np.float64)))


_DETECTORS: dict[str, Callable[[Heard], Found]] = {
    "clipping": _clipping, "silence": _silence, "tail": _tail, "repetition": _repetition, "unheard": _unheard,
    "truncated": _truncated, "click": _click, "tone": _tone, "dc": _dc, "hum": _hum,
}  # fmt: skip
