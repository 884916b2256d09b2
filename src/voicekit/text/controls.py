"""Remove control characters from text that goes into files, and keep writing directions inside their line.

Terminals obey control characters. An embedding, override or isolate that is never closed reorders what follows it
(Unicode Standard Annex #9): other columns, other fields, the next line of a log. The marks that Hebrew, Arabic and
Persian need (LRM, RLM, ALM, ZWJ, ZWNJ) have no such reach and stay.
"""

from __future__ import annotations

import re

_SPACES = "\v\f\r\x1c\x1d\x1e\x1f\x85"
"""Control characters that separate words."""

_CONTROLS: dict[int, str | None] = {
    code: " " if chr(code) in _SPACES else None for code in (*range(32), *range(0x7F, 0xA0)) if chr(code) not in "\t\n"
}
# Text in Windows-1252 that was read as Latin-1 has its quotes, dashes and ellipsis here; HTML reads them so as well.
for _code in range(0x80, 0xA0):
    if _code != 0x85 and (_char := bytes([_code]).decode("cp1252", "ignore")):
        _CONTROLS[_code] = _char

_ANY_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_ANY_DIRECTION = re.compile("[\u202a-\u202e\u2066-\u2069]")

_EMBEDDINGS, _POP = "\u202a\u202b\u202d\u202e", "\u202c"
_ISOLATES, _POP_ISOLATE = "\u2066\u2067\u2068", "\u2069"


def has_controls(text: str) -> bool:
    """Whether `without_controls` would change a text, or has directions to look at."""
    return bool(_ANY_CONTROL.search(text) or _ANY_DIRECTION.search(text))


def without_controls(text: str, directions: bool = True) -> str:
    """Remove C0 and C1 control characters except tabs and line ends.

    Args:
        text: Any text.
        directions: Whether to also close the directions that stay open in a line.
    """
    if _ANY_CONTROL.search(text):
        text = text.translate(_CONTROLS)
    if not directions or not _ANY_DIRECTION.search(text):
        return text
    return "\n".join("".join(close_directions([line])) for line in text.split("\n"))


def close_directions(parts: list[str]) -> list[str]:
    """Close embeddings, overrides and isolates that stay open, and drop closing marks that close nothing.

    Args:
        parts: Pieces of one line, such as its words; a direction may reach from one to another.
    """
    open_marks: list[str] = []
    closed = []
    for part in parts:
        kept = []
        for char in part:
            if char in _EMBEDDINGS:
                open_marks.append(_POP)
            elif char in _ISOLATES:
                open_marks.append(_POP_ISOLATE)
            elif char in (_POP, _POP_ISOLATE):
                if char not in open_marks:
                    continue
                while open_marks[-1] != char:
                    kept.append(open_marks.pop())
                open_marks.pop()
            kept.append(char)
        closed.append("".join(kept))
    if closed:
        closed[-1] += "".join(reversed(open_marks))
    return closed
