"""voicekit gallery."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from voicekit.cli.options import given_options, new_app, options_from
from voicekit.cli.terminal import echo
from voicekit.config.report import GalleryOptions

app = new_app()


@app.command()
@options_from(GalleryOptions, {"most": "", "embed": "--embed"})
def main(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Runs of clone jobs and dialogues")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Page to write")] = Path("gallery.html"),
    **given: Any,
) -> int:
    """Make a page of good, bad and weird takes, by tag and by artifact, each with its settings.

    \b
    voicekit gallery outputs/casting/latest
    voicekit gallery outputs/*/latest -o gallery.html --most 6 --embed
    """
    from voicekit.report.gallery_page import write_gallery

    written = write_gallery(runs, out, **given_options(given))
    for note in written.notes:
        echo(f"note: {note}")
    echo(f"{written.page}  {written.size}")
    return 0
