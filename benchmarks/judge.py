"""The judge of takes: faults of stated size put on clean takes, found and preferred against; false alarms; time.

    python -m benchmarks.judge [KIND...]

Clean takes: the packaged voices (joe with a seed each, five of kokoro), and recordings of readers where the folder of
recordings is there. On all of them: false alarms, and from which size on a detector finds its fault. Every third one is
judged with all models beside itself with the fault.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.recordings import recordings_folder
from voicekit.audio.decode import decode
from voicekit.audio.levels import apply_fades, frame_levels, speech_level
from voicekit.audio.probe import probe
from voicekit.config.quality import ARTIFACT_KINDS, ArtifactKind
from voicekit.quality.artifacts.detectors import find_candidates
from voicekit.quality.artifacts.kinds import KINDS
from voicekit.quality.artifacts.signal import TakeSignal
from voicekit.quality.gates import Verdict, assess, pick_best
from voicekit.quality.judge import Judge
from voicekit.tts.synthesizer import Synthesizer
from voicekit.types import Audio, Measures, Word

Samples = NDArray[np.float32]

SENTENCES = (Path(__file__).parent / "sentences.txt").read_text().split("\n")
KOKORO = ("jf_alpha", "jf_gongitsune", "jf_nezumi", "jf_tebukuro", "jm_kumo")


@dataclass(frozen=True)
class Clean:
    """A take without fault, as far as anybody knows. `reference`: another of the same voice."""

    name: str
    audio: Audio
    text: str
    reference: Audio | None
    words: tuple[Word, ...] = ()

    @property
    def real(self) -> bool:
        return "/" in self.name


# --- clean takes ------------------------------------------------------------------------------------------------------


def packaged(joe: int, kokoro: int, voices: tuple[str, ...] = KOKORO) -> list[Clean]:
    """`joe` takes of piper's voice, each of its own seed, and `kokoro` of each of kokoro's `voices`."""
    wanted = [("joe", seed) for seed in range(1, joe + 1)] + [(name, 0) for name in voices for _ in range(kokoro)]
    found: list[Clean] = []
    clips: dict[str, Audio] = {}
    with Synthesizer(device="cpu") as speaker:
        for number, (voice, seed) in enumerate(wanted):
            if voice not in clips:
                clips[voice] = speaker.say("Many hands make light work, as people say.", voice=voice).audio
            text = SENTENCES[number % 40]
            audio = speaker.say(text, voice=voice, seed=seed).audio
            found.append(Clean(f"{voice} {number + 1}", audio, text, clips[voice]))
    return found


def recorded(longest: float = 7.7) -> list[Clean]:
    """Readers' recordings of at most so many seconds whose text is known; none where there are none."""
    folder = recordings_folder()
    index = folder / "INDEX.tsv"
    found = []
    for line in index.read_text().splitlines()[1:] if index.exists() else []:
        path, group, seconds, _, language, reference = line.split("\t")[:6]
        if group in ("read_en", "voices") and language == "en" and float(seconds) <= longest:
            audio, _ = decode(folder / path, rate=probe(folder / path).rate)
            found.append(Clean(path, audio, (folder / reference).read_text().strip(), None))
    return found


# --- faults -----------------------------------------------------------------------------------------------------------

Damage = Callable[[Clean, float, np.random.Generator], Audio]


def clipping(take: Clean, size: float, draw: np.random.Generator) -> Audio:
    """`size` % of the samples cut off, and the peak as it was."""
    samples = take.audio.samples
    top = float(np.percentile(np.abs(samples), 100 - size))
    return Audio(np.clip(samples, -top, top) * np.float32(max(0.5, np.abs(samples).max()) / top), take.audio.rate)


def silence(take: Clean, size: float, draw: np.random.Generator) -> Audio:
    """`size` seconds more of the quietest 50 ms near the middle."""
    samples, rate = take.audio.mono, take.audio.rate
    frame = round(0.05 * rate)
    loud = frame_levels(samples, frame)
    third = len(loud) // 3
    at = (third + int(loud[third : 2 * third].argmin())) * frame
    quiet = samples[at : at + frame]
    ring = np.concatenate([quiet, quiet[::-1]])
    more = np.tile(ring, -(-round(size * rate) // len(ring)))[: round(size * rate)]
    more = more * np.float32(min(1.0, 10 ** ((speech_level(samples, rate) - 50 - speech_level(quiet, rate)) / 20)))
    return _mono(np.concatenate([apply_fades(samples[:at], rate), more, apply_fades(samples[at:], rate)]), rate)


def tail(take: Clean, size: float, draw: np.random.Generator) -> Audio:
    """After 0.15 s `size` seconds of babble (the take's own loudest part backwards), or of breath (noise, -20 dB)."""
    samples, rate = take.audio.mono, take.audio.rate
    length = round(size * rate)
    if draw.random() < 0.5:
        middle = max(0, len(samples) // 2 - length // 2)
        sound = samples[middle : middle + length][::-1]
    else:
        noise = draw.standard_normal(length)
        noise = np.convolve(noise, np.hanning(9), "same")
        sound = noise / np.sqrt((noise**2).mean()) * 10 ** ((speech_level(samples, rate) - 20) / 20)
    gap = np.zeros(round(0.15 * rate), np.float32)
    return _mono(np.concatenate([samples, gap, apply_fades(sound.astype(np.float32), rate)]), rate)


def repetition(take: Clean, size: float, draw: np.random.Generator) -> Audio:
    """A phrase of `size` words said twice."""
    samples, rate, words = take.audio.mono, take.audio.rate, take.words
    count = int(size)
    first = int(draw.integers(0, max(1, len(words) - count + 1)))
    start, end = words[first].start, words[min(len(words), first + count) - 1].end
    low, high = round(start * rate), round(end * rate)
    parts = (samples[:high], samples[low:high], samples[high:])
    return _mono(np.concatenate([apply_fades(part, rate) for part in parts]), rate)


def unheard(take: Clean, size: float, draw: np.random.Generator) -> Audio:
    """`size` seconds of babble, the take's own sound backwards, between two words."""
    samples, rate, words = take.audio.mono, take.audio.rate, take.words
    at = round(words[int(draw.integers(0, max(1, len(words) - 1)))].end * rate)
    length = round(size * rate)
    middle = max(0, len(samples) // 2 - length // 2)
    parts = (samples[:at], samples[middle : middle + length][::-1], samples[at:])
    return _mono(np.concatenate([apply_fades(part, rate) for part in parts]), rate)


def truncated(take: Clean, size: float, draw: np.random.Generator) -> Audio:
    """Without the last `size` seconds of sound, faded over 5 ms as voicekit joins parts."""
    samples, rate = take.audio.mono, take.audio.rate
    loud = frame_levels(samples, round(0.01 * rate))
    last = int(np.flatnonzero(loud > speech_level(samples, rate) - 30)[-1]) + 1
    return _mono(apply_fades(samples[: max(rate // 10, round((last * 0.01 - size) * rate))], rate), rate)


def click(take: Clean, size: float, draw: np.random.Generator) -> Audio:
    """A spike of one sample, or a step that fades in 2 ms, `size` dB of full scale, somewhere."""
    samples, rate = take.audio.mono.copy(), take.audio.rate
    at = int(draw.integers(len(samples) // 20, len(samples) * 19 // 20))
    height = 10 ** (size / 20) * (1 if draw.random() < 0.5 else -1)
    shape = np.array([1.0]) if draw.random() < 0.5 else np.exp(-np.arange(round(0.01 * rate)) / (0.002 * rate))
    piece = samples[at : at + len(shape)]
    piece += np.float32(height) * shape[: len(piece)].astype(np.float32)
    return _mono(np.clip(samples, -1, 1), rate)


def tone(take: Clean, size: float, draw: np.random.Generator) -> Audio:
    """A sine near 4.9 kHz, `size` dB of the level of speech."""
    return _with_sines(take, size, [(float(draw.uniform(4800, 5000)), 0.0)], draw)


def dc(take: Clean, size: float, draw: np.random.Generator) -> Audio:
    """`size` % of full scale added."""
    sign = 1 if draw.random() < 0.5 else -1
    return Audio(np.clip(take.audio.samples + np.float32(sign * size / 100), -1, 1), take.audio.rate)


def hum(take: Clean, size: float, draw: np.random.Generator) -> Audio:
    """50 or 60 Hz with two multiples 6 and 12 dB below, `size` dB of the level of speech."""
    base = 50.0 if draw.random() < 0.5 else 60.0
    return _with_sines(take, size, [(base, 0.0), (2 * base, -6.0), (3 * base, -12.0)], draw)


def _with_sines(take: Clean, size: float, sines: Sequence[tuple[float, float]], draw: np.random.Generator) -> Audio:
    samples, rate = take.audio.mono, take.audio.rate
    top = np.sqrt(2) * 10 ** ((speech_level(samples, rate) + size) / 20)
    time = np.arange(len(samples)) / rate
    added = sum(top * 10 ** (lower / 20) * np.sin(2 * np.pi * (hertz * time + draw.random())) for hertz, lower in sines)
    return _mono(np.clip(samples + added, -1, 1), rate)


def _mono(samples: NDArray[np.floating], rate: int) -> Audio:
    return Audio(np.asarray(samples, np.float32)[None, :], rate)


@dataclass(frozen=True)
class Fault:
    """A kind of damage: how it is made, the size that is judged, its unit, and sizes from small to large."""

    make: Damage
    size: float
    unit: str
    sizes: tuple[float, ...]


FAULTS: dict[ArtifactKind, Fault] = {
    "clipping": Fault(clipping, 1.0, "% of samples", (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)),
    "silence": Fault(silence, 1.5, "s", (0.5, 0.75, 1.0, 1.25, 1.5, 2.0)),
    "tail": Fault(tail, 0.5, "s", (0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0)),
    "repetition": Fault(repetition, 3, "words", (1, 2, 3, 4)),
    "unheard": Fault(unheard, 0.8, "s", (0.4, 0.6, 0.8, 1.0)),
    "truncated": Fault(truncated, 0.3, "s", (0.05, 0.1, 0.15, 0.2, 0.3)),
    "click": Fault(click, -3, "dB of full scale", (-24, -18, -12, -6, -3)),
    "tone": Fault(tone, -40, "dB of speech", (-60, -50, -45, -40, -35, -30)),
    "dc": Fault(dc, 2.0, "% of full scale", (0.25, 0.5, 1.0, 1.25, 1.5, 2.0)),
    "hum": Fault(hum, -30, "dB of speech", (-50, -40, -35, -30, -25, -20)),
}


def damaged(take: Clean, kind: ArtifactKind, size: float, number: int) -> Audio:
    """The take with a fault; `number` decides what is drawn."""
    return FAULTS[kind].make(take, size, np.random.default_rng([number, ARTIFACT_KINDS.index(kind)]))


# --- what becomes of them ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pair:
    """A take with a fault beside the clean one: whether it was preferred against, and whether a detector found it.

    A phrase said again counts as found, too, where it is found as sound that no word accounts for.
    """

    take: str
    kind: ArtifactKind
    preferred: bool
    found: bool


def listened(judge: Judge, takes: Sequence[Clean]) -> Iterator[tuple[Clean, Measures]]:
    """Each take with the words that were heard of it, and its measures."""
    for take in takes:
        measures = judge.measure(take.audio, take.text, "en", take.reference)
        yield replace(take, words=measures.words), measures


def pairs(judge: Judge, clean: Sequence[tuple[Clean, Measures]], kind: ArtifactKind, size: float) -> Iterator[Pair]:
    """Every take beside itself with a fault of `size`, judged with all models. In a draw the damaged one would win."""
    for number, (take, measures) in enumerate(clean):
        sound = damaged(take, kind, size, number)
        after = judge.measure(sound, take.text, "en", take.reference)
        preferred = pick_best([assess(after), assess(measures)]).index == 1
        kinds = {one.kind for one in after.artifacts} - {one.kind for one in measures.artifacts}
        found = kind in kinds or (kind == "repetition" and "unheard" in kinds)
        yield Pair(take.name, kind, preferred, found)


def caught(clean: Sequence[tuple[Clean, Measures]], kind: ArtifactKind, size: float) -> float:
    """Share of the takes in which the detector finds a fault of `size`, given the words heard in the clean take."""
    found = []
    for number, (take, _) in enumerate(clean):
        sound = damaged(take, kind, size, number)
        heard = TakeSignal(sound.mono, sound.rate, take.words, take.text, "en")
        found.append(any(value > KINDS[kind].limit for _, _, value in find_candidates(kind, heard)))
    return float(np.mean(found))


def false_alarms(clean: Sequence[tuple[Clean, Measures]], kind: ArtifactKind) -> list[str]:
    """Names of the clean takes in which the detector finds its fault."""
    return [take.name for take, measures in clean if kind in {one.kind for one in measures.artifacts}]


def smallest(shares: Sequence[tuple[float, float]]) -> str:
    """The first size from which on at least 95 % are caught."""
    for number, (size, _) in enumerate(shares):
        if all(share >= 0.95 for _, share in shares[number:]):
            return f"{size:g}"
    return "-"


def seconds(judge: Judge, takes: Sequence[Clean], count: int = 20) -> list[float]:
    """Of judging takes of 2.5 to 3.5 s, models loaded."""
    some = [take for take in takes if 2.5 <= take.audio.duration <= 3.5][:count]
    found = []
    for take in some:
        started = time.perf_counter()
        judge.measure(take.audio, take.text, "en", take.reference)
        found.append(time.perf_counter() - started)
    return sorted(found)


def main() -> None:
    """All of it, as tables."""
    takes = packaged(joe=12, kokoro=5) + recorded()
    with Judge(device="cpu") as judge:
        clean = list(listened(judge, takes))
        own = [one for one in clean if not one[0].real]
        read = [one for one in clean if one[0].real]
        took = seconds(judge, takes)
        print(f"{len(own)} packaged takes, {len(read)} recordings")
        print(f"judge, take of 3 s: median {statistics.median(took):.2f} s, fastest {took[0]:.2f} s, of {len(took)}")
        failed: dict[bool, list[Verdict]] = {
            real: [assess(m) for t, m in clean if t.real == real] for real in (False, True)
        }
        for real, some in failed.items():
            lost = [one for one in some if not one.passed]
            print(f"clean takes that fail a gate, {'recordings' if real else 'packaged'}: {len(lost)} of {len(some)}")
            for one in lost:
                print(f"    {'; '.join(one.reasons)}")
        print("| fault | size | preferred against | detector finds it | false alarms | smallest size found in 95 % |")
        for kind in sys.argv[1:] or FAULTS:
            fault = FAULTS[kind]
            judged = list(pairs(judge, clean[::3], kind, fault.size))
            preferred, found = ([one.preferred for one in judged], [one.found for one in judged])
            if kind in ("repetition", "unheard"):  # by the words heard in the damaged take
                shares = [
                    (size, float(np.mean([one.found for one in pairs(judge, clean[::3], kind, size)])))
                    for size in fault.sizes
                ]
            else:
                shares = [(size, caught(clean, kind, size)) for size in fault.sizes]
            wrong_own, wrong_read = false_alarms(own, kind), false_alarms(read, kind)
            print(
                f"| {kind} | {fault.size:g} {fault.unit} | {_share(preferred)} | {_share(found)} |"
                f" {len(wrong_own)} of {len(own)}, {len(wrong_read)} of {len(read)} | {smallest(shares)} |",
                flush=True,
            )
            print("    " + ", ".join(f"{size:g}: {share:.0%}" for size, share in shares))
            for one in judged:
                if not one.preferred:
                    print(f"    not preferred against: {one.take}")
            for name in (*wrong_own, *wrong_read):
                print(f"    false alarm: {name}")


def _share(values: Sequence[bool]) -> str:
    return f"{np.mean(values):.1%}"


if __name__ == "__main__":
    main()
