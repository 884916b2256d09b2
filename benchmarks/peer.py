"""The peer: pyannote's pipeline and plain faster-whisper, joined the obvious way, with the same weights. Frozen.

faster-whisper sequential with beam 5, VAD filter and word times, as its README shows it; a word belongs to the speaker
turn that it overlaps most, or to nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from voicekit.types import Audio, Turn


@dataclass(frozen=True)
class PeerResult:
    lines: list[tuple[str | None, str]]  # (speaker, word), in order
    turns: list[Turn]

    @property
    def text(self) -> str:
        return "".join(word for _, word in self.lines)


class Peer:
    """Loads what it needs once."""

    def __init__(self, whisper: Path) -> None:
        from faster_whisper import WhisperModel

        from benchmarks.stock_pyannote import StockPyannote
        from voicekit.models.resolve import resolve

        segmentation = resolve("segmentation-3.0", "segment").path / "pytorch_model.bin"
        self.diarizer = StockPyannote(segmentation, resolve("campplus", "embed").path / "campplus_cn_en_common.pt")
        self.model = WhisperModel(str(whisper), compute_type="int8")

    def run(self, media: Path, language: str | None, diarize: bool) -> PeerResult:
        from faster_whisper import decode_audio

        samples = decode_audio(str(media))
        turns = self.diarizer.turns(Audio(np.asarray(samples)[None], 16_000)) if diarize else []
        options = {"language": language, "beam_size": 5, "word_timestamps": True, "vad_filter": True}
        segments, _ = self.model.transcribe(samples, **options)
        lines: list[tuple[str | None, str]] = []
        for segment in segments:
            for word in segment.words or []:
                overlaps = [(min(word.end, t.end) - max(word.start, t.start), t.speaker) for t in turns]
                best = max(overlaps, default=(0.0, None))
                lines.append((best[1] if best[0] > 0 else None, word.word))
        return PeerResult(lines, turns)
