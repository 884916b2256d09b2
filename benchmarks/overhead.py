"""What voicekit adds to its models: the whole command against the sum of the models' own times, on ten minutes.

The command runs in a new process with an empty cache. The models' own time is loading each engine and one call of it
on the decoded sound, in a new process too; in turns, several times; medians are printed, and their ratio.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.accuracy import cases

MODELS_ALONE = """
import sys, time
from pathlib import Path
from voicekit.config.transcribe import transcribe_options
from voicekit.engines import load_engine
from voicekit.audio.clean import clean
from voicekit.transcription.session import Session
plan = Session().plan(transcribe_options(model="base", diarizer_model="starter", batch_size=8))
sound, _ = clean(Path(sys.argv[1]), plan.preset)
started = time.perf_counter()
load_engine("diarize.starter")(plan.voices, str(plan.device)).embed_windows(sound, lambda share: None)
load_engine("transcribe.faster-whisper")(plan.whisper, plan.device, plan.compute_type).transcribe(
    sound, language=None, hotwords=None, prompt=None, beam_size=5, batch_size=plan.batch_size,
    progress=lambda share: None,
)
print(time.perf_counter() - started)
"""


def ten_minutes(folder: Path) -> Path:
    """A recording of ten minutes: the long programme where it is at hand, else the sample over and over."""
    path = folder / "ten-minutes.wav"
    long = [case.media for case in cases() if case.media.stem == "en_programme_dev"]
    samples, rate = soundfile.read(long[0] if long else cases()[0].media, dtype="float32")
    soundfile.write(path, np.tile(samples, 1 + 600 * rate // len(samples))[: 600 * rate], rate)
    return path


def main(rounds: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        media = ten_minutes(folder)
        whole, alone = [], []
        for number in range(rounds):
            environment = {**os.environ, "VOICEKIT_CACHE": str(folder / f"cache{number}")}
            command = [sys.executable, "-m", "voicekit", "transcribe", str(media), "-o", str(folder / f"out{number}")]
            started = time.perf_counter()
            options = ["-q", "--model", "base", "--diarizer-model", "starter", "--batch-size", "8"]
            subprocess.run([*command, *options], env=environment, check=True)
            whole.append(time.perf_counter() - started)
            done = subprocess.run(
                [sys.executable, "-c", MODELS_ALONE, str(media)], capture_output=True, text=True, check=True
            )
            alone.append(float(done.stdout))
            print(f"round {number + 1}: whole {whole[-1]:.1f} s, models {alone[-1]:.1f} s", flush=True)
    ratio = statistics.median(whole) / statistics.median(alone)
    print(f"whole command / its models' own times: {ratio:.3f} (medians of {rounds}; target <= 1.15)")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
