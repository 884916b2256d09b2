"""Markup inside subtitle text."""

from __future__ import annotations

TAG = r"</?[A-Za-z][^<>]{0,200}>|\{\\[^{}]{0,200}\}"
"""Regular expression of a tag in SubRip, WebVTT (<i>) and ASS ({\\an8})."""
