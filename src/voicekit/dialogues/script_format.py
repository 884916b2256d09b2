"""Script: what a writer types, as data and back. Pure; `parse(format(script))` is the script.

    ---                                     a header in YAML, which may be left out: title, cast, options
    cast: {Alice: jf_alpha, Ben: joe}
    ---
    # Breakfast                             a new topic; a chapter
    // nobody hears this
    Alice: Hello there. [pause 0.5] (calm) How are you?
      What goes on is indented. {mm-hm}
    Ben: [over] Fine, I was only --

`docs/dialogue.md` is the whole grammar. Knows nothing of voices: whether `(calm)` is a preset or a stage direction is
for `cast` to say.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from voicekit.dialogues.script import Aside, Item, Line, Pause, Say, Script
from voicekit.dialogues.script_lexer import escape, format_seconds

# --- writing --------------------------------------------------------------------------------------------------------


def format(script: Script) -> str:
    """The script as text, in one way of writing it."""
    out = []
    given: dict[str, Any] = script.header.model_dump(mode="json", exclude_unset=True)
    if given:
        given["cast"] = {name: role.model_dump(mode="json", exclude_unset=True) for name, role in _cast(script)}
        kept = {key: value for key, value in given.items() if value not in ({}, "")}
        out.append(f"---\n{yaml.safe_dump(kept, allow_unicode=True, sort_keys=False)}---\n" if kept else "")
    for line in script.lines:
        if line.topic is not None:
            out.append(f"\n# {line.topic}".rstrip() + "\n")
        out.append(f"{line.speaker}: {format_line(line)}\n")
    return "".join(out)


def _cast(script: Script) -> list[tuple[str, Any]]:
    return list(script.header.cast.items())


def format_line(line: Line) -> str:
    """What follows the name and the colon."""
    parts = []
    if line.over:
        parts.append("[over]")
    elif line.gap is not None:
        parts.append(f"[pause {format_seconds(line.gap)}]" if line.gap >= 0 else f"[over {format_seconds(-line.gap)}]")
    parts += [_format_item(item) for item in line.items]
    if line.cut:
        parts.append("--")
    elif isinstance(line.items[-1], Say):
        parts[-1] = re.sub(r"[-—]+$", lambda found: "".join(f"\\{char}" for char in found[0]), parts[-1])
    return " ".join(parts)


def _format_item(item: Item) -> str:
    if isinstance(item, Say):
        return escape(item.text)
    if isinstance(item, Pause):
        return f"[pause {format_seconds(item.seconds)}]"
    if isinstance(item, Aside):
        return f"({escape(item.text)})"
    return f"{{{f'{item.speaker}: ' if item.speaker else ''}{escape(item.text)}}}"
