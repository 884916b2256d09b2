"""voicekit watermark: parse, ask Perth, print."""

from __future__ import annotations

import json as jsonlib
from pathlib import Path
from typing import Annotated

import typer

from voicekit.audio.decode import decode
from voicekit.cli.reporters import say_error
from voicekit.engines.registry import load_engine
from voicekit.errors import VoicekitError
from voicekit.redact import one_line

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

RATE = 24_000


@app.command()
def main(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Sound or video")],
    json: Annotated[bool, typer.Option("--json", help="For machines")] = False,
) -> int:
    """Say whether a file has Perth's mark, which chatterbox puts on what it says. Exit status 1: one could not be read.

    \b
    voicekit watermark talk.mp3
    """
    detector = load_engine("mark.perth")()
    failed = 0
    for path in files:
        try:
            sound, _ = decode(path, rate=RATE)
        except VoicekitError as error:
            say_error(one_line(str(path)), error, debug=False)
            failed = 1
            continue
        found = detector.found(sound)
        if json:
            print(jsonlib.dumps({"file": str(path), "watermark": round(found, 3)}))
        else:
            print(f"{one_line(str(path))}: {'marked' if found >= 0.5 else 'no mark'} ({found:.2f})")
    return failed
