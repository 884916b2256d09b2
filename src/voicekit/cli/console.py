"""rich consoles for tables and progress bars, in which texts of files and servers are shown and never obeyed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderHook, RenderResult, RichCast
from rich.control import Control
from rich.segment import Segment

from voicekit.redact import escape_controls


def new_console(**options: Any) -> Console:
    """Return a rich Console that shows controls and direction marks in texts as escapes."""
    console = Console(**options)
    console.push_render_hook(_EscapeControls())
    return console


class _EscapeControls(RenderHook):
    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        return [each if isinstance(each, Control) else _Escaped(each) for each in renderables]


class _Escaped:
    def __init__(self, renderable: ConsoleRenderable | RichCast | str) -> None:
        self.renderable = renderable

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from self._segments(console, options)

    def _segments(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        for segment in console.render(self.renderable, options):
            yield segment if segment.control else segment._replace(text=escape_controls(segment.text))
