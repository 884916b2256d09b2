"""Peak memory of the whole command on a long recording.

python -m benchmarks.memory [HOURS]
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.accuracy import cases


def main(hours: float) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        media = folder / "long.flac"
        long = [case.media for case in cases() if case.media.stem == "en_programme_dev"]
        samples, rate = soundfile.read(long[0] if long else cases()[0].media, dtype="float32")
        with soundfile.SoundFile(media, "w", rate, 1) as file:
            left = int(hours * 3600 * rate)
            while left > 0:
                file.write(samples[:left] if samples.ndim == 1 else np.mean(samples[:left], axis=1))
                left -= len(samples)
        command = [sys.executable, "-m", "voicekit", "transcribe", str(media), "-o", str(folder / "out"), "-q"]
        options = ["--model", "base", "--diarizer-model", "starter"]
        started = time.perf_counter()
        subprocess.run([*command, *options], env={**os.environ, "VOICEKIT_CACHE": str(folder / "cache")}, check=True)
        seconds = time.perf_counter() - started
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024**2
        print(f"{hours:g} hours: peak {peak:.2f} GiB, {hours * 3600 / seconds:.1f} times real time ({seconds:.0f} s)")
        started = time.perf_counter()
        subprocess.run(
            [*command, *options, "--speakers", "4"],
            env={**os.environ, "VOICEKIT_CACHE": str(folder / "cache")},
            check=True,
        )
        print(f"again with --speakers 4: {time.perf_counter() - started:.1f} s")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 2.0)
