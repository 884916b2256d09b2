"""Markup inside subtitle text."""

from __future__ import annotations

TAG = r"</?[A-Za-z][^<>]{0,200}>|\{\\[^{}]{0,200}\}"
"""Of SubRip, WebVTT and ASS."""
