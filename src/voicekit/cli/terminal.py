"""Print lines: what files and servers say is shown, and never obeyed. `console` has the same for tables and bars."""

from __future__ import annotations

import sys

from voicekit.redact import escape_controls


def echo(text: object = "", *, err: bool = False, end: str = "\n", flush: bool = False) -> None:
    """Print a text; controls and direction marks in it are shown as escapes. `err`: to stderr."""
    print(escape_controls(str(text)), file=sys.stderr if err else sys.stdout, end=end, flush=flush)
