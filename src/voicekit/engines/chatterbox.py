"""Chatterbox, English and multilingual: speech in the voice of a reference clip, by chatterbox-tts.

The library's own `generate` keeps the last call's voice, ends a take at 1,000 tokens, speaks a sentence of its own for
an empty text, fails at cfg_weight 0, piles up hooks, and draws from the global generators. So its parts are called from
here: conditionals are an argument, made once for each clip; each of the three draws has a stream of its own.
"""

from __future__ import annotations

import contextlib
import functools
import io
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import perth
import torch
import torch.nn.functional as functional
from chatterbox.models.s3gen import S3GEN_SR
from chatterbox.models.s3tokenizer import drop_invalid_tokens
from chatterbox.models.t3 import t3 as t3_module
from chatterbox.models.t3.inference.alignment_stream_analyzer import AlignmentStreamAnalyzer
from chatterbox.models.t3.modules.cond_enc import T3Cond
from chatterbox.mtl_tts import ChatterboxMultilingualTTS
from chatterbox.mtl_tts import punc_norm as punc_norm_multilingual
from chatterbox.tts import ChatterboxTTS, punc_norm

from voicekit.audio import MODEL_RATE, resample
from voicekit.config import ChatterboxParams
from voicekit.data import Audio, Spoken, Voice
from voicekit.errors import EngineError, MissingPackage, ModelCorrupt, UsageError
from voicekit.models import Weights
from voicekit.seeds import Draws
from voicekit.workspace import file_sha256

SPEECH_TOKENS = 6561
"""Tokens below it are speech (S3's codebook); the others are marks."""

FEWEST_TOKENS = 3
"""A take of fewer is no speech; the vocoder's first convolution takes no less."""

CLIPS = 16
"""Whose conditionals are kept; each is under 1 MB."""

SAME_TOKENS = 12
"""Equal tokens in a row, half a second, that end a multilingual take; the library ends it after two (its issue 504)."""

MULTILINGUAL = "t3_mtl23ls_v2.safetensors"


class Chatterbox:
    """A loaded model. `watermark`: whether Perth's mark is put on what it says, as its makers do."""

    def __init__(self, weights: Weights, device: str, watermark: bool = True) -> None:
        self.multilingual = (weights.path / MULTILINGUAL).exists()
        if watermark and perth.PerthImplicitWatermarker is None:
            raise MissingPackage(
                "the watermarker Perth does not load (it needs pkg_resources)",
                "Install setuptools<81, or give --no-watermark",
            )
        library = ChatterboxMultilingualTTS if self.multilingual else ChatterboxTTS
        try:
            with _without_watermarker(watermark), contextlib.redirect_stdout(io.StringIO()):
                self.model = library.from_local(weights.path, device)
        except (OSError, KeyError, RuntimeError, ValueError) as error:
            raise ModelCorrupt(f"model {weights.name} does not load: {error}", "Get it again") from error
        self.rate = int(S3GEN_SR)
        self.device = device
        self.name = weights.name
        self.watermarker = self.model.watermarker if watermark else None
        self._own = self.model.conds
        self.model.conds = None
        self._kept: OrderedDict[str, Any] = OrderedDict()

    def conditionals(self, clip: Path | None) -> Any:
        """What a clip tells the model; made once for its bytes. Raises EngineError where nothing can be made of it."""
        if clip is None:
            if self._own is None:
                raise UsageError(f"{self.name} has no voice of its own", "Give a clip or a voice of refs/")
            return self._own
        key = file_sha256(clip)
        if key not in self._kept:
            try:
                self.model.prepare_conditionals(str(clip))
            except (RuntimeError, ValueError, IndexError, ZeroDivisionError) as error:
                raise EngineError(
                    f"cannot use {clip.name} as a reference: {error}", "`voicekit voice prepare` it"
                ) from error
            self._kept[key], self.model.conds = self.model.conds, None
            while len(self._kept) > CLIPS:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]

    def synthesize(self, text: str, voice: Voice, params: ChatterboxParams, draws: Draws) -> Spoken:
        """What `text` sounds like, and its speech tokens.

        Raises:
            EngineError: the model ended before it began; another seed may do.
        """
        conditionals = self.conditionals(voice.clip)
        with torch.inference_mode():
            tokens = self._tokens(text, voice.language, conditionals, params, draws)
            if len(tokens) < FEWEST_TOKENS:
                raise EngineError(f"chatterbox said nothing for {text[:40]!r}", "Take another seed, or a longer text")
            audio = self.vocode(tokens, voice, draws)
        return Spoken(audio, tuple(int(token) for token in tokens))

    def convert(self, audio: Audio, voice: Voice, draws: Draws) -> Spoken:
        """What is said in `audio`, in another voice: its speech tokens with the clip's sound."""
        heard = torch.from_numpy(resample(audio, MODEL_RATE).mono).float().to(self.device)[None]
        with torch.inference_mode():
            tokens = self.model.s3gen.tokenizer(heard)[0][0]
        if len(tokens) < FEWEST_TOKENS:
            raise EngineError("there is too little sound to convert", "Give a second or more")
        return Spoken(self.vocode(tokens, voice, draws), tuple(int(token) for token in tokens))

    def vocode(self, tokens: Any, voice: Voice, draws: Draws) -> Audio:
        """Sound of speech tokens in a voice; the language model has no part in it."""
        model = self.model.s3gen
        spoken = torch.as_tensor(tokens, dtype=torch.long, device=self.device)
        with torch.inference_mode():
            with draws.torch("flow"):
                mel = model.flow_inference(spoken, ref_dict=self.conditionals(voice.clip).gen, finalize=True)
            with draws.torch("vocoder"):
                wave, _ = model.hift_inference(mel.to(dtype=model.dtype), None)
            wave[:, : len(model.trim_fade)] *= model.trim_fade
        samples = wave.squeeze(0).detach().cpu().numpy().astype(np.float32)
        if not np.isfinite(samples).all():
            raise EngineError("chatterbox's vocoder gave no sound", "Take another seed")
        if self.watermarker is not None:
            samples = np.asarray(self.watermarker.apply_watermark(samples, sample_rate=self.rate), np.float32)
        return Audio(np.clip(samples, -1.0, 1.0)[None, :], self.rate)

    def _tokens(self, text: str, language: str, conditionals: Any, params: ChatterboxParams, draws: Draws) -> Any:
        t3 = self.model.t3
        if self.multilingual:
            own = language.partition("-")[0]
            ids = self.model.tokenizer.text_to_tokens(punc_norm_multilingual(text), language_id=own)
        else:
            ids = self.model.tokenizer.text_to_tokens(punc_norm(text))
        ids = ids.to(self.device)
        ids = torch.cat(
            [ids, ids], dim=0
        )  # two rows at any cfg_weight: the library doubles its first token in any case
        ids = functional.pad(
            functional.pad(ids, (1, 0), value=t3.hp.start_text_token), (0, 1), value=t3.hp.stop_text_token
        )
        heard = conditionals.t3
        cond = T3Cond(
            speaker_emb=heard.speaker_emb,
            cond_prompt_speech_tokens=heard.cond_prompt_speech_tokens,
            emotion_adv=params.exaggeration * torch.ones(1, 1, 1),
        ).to(device=self.device)
        with draws.torch("tokens"), _tidy(t3):
            found = t3.inference(
                t3_cond=cond, text_tokens=ids, max_new_tokens=params.max_tokens, temperature=params.temperature,
                cfg_weight=params.cfg_weight, repetition_penalty=params.repetition_penalty, min_p=params.min_p,
                top_p=params.top_p,
            )[0]  # fmt: skip
        found = drop_invalid_tokens(found)
        return found[found < SPEECH_TOKENS]


@contextlib.contextmanager
def _tidy(t3: Any) -> Iterator[None]:
    """While it samples: no progress bar of its own, our analyzer; afterwards its hooks and settings are as before."""
    hooks = [(layer.self_attn, OrderedDict(layer.self_attn._forward_hooks)) for layer in getattr(t3.tfmr, "layers", [])]
    config = t3.tfmr.config
    settings = {name: getattr(config, name, None) for name in ("output_attentions", "_attn_implementation")}
    bar, analyzer = t3_module.tqdm, t3_module.AlignmentStreamAnalyzer
    t3_module.tqdm, t3_module.AlignmentStreamAnalyzer = (lambda steps, **_: steps), _Analyzer
    try:
        yield
    finally:
        t3_module.tqdm, t3_module.AlignmentStreamAnalyzer = bar, analyzer
        for attention, before in hooks:
            attention._forward_hooks.clear()
            attention._forward_hooks.update(before)
        for name, value in settings.items():
            setattr(config, name, value)


class _Analyzer(AlignmentStreamAnalyzer):  # type: ignore[misc]
    """The library's, but for its rule that two equal tokens end a take: silence has many."""

    same = 0
    last: int | None = None

    def step(self, logits: Any, next_token: int | None = None) -> Any:
        self.same = self.same + 1 if next_token is not None and next_token == self.last else 1
        self.last = next_token
        logits = super().step(logits, next_token=None)
        if self.same >= SAME_TOKENS:
            logits = -(2**15) * torch.ones_like(logits)
            logits[..., self.eos_idx] = 2**15
        return logits


@contextlib.contextmanager
def _without_watermarker(watermark: bool) -> Iterator[None]:
    """The library makes one when it loads, whether it can or not."""
    own = perth.PerthImplicitWatermarker
    if not watermark:
        perth.PerthImplicitWatermarker = functools.partial(object)
    try:
        yield
    finally:
        perth.PerthImplicitWatermarker = own
