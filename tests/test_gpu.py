"""On a CUDA GPU: the same command, the same targets, and the memory given back. `pytest -m gpu`."""

from __future__ import annotations

from pathlib import Path

import pytest

from voicekit import Session, evaluate
from voicekit.device import choose_device

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
