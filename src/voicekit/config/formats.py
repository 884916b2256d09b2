"""File formats in which a transcript can be written."""

from __future__ import annotations

from typing import Literal, get_args

Format = Literal["json", "srt", "vtt", "ass", "txt", "docx", "tsv", "rttm", "audacity"]
FORMATS: tuple[Format, ...] = get_args(Format)
DEFAULT_FORMATS: tuple[Format, ...] = ("json", "srt", "vtt", "txt", "tsv", "rttm", "audacity")
"""What `voicekit transcribe` writes by default: all but ass and docx, which need a decision on style."""
