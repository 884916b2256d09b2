"""The peer: senko and plain faster-whisper, joined the obvious way, with the same weights. Frozen; do not improve.

Both libraries with their defaults, as their READMEs show them: senko on the file, faster-whisper sequential with beam
5, VAD filter and word times; a word belongs to the speaker segment that it overlaps most, or to nobody. On a processor
without AVX-512, where senko's wheel does not run, the peer has words only.
"""

from __future__ import annotations

import contextlib
import io
import sys
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path

import soundfile

from voicekit.errors import EngineError
from voicekit.types import Turn


@dataclass(frozen=True)
class PeerResult:
    lines: list[tuple[str | None, str]]  # (speaker, word), in order
    turns: list[Turn]

    @property
    def text(self) -> str:
        return "".join(word for _, word in self.lines)


def senko_runs() -> bool:
    """Whether senko runs on this processor; if not, print the reason."""
    from voicekit.engines.diarization.senko import check_cpu

    try:
        check_cpu()
    except EngineError as error:
        print(error.message, file=sys.stderr)
        return False
    return True


class Peer:
    """Loads what it needs once. `diarizer` is None where senko does not run."""

    def __init__(self, whisper: Path) -> None:
        from faster_whisper import WhisperModel

        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            import senko

            self.diarizer = senko.Diarizer(device="auto", warmup=False, quiet=True) if senko_runs() else None
        self.model = WhisperModel(str(whisper), compute_type="int8")

    def run(self, media: Path, language: str | None, diarize: bool) -> PeerResult:
        from faster_whisper import decode_audio

        turns = []
        samples = decode_audio(str(media))
        if diarize and self.diarizer:
            with tempfile.TemporaryDirectory() as folder:
                wav = Path(folder, "x.wav")  # senko takes 16 kHz mono 16-bit WAV only
                soundfile.write(wav, samples, 16_000, subtype="PCM_16")
                with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
                    warnings.simplefilter("ignore")
                    found = self.diarizer.diarize(str(wav))
            turns = [Turn(s["start"], s["end"], s["speaker"]) for s in (found or {}).get("merged_segments", [])]
        options = {"language": language, "beam_size": 5, "word_timestamps": True, "vad_filter": True}
        segments, _ = self.model.transcribe(samples, **options)
        lines: list[tuple[str | None, str]] = []
        for segment in segments:
            for word in segment.words or []:
                overlaps = [(min(word.end, t.end) - max(word.start, t.start), t.speaker) for t in turns]
                best = max(overlaps, default=(0.0, None))
                lines.append((best[1] if best[0] > 0 else None, word.word))
        return PeerResult(lines, turns)
