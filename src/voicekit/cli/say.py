"""voicekit say."""

from __future__ import annotations

import json as jsonlib
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from voicekit.audio.encode import check_rate
from voicekit.cli.conflicts import CheckedCommand
from voicekit.cli.options import AsWritten, Device, EngineModel, NoWatermark, Seed, new_app, split_settings
from voicekit.cli.reporters import result_on_stdout
from voicekit.cli.terminal import echo
from voicekit.config.clean import Loudness
from voicekit.config.schema import build
from voicekit.engines.registry import SPEECH_ENGINES
from voicekit.errors import UsageError
from voicekit.storage.files import check_size, decode_utf8, read_limited
from voicekit.storage.paths import refuse_overwrite
from voicekit.text.plain_text import tags_without_effect
from voicekit.text.speakable import to_parts
from voicekit.tts.output import save_take
from voicekit.tts.readable import check_readable
from voicekit.tts.synthesizer import Synthesizer
from voicekit.tts.voices import KnownVoice, find_voice, first_voice

app = new_app()

MAX_BYTES = 1 << 20
"""Largest text file."""

_TOO_LARGE = "Give one chapter at a time"


@app.command(cls=CheckedCommand)
def main(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="Text to speak; - reads stdin, @FILE reads a file")],
    voice: Annotated[
        str | None,
        typer.Option(
            "-v", "--voice", help="Name from `voicekit voice list`, or a clip (default: the engine's first voice)"
        ),
    ] = None,
    engine: Annotated[
        str | None,
        typer.Option("-e", "--engine", help=", ".join(e.name for e in SPEECH_ENGINES) + ", or an engine of a plugin"),
    ] = None,
    seed: Seed = 0,
    preset: Annotated[
        str | None, typer.Option("--preset", help="Name in configs/sampling/ENGINE, or a YAML file")
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Engine parameter, such as speed=0.9")
    ] = None,
    language: Annotated[str | None, typer.Option("-l", "--language", help="BCP-47 tag (default: the voice's)")] = None,
    model: EngineModel = None,
    device: Device = "auto",
    out: Annotated[
        Path, typer.Option("-o", "--out", help="File to write: .wav, .flac, .mp3, .m4a, .ogg or .opus")
    ] = Path("said.wav"),
    rate: Annotated[
        int | None, typer.Option("--rate", help="Sample rate in Hz, such as 48000 (default: the engine's)")
    ] = None,
    loudness: Annotated[
        float | None,
        typer.Option("--loudness", metavar="LUFS", help="Integrated loudness, such as -16 (default: unchanged)"),
    ] = None,
    as_written: AsWritten = False,
    show_text: Annotated[bool, typer.Option("--show-text", help="Print the parts of the text and stop")] = False,
    no_watermark: NoWatermark = False,
    json: Annotated[bool, typer.Option("--json", help="Print everything the take was made from as JSON")] = False,
) -> int:
    """Speak a text. Writes an audio file, and FILE.json with everything needed to make it again.

    `[pause 0.7]` in the text is a pause in seconds; an empty line ends a paragraph.

    \b
    voicekit say "Hello there." -o hello.wav
    voicekit say @chapter.txt --voice joe --seed 7 -o chapter.mp3 --loudness -16
    voicekit say "Hello there." --voice ana.wav --engine chatterbox --preset calm
    """
    content = read_text(text)
    refuse_overwrite(out, voice, text.removeprefix("@") if text.startswith("@") else None)
    if show_text:
        _print_parts(content, find_voice(voice or first_voice(engine), engine, language), not as_written)
        return 0
    if rate is not None and not 8000 <= rate <= 192_000:
        raise UsageError(f"--rate {rate} is not between 8000 and 192000 Hz", "Give 24000 or 48000")
    check_rate(out.suffix, rate)
    if loudness is not None:
        build(Loudness, {"integrated": loudness}, "--loudness")
    with result_on_stdout() as progress, Synthesizer(progress, device) as synthesizer:
        take = synthesizer.say(
            content, voice=voice, engine=engine, seed=seed, preset=preset, language=language, model=model,
            normalize=not as_written, watermark=not no_watermark, **_parameters(set_),
        )  # fmt: skip
    save_take(take, out, rate, loudness)
    if json:
        echo(jsonlib.dumps({"file": str(out), **take.record()}))
    else:
        echo(f"{out}  {take.audio.duration:.1f} s  {take.voice} ({take.engine}), seed {take.seed}")
    return 0


def _print_parts(text: str, known: KnownVoice, normalize: bool) -> None:
    check_readable(text, known, normalize)
    for part in to_parts(text, known.voice.language, normalize):
        lead = f"[pause {part.lead:g}]  " if part.lead else ""
        echo(f"{lead}{part.text}  [pause {part.pause:g}]" if part.pause else f"{lead}{part.text}")
    for note in tags_without_effect({"": text}):
        echo(f"note: {note}", err=True)


def read_text(argument: str) -> str:
    """Return a TEXT argument: the text itself, the contents of @FILE, or stdin for `-`.

    Raises:
        SourceError: The file cannot be read, is too large, or is not UTF-8.
    """
    if argument.startswith("@"):
        return decode_utf8(read_limited(Path(argument[1:]), MAX_BYTES, _TOO_LARGE), argument[1:])
    if argument == "-":
        name, data = "stdin", sys.stdin.buffer.read(MAX_BYTES + 1)
    else:
        name, data = "the text", os.fsencode(argument)
    check_size(data, MAX_BYTES, name, _TOO_LARGE)
    return decode_utf8(data, name)


def _parameters(pairs: list[str] | None) -> dict[str, Any]:
    parameters: dict[str, Any] = {}
    for name, value in split_settings(pairs, "speed=0.9"):
        try:
            parameters[name] = int(value) if value.lstrip("-").isdigit() else float(value)
        except ValueError:
            raise UsageError(f"{value!r} is not a number", f"Write --set {name}=0.9") from None
    return parameters
