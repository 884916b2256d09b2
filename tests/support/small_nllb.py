"""An NLLB of random weights for CTranslate2, one layer and a vocabulary of its own: the real path, no sense."""

from __future__ import annotations

import io
from pathlib import Path

import ctranslate2
import numpy as np
import sentencepiece
from ctranslate2.specs import TransformerSpec
from ctranslate2.specs.common_spec import Activation

WORDS = "the train to the coast leaves at ten past eight every day good morning i did not know that"
LANGUAGES = ("eng_Latn", "deu_Latn", "fra_Latn")
WIDTH = 16


def build(folder: Path) -> Path:
    """Write model.bin, its vocabulary and the tokenizer into `folder`."""
    rng = np.random.default_rng(0)
    tokenizer = io.BytesIO()
    lines = [" ".join(rng.choice(WORDS.split(), 8)) for _ in range(200)]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_writer=tokenizer, vocab_size=60, model_type="bpe", minloglevel=2
    )
    pieces = sentencepiece.SentencePieceProcessor(model_proto=tokenizer.getvalue())
    vocabulary = ["<s>", "<pad>", "</s>", "<unk>"]
    vocabulary += [pieces.id_to_piece(number) for number in range(3, pieces.vocab_size())]
    vocabulary += [*LANGUAGES, "<mask>"]
    spec = _weights(rng, len(vocabulary))
    spec.register_source_vocabulary(vocabulary)
    spec.register_target_vocabulary(vocabulary)
    spec.validate()
    spec.optimize(quantization="int8")
    folder.mkdir(parents=True)
    spec.save(str(folder))
    (folder / "sentencepiece.bpe.model").write_bytes(tokenizer.getvalue())
    assert ctranslate2.contains_model(str(folder))
    return folder


def _weights(rng: np.random.Generator, size: int) -> TransformerSpec:
    spec = TransformerSpec.from_config((1, 1), num_heads=2, pre_norm=True, activation=Activation.RELU)

    def some(*shape: int) -> np.ndarray:
        return rng.normal(0, 0.3, shape).astype(np.float32)

    def linear(layer: object, out: int, into: int) -> None:
        layer.weight, layer.bias = some(out, into), some(out)  # type: ignore[attr-defined]

    def norm(layer: object) -> None:
        layer.gamma, layer.beta = np.ones(WIDTH, np.float32), np.zeros(WIDTH, np.float32)  # type: ignore[attr-defined]

    embeddings = some(size, WIDTH)
    for part in (spec.encoder, spec.decoder):
        own = part.embeddings[0] if isinstance(part.embeddings, list) else part.embeddings
        own.weight, part.scale_embeddings = embeddings, True
        part.position_encodings.encodings = some(520, WIDTH)
        norm(part.layer_norm)
        for layer in part.layer:
            attentions = [(layer.self_attention, (3, 1))]
            attentions += [(layer.attention, (1, 2, 1))] if part is spec.decoder else []
            for attention, widths in attentions:
                for projection, times in zip(attention.linear, widths, strict=True):
                    linear(projection, times * WIDTH, WIDTH)
                norm(attention.layer_norm)
            linear(layer.ffn.linear_0, 4 * WIDTH, WIDTH)
            linear(layer.ffn.linear_1, WIDTH, 4 * WIDTH)
            norm(layer.ffn.layer_norm)
    spec.decoder.projection.weight, spec.decoder.projection.bias = embeddings, np.zeros(size, np.float32)
    names = {"decoder_start_token": "</s>", "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    for name, token in names.items():
        setattr(spec.config, name, token)
    return spec
