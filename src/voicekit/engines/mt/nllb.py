"""Translation with NLLB-200 (Meta) on CTranslate2: any of 200 languages to any other, without English between.

The order of tokens is that of the checkpoints since 2023: the source's language first, `</s>` last; the target's
language begins what is decoded (https://opennmt.net/CTranslate2/guides/transformers.html#nllb).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from voicekit.runtime.device import Device, preload_cuda_libraries

preload_cuda_libraries()  # before CTranslate2 looks for them

import ctranslate2  # noqa: E402
import sentencepiece  # noqa: E402

from voicekit.engines.mt.language_codes import flores, refused  # noqa: E402
from voicekit.engines.protocols import Line, OnProgress  # noqa: E402
from voicekit.errors import EngineError, ModelCorrupt, UsageError  # noqa: E402
from voicekit.models.catalogue import Weights  # noqa: E402
from voicekit.runtime.memory import halving, out_of_memory  # noqa: E402

TOKENIZER = "sentencepiece.bpe.model"

LONGEST = 512
"""Tokens of a sentence, as the model was trained; more are cut off."""

TIMES = 3
"""Tokens of a translation for one of its source, at most, beyond the first 32: a loop ends there."""


class Nllb:
    """Engine `nllb`. Loaded once, used for all pairs."""

    uses_context = False
    batch_size = 32

    def __init__(self, weights: Weights, device: Device, compute_type: str, beam_size: int) -> None:
        self.name = weights.name
        self.beam_size = beam_size
        tokenizer = weights.path / TOKENIZER
        if not (weights.path / "model.bin").is_file() or not tokenizer.is_file():
            raise UsageError(
                f"{weights.path} holds no NLLB for CTranslate2", f"It needs model.bin, a vocabulary and {TOKENIZER}"
            )
        try:
            self.tokenizer: Any = sentencepiece.SentencePieceProcessor(model_file=str(tokenizer))
            self.model = ctranslate2.Translator(
                str(weights.path), device=device.kind, device_index=device.index, compute_type=compute_type
            )
        except ValueError as error:
            raise UsageError(f"NLLB cannot run as {compute_type} on {device}: {error}", "Use --device cpu") from error
        except (RuntimeError, OSError) as error:
            if out_of_memory(error) or "CUDA" in str(error):
                raise EngineError(f"NLLB does not load on {device}: {error}", "Use --device cpu") from error
            raise ModelCorrupt(
                f"model {weights.name} does not load: {error}", f"`voicekit models verify {weights.name}`"
            ) from error

    def translate(self, lines: Sequence[Line], source: str, target: str, progress: OnProgress) -> list[str]:
        """The translation of each line. Raises UsageError for a language that it has not."""
        names = flores(source), flores(target)
        if None in names:
            raise refused("nllb", source, target)
        tokens = [[names[0], *self._pieces(line.text)[: LONGEST - 2], "</s>"] for line in lines]
        longest = max((len(some) for some in tokens), default=0)

        def decode(batch: int) -> list[Any]:
            found: list[Any] = self.model.translate_batch(
                tokens, target_prefix=[[names[1]]] * len(tokens), max_batch_size=batch, beam_size=self.beam_size,
                max_decoding_length=min(LONGEST, 32 + TIMES * longest), no_repeat_ngram_size=0,
            )  # fmt: skip
            return found

        results = halving(self.batch_size, decode, lambda text: None)
        progress(1.0)
        return [self._text(result.hypotheses[0], str(names[1])) for result in results]

    def _pieces(self, text: str) -> list[str]:
        pieces: list[str] = self.tokenizer.encode(text, out_type=str)
        return pieces

    def _text(self, tokens: list[str], language: str) -> str:
        text: str = self.tokenizer.decode([token for token in tokens if token not in (language, "</s>")])
        return text.strip()
