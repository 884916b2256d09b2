"""espeak-ng, which kokoro and piper read texts with: respell interjections for it, and keep its copies off /tmp.

It would spell "mm-hm" letter by letter.
"""

from __future__ import annotations

import functools
import importlib
import re
import shutil
import types
import weakref
from pathlib import Path
from typing import Any

from voicekit.storage.files import new_temporary_folder
from voicekit.storage.locks import remove_stale
from voicekit.storage.paths import cache_dir

RESPELLINGS = (
    (re.compile(r"(?<!\d)(?<!\d )\b[Mm](?:m+[- ]?|-)?h+u?m+\b"), "umhum"),
    (re.compile(r"\b[Mm]m+-mm+\b"), "um-um"),
    (re.compile(r"(?<!\d)(?<!\d )\b(?:[Mm]m+|[Hh]+m+)\b"), "hmm"),
)
"""Pattern and respelling. `5 mm` (millimetres) and `HM` stay unchanged."""


def respell_interjections(text: str) -> str:
    """Return `text` with "mm-hm", "mm-mm", "mm", "hm" and similar respelled as they sound."""
    for pattern, respelling in RESPELLINGS:
        text = pattern.sub(respelling, text)
    return text


@functools.cache
def keep_copies_in_cache() -> None:
    """Let phonemizer copy the library of espeak-ng into the cache, where the next process removes what a kill left.

    It copies the library each time it is used, to a temporary folder that otherwise stays for good.
    """
    import tempfile

    api: Any = importlib.import_module("phonemizer.backend.espeak.api")  # a dependency of kokoro-onnx
    folder = cache_dir() / "espeak"
    remove_stale(folder.glob(".tmp-*"))
    ours, lock = new_temporary_folder(folder)

    def remove() -> None:
        shutil.rmtree(ours, ignore_errors=True)
        lock.release()

    def mkdtemp() -> str:
        return tempfile.mkdtemp(dir=ours if Path(ours).is_dir() else None)

    weakref.finalize(api, remove)  # runs at exit after those of the copies, which are made later
    api.tempfile = types.SimpleNamespace(mkdtemp=mkdtemp)
