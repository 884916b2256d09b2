"""Translation with Meta's NLLB-200 on CTranslate2: from any of 200 languages to any other, not through English.

The order of tokens is that of the checkpoints since 2023: source language, sentence, `</s>`; the target language is the
decoder's first token (https://opennmt.net/CTranslate2/guides/transformers.html#nllb).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from voicekit.runtime.device import Device, preload_cuda_libraries

preload_cuda_libraries()  # must run before CTranslate2 is imported

import ctranslate2  # noqa: E402
import sentencepiece  # noqa: E402

from voicekit.engines.ctranslate2_errors import loading  # noqa: E402
from voicekit.engines.mt.language_codes import flores_code, unsupported_pair  # noqa: E402
from voicekit.engines.protocols import Line, ProgressCallback  # noqa: E402
from voicekit.errors import UsageError  # noqa: E402
from voicekit.models.catalogue import Weights  # noqa: E402
from voicekit.runtime.memory import retry_with_smaller_batches  # noqa: E402

TOKENIZER = "sentencepiece.bpe.model"

MAX_TOKENS = 512
"""Tokens per sentence that the model was trained on; the rest is cut off."""

MAX_EXPANSION = 3
"""Largest number of output tokens per input token, beyond the first 32. It ends loops."""


class Nllb:
    """Engine `nllb`, for all language pairs.

    Args:
        weights: NLLB in CTranslate2's format.
        device: What to run on.
        compute_type: CTranslate2's.
        beam_size: Of decoding.

    Raises:
        UsageError: The folder is not NLLB, or the device does not support the compute type.
        EngineError: CUDA does not work.
        ModelCorrupt: The weights cannot be loaded.
    """

    uses_context = False
    batch_size = 32

    def __init__(self, weights: Weights, device: Device, compute_type: str, beam_size: int) -> None:
        self.name = weights.name
        self.beam_size = beam_size
        tokenizer = weights.path / TOKENIZER
        if not (weights.path / "model.bin").is_file() or not tokenizer.is_file():
            raise UsageError(
                f"{weights.path} is not NLLB in CTranslate2's format",
                f"It needs model.bin, a vocabulary and {TOKENIZER}",
            )
        with loading("NLLB", weights, device, compute_type):
            self.tokenizer: Any = sentencepiece.SentencePieceProcessor(model_file=str(tokenizer))
            self.model = ctranslate2.Translator(
                str(weights.path), device=device.kind, device_index=device.index, compute_type=compute_type
            )

    def translate(self, lines: Sequence[Line], source: str, target: str, progress: ProgressCallback) -> list[str]:
        """Translate each line. Raises UsageError for an unknown language."""
        codes = flores_code(source), flores_code(target)
        if None in codes:
            raise unsupported_pair("nllb", source, target)
        tokens = [[codes[0], *self._tokenize(line.text)[: MAX_TOKENS - 2], "</s>"] for line in lines]
        longest = max((len(sentence) for sentence in tokens), default=0)

        def decode(batch: int) -> list[Any]:
            results: list[Any] = self.model.translate_batch(
                tokens, target_prefix=[[codes[1]]] * len(tokens), max_batch_size=batch, beam_size=self.beam_size,
                max_decoding_length=min(MAX_TOKENS, 32 + MAX_EXPANSION * longest), no_repeat_ngram_size=0,
            )  # fmt: skip
            return results

        results = retry_with_smaller_batches(self.batch_size, decode, lambda text: None)
        progress(1.0)
        return [self._detokenize(result.hypotheses[0], str(codes[1])) for result in results]

    def _tokenize(self, text: str) -> list[str]:
        tokens: list[str] = self.tokenizer.encode(text, out_type=str)
        return tokens

    def _detokenize(self, tokens: list[str], language: str) -> str:
        text: str = self.tokenizer.decode([token for token in tokens if token not in (language, "</s>")])
        return text.strip()
