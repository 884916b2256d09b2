"""Where weights come from: a path, a packaged starter, the Hugging Face cache, the Hugging Face hub; in this order.

One table, `CATALOGUE`, holds every model voicekit knows by name, with pinned revisions and checksums. `resolve` turns
a name into files on disk whose checksums were compared; it is the only place that reaches for the hub. Formats that
can run code when loaded (pickle) are not accepted: CTranslate2, safetensors, ONNX, and `torch.load(weights_only=True)`.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from typing import Any


def package_licences() -> Iterable[tuple[str, str, str]]:
    """(name, version, licence) of every installed package, as its own metadata states it."""
    for found in sorted(importlib.metadata.distributions(), key=lambda d: (d.metadata["Name"] or "").lower()):
        meta: Any = found.metadata
        classifiers = [c.rpartition(" :: ")[2] for c in meta.get_all("Classifier") or [] if c.startswith("License")]
        text = meta.get("License-Expression") or "; ".join(classifiers) or (meta.get("License") or "").strip()
        yield meta["Name"], found.version, " ".join(text.split())[:60] or "not stated"
