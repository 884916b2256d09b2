"""Dialogue: the four-speaker script of configs/dialogue made, heard, measured; edited, made again; and 2,000 lines.

    python -m benchmarks.conversation [LINES]
    python -m benchmarks.conversation picture RUN START END FILE.png

What is measured is measured by others than what made it: loudness and true peak by ffmpeg's ebur128, onsets by the
level of each stem and by Silero's detector of speech, words and speakers by the listening half.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from voicekit.audio.ffmpeg import ffmpeg_path
from voicekit.audio.levels import resample
from voicekit.dialogues.mix import Mix, open_mix
from voicekit.dialogues.turn_taking import PUBLISHED
from voicekit.engines.registry import load_engine
from voicekit.evaluation.der import diarization_errors
from voicekit.formats.readers import read_annotation
from voicekit.types import Audio

VAD_PAD = 0.2
"""Seconds that the detector of speech leaves before what it finds."""

SCRIPT = Path(__file__).parents[1] / "configs" / "dialogue" / "meeting.txt"

PEAK = """
import resource, sys
from voicekit.cli import run
status = run(sys.argv[1:])
print("PEAK", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
sys.exit(status)
"""


def made(folder: Path, script: Path, *options: str, cache: str = "cache") -> tuple[Mix, float, float]:
    """A dialogue by the command line in a new process: the mix, seconds, and peak memory in MiB."""
    env = {**os.environ, "VOICEKIT_CACHE": str(folder / cache)}
    command = [sys.executable, "-c", PEAK, "dialogue", str(script), "-o", str(folder / f"out-{cache}"), *options]
    started = time.perf_counter()
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    took = time.perf_counter() - started
    peak = int(re.findall(r"PEAK (\d+)", done.stdout)[-1]) / 1024
    run = (folder / f"out-{cache}" / script.stem / "latest").resolve()
    return open_mix(run), took, peak


def heard(mix: Mix) -> None:
    """Words and speakers, as `--judge` has them; and what the DER is made of."""
    assert mix.scores is not None
    found = mix.scores
    print(f"  WER {found.wer:.2%} (target <= 8 %), cpWER {found.cpwer:.2%}, {found.speakers} speakers")
    print(f"  DER {found.der:.2%}; with the segmentation's windows told apart rightly {found.oracle_der:.2%}")


def diarized(mix: Mix, folder: Path) -> None:
    """DER by kind, and how much of the speech is of two at once."""
    from voicekit.transcription.session import Session

    with Session() as session:
        turns = session.transcribe(mix.path, speakers=4, language="en", channels="mix").turns
    errors, _ = diarization_errors(mix.timeline.spoken, turns, mix.timeline.duration)
    missed, false, confused, total = errors.sum(axis=0)
    print(f"  of {total:.1f} s of speech missed {missed:.1f} s, falsely found {false:.1f} s, confused {confused:.1f} s")
    step = np.zeros((len(mix.timeline.speakers), round(mix.timeline.duration * 1000)), bool)
    for turn in mix.timeline.spoken:
        who = mix.timeline.speakers.index(turn.speaker)
        step[who, round(turn.start * 1000) : round(turn.end * 1000)] = True
    print(f"  {(step.sum(axis=0) > 1).sum() / 1000:.1f} s of two at once")
    skipped, _ = diarization_errors(mix.timeline.spoken, turns, mix.timeline.duration, collar=0.25, skip_overlap=True)
    print(f"  with a collar of 0.25 s and without overlaps DER {skipped[:, :3].sum() / skipped[:, 3].sum():.2%}")
    assert len(read_annotation(mix.folder / "mix.rttm").turns or ()) == len(mix.timeline.spoken)


def loudness(mix: Mix) -> None:
    """By ffmpeg's ebur128."""
    command = [ffmpeg_path(), "-hide_banner", "-nostats", "-i", str(mix.path), "-af", "ebur128=peak=true", "-f", "null"]
    log = subprocess.run([*command, "-"], capture_output=True, text=True, check=True).stderr
    summary = log[log.rindex("Summary:") :]
    found, peak = (float(re.search(rf"{name}:\s+(-?[\d.]+)", summary)[1]) for name in ("I", "Peak"))  # type: ignore[index]
    print(f"  {found:.1f} LUFS (asked for -16, target within 0.5), {peak:.1f} dBTP (target <= -1), limiter "
          f"{mix.timeline.limited:.1f} dB at most")  # fmt: skip


def stems(mix: Mix) -> dict[str, NDArray[np.float64]]:
    """Each as mono."""
    return {name: soundfile.read(path)[0].mean(axis=1) for name, path in mix.stems.items()}


def onsets(mix: Mix) -> None:
    """The timeline against when each stem rises to 35 dB below the line's loudest; and against Silero's detector."""
    rate = mix.timeline.rate
    speech: Any = load_engine("listen.speech")
    by_level, by_model, ends = [], [], []
    for name, stem in stems(mix).items():
        size = rate // 200
        level = np.sqrt(np.convolve(stem**2, np.ones(size) / size, "full")[size - 1 :])
        sixteen = resample(Audio(stem[None, :].astype(np.float32), rate), 16_000)
        spans = np.array(speech(sixteen.mono)) + VAD_PAD
        mine = [one for one in mix.timeline.entries if one.speaker == name]
        before = 0.0
        for one in mine:
            first = max(before + 0.05, one.start - 0.3)
            own = level[round(first * rate) : round((one.end + 0.3) * rate)]
            loud = np.flatnonzero(own > own.max() * 10 ** (-35 / 20))
            by_level.append(first + loud[0] / rate - one.start)
            ends.append(first + (loud[-1] + size) / rate - one.end)
            by_model.append(spans[np.abs(spans[:, 0] - one.start).argmin(), 0] - one.start)
            before = one.end
    for what, values in (("onset by level", by_level), ("onset by Silero", by_model), ("end by level", ends)):
        found = np.array(values) * 1000
        print(
            f"  {what:<16} median {np.median(found):+5.0f} ms, within 30 ms {np.mean(np.abs(found) <= 30):.0%}, "
            f"farthest {np.abs(found).max():.0f} ms, of {len(found)}"
        )


def joins(mix: Mix) -> None:
    """At both ends of every piece: the jump from sample to sample, and the hiss above 8 kHz, against speech itself."""
    from scipy.signal import butter, sosfilt

    rate = mix.timeline.rate
    edge = round(0.005 * rate)
    at_joins, everywhere, high, high_speech = [], [], [], []
    for name, stem in stems(mix).items():
        bright = np.abs(sosfilt(butter(6, 8000, "highpass", fs=rate, output="sos"), stem))
        mine = [one for one in mix.timeline.entries if one.speaker == name]
        step = np.abs(np.diff(stem))
        everywhere.append(step)
        high_speech.append(bright)
        for one in mine:
            for at in (round((one.start - 0.04) * rate), round((one.end + 0.04) * rate)):
                around = slice(max(0, at - 8 * edge), at + 8 * edge)
                at_joins.append(step[around].max(initial=0.0))
                high.append(bright[around].max(initial=0.0))
    most = np.quantile(np.concatenate(everywhere), 0.999)
    shrill = np.quantile(np.concatenate(high_speech), 0.999)
    print(
        f"  {len(at_joins)} joins: largest jump {max(at_joins):.4f} of full scale (0.1 % of all samples jump more than "
        f"{most:.4f}), largest above 8 kHz {max(high):.4f} ({shrill:.4f})"
    )


def turns(mix: Mix) -> None:
    """The changes of speaker that were drawn, beside those of conversations."""
    found = mix.timeline.turns
    assert found is not None
    print(
        f"  {found.changes} changes: {found.overlaps:.0%} overlap (published {PUBLISHED['overlaps'][0]:.0%} to "
        f"{PUBLISHED['overlaps'][1]:.0%}), median {found.quartiles[1]:.2f} s ({PUBLISHED['median'][0]:g} to "
        f"{PUBLISHED['median'][1]:g}), quartiles {found.quartiles[0]:.2f} and {found.quartiles[2]:.2f}, mode "
        f"{found.mode:.2f} s (up to {PUBLISHED['mode'][1]:g})"
    )


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def many(folder: Path, lines: int) -> None:
    """Peak memory and time of a tenth of the lines, and of all."""
    words = "the old clock in the hall strikes seven and the dog wants to go out again before it rains".split()
    for count in (lines // 10, lines):
        script = folder / f"lines{count}.txt"
        rows = [
            f"{'Ana' if number % 2 else 'Ben'}: {' '.join(words[number % 7 : number % 7 + 5])} {number}."
            for number in range(count)
        ]
        script.write_text("---\ncast: {Ana: joe, Ben: joe}\n---\n" + "\n".join(rows) + "\n")
        mix, took, peak = made(folder, script, cache="many")
        minutes, size = mix.timeline.duration / 60, mix.path.stat().st_size / (1 << 20)
        print(f"  {count:>5} lines, {minutes:.0f} min: {took:.0f} s, peak {peak:.0f} MiB, mix {size:.0f} MiB")
        turns(mix)


def main(lines: int) -> None:
    """Everything in turn."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        script = folder / SCRIPT.name
        script.write_text(SCRIPT.read_text())
        mix, first, _ = made(folder, script)
        count, seconds = len(mix.timeline.entries), mix.timeline.duration
        print(f"{SCRIPT.name}: {count} utterances, {seconds:.0f} s, made in {first:.0f} s")
        turns(mix)
        loudness(mix)
        onsets(mix)
        joins(mix)
        other, _, _ = made(folder, script, cache="other")
        same = sha256(mix.path) == sha256(other.path)
        print(f"  again from an empty cache in a new process: {'the same bytes' if same else 'OTHER BYTES'}")
        seeded, _, _ = made(folder, script, "--seed", "7", cache="other")
        starts = [[(one.id, one.start) for one in each.timeline.entries] for each in (mix, seeded)]
        apart = sum(one not in starts[0] for one in starts[1])
        print(f"  seed 7: {apart} of {len(starts[1])} utterances begin elsewhere")
        script.write_text(
            SCRIPT.read_text().replace("Fifty cakes need a lot of tables.", "Fifty cakes need big tables.")
        )
        edited, again, _ = made(folder, script)
        kept = {take["key"] for take in takes(mix)} & {take["key"] for take in takes(edited)}
        rest = len(mix.timeline.entries) - len(kept)
        share = f"{again:.1f} s of {first:.1f} s, {again / first:.0%} (target < 10 %)"
        print(f"  one line edited: {rest} take rendered, {share}")
        gaps = [{one.id: one.gap for one in each.timeline.entries} for each in (mix, edited)]
        print(f"  gaps that changed with it: {sum(gaps[0][id] != gaps[1].get(id) for id in gaps[0])}")
        script.write_text(SCRIPT.read_text())
        judged, _, _ = made(folder, script, "--judge")
        heard(judged)
        diarized(judged, folder)
        many(folder, lines)


def picture(mix: Mix, start: float, end: float, path: Path) -> None:
    """Spectrograms of the stems and of the mix between two times, with what the timeline says of them."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    inside = [one for one in mix.timeline.entries if one.start < end and one.end > start]
    names = list(dict.fromkeys(one.speaker for one in inside))
    shown = {**{name: stem for name, stem in stems(mix).items() if name in names}, "mix": mix.audio.mono}
    figure, axes = plt.subplots(len(shown), 1, sharex=True, figsize=(11, 1.9 * len(shown)), layout="constrained")
    rate = mix.timeline.rate
    for axis, (name, samples) in zip(axes, shown.items(), strict=True):
        piece = samples[round(start * rate) : round(end * rate)]
        hiss = np.random.default_rng(0).standard_normal(len(piece)) * 1e-7  # silence has no logarithm
        axis.specgram(
            piece + hiss, NFFT=512, Fs=rate, noverlap=448, vmin=-140, vmax=-50, xextent=(start, end), cmap="magma"
        )
        axis.set(ylabel=name, ylim=(0, 9000), yticks=(0, 4000, 8000), yticklabels=("0", "4", "8 kHz"))
        for one in inside:
            if one.speaker == name:
                for place, mark in ((one.start, "-"), (one.end, "--")):
                    axis.axvline(place, color="#56b4e9", linestyle=mark, linewidth=1.2)
                said = one.text if len(one.text) < 34 else f"{one.text[:32]}…"
                at = max(start, one.start) + 0.03
                axis.text(at, 8200, said, color="white", fontsize=8, clip_on=True)
    axes[-1].set(xlabel="seconds", xlim=(start, end))
    figure.savefig(path, dpi=80)
    from PIL import Image

    Image.open(path).convert("RGB").quantize(96).save(path, optimize=True)


def takes(mix: Mix) -> list[dict[str, Any]]:
    """As takes.json has them."""
    import json

    found: list[dict[str, Any]] = json.loads((mix.folder / "takes.json").read_text())["takes"]
    return found


if __name__ == "__main__":
    if sys.argv[1:2] == ["picture"]:
        picture(open_mix(Path(sys.argv[2])), float(sys.argv[3]), float(sys.argv[4]), Path(sys.argv[5]))
        sys.exit()
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
