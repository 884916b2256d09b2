"""Chatterbox, English, multilingual and turbo: speech in the voice of a reference clip, by chatterbox-tts.

The library's own `generate` keeps the last call's voice, ends a take at 1,000 tokens, speaks a sentence of its own for
an empty text, fails at cfg_weight 0, piles up hooks, and draws from the global generators. So its parts are called from
here: conditionals are an argument, made once for each clip; each of the three draws has a stream of its own.
"""

from __future__ import annotations

import contextlib
import functools
import io
import logging
import tempfile
import warnings
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
import torch.nn.functional as functional

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of what their own libraries will leave out one day
    import perth
    from chatterbox.models.s3gen import S3GEN_SR
    from chatterbox.models.s3gen.const import S3GEN_SIL
    from chatterbox.models.s3tokenizer import drop_invalid_tokens
    from chatterbox.models.t3 import t3 as t3_module
    from chatterbox.models.t3.inference.alignment_stream_analyzer import AlignmentStreamAnalyzer
    from chatterbox.models.t3.modules.cond_enc import T3Cond
    from chatterbox.models.tokenizers import tokenizer as tokenizer_module
    from chatterbox.mtl_tts import ChatterboxMultilingualTTS
    from chatterbox.mtl_tts import punc_norm as punc_norm_multilingual
    from chatterbox.tts import ChatterboxTTS, punc_norm
    from chatterbox.tts_turbo import ChatterboxTurboTTS
    from chatterbox.tts_turbo import punc_norm as punc_norm_turbo

from voicekit.audio.decode import MODEL_RATE, decode
from voicekit.audio.levels import resample
from voicekit.config.engines import ChatterboxParams
from voicekit.errors import EngineError, MissingPackage, ModelCorrupt, UsageError
from voicekit.models.catalogue import Weights
from voicekit.runtime.memory import out_of_memory
from voicekit.seeds import RandomStreams
from voicekit.storage.files import file_sha256
from voicekit.types import Audio, SynthesizedSpeech, Voice

SPEECH_TOKENS = 6561
"""Tokens below it are speech (S3's codebook); the others are marks."""

FEWEST_TOKENS = 3
"""A take of fewer is no speech; the vocoder's first convolution takes no less."""

CLIPS = 16
"""Whose conditionals are kept; each is under 1 MB."""

SAME_TOKENS = 12
"""Equal tokens in a row, half a second, that end a multilingual take; the library ends it after two (its issue 504)."""


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the library's warnings, and those of its libraries: no user can mend what they tell of."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


class Chatterbox:
    """A loaded model. `watermark`: whether Perth's mark is put on what it says, as its makers do."""

    library: Any = ChatterboxTTS

    def __init__(self, weights: Weights, device: str, watermark: bool = True) -> None:
        if watermark and perth.PerthImplicitWatermarker is None:
            raise MissingPackage(
                "the watermarker Perth does not load (it needs pkg_resources)",
                "Install setuptools<81, or give --no-watermark",
            )
        try:
            with _without_watermarker(watermark), contextlib.redirect_stdout(io.StringIO()), _quiet():
                self.model = self._load(weights.path, device)
        except (OSError, KeyError, RuntimeError, ValueError) as error:
            if out_of_memory(error):
                raise
            raise ModelCorrupt(f"model {weights.name} does not load: {error}", "Get it again") from error
        self.rate = int(S3GEN_SR)
        self.device = device
        self.name = weights.name
        self.watermarker = self.model.watermarker if watermark else None
        self._own = self.model.conds
        self.model.conds = None
        self._kept: OrderedDict[str, Any] = OrderedDict()

    @_quiet()
    def conditionals(self, clip: Path | None) -> Any:
        """What a clip tells the model; made once for its bytes.

        Raises:
            MediaError: it cannot be read.
            EngineError: nothing can be made of it.
        """
        if clip is None:
            if self._own is None:
                raise UsageError(f"{self.name} has no voice of its own", "Give a clip or a voice of refs/")
            return self._own
        key = file_sha256(clip)
        if key not in self._kept:
            sound, _ = decode(clip, rate=self.rate)
            try:
                with tempfile.TemporaryDirectory() as folder:  # the library takes files, and not of every kind
                    path = Path(folder, "clip.wav")
                    soundfile.write(path, sound.mono, sound.rate, subtype="FLOAT")
                    self.model.prepare_conditionals(str(path))
            except (RuntimeError, ValueError, IndexError, ZeroDivisionError, AssertionError) as error:
                if out_of_memory(error):
                    raise
                raise EngineError(
                    f"cannot use {clip.name} as a reference: {error}", "`voicekit voice prepare` it"
                ) from error
            self._kept[key], self.model.conds = self.model.conds, None
            while len(self._kept) > CLIPS:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]

    @_quiet()
    def synthesize(self, text: str, voice: Voice, params: ChatterboxParams, draws: RandomStreams) -> SynthesizedSpeech:
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
        return SynthesizedSpeech(audio, tuple(int(token) for token in tokens))

    @_quiet()
    def convert(self, audio: Audio, voice: Voice, draws: RandomStreams) -> SynthesizedSpeech:
        """What is said in `audio`, in another voice: its speech tokens with the clip's sound."""
        heard = torch.from_numpy(resample(audio, MODEL_RATE).mono).float().to(self.device)[None]
        with torch.inference_mode():
            tokens = self.model.s3gen.tokenizer(heard)[0][0]
        if len(tokens) < FEWEST_TOKENS:
            raise EngineError("there is too little sound to convert", "Give a second or more")
        return SynthesizedSpeech(self.vocode(tokens, voice, draws), tuple(int(token) for token in tokens))

    @_quiet()
    def vocode(self, tokens: Any, voice: Voice, draws: RandomStreams) -> Audio:
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

    def _load(self, folder: Path, device: str) -> Any:
        return self.library.from_local(folder, device)

    def _tokens(self, text: str, language: str, conditionals: Any, params: Any, draws: RandomStreams) -> Any:
        heard = conditionals.t3
        cond = T3Cond(  # a new one: the model writes into it
            speaker_emb=heard.speaker_emb,
            cond_prompt_speech_tokens=heard.cond_prompt_speech_tokens,
            emotion_adv=getattr(params, "exaggeration", 0.0) * torch.ones(1, 1, 1),
        ).to(device=self.device)
        ids = self._ids(text, language).to(self.device)
        with draws.torch("tokens"), _tidy(self.model.t3):
            found = self._sample(ids, cond, params)
        return found[found < SPEECH_TOKENS]

    def _ids(self, text: str, language: str) -> Any:
        return self._marked(self.model.tokenizer.text_to_tokens(punc_norm(text)))

    def _marked(self, ids: Any) -> Any:
        """Between start and stop, in two rows at any cfg_weight: the library doubles its first token in any case."""
        own = self.model.t3.hp
        ids = functional.pad(functional.pad(ids, (1, 0), value=own.start_text_token), (0, 1), value=own.stop_text_token)
        return torch.cat([ids, ids], dim=0)

    def _sample(self, ids: Any, cond: Any, params: Any) -> Any:
        found = self.model.t3.inference(
            t3_cond=cond, text_tokens=ids, max_new_tokens=params.max_tokens, temperature=params.temperature,
            cfg_weight=params.cfg_weight, repetition_penalty=params.repetition_penalty, min_p=params.min_p,
            top_p=params.top_p,
        )  # fmt: skip
        return drop_invalid_tokens(found[0])


class Multilingual(Chatterbox):
    """23 languages in one model."""

    library = ChatterboxMultilingualTTS

    def _load(self, folder: Path, device: str) -> Any:
        with _tables_of(folder):
            return super()._load(folder, device)

    def _ids(self, text: str, language: str) -> Any:
        own = language.partition("-")[0]
        return self._marked(self.model.tokenizer.text_to_tokens(punc_norm_multilingual(text), language_id=own))


class Turbo(Chatterbox):
    """English, a smaller model without guidance, its sound in two steps; `[laugh]` and the like are heard as sounds."""

    library = ChatterboxTurboTTS

    def _load(self, folder: Path, device: str) -> Any:
        model = super()._load(folder, device)
        at_its_loudness = model.norm_loudness  # gives float64 under NumPy 2, which its own encoders refuse
        model.norm_loudness = lambda sound, rate: np.asarray(at_its_loudness(sound, rate), np.float32)
        return model

    def _ids(self, text: str, language: str) -> Any:
        return self.model.tokenizer(punc_norm_turbo(text), return_tensors="pt", truncation=True).input_ids

    def _sample(self, ids: Any, cond: Any, params: Any) -> Any:
        found = self.model.t3.inference_turbo(
            t3_cond=cond, text_tokens=ids, temperature=params.temperature, top_k=params.top_k, top_p=params.top_p,
            repetition_penalty=params.repetition_penalty, max_gen_len=params.max_tokens - 1,
        )[0]  # fmt: skip
        silence = torch.full((3,), S3GEN_SIL, device=found.device) if len(found) else found  # as the library ends
        return torch.cat([found, silence])


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
def _tables_of(folder: Path) -> Iterator[None]:
    """While the multilingual model loads: its table of Chinese characters is the one beside it, not the hub's newest;
    and Chinese is cut into words only if the model for it is here, where the library fetches it at every load."""
    fetch, cutter = tokenizer_module.hf_hub_download, tokenizer_module.ChineseCangjieConverter._init_segmenter

    def here(self: Any) -> None:
        from spacy_pkuseg.config import config

        self.segmenter = None
        if Path(config.pkuseg_home, "spacy_ontonotes.zip").exists():
            cutter(self)

    tokenizer_module.hf_hub_download = lambda filename, **_: folder / filename
    tokenizer_module.ChineseCangjieConverter._init_segmenter = here
    try:
        yield
    finally:
        tokenizer_module.hf_hub_download = fetch
        tokenizer_module.ChineseCangjieConverter._init_segmenter = cutter


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
