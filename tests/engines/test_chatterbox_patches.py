"""The internals of chatterbox-tts that our patches rely on: an update that changes them fails here, by name."""

from __future__ import annotations

import importlib.metadata
import inspect
from typing import Any

import pytest

pytest.importorskip("chatterbox")


def parameters(function: Any) -> list[str]:
    return [name for name in inspect.signature(function).parameters if name != "self"]


def test_the_version_that_the_patches_were_written_for() -> None:
    assert importlib.metadata.version("chatterbox-tts") == "0.1.7"


def test_sampling_reads_its_progress_bar_and_analyzer_from_its_module() -> None:
    from chatterbox.models.t3 import t3

    assert callable(t3.tqdm)
    source = inspect.getsource(t3.T3.inference)
    assert "AlignmentStreamAnalyzer(" in source
    assert "tqdm(" in source
    assert {"t3_cond", "text_tokens", "max_new_tokens", "cfg_weight", "min_p"} <= set(parameters(t3.T3.inference))
    assert {"t3_cond", "text_tokens", "top_k", "max_gen_len"} <= set(parameters(t3.T3.inference_turbo))


def test_the_analyzer_ends_takes_through_its_step() -> None:
    from chatterbox.models.t3.inference.alignment_stream_analyzer import AlignmentStreamAnalyzer

    assert parameters(AlignmentStreamAnalyzer.step) == ["logits", "next_token"]
    assert "eos_idx" in parameters(AlignmentStreamAnalyzer.__init__)
    assert "if next_token is not None" in inspect.getsource(AlignmentStreamAnalyzer.step)


def test_the_tokenizer_loads_its_table_and_segmenter_through_what_is_patched() -> None:
    from chatterbox.models.tokenizers import tokenizer

    assert callable(tokenizer.hf_hub_download)
    converter = tokenizer.ChineseCangjieConverter
    assert parameters(converter._init_segmenter) == []
    assert "hf_hub_download(" in inspect.getsource(converter)
    assert "_init_segmenter()" in inspect.getsource(converter.__init__)


def test_the_models_have_the_parts_that_are_called() -> None:
    import perth
    from chatterbox.mtl_tts import ChatterboxMultilingualTTS
    from chatterbox.tts import ChatterboxTTS
    from chatterbox.tts_turbo import ChatterboxTurboTTS

    for model in (ChatterboxTTS, ChatterboxMultilingualTTS, ChatterboxTurboTTS):
        assert parameters(model.from_local) == ["ckpt_dir", "device"]
        assert parameters(model.prepare_conditionals)[0] == "wav_fpath"
        assert "perth.PerthImplicitWatermarker()" in inspect.getsource(model.__init__)
    assert parameters(ChatterboxTurboTTS.norm_loudness)[:2] == ["wav", "sr"]
    assert hasattr(perth, "PerthImplicitWatermarker")
