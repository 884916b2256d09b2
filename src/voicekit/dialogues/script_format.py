"""Write a script as text; `parse_script(format_script(script))` gives the same script."""

from __future__ import annotations

import re
from typing import Any

import yaml

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
        blocks.append(f"{line.speaker}: {format_line(line)}\n")
    return "".join(blocks)


def format_line(line: Line) -> str:
    """What follows the speaker and the colon."""
    parts = []
    if line.over:
        parts.append("[over]")
    elif line.gap is not None:
        parts.append(f"[pause {format_seconds(line.gap)}]" if line.gap >= 0 else f"[over {format_seconds(-line.gap)}]")
    parts += [_format_item(item) for item in line.items]
    if line.cut:
        parts.append("--")
    elif isinstance(line.items[-1], SpokenText):  # escape dashes that would mark an interruption
        parts[-1] = re.sub(r"[-—]+$", lambda match: "".join(f"\\{char}" for char in match[0]), parts[-1])
    return " ".join(parts)


def _format_item(item: Item) -> str:
    if isinstance(item, SpokenText):
        return escape(item.text)
    if isinstance(item, Pause):
        return f"[pause {format_seconds(item.seconds)}]"
    if isinstance(item, Parenthetical):
        return f"({escape(item.text)})"
    return f"{{{f'{item.speaker}: ' if item.speaker else ''}{escape(item.text)}}}"
