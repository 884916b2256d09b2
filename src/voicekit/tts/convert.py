"""Speaker: engines of speech loaded once, used for many texts, freed together. What the CLI and notebooks call."""

from __future__ import annotations

PIECE = 30
"""Seconds of a recording that are converted at once."""
