"""What Whisper invents, leaves out, or hears in another language."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from voicekit.audio.probe import MODEL_RATE
from voicekit.config.transcribe import TranscribeOptions
from voicekit.engines.asr.decoder import Clip
from voicekit.engines.asr.faster_whisper import FasterWhisper
from voicekit.engines.asr.language_vote import LONG_ENOUGH, clip_language, most_likely
from voicekit.engines.asr.repair import drop_hallucinations
from voicekit.engines.protocols import Recognition
from voicekit.models.resolve import resolve
from voicekit.runtime.device import choose_device
from voicekit.transcription.recognize import transcribe
from voicekit.types import Audio, Word


@pytest.fixture(scope="module")
def whisper() -> FasterWhisper:
    return FasterWhisper(resolve("base", "transcribe"), choose_device("cpu"), "int8")


def hear(whisper: FasterWhisper, samples: NDArray[np.float32], language: str | None = None) -> Recognition:
    found, _ = whisper.transcribe(
        Audio(samples[None], MODEL_RATE),
        language=language, hotwords=None, prompt=None, beam_size=5, batch_size=8, progress=lambda share: None,
    )  # fmt: skip
    return found


def at_most(samples: NDArray[np.float64]) -> NDArray[np.float32]:
    return (samples / max(np.abs(samples).max(), 1e-9) * 0.5).astype(np.float32)


def made(what: str) -> NDArray[np.float32]:
    """Twenty seconds without a voice."""
    rng, n = np.random.default_rng(0), 20 * MODEL_RATE
    t = np.arange(n) / MODEL_RATE
    if what == "silence":
        return np.zeros(n, np.float32)
    if what == "white":
        return at_most(rng.normal(size=n))
    if what == "brown":
        return at_most(np.cumsum(rng.normal(size=n)) - np.linspace(0, 1, n))
    if what == "hum":
        return at_most(np.sin(2 * np.pi * 50 * t) + 0.3 * np.sin(2 * np.pi * 150 * t))
    if what == "clicks":
        return at_most((rng.random(n) < 1e-4) * 1.0)
    notes = 220 * 2 ** (rng.choice([0, 2, 4, 5, 7, 9, 11, 12], (40, 3)) / 12)
    return at_most(
        sum(
            np.sin(2 * np.pi * np.repeat(notes[:, i], n // 40) * harmonic * t) / harmonic * np.exp(-(t % 0.5) * 3)
            for i in range(3)
            for harmonic in (1, 2, 3)
        )
    )


@pytest.mark.parametrize("what", ["silence", "white", "brown", "hum", "clicks", "music"])
def test_nothing_is_heard_where_nobody_speaks(whisper: FasterWhisper, what: str) -> None:
    assert hear(whisper, made(what)).segments == ()


@pytest.mark.parametrize(
    "name",
    [
        "1998-15444-0002_noise5dB", "1688-142285-0002_music5dB",
        "1998-15444-0000_music0dB", "2033-164914-0002_music0dB",
    ],
)  # fmt: skip
def test_real_noise_and_music_give_no_words(whisper: FasterWhisper, recordings: Path, name: str) -> None:
    """What is left of a noisy recording without its clean speech; each gives no words with AVX2 and generic kernels."""
    mixed, _ = soundfile.read(recordings / "noise" / "mixed_dev" / f"{name}.flac")
    clean, _ = soundfile.read(next(recordings.glob(f"read_en/librispeech_test-other/*/{name.split('_')[0]}.flac")))
    size = min(len(mixed), len(clean))
    mixed, clean = mixed[:size], clean[:size]
    noise = mixed - clean * (mixed @ clean) / (clean @ clean)
    found = hear(whisper, at_most(noise))
    assert found.segments == ()


def test_a_clip_that_ends_early_is_decoded_on(whisper: FasterWhisper, sample: Path) -> None:
    """The recogniser is made to stop after ten seconds of the sample; the rest is heard in the second round."""
    samples, _ = soundfile.read(sample, dtype="float32")
    whole = hear(whisper, samples, "en")
    decode = whisper.model.model.generate

    def stops(encoded: object, prompts: list[object], **options: object) -> object:
        found = decode(encoded, prompts, **options)
        if stops.calls:  # type: ignore[attr-defined]
            return found
        stops.calls += 1  # type: ignore[attr-defined]
        return [
            SimpleNamespace(sequences_ids=[r.sequences_ids[0][:25]], scores=r.scores, no_speech_prob=r.no_speech_prob)
            for r in found
        ]

    stops.calls = 0  # type: ignore[attr-defined]
    engine = object.__new__(FasterWhisper)
    engine.__dict__.update(whisper.__dict__)
    engine.model = _With(whisper.model, stops)  # type: ignore[assignment]
    found = hear(engine, samples, "en")
    assert stops.calls == 1  # type: ignore[attr-defined]
    words = [w for s in found.segments for w in s.words]
    assert len(words) > 0.8 * sum(len(s.words) for s in whole.segments)
    assert max(w.end for w in words) > 27


class _With:
    """A Whisper whose decoder is replaced."""

    def __init__(self, model: object, generate: object) -> None:
        self.__dict__["_whole"] = model
        self.__dict__["model"] = _Generate(model.model, generate)  # type: ignore[attr-defined]

    def __getattr__(self, name: str) -> object:
        return getattr(self._whole, name)


class _Generate:
    def __init__(self, model: object, generate: object) -> None:
        self.whole, self.generate = model, generate

    def __getattr__(self, name: str) -> object:
        return getattr(self.whole, name)


def clip(text: str, log_probability: float = -0.2, no_speech: float = 0.0, compression: float = 1.5) -> Clip:
    words = tuple(Word(word, i, i + 0.5, 0.9) for i, word in enumerate(text.split()))
    return Clip((0, 29), "en", words, log_probability, no_speech, compression)


def test_inventions_are_dropped_and_said() -> None:
    kept, dropped = drop_hallucinations(clip("Thank you.", -1.1, 0.5))
    assert kept is None
    assert [(d.text, d.reason.split(":")[0]) for d in dropped] == [("Thank you.", "not speech")]
    assert drop_hallucinations(clip("Thank you.", -0.2, 0.5)) == (clip("Thank you.", -0.2, 0.5), [])
    assert drop_hallucinations(clip("so noisy", -1.2, 0.1))[1] == []


def test_loops_are_cut_after_the_first_time() -> None:
    kept, dropped = drop_hallucinations(clip("he said " + "thank you " * 9, compression=5.0))
    assert kept is not None
    assert " ".join(word.text for word in kept.words) == "he said thank you"
    assert dropped[0].text == ("thank you " * 8).strip()
    assert dropped[0].reason == "a phrase repeated over and over"


def test_the_language_of_most_speech_wins_and_a_clip_may_differ() -> None:
    votes = {(0.0, 5.0): {"de": 0.9, "en": 0.1}, (5.0, 30.0): {"en": 0.8, "de": 0.2}}
    assert most_likely(votes)[0] == "en"
    assert clip_language({"de": 0.9}, (0.0, 5.0), "en") == "de"
    assert clip_language({"de": 0.6}, (0.0, 5.0), "en") == "en"
    assert clip_language({"de": 0.9}, (0.0, 1.0), "en") == "en"


@pytest.mark.slow
def test_languages_may_mix(whisper: FasterWhisper, recordings: Path) -> None:
    """The German clip was chosen for its margin: Whisper base gives German 1.00 with AVX2 and with generic kernels."""
    english, _ = soundfile.read(recordings / "read_en" / "jfk.flac", dtype="float32")
    german, _ = soundfile.read(recordings / "lang" / "de" / "kerstin" / "de_rhasspy-0013.flac", dtype="float32")
    pause = np.zeros(2 * MODEL_RATE, np.float32)
    result = hear(whisper, np.concatenate([english, pause, german, pause, english]))
    assert result.language == "en"
    start, end = 12.0, 14.0 + len(german) / MODEL_RATE
    languages = {
        (s.language, start < (s.start + s.end) / 2 < end) for s in result.segments if s.end - s.start >= LONG_ENOUGH
    }
    assert languages == {("en", False), ("de", True)}


def test_a_full_gpu_gets_smaller_batches_and_then_int8(whisper: FasterWhisper, sample: Path) -> None:
    """A recogniser that is out of memory above one clip at a time, and altogether unless it is int8."""
    asked: list[tuple[str, int]] = []

    class Small:
        def __init__(self, kind: str) -> None:
            self.kind = kind

        def transcribe(self, audio: Audio, *, batch_size: int, **_: object) -> tuple[Recognition, list[str]]:
            asked.append((self.kind, batch_size))
            if self.kind != "int8" or batch_size > 2:
                raise RuntimeError("CUDA failed with error out of memory")
            return Recognition((), "en", 1.0), ["heard"]

    sound = Audio(np.zeros((1, 16), np.float32), MODEL_RATE)
    _, notes = transcribe(sound, Small, TranscribeOptions(), 4, "float16", lambda share: None)
    assert asked == [("float16", 4), ("float16", 2), ("float16", 1), ("int8", 4), ("int8", 2)]
    assert notes[-1] == "heard"
    assert "out of memory: continuing with batches of 2" in notes
    assert "out of memory with float16: continuing with int8" in notes


def test_other_errors_are_not_taken_for_memory() -> None:
    class Broken:
        def transcribe(self, audio: Audio, **_: object) -> tuple[Recognition, list[str]]:
            raise RuntimeError("no kernel image is available")

    with pytest.raises(RuntimeError, match="no kernel image"):
        transcribe(
            Audio(np.zeros((1, 16), np.float32), MODEL_RATE),
            lambda kind: Broken(), TranscribeOptions(), 4, "float16", lambda share: None,
        )  # fmt: skip


def test_recognition_is_repeatable(whisper: FasterWhisper, sample: Path) -> None:
    samples, _ = soundfile.read(sample, dtype="float32")
    first = hear(whisper, samples)
    hear(whisper, made("music"))
    assert hear(whisper, samples) == first
    assert replace(first, language_probability=0.0) != first


@pytest.mark.parametrize(
    ("name", "word", "times"),
    [
        ("01-middle-turn-lost", "village", 2),
        ("02-real-repeats-dropped", "village", 5),
        ("02b-phrase-12-times", "again", 24),
    ],
)
def test_recordings_that_peers_lose_words_of(
    whisper: FasterWhisper, recordings: Path, name: str, word: str, times: int
) -> None:
    """Every second is recognized or listed. How often the word is heard depends on the processor's arithmetic."""
    path = recordings.parent / "field" / f"{name}.flac"
    if not path.exists():
        pytest.skip(f"{path} is missing")
    samples, rate = soundfile.read(path, dtype="float32")
    found = hear(whisper, samples, "en")
    texts = [heard.text.lower().strip(".,") for segment in found.segments for heard in segment.words]
    missing = sum(part.end - part.start for part in found.unrecognized)
    assert texts.count(word) >= times - 2 or missing > 1.5
    spoken = sum(heard.end - heard.start for segment in found.segments for heard in segment.words)
    assert spoken + missing > 0.6 * len(samples) / rate


def test_hotwords_and_prompts_longer_than_the_window_are_cut(whisper: FasterWhisper, sample: Path) -> None:
    """300 hotwords filled Whisper's whole context, and the prompt came out as speech."""
    samples, rate = soundfile.read(sample, dtype="float32")
    names = ", ".join(f"Terven{number}" for number in range(300))
    found, warnings = whisper.transcribe(
        Audio(samples[None, : 12 * rate], rate), language="en", hotwords=names, prompt=f"A talk about {names}",
        beam_size=5, batch_size=8, progress=lambda share: None,
    )  # fmt: skip
    assert [warning.partition(" is longer")[0] for warning in warnings] == ["the list of hotwords", "the prompt"]
    assert all("of 30" in warning for warning in warnings)
    assert found.segments or found.unrecognized


@pytest.mark.xfail(reason="Whisper may repeat single hotwords; only runs in their order are noticed", strict=False)
def test_long_hotwords_do_not_come_out_as_speech(whisper: FasterWhisper, sample: Path) -> None:
    samples, rate = soundfile.read(sample, dtype="float32")
    names = ", ".join(f"Terven{number}" for number in range(300))
    found, _ = whisper.transcribe(
        Audio(samples[None, : 12 * rate], rate), language="en", hotwords=names, prompt=f"A talk about {names}",
        beam_size=5, batch_size=8, progress=lambda share: None,
    )  # fmt: skip
    said = " ".join(word.text for segment in found.segments for word in segment.words)
    assert "Terven" not in said
    assert "Hello" in said
