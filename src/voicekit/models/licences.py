"""Licences of the installed packages."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable
from typing import Any


def package_licences() -> Iterable[tuple[str, str, str]]:
    """Yield (name, version, licence) of every installed package, as stated in its metadata."""
    for package in sorted(importlib.metadata.distributions(), key=lambda d: (d.metadata["Name"] or "").lower()):
        metadata: Any = package.metadata
        classifiers = [c.rpartition(" :: ")[2] for c in metadata.get_all("Classifier") or [] if c.startswith("License")]
        licence = (
            metadata.get("License-Expression") or "; ".join(classifiers) or (metadata.get("License") or "").strip()
        )
        yield metadata["Name"], package.version, " ".join(licence.split())[:60] or "not stated"
