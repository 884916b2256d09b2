"""Judge: measures a take with an ASR model, speaker embeddings, DNSMOS, Praat and artifact detectors.

Measures depend on the take's audio, text, language and reference and on `Judge.cache_parts()`, never on takes measured
before.
"""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voicekit.audio.decode import decode
from voicekit.audio.levels import resample
from voicekit.audio.probe import MODEL_RATE
from voicekit.engines.pool import EnginePool
from voicekit.engines.protocols import REPETITION, Recognition
from voicekit.engines.registry import load_engine
from voicekit.engines.select import select_compute_type, select_whisper
from voicekit.errors import SourceError, UsageError
from voicekit.jsonio import type_adapter
from voicekit.models.catalogue import Weights
from voicekit.models.resolve import resolve
from voicekit.provenance import package_versions
from voicekit.quality.artifacts.detectors import find_artifacts
from voicekit.quality.dnsmos import DnsmosScores, rate_quality
from voicekit.quality.intelligibility import round_trip
from voicekit.quality.prosody import Pitch, measure_energy_range, measure_pace, measure_pitch
from voicekit.quality.speaker_similarity import similarity, speaker_embedding
from voicekit.runtime.device import choose_device
from voicekit.runtime.progress import Progress
from voicekit.storage.files import digest, file_sha256
from voicekit.text.languages import WHISPER_LANGUAGES, base_language
from voicekit.text.words import join_words
from voicekit.types import Audio, Measures, Word, spread

VERSION = 4
"""Part of the cache key of measures: raise it when the same take would get other measures."""

BEAM = 5
"""Beam size of the ASR model."""

PACKAGES = (
    "ctranslate2", "faster-whisper", "numpy", "onnxruntime", "praat-parselmouth", "scipy", "soxr", "speechmos",
    "kaldifst", "wetext", "whisper-normalizer",
)  # fmt: skip

Samples = NDArray[np.float32]


class Judge:
    """Measures takes with loaded models.

        with Judge() as judge:
            measures = judge.measure(take.audio, take.text, "en", Path("clip.wav"))

    Leaving the block, or `close`, frees the models and GPU memory.
    """

    def __init__(self, device: str = "auto", progress: Progress | None = None, model: str = "auto") -> None:
        """Resolve the models; they are loaded when first used.

        Args:
            device: auto, cpu, cuda or cuda:1.
            progress: Reports downloads and loading.
            model: Whisper: name, folder or hub id; auto takes base on a CPU, the best one present on a GPU.
        """
        self.progress = progress or Progress()
        self.device = choose_device(device)
        self.weights: dict[str, Weights] = {
            "whisper": select_whisper(model, self.device, self.progress.note),
            "campplus": resolve("campplus", "embed", progress=self.progress.note),
            "dnsmos": resolve("dnsmos", "judge", progress=self.progress.note),
        }
        self.compute_type = select_compute_type("auto", self.device)
        self._pool = EnginePool()
        self._reference_embeddings: dict[str, Samples | None] = {}

    def __enter__(self) -> Judge:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Free every loaded model. The judge can be used again."""
        self._reference_embeddings.clear()
        self._pool.close()

    def cache_parts(self) -> dict[str, Any]:
        """JSON of the models, device and versions that measures depend on, for cache keys and manifests."""
        return {
            "judge": VERSION,
            "models": {name: weights.record() for name, weights in self.weights.items()},
            "device": self.device.kind,
            "compute_type": self.compute_type,
            "beam_size": BEAM,
            "versions": package_versions(PACKAGES if self.device.kind == "cpu" else (*PACKAGES, "torch")),
        }

    def measure(self, audio: Audio, text: str, language: str = "en", reference: Path | Audio | None = None) -> Measures:
        """Measure a take.

        Args:
            audio: Any rate and length; channels are mixed down.
            text: The text that should be spoken; empty if unknown.
            language: BCP-47.
            reference: Clip of the target voice, as a file or as audio.

        Raises:
            UsageError: A language that Whisper does not know, a text without words, or a reference without speech.
            SourceError: The reference cannot be read.
        """
        code = base_language(language)
        if code not in WHISPER_LANGUAGES:
            raise UsageError(f"Whisper does not know {language!r}", f"Known: {', '.join(sorted(WHISPER_LANGUAGES))}")
        if text.strip() and not any(char.isalnum() for char in text):
            raise UsageError(
                f"the text {text[:20]!r} has no words to compare with", "Give words, or leave the text out"
            )
        samples = np.nan_to_num(audio.mono, nan=0.0, posinf=1.0, neginf=-1.0)
        resampled = resample(Audio(samples[None, :], audio.rate), MODEL_RATE).mono if len(samples) else samples
        for name in self.weights:
            self._load_model(name)
        with ThreadPoolExecutor(1) as executor:  # these use one core; the ASR model uses the others
            acoustic_measures = executor.submit(self._measure_acoustics, resampled, reference)
            words = self._recognize(resampled, code)
            speaker_similarity, dnsmos, pitch = acoustic_measures.result()
        trip = round_trip(text, words, language)
        return Measures(
            seconds=round(audio.duration, 3),
            heard=join_words(word.text for word in words),
            wer=_rounded(trip.wer),
            words=words,
            similarity=_rounded(speaker_similarity),
            mos=_rounded(dnsmos.overall if dnsmos else None),
            mos_signal=_rounded(dnsmos.signal if dnsmos else None),
            mos_background=_rounded(dnsmos.background if dnsmos else None),
            mos_p808=_rounded(dnsmos.p808 if dnsmos else None),
            pace=_rounded(measure_pace(words), 1),
            pitch=_rounded(pitch.median if pitch else None, 1),
            pitch_range=_rounded(pitch.range if pitch else None, 2),
            energy_range=_rounded(measure_energy_range(samples, audio.rate), 2),
            artifacts=find_artifacts(samples, audio.rate, words, text, language),
        )

    def _recognize(self, samples: Samples, language: str) -> tuple[Word, ...]:
        """Recognized words, including repetitions that the ASR engine dropped: a take that loops must be noticed."""
        if len(samples) < 0.1 * MODEL_RATE:
            return ()
        recognition: Recognition
        recognition, _ = self._load_model("whisper").transcribe(
            Audio(samples[None, :], MODEL_RATE), language=language, hotwords=None, prompt=None, beam_size=BEAM,
            batch_size=8, progress=lambda share: None,
        )  # fmt: skip
        words = [word for segment in recognition.segments for word in segment.words]
        loops = [dropped for dropped in recognition.dropped if dropped.reason == REPETITION]
        words += [word for loop in loops for word in spread(loop.text, loop.start, loop.end)]
        return tuple(sorted(words, key=lambda word: word.start))

    def _measure_acoustics(
        self, samples: Samples, reference: Path | Audio | None
    ) -> tuple[float | None, DnsmosScores | None, Pitch | None]:
        embed = self._load_model("campplus").embed
        speaker_similarity = None
        if reference is not None:
            speaker_similarity = similarity(speaker_embedding(embed, samples), self._embed_reference(reference))
        return speaker_similarity, rate_quality(self._load_model("dnsmos"), samples), measure_pitch(samples, MODEL_RATE)

    def _embed_reference(self, clip: Path | Audio) -> Samples | None:
        """Speaker embedding of a reference clip, computed once per content."""
        if isinstance(clip, Path):
            try:
                key = file_sha256(clip)
            except OSError as error:
                raise SourceError(
                    f"cannot read {clip}: {error.strerror}", "Check the name and its permissions"
                ) from error
        else:
            key = digest([clip.rate, hashlib.sha256(clip.samples.tobytes()).hexdigest()])
        if key not in self._reference_embeddings:
            audio = decode(clip)[0] if isinstance(clip, Path) else resample(clip, MODEL_RATE)
            embedding = speaker_embedding(self._load_model("campplus").embed, audio.mono)
            if embedding is None:
                name = clip if isinstance(clip, Path) else "the reference"
                raise UsageError(f"{name} has no speech to compare with", "Give a clip of the voice")
            self._reference_embeddings[key] = embedding
        return self._reference_embeddings[key]

    def _load_model(self, name: str) -> Any:
        weights = self.weights[name]

        def load() -> Any:
            if name == "whisper":
                return load_engine("transcribe.faster-whisper")(weights, self.device, self.compute_type)
            if name == "dnsmos":
                return load_engine("judge.dnsmos")(weights)
            return _load_campplus(weights, str(self.device))

        task = "transcribe" if name == "whisper" else name
        key = (task, weights.path, str(self.device), self.compute_type)  # Whisper's is the one that Session uses
        return self._pool.get(key, load, lambda: self.progress.loading("judge"))


def _load_campplus(weights: Weights, device: str) -> Any:
    (file,) = weights.sha256
    return load_engine("embed.campplus")(weights.path / file, device)


def _rounded(value: float | None, digits: int = 4) -> float | None:
    return None if value is None or not np.isfinite(value) else round(float(value), digits)


def measures_to_json(measures: Measures) -> str:
    """JSON without NaN and Infinity."""
    text: str = type_adapter(Measures).dump_json(measures).decode()
    return text


def measures_from_json(text: str | bytes) -> Measures:
    """Parse the result of `measures_to_json`. Raises ValueError for anything else."""
    return type_adapter(Measures).validate_json(text)
