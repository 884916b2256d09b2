"""voicekit convert: parse, call `Speaker.convert`, write."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from voicekit.cli.show import aside
from voicekit.speech.speaker import Speaker, save

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command()
def main(
    recording: Annotated[Path, typer.Argument(metavar="RECORDING", help="Sound or video")],
    voice: Annotated[str, typer.Option("-v", "--voice", help="A voice of refs/ with a clip, or a clip")],
    engine: Annotated[str | None, typer.Option("-e", "--engine", help="chatterbox, chatterbox-multilingual")] = None,
    seed: Annotated[int, typer.Option("--seed", help="The same one gives the same samples")] = 0,
    model: Annotated[str | None, typer.Option("--model", help="Folder or hub id of the engine's weights")] = None,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda or cuda:1")] = "auto",
    out: Annotated[Path, typer.Option("-o", "--out", help="The file")] = Path("converted.wav"),
    no_watermark: Annotated[bool, typer.Option("--no-watermark", help="Do not mark the sound")] = False,
) -> None:
    """Say what a recording says in another voice; words, pauses and manner stay.

    \b
    voicekit convert talk.wav --voice ana -o talk.ana.wav
    """
    with aside() as reporter, Speaker(reporter, device) as speaker:
        take = speaker.convert(
            recording, voice=voice, engine=engine, seed=seed, model=model, watermark=not no_watermark,
            progress=reporter.stage_progress,
        )  # fmt: skip
    save(take, out)
    print(f"{out}  {take.audio.duration:.1f} s  {take.voice} ({take.engine}), seed {seed}")
