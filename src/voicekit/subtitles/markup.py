"""Read: subtitle files as they are found in the world. What is wrong with one is mended with a note, or refused.

SubRip as VLC and libass take it (https://www.matroska.org/technical/subtitles.html), WebVTT as
https://www.w3.org/TR/webvtt1/. A cue becomes a segment whose `cue` holds its text verbatim.
"""

from __future__ import annotations

import re

TAG = re.compile(r"<[^<>]*>")
SRT_TAG = re.compile(r"</?(?:i|b|u|s|font|c|v|ruby|rt|lang)\b[^<>]*>|\{\\[^{}]*\}", re.IGNORECASE)


def without_tags(text: str) -> str:
    return SRT_TAG.sub("", text)
