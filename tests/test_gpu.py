"""On a CUDA GPU: the same command, the same targets, and the memory given back. `pytest -m gpu`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support import small_chatterbox
from voicekit.audio.decode import decode
from voicekit.audio.encode import write_audio
from voicekit.diarization.clustering import cluster
from voicekit.diarization.windows import SpeakerWindows, unit_length
from voicekit.engines.registry import load_engine
from voicekit.evaluation.der import diarization_errors
from voicekit.evaluation.evaluate import evaluate
from voicekit.models.resolve import resolve
from voicekit.runtime.device import choose_device
from voicekit.transcription.session import Session
from voicekit.tts.synthesizer import Synthesizer
from voicekit.types import Audio

pytestmark = pytest.mark.gpu


def test_auto_takes_the_gpu_and_meets_the_targets(sample: Path, own_cache: Path) -> None:
    import torch

    assert choose_device("auto").kind == "cuda"
    before = torch.cuda.memory_allocated()
    with Session() as session:
        t = session.transcribe(sample, speakers=2, model="base", diarizer_model="starter")
        assert torch.cuda.memory_allocated() > before
    assert torch.cuda.memory_allocated() == before
    scores = evaluate(t, [sample.with_suffix(".stm"), sample.with_suffix(".rttm")]).total
    assert scores["wer"].value <= 0.16
    assert scores["der"].value <= 0.053


def test_the_gpu_hears_what_the_cpu_hears(sample: Path, own_cache: Path) -> None:
    options = {"model": "base", "diarizer": "none", "compute_type": "float32"}
    with Session() as session:
        gpu = session.transcribe(sample, device="cuda", **options)
        cpu = session.transcribe(sample, device="cpu", **options)
    assert evaluate(gpu, cpu, metrics="wer").total["wer"].value <= 0.03


def test_the_gpu_finds_the_voices_that_the_cpu_finds(sample: Path, own_cache: Path) -> None:
    """Segmentation and CAM++ in PyTorch on the one, CAM++ in ONNX Runtime on the other: alike, not to the bit."""
    cpu, gpu = (found_voices(sample, device) for device in ("cpu", "cuda"))
    assert (cpu.activity == gpu.activity).mean() >= 0.999
    assert same_rows(cpu.windows, gpu.windows, cpu.window_embeddings, gpu.window_embeddings) >= 0.98
    assert same_rows(cpu.units, gpu.units, cpu.unit_embeddings, gpu.unit_embeddings) >= 0.9
    turns = [cluster(voices, 2, None, None, lambda share: None)[0].turns for voices in (cpu, gpu)]
    errors, _ = diarization_errors(*turns, duration=30.0)
    missed, false_alarm, confusion, spoken = errors.sum(axis=0)
    assert missed + false_alarm + confusion <= 0.01 * spoken


def test_chatterbox_holds_its_seed_on_the_gpu_and_gives_the_memory_back(sample: Path, tmp_path: Path) -> None:
    import torch

    sound, _ = decode(sample, rate=24_000)
    clip = write_audio(Audio(sound.samples[:, 7 * 24_000 : 13 * 24_000], 24_000), tmp_path / "clip.wav")
    before = torch.cuda.memory_allocated()
    with small_chatterbox.layers(), Synthesizer(device="cuda") as speaker:
        options: Any = {"voice": str(clip), "model": str(small_chatterbox.folder()), "max_tokens": 40}
        one, other, again = (speaker.say("Hello there, how are you?", seed=seed, **options) for seed in (7, 8, 7))
        assert torch.cuda.memory_allocated() > before
        assert np.array_equal(one.audio.samples, again.audio.samples)
        assert one.tokens == again.tokens != other.tokens
        speaker.say("Hello.", voice="joe")  # one engine at a time: chatterbox has left
        assert torch.cuda.memory_allocated() == before
    assert torch.cuda.memory_allocated() == before


def found_voices(path: Path, device: str) -> SpeakerWindows:
    weights = {"segmentation-3.0": resolve("segmentation-3.0", "segment"), "campplus": resolve("campplus", "embed")}
    voices: SpeakerWindows = load_engine("diarize.starter")(weights, device).embed_windows(
        decode(path)[0], lambda share: None
    )[0]
    return voices


def same_rows(keys: Any, other_keys: Any, prints: Any, other_prints: Any) -> float:
    """Share of keys that both have, with voice prints (cosine) no further than 0.01 from each other."""
    ours, theirs = (
        {tuple(np.round(key, 3)): row for key, row in zip(some, unit_length(rows), strict=True)}
        for some, rows in ((keys, prints), (other_keys, other_prints))
    )
    both = ours.keys() & theirs.keys()
    near = [
        np.isnan(ours[key]).any() == np.isnan(theirs[key]).any() and not ours[key] @ theirs[key] < 0.99 for key in both
    ]
    return sum(near) / max(len(ours), len(theirs))
