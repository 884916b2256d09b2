"""voicekit convert: parse, call `Speaker.convert`, write."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from voicekit.cli.reporters import aside
from voicekit.engines.registry import SPEECH_ENGINES
from voicekit.errors import UsageError
from voicekit.tts.output import save
from voicekit.tts.synthesizer import Synthesizer

CLONERS = ", ".join(engine.name for engine in SPEECH_ENGINES if engine.clones)

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command()
def main(
    recording: Annotated[Path, typer.Argument(metavar="RECORDING", help="Sound or video; or FILE.json of a take")],
    voice: Annotated[str, typer.Option("-v", "--voice", help="A voice of refs/ with a clip, or a clip")],
    engine: Annotated[str | None, typer.Option("-e", "--engine", help=CLONERS)] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", help="The same one gives the same samples; 0, or the take's own")
    ] = None,
    cut_tail: Annotated[
        float, typer.Option("--cut-tail", metavar="SECONDS", help="Of a take: leave out so much of its end")
    ] = 0.0,
    model: Annotated[str | None, typer.Option("--model", help="Folder or hub id of the engine's weights")] = None,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda or cuda:1")] = "auto",
    out: Annotated[Path, typer.Option("-o", "--out", help="The file")] = Path("converted.wav"),
    no_watermark: Annotated[bool, typer.Option("--no-watermark", help="Do not mark the sound")] = False,
) -> None:
    """Say what a recording says in another voice; words, pauses and manner stay.

    Of FILE.json, which `say` writes beside its sound, the speech tokens are made sound of again, without the language
    model: in another voice, or without a tail; in its own voice with its own seed it is the same again.

    \b
    voicekit convert talk.wav --voice ana -o talk.ana.wav
    voicekit convert hello.wav.json --voice ben.wav --cut-tail 0.4 -o hello.ben.wav
    """
    of_take = recording.suffix.lower() == ".json"
    if cut_tail and not of_take:
        raise UsageError("--cut-tail is for the FILE.json of a take", "Leave it out")
    with aside() as reporter, Synthesizer(reporter, device) as speaker:
        if of_take:
            take = speaker.resynthesize(
                recording, voice=voice, engine=engine, seed=seed, tail=cut_tail, model=model,
                watermark=not no_watermark,
            )  # fmt: skip
        else:
            take = speaker.convert(
                recording, voice=voice, engine=engine, seed=seed or 0, model=model, watermark=not no_watermark,
                progress=reporter.stage_progress,
            )  # fmt: skip
    save(take, out)
    print(f"{out}  {take.audio.duration:.1f} s  {take.voice} ({take.engine}), seed {take.seed}")
