"""voicekit watermark."""

from __future__ import annotations

import json as jsonlib
from pathlib import Path
from typing import Annotated

import typer

from voicekit.cli.options import Json, new_app
from voicekit.cli.reporters import decode_with_warnings, print_error
from voicekit.cli.terminal import echo
from voicekit.engines.registry import load_engine
from voicekit.errors import VoicekitError
from voicekit.redact import one_line

app = new_app()

RATE = 24_000
"""Sample rate in Hz at which Chatterbox embeds its watermark."""


@app.command()
def main(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Audio or video files")],
    json: Json = False,
) -> int:
    """Check audio files for the Perth watermark that Chatterbox adds to its speech.

    Exit status 1: a file could not be read.

    \b
    voicekit watermark talk.mp3
    """
    detector = load_engine("mark.perth")()
    failed = 0
    for path in files:
        try:
            audio = decode_with_warnings(path, RATE)
        except VoicekitError as error:
            print_error(one_line(str(path)), error, debug=False)
            failed = 1
            continue
        confidence = detector.detect(audio)
        if json:
            echo(jsonlib.dumps({"file": str(path), "watermark": round(confidence, 3)}))
        else:
            verdict = "watermarked" if confidence >= 0.5 else "no watermark"
            echo(f"{one_line(str(path))}: {verdict} ({confidence:.2f})")
    return failed
