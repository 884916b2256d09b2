"""voicekit gallery: parse, call `write_gallery`, print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from voicekit.config.report import GalleryOptions
from voicekit.config.schema import build

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

_FIELDS = GalleryOptions.model_fields


@app.command()
def main(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Runs of clone jobs and dialogues")],
    out: Annotated[Path, typer.Option("-o", "--out", help="The page")] = Path("gallery.html"),
    most: Annotated[int, typer.Option("--most", help=_FIELDS["most"].description)] = _FIELDS["most"].default,
    embed: Annotated[bool, typer.Option("--embed", help=_FIELDS["embed"].description)] = False,
) -> int:
    """Show good, bad and weird takes of runs on a page, by tag and by kind of fault, each with what it was made with.

    \b
    voicekit gallery outputs/casting/latest
    voicekit gallery outputs/*/latest -o gallery.html --most 6 --embed
    """
    from voicekit.report.gallery_page import write_gallery

    made = write_gallery(runs, out, build(GalleryOptions, {"most": most, "embed": embed}, "options"))
    for note in made.notes:
        print(f"note: {note}")
    print(f"{made.page}  {made.size}")
    return 0
