"""All run-time patches of chatterbox-tts 0.1.7 and of its watermarker Perth.

Each function changes one behaviour of the library and undoes it on exit. tests/engines/test_chatterbox_patches.py
checks the attributes and signatures that the patches rely on. Where no upstream issue is named, none is known.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import warnings
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # deprecation warnings of the library's dependencies
    import perth
    import torch
    from chatterbox.models.t3 import t3 as t3_module
    from chatterbox.models.t3.inference.alignment_stream_analyzer import AlignmentStreamAnalyzer
    from chatterbox.models.tokenizers import tokenizer as tokenizer_module

MAX_EQUAL_TOKENS = 12
"""Equal speech tokens in a row (half a second) that end a multilingual take."""


@contextlib.contextmanager
def library_silenced() -> Iterator[None]:
    """Suppress log messages and warnings of the library and its dependencies, which users cannot act on."""
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)


@contextlib.contextmanager
def sampling_patched(t3: Any) -> Iterator[None]:
    """Run T3 sampling with its progress bar disabled and our alignment analyzer; restore hooks and settings on exit.

    Upstream, every multilingual call adds attention hooks that are never removed, and leaves the attention
    implementation switched to "eager".
    """
    layers = getattr(t3.tfmr, "layers", [])
    hooks = [(layer.self_attn, OrderedDict(layer.self_attn._forward_hooks)) for layer in layers]
    config = t3.tfmr.config
    settings = {name: getattr(config, name, None) for name in ("output_attentions", "_attn_implementation")}
    tqdm, analyzer = t3_module.tqdm, t3_module.AlignmentStreamAnalyzer
    t3_module.tqdm, t3_module.AlignmentStreamAnalyzer = (lambda steps, **_: steps), TolerantAlignmentAnalyzer
    try:
        yield
    finally:
        t3_module.tqdm, t3_module.AlignmentStreamAnalyzer = tqdm, analyzer
        for attention, saved in hooks:
            attention._forward_hooks.clear()
            attention._forward_hooks.update(saved)
        for name, value in settings.items():
            setattr(config, name, value)


class TolerantAlignmentAnalyzer(AlignmentStreamAnalyzer):  # type: ignore[misc]
    """The library's analyzer, but a take ends after MAX_EQUAL_TOKENS equal tokens instead of two.

    Upstream cuts takes off in pauses, because silence is a run of equal tokens (chatterbox issue 504).
    """

    equal_tokens = 0
    last_token: int | None = None

    def step(self, logits: Any, next_token: int | None = None) -> Any:
        same = next_token is not None and next_token == self.last_token
        self.equal_tokens = self.equal_tokens + 1 if same else 1
        self.last_token = next_token
        logits = super().step(logits, next_token=None)  # None disables the library's rule
        if self.equal_tokens >= MAX_EQUAL_TOKENS:
            logits = -(2**15) * torch.ones_like(logits)  # the library's own way to force the end of speech
            logits[..., self.eos_idx] = 2**15
        return logits


@contextlib.contextmanager
def tokenizer_offline(folder: Path) -> Iterator[None]:
    """Load the multilingual tokenizer without network access.

    Upstream fetches the table of Chinese characters from the hub, at whatever revision is newest, and downloads a
    Chinese word segmentation model at every load. Here the table is the one in `folder`, and the segmentation model is
    used only if it is installed already.
    """
    converter = tokenizer_module.ChineseCangjieConverter
    download, init_segmenter = tokenizer_module.hf_hub_download, converter._init_segmenter

    def init_installed_segmenter(self: Any) -> None:
        from spacy_pkuseg.config import config

        self.segmenter = None
        if Path(config.pkuseg_home, "spacy_ontonotes.zip").exists():
            init_segmenter(self)

    tokenizer_module.hf_hub_download = lambda filename, **_: folder / filename
    converter._init_segmenter = init_installed_segmenter
    try:
        yield
    finally:
        tokenizer_module.hf_hub_download = download
        converter._init_segmenter = init_segmenter


def watermarker_available() -> bool:
    """Whether Perth could load its watermarker; without pkg_resources it silently sets the class to None."""
    return perth.PerthImplicitWatermarker is not None


@contextlib.contextmanager
def watermarker_optional(watermark: bool) -> Iterator[None]:
    """With `watermark` false, keep models from loading the watermarker, which upstream does unconditionally."""
    watermarker = perth.PerthImplicitWatermarker
    if not watermark:
        perth.PerthImplicitWatermarker = functools.partial(object)
    try:
        yield
    finally:
        perth.PerthImplicitWatermarker = watermarker


def fix_turbo_loudness(model: Any) -> None:
    """Make `norm_loudness` of a turbo model return float32; its encoders refuse the float64 that NumPy 2 gives."""
    norm_loudness = model.norm_loudness
    model.norm_loudness = lambda wav, sr: np.asarray(norm_loudness(wav, sr), np.float32)
