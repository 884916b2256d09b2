"""Keep loaded engines in memory and free them together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from voicekit.runtime.memory import free_memory

EngineKey = tuple[Any, ...]
"""The kind of an engine, then everything that determines how it is loaded: weights, device, compute type."""


class EnginePool:
    """Loads each engine once. Leaving the `with` block, or `close`, frees all engines and the GPU's memory."""

    def __init__(self) -> None:
        self._engines: dict[EngineKey, Any] = {}

    def __enter__(self) -> EnginePool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def loaded(self) -> dict[EngineKey, Any]:
        """A copy of the loaded engines by key."""
        return dict(self._engines)

    def get(
        self,
        key: EngineKey,
        load: Callable[[], Any],
        announce: Callable[[], None] = lambda: None,
        *,
        keep_others: bool = False,
    ) -> Any:
        """Return the engine for `key`; on the first call `load` creates it.

        Args:
            key: The engine's kind, and everything that determines how it is loaded.
            load: Called if the engine is not loaded yet.
            announce: Called right before `load`.
            keep_others: Keep other engines of the same kind. By default they are freed first, as GPU memory is scarce.
        """
        if key not in self._engines:
            if not keep_others:
                for other in [other for other in self._engines if other[0] == key[0]]:
                    del self._engines[other]
                free_memory()
            announce()
            self._engines[key] = load()
        return self._engines[key]

    def close(self) -> None:
        """Free every engine. The pool can be used again."""
        self._engines.clear()
        free_memory()
