"""Write a script as text; `parse_script(format_script(script))` gives the same script."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

import yaml

from voicekit.dialogues.labels import labels_inside
from voicekit.dialogues.script import Item, Line, Parenthetical, Pause, Script, SpokenText
from voicekit.dialogues.script_lexer import escape, format_seconds


def format_script(script: Script) -> str:
    """The script in its canonical form."""
    blocks = []
    header: dict[str, Any] = script.header.model_dump(mode="json", exclude_unset=True)
    if header:
        header["cast"] = {
            name: role.model_dump(mode="json", exclude_unset=True) for name, role in script.header.cast.items()
        }
        values = {key: value for key, value in header.items() if value not in ({}, "")}
        if values:
            blocks.append(f"---\n{yaml.safe_dump(values, allow_unicode=True, sort_keys=False)}---\n")
    for line in script.lines:
        if line.topic is not None:
            blocks.append(f"\n# {line.topic}".rstrip() + "\n")
        blocks.append(f"{line.speaker}: {_format_line(line, script.speakers)}\n")
    return "".join(blocks)


def _format_line(line: Line, speakers: Collection[str]) -> str:
    """What follows the speaker and the colon."""
    parts = []
    if line.over:
        parts.append("[over]")
    elif line.gap is not None:
        parts.append(f"[pause {format_seconds(line.gap)}]" if line.gap >= 0 else f"[over {format_seconds(-line.gap)}]")
    parts += [_format_item(item, speakers) for item in line.items]
    if line.cut:
        parts.append("--")
    elif isinstance(line.items[-1], SpokenText):  # escape dashes that would mark an interruption
        parts[-1] = re.sub(r"[-—]+$", lambda match: "".join(f"\\{char}" for char in match[0]), parts[-1])
    return " ".join(parts)


def _format_item(item: Item, speakers: Collection[str]) -> str:
    if isinstance(item, SpokenText):
        return _escape_labels(escape(item.text), speakers)
    if isinstance(item, Pause):
        return f"[pause {format_seconds(item.seconds)}]"
    if isinstance(item, Parenthetical):
        return f"({escape(item.text)})"
    return f"{{{f'{item.speaker}: ' if item.speaker else ''}{escape(item.text)}}}"


def _escape_labels(text: str, speakers: Collection[str]) -> str:
    """Put a backslash before the colon of what would start a line of another speaker."""
    colons = {label.colon for _, label in labels_inside(text) if label.speaker in speakers}
    return "".join(f"\\{char}" if place in colons else char for place, char in enumerate(text))
