"""Write Chinese in simplified or traditional characters with OpenCC (https://github.com/BYVoid/OpenCC, Apache-2.0)."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from voicekit.text.languages import base_language, parse_tag
from voicekit.types import Segment

_CONVERSIONS = {"zh-Hans": "t2s", "zh-Hant": "s2tw", "zh-HK": "s2hk"}
"""Written form -> conversion of OpenCC; zh-Hant uses the characters of Taiwan."""


def written_form(code: str) -> str | None:
    """Return the written form that a BCP-47 tag asks for: zh-TW gives zh-Hant; None for zh and other languages."""
    tag = parse_tag(code)
    if tag.language != "zh":
        return None
    if tag.script != "Hans" and tag.territory in ("HK", "MO"):
        return "zh-HK"
    return f"zh-{tag.maximize().script}" if tag.script or tag.territory else None


def in_written_form(segments: Iterable[Segment], form: str) -> tuple[Segment, ...]:
    """Convert the characters of Chinese segments.

    Args:
        segments: Of any language; those of others stay.
        form: zh-Hans, zh-Hant or zh-HK; becomes the language of the segments.
    """
    return tuple(
        _convert_segment(segment, form) if base_language(segment.language) == "zh" else segment for segment in segments
    )


def _convert_segment(segment: Segment, form: str) -> Segment:
    convert = _converter(_CONVERSIONS[form]).convert
    before = "".join(word.text for word in segment.words)
    together = convert(before)  # a character may depend on the phrase that it is in
    words = []
    at = 0
    for word in segment.words:
        end = at + len(word.text)
        text = together[at:end] if len(together) == len(before) else convert(word.text)
        words.append(replace(word, text=text))
        at = end
    return replace(segment, text=convert(segment.text), words=tuple(words), language=form)


@functools.cache
def _converter(name: str) -> Any:
    import opencc

    return opencc.OpenCC(name)
