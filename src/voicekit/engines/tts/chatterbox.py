"""Chatterbox (English, multilingual, turbo) through chatterbox-tts: speech in the voice of a reference clip.

This file calls the parts of the library instead of its `generate`, which stores the voice of the last call, limits
takes to 1,000 tokens, speaks a sentence of its own for an empty text, fails at cfg_weight 0 and uses the global random
generators. Here the conditionals are an argument, cached by clip, and each of the three sampling steps has its own
random stream.
"""

from __future__ import annotations

import contextlib
import io
import tempfile
import warnings
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
import torch.nn.functional as functional

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # deprecation warnings of the library's dependencies
    from chatterbox.models.s3gen import S3GEN_SR
    from chatterbox.models.s3gen.const import S3GEN_SIL
    from chatterbox.models.s3tokenizer import drop_invalid_tokens
    from chatterbox.models.t3.modules.cond_enc import T3Cond
    from chatterbox.mtl_tts import ChatterboxMultilingualTTS
    from chatterbox.mtl_tts import punc_norm as punc_norm_multilingual
    from chatterbox.tts import ChatterboxTTS, punc_norm
    from chatterbox.tts_turbo import ChatterboxTurboTTS
    from chatterbox.tts_turbo import punc_norm as punc_norm_turbo

from voicekit.audio.decode import decode
from voicekit.audio.levels import resample
from voicekit.audio.probe import MODEL_RATE
from voicekit.config.engines import ChatterboxParams
from voicekit.engines.tts.chatterbox_patches import (
    fix_turbo_loudness,
    library_silenced,
    sampling_patched,
    tokenizer_offline,
    watermarker_available,
    watermarker_optional,
)
from voicekit.errors import EngineError, MissingPackage, ModelCorrupt, UsageError
from voicekit.models.catalogue import Weights
from voicekit.runtime.memory import is_out_of_memory
from voicekit.seeds import RandomStreams
from voicekit.storage.files import file_sha256
from voicekit.types import Audio, SynthesizedSpeech, Voice

SPEECH_TOKENS = 6561
"""Size of the S3 codebook; tokens from here on are control tokens."""

MIN_TOKENS = 3
"""The vocoder's first convolution needs three tokens."""

CACHED_CLIPS = 16
"""Clips whose conditionals are cached; each takes under 1 MB."""


class Chatterbox:
    """A loaded English model, and the base of the other two."""

    library: Any = ChatterboxTTS

    def __init__(self, weights: Weights, device: str, watermark: bool = True) -> None:
        """Load a model.

        Args:
            weights: Folder of the checkpoint.
            device: PyTorch device.
            watermark: Add Perth's watermark to the audio, as the library does.

        Raises:
            MissingPackage: The watermarker is not installed.
            ModelCorrupt: The checkpoint cannot be loaded.
        """
        if watermark and not watermarker_available():
            raise MissingPackage(
                "cannot load the Perth watermarker: it needs pkg_resources",
                "Install setuptools<81, or give --no-watermark",
            )
        try:
            with watermarker_optional(watermark), contextlib.redirect_stdout(io.StringIO()), library_silenced():
                self.model = self._load(weights.path, device)
        except (OSError, KeyError, RuntimeError, ValueError) as error:
            if is_out_of_memory(error):
                raise
            raise ModelCorrupt(f"cannot load model {weights.name}: {error}", "Download it again") from error
        self.rate = int(S3GEN_SR)
        self.device = device
        self.name = weights.name
        self.watermarker = self.model.watermarker if watermark else None
        self._bundled_conditionals = self.model.conds
        self.model.conds = None
        self.cached_conditionals: OrderedDict[str, Any] = OrderedDict()  # by SHA-256 of the clip

    @library_silenced()
    def conditionals(self, clip: Path | None) -> Any:
        """Compute the conditionals of a clip, once per content; None gives those bundled with the checkpoint.

        Raises:
            MediaError: The clip cannot be read.
            EngineError: The model cannot use the clip.
        """
        if clip is None:
            if self._bundled_conditionals is None:
                raise UsageError(f"{self.name} has no bundled voice", "Give a clip or a voice of refs/")
            return self._bundled_conditionals
        key = file_sha256(clip)
        if key not in self.cached_conditionals:
            audio, _ = decode(clip, rate=self.rate)
            try:
                with tempfile.TemporaryDirectory() as folder:  # the library takes a path, and reads few formats
                    path = Path(folder, "clip.wav")
                    soundfile.write(path, audio.mono, audio.rate, subtype="FLOAT")
                    self.model.prepare_conditionals(str(path))
            except (RuntimeError, ValueError, IndexError, ZeroDivisionError, AssertionError) as error:
                if is_out_of_memory(error):
                    raise
                raise EngineError(
                    f"cannot use {clip.name} as a reference: {error}", "Run `voicekit voice prepare` on it"
                ) from error
            self.cached_conditionals[key], self.model.conds = self.model.conds, None
            while len(self.cached_conditionals) > CACHED_CLIPS:
                self.cached_conditionals.popitem(last=False)
        self.cached_conditionals.move_to_end(key)
        return self.cached_conditionals[key]

    @library_silenced()
    def synthesize(self, text: str, voice: Voice, params: ChatterboxParams, random: RandomStreams) -> SynthesizedSpeech:
        """Synthesize `text`.

        Returns:
            The audio and its speech tokens.

        Raises:
            EngineError: The model ended at once; another seed may work.
        """
        conditionals = self.conditionals(voice.clip)
        with torch.inference_mode():
            tokens = self.generate_tokens(text, voice.language, conditionals, params, random)
            if len(tokens) < MIN_TOKENS:
                raise EngineError(
                    f"chatterbox generated no speech for {text[:40]!r}", "Try another seed, or a longer text"
                )
            audio = self.vocode(tokens, voice, random)
        return SynthesizedSpeech(audio, tuple(int(token) for token in tokens))

    @library_silenced()
    def convert(self, audio: Audio, voice: Voice, random: RandomStreams) -> SynthesizedSpeech:
        """Convert speech to another voice: tokenize it, then vocode the tokens with the voice's clip."""
        samples = torch.from_numpy(resample(audio, MODEL_RATE).mono).float().to(self.device)[None]
        with torch.inference_mode():
            tokens = self.model.s3gen.tokenizer(samples)[0][0]
        if len(tokens) < MIN_TOKENS:
            raise EngineError("the recording is too short to convert", "Give a second or more")
        return SynthesizedSpeech(self.vocode(tokens, voice, random), tuple(int(token) for token in tokens))

    @library_silenced()
    def vocode(self, tokens: Any, voice: Voice, random: RandomStreams) -> Audio:
        """Turn speech tokens into audio in a voice, without the language model."""
        s3gen = self.model.s3gen
        speech_tokens = torch.as_tensor(tokens, dtype=torch.long, device=self.device)
        with torch.inference_mode():
            with random.torch("flow"):
                mel = s3gen.flow_inference(speech_tokens, ref_dict=self.conditionals(voice.clip).gen, finalize=True)
            with random.torch("vocoder"):
                wave, _ = s3gen.hift_inference(mel.to(dtype=s3gen.dtype), None)
            wave[:, : len(s3gen.trim_fade)] *= s3gen.trim_fade
        samples = wave.squeeze(0).detach().cpu().numpy().astype(np.float32)
        if not np.isfinite(samples).all():
            raise EngineError("chatterbox's vocoder returned NaN", "Try another seed")
        if self.watermarker is not None:
            samples = np.asarray(self.watermarker.apply_watermark(samples, sample_rate=self.rate), np.float32)
        return Audio(np.clip(samples, -1.0, 1.0)[None, :], self.rate)

    def generate_tokens(self, text: str, language: str, conditionals: Any, params: Any, random: RandomStreams) -> Any:
        """Sample the speech tokens of a text: int64 [n], without control tokens."""
        t3_conditionals = conditionals.t3
        cond = T3Cond(  # a copy, because the model writes into it
            speaker_emb=t3_conditionals.speaker_emb,
            cond_prompt_speech_tokens=t3_conditionals.cond_prompt_speech_tokens,
            emotion_adv=getattr(params, "exaggeration", 0.0) * torch.ones(1, 1, 1),
        ).to(device=self.device)
        text_tokens = self.encode_text(text, language).to(self.device)
        with random.torch("tokens"), sampling_patched(self.model.t3):
            tokens = self._sample(text_tokens, cond, params)
        return tokens[tokens < SPEECH_TOKENS]

    def encode_text(self, text: str, language: str) -> Any:
        """Text tokens of the language model, int64 [rows, n]."""
        return self._with_start_and_stop(self.model.tokenizer.text_to_tokens(punc_norm(text)))

    def _load(self, folder: Path, device: str) -> Any:
        return self.library.from_local(folder, device)

    def _with_start_and_stop(self, tokens: Any) -> Any:
        """Add start and stop tokens, and double the row: the library always samples two rows (for guidance)."""
        settings = self.model.t3.hp
        tokens = functional.pad(tokens, (1, 0), value=settings.start_text_token)
        tokens = functional.pad(tokens, (0, 1), value=settings.stop_text_token)
        return torch.cat([tokens, tokens], dim=0)

    def _sample(self, text_tokens: Any, cond: Any, params: Any) -> Any:
        tokens = self.model.t3.inference(
            t3_cond=cond, text_tokens=text_tokens, max_new_tokens=params.max_tokens, temperature=params.temperature,
            cfg_weight=params.cfg_weight, repetition_penalty=params.repetition_penalty, min_p=params.min_p,
            top_p=params.top_p,
        )  # fmt: skip
        return drop_invalid_tokens(tokens[0])


class Multilingual(Chatterbox):
    """Chatterbox Multilingual: 23 languages in one checkpoint."""

    library = ChatterboxMultilingualTTS

    def _load(self, folder: Path, device: str) -> Any:
        with tokenizer_offline(folder):
            return super()._load(folder, device)

    def encode_text(self, text: str, language: str) -> Any:
        base = language.partition("-")[0]
        return self._with_start_and_stop(
            self.model.tokenizer.text_to_tokens(punc_norm_multilingual(text), language_id=base)
        )


class Turbo(Chatterbox):
    """Chatterbox Turbo: English, a smaller model without guidance; tags such as `[laugh]` become sounds."""

    library = ChatterboxTurboTTS

    def _load(self, folder: Path, device: str) -> Any:
        model = super()._load(folder, device)
        fix_turbo_loudness(model)
        return model

    def encode_text(self, text: str, language: str) -> Any:
        return self.model.tokenizer(punc_norm_turbo(text), return_tensors="pt", truncation=True).input_ids

    def _sample(self, text_tokens: Any, cond: Any, params: Any) -> Any:
        tokens = self.model.t3.inference_turbo(
            t3_cond=cond, text_tokens=text_tokens, temperature=params.temperature, top_k=params.top_k,
            top_p=params.top_p, repetition_penalty=params.repetition_penalty, max_gen_len=params.max_tokens - 1,
        )[0]  # fmt: skip
        # Like the library, end with three tokens of silence.
        silence = torch.full((3,), S3GEN_SIL, device=tokens.device) if len(tokens) else tokens
        return torch.cat([tokens, silence])
