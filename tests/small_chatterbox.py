"""A chatterbox whose weights are random and whose language model has two layers: every line of the real path, no sense.

Built once for a machine, 1.3 GB, in the user's cache; the real classes load it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from unittest import mock

from voicekit.workspace import writing

LAYERS = 2


def layers() -> mock._patch_dict:
    """Inside it the library's language model has LAYERS layers."""
    from chatterbox.models.t3.llama_configs import LLAMA_CONFIGS

    return mock.patch.dict(LLAMA_CONFIGS["Llama_520M"], {"num_hidden_layers": LAYERS})


def folder() -> Path:
    """Where the checkpoint is; built if it is not there."""
    home = Path(os.environ.get("VOICEKIT_TEST_CACHE", Path.home() / ".cache" / "voicekit-tests"))
    made = home / "chatterbox-small-1"
    if not (made / "complete").exists():
        build(made)
    return made


def build(made: Path) -> None:
    import torch
    from chatterbox.models.s3gen import S3Gen
    from chatterbox.models.t3 import T3
    from chatterbox.models.voice_encoder import VoiceEncoder
    from safetensors.torch import save_file

    torch.manual_seed(0)
    with layers():
        for name, module in (("ve", VoiceEncoder()), ("t3_cfg", T3()), ("s3gen", S3Gen())):
            state = {key: value.clone().contiguous() for key, value in module.state_dict().items()}
            with writing(made / f"{name}.safetensors") as path:
                save_file(state, path)
    vocabulary = ["[STOP]", "[UNK]", "[SPACE]", "[PAD]", "[SEP]", "[CLS]", "[MASK]", *(chr(c) for c in range(33, 127))]
    tokens = {token: number for number, token in enumerate(vocabulary)} | {"[START]": 255}
    tokenizer = {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [
            {"id": number, "content": token, "single_word": False, "lstrip": False, "rstrip": False,
             "normalized": False, "special": True}
            for token, number in tokens.items() if token.startswith("[") and len(token) > 1
        ],
        "normalizer": None, "pre_tokenizer": None, "post_processor": None, "decoder": None,
        "model": {"type": "BPE", "vocab": tokens, "merges": [], "unk_token": "[UNK]"},
    }  # fmt: skip
    with writing(made / "tokenizer.json") as path:
        path.write_text(json.dumps(tokenizer))
    (made / "complete").touch()
