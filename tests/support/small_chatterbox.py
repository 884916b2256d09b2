"""Chatterbox checkpoints with random weights and few layers: they run every line of the real path, and speak noise.

They are built once per machine, in the user's cache; the real classes load them.
"""

from __future__ import annotations

import contextlib
import json
import os
import string
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

from voicekit.storage.files import atomic_write
from voicekit.storage.locks import locked

LAYERS = 2


@contextlib.contextmanager
def layers() -> Iterator[None]:
    """Inside it the library builds small models: language models of LAYERS layers, and a mel decoder of fewer blocks.

    The alignment heads move to the layers that are left. The full decoder would take most of the time on a CPU.
    """
    from chatterbox.models.s3gen import s3gen
    from chatterbox.models.t3.inference import alignment_stream_analyzer as analyzer
    from chatterbox.models.t3.llama_configs import LLAMA_CONFIGS

    heads = [(0, 15), (1, 11), (0, 2)]
    decoder = s3gen.ConditionalDecoder
    with (
        mock.patch.object(
            s3gen, "ConditionalDecoder", lambda **sizes: decoder(**{**sizes, "n_blocks": 1, "num_mid_blocks": 2})
        ),
        mock.patch.dict(LLAMA_CONFIGS["Llama_520M"], {"num_hidden_layers": LAYERS}),
        mock.patch.dict(LLAMA_CONFIGS["GPT2_medium"], {"n_layer": LAYERS}),
        mock.patch.object(analyzer, "LLAMA_ALIGNED_HEADS", heads),
    ):
        yield


def folder(kind: str = "english") -> Path:
    """Where the checkpoint is: english, multilingual, turbo, or full, an english one of all layers, for benchmarks."""
    home = Path(os.environ.get("VOICEKIT_TEST_CACHE", Path.home() / ".cache" / "voicekit-tests"))
    made = home / f"chatterbox-{kind}-3"
    with locked(made):
        if (made / "complete").exists():
            return made
        with contextlib.nullcontext() if kind == "full" else layers():
            _BUILDERS[kind](made)
        (made / "complete").touch()
    return made


def _english(made: Path) -> None:
    from chatterbox.models.s3gen import S3Gen
    from chatterbox.models.t3 import T3
    from chatterbox.models.voice_encoder import VoiceEncoder

    _save(made, {"ve.safetensors": VoiceEncoder, "t3_cfg.safetensors": T3, "s3gen.safetensors": S3Gen})
    _write(made / "tokenizer.json", _tokenizer([chr(code) for code in range(33, 127)], {"[START]": 255}))


def _multilingual(made: Path) -> None:
    from chatterbox.models.s3gen import S3Gen
    from chatterbox.models.t3 import T3
    from chatterbox.models.t3.modules.t3_config import T3Config
    from chatterbox.models.voice_encoder import VoiceEncoder

    parts = {
        "ve.pt": VoiceEncoder, "t3_mtl23ls_v2.safetensors": lambda: T3(T3Config.multilingual()), "s3gen.pt": S3Gen,
    }  # fmt: skip
    _save(made, parts)
    marks = [f"[{language}]" for language in ("de", "fr", "zh")] + [f"[cj_{c}]" for c in "." + string.ascii_lowercase]
    letters = [*marks, *(chr(code) for code in range(33, 127)), "\u0308"]
    _write(made / "grapheme_mtl_merged_expanded_v1.json", _tokenizer(letters, {"[START]": 255}))
    _write(made / "Cangjie5_TC.json", ["今\toin", "天\tmk"])


def _turbo(made: Path) -> None:
    from chatterbox.models.s3gen import S3Gen
    from chatterbox.models.t3 import T3
    from chatterbox.models.t3.modules.t3_config import T3Config
    from chatterbox.models.voice_encoder import VoiceEncoder
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    own = T3Config(text_tokens_dict_size=50276)
    own.llama_config_name, own.speech_tokens_dict_size, own.speech_cond_prompt_len = "GPT2_medium", 6563, 375
    own.input_pos_emb, own.use_perceiver_resampler, own.emotion_adv = None, False, False
    parts = {
        "ve.safetensors": VoiceEncoder, "t3_turbo_v1.safetensors": lambda: T3(own),
        "s3gen_meanflow.safetensors": lambda: S3Gen(meanflow=True),
    }  # fmt: skip
    _save(made, parts)
    vocabulary = {token: number for number, token in enumerate([*bytes_to_unicode().values(), "<|endoftext|>"])}
    _write(made / "vocab.json", vocabulary)
    with atomic_write(made / "merges.txt") as path:
        path.write_text("#version: 0.2\n")
    _write(made / "tokenizer_config.json", {"tokenizer_class": "GPT2Tokenizer", "model_max_length": 1024})


_BUILDERS: dict[str, Callable[[Path], None]] = {
    "english": _english, "multilingual": _multilingual, "turbo": _turbo, "full": _english,
}  # fmt: skip


def _save(made: Path, parts: dict[str, Callable[[], Any]]) -> None:
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(0)
    for name, make in parts.items():
        state = {
            key: (value.half() if value.is_floating_point() and value.numel() > 100_000 else value.clone()).contiguous()
            for key, value in make().state_dict().items()
        }
        with atomic_write(made / name) as path:
            torch.save(state, path) if name.endswith(".pt") else save_file(state, path)


def _tokenizer(letters: list[str], more: dict[str, int]) -> dict[str, Any]:
    vocabulary = ["[STOP]", "[UNK]", "[SPACE]", "[PAD]", "[SEP]", "[CLS]", "[MASK]", *letters]
    tokens = {token: number for number, token in enumerate(vocabulary)} | more
    return {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [
            {"id": number, "content": token, "single_word": False, "lstrip": False, "rstrip": False,
             "normalized": False, "special": True}
            for token, number in tokens.items() if token.startswith("[") and len(token) > 1
        ],
        "normalizer": None, "pre_tokenizer": None, "post_processor": None, "decoder": None,
        "model": {"type": "BPE", "vocab": tokens, "merges": [], "unk_token": "[UNK]"},
    }  # fmt: skip


def _write(path: Path, data: Any) -> None:
    with atomic_write(path) as temporary:
        temporary.write_text(json.dumps(data))
