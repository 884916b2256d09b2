"""voicekit say: parse, call `Speaker.say`, write."""

from __future__ import annotations

import json as jsonlib
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from voicekit.cli.reporters import aside
from voicekit.config.clean import Loudness
from voicekit.config.schema import build
from voicekit.engines.registry import SPEECH_ENGINES
from voicekit.errors import UsageError
from voicekit.storage.files import check_size, read_limited, utf8
from voicekit.tts.output import save
from voicekit.tts.synthesizer import Synthesizer
from voicekit.tts.voices import find, first_voice

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

MOST = 1 << 20
"""Bytes of a text file."""

SMALLER = "Give one chapter at a time"


@app.command()
def main(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to say; - reads it from stdin, @FILE from a file")],
    voice: Annotated[
        str | None,
        typer.Option("-v", "--voice", help="`voicekit voice list` names them; or a clip; else the engine's first"),
    ] = None,
    engine: Annotated[
        str | None, typer.Option("-e", "--engine", help=", ".join(engine.name for engine in SPEECH_ENGINES))
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="The same one says it the same way again")] = 0,
    preset: Annotated[
        str | None, typer.Option("--preset", help="A name in configs/sampling/ENGINE, or a YAML file")
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A parameter of the engine: --set speed=0.9")
    ] = None,
    language: Annotated[
        str | None, typer.Option("-l", "--language", help="BCP-47; the voice's own when left out")
    ] = None,
    model: Annotated[str | None, typer.Option("--model", help="Folder or hub id of the engine's weights")] = None,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda or cuda:1")] = "auto",
    out: Annotated[Path, typer.Option("-o", "--out", help="The file: .wav, .flac, .mp3, .m4a, .ogg or .opus")] = Path(
        "said.wav"
    ),
    rate: Annotated[
        int | None, typer.Option("--rate", help="Hz of the file: 24000, 48000; the engine's when left out")
    ] = None,
    loudness: Annotated[
        float | None, typer.Option("--loudness", metavar="LUFS", help="Such as -16; as it is when left out")
    ] = None,
    as_written: Annotated[
        bool, typer.Option("--as-written", help="Leave numbers, dates and units to the engine")
    ] = False,
    show_text: Annotated[
        bool, typer.Option("--show-text", help="Print what is said, part by part, and say nothing")
    ] = False,
    no_watermark: Annotated[
        bool, typer.Option("--no-watermark", help="Where an engine marks its sound: do not")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print how it was made, for machines")] = False,
) -> int:
    """Speak a text and write it to a file, and beside it FILE.json with all that it was made of.

    [pause 0.7] in it is a pause; an empty line parts paragraphs.

    \b
    voicekit say "Hello there." -o hello.wav
    voicekit say @chapter.txt --voice joe --seed 7 -o chapter.mp3 --loudness -16
    voicekit say "Hello there." --voice ana.wav --engine chatterbox --preset calm
    """
    words = text_of(text)
    if show_text:
        from voicekit.text.speakable import to_parts

        known = find(voice or first_voice(engine), engine, language)
        for part in to_parts(words, known.voice.language, not as_written):
            print(f"{part.text}  [pause {part.pause:g}]" if part.pause else part.text)
        return 0
    if rate is not None and not 8000 <= rate <= 192_000:
        raise UsageError(f"a rate of {rate} Hz", "Give 24000 or 48000")
    if loudness is not None:
        build(Loudness, {"integrated": loudness}, "--loudness")
    with aside() as reporter, Synthesizer(reporter, device) as speaker:
        take = speaker.say(
            words, voice=voice, engine=engine, seed=seed, preset=preset, language=language, model=model,
            normalize=not as_written, watermark=not no_watermark, **_params(set_ or []),
        )  # fmt: skip
    save(take, out, rate, loudness)
    if json:
        print(jsonlib.dumps({"file": str(out), **take.record()}))
    else:
        print(f"{out}  {take.audio.duration:.1f} s  {take.voice} ({take.engine}), seed {take.seed}")
    return 0


def text_of(given: str) -> str:
    """The text itself, of a file or of stdin, as TEXT has it. Raises SourceError where it cannot be read."""
    if given.startswith("@"):
        return utf8(read_limited(Path(given[1:]), MOST, SMALLER), given[1:])
    if given == "-":
        name, data = "stdin", sys.stdin.buffer.read(MOST + 1)
    else:
        name, data = "the text", os.fsencode(given)
    check_size(data, MOST, name, SMALLER)
    return utf8(data, name)


def _params(pairs: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise UsageError(f"{pair!r} sets nothing", "Write --set speed=0.9")
        try:
            found[name.replace("-", "_")] = int(value) if value.lstrip("-").isdigit() else float(value)
        except ValueError:
            raise UsageError(f"{value!r} is no number", f"Write --set {name}=0.9") from None
    return found
