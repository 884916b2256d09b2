"""voicekit convert."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from voicekit.cli.options import Device, EngineModel, NoWatermark, new_app
from voicekit.cli.reporters import result_on_stdout
from voicekit.cli.terminal import echo
from voicekit.engines.registry import SPEECH_ENGINES
from voicekit.errors import UsageError
from voicekit.storage.paths import refuse_overwrite
from voicekit.tts.output import record_path, save_take
from voicekit.tts.synthesizer import Synthesizer

CLONING_ENGINES = ", ".join(engine.name for engine in SPEECH_ENGINES if engine.clones)

app = new_app()


@app.command()
def main(
    recording: Annotated[
        Path, typer.Argument(metavar="RECORDING", help="Audio or video file, or the FILE.json of a take")
    ],
    voice: Annotated[str, typer.Option("-v", "--voice", help="Cloned voice in refs/, or a reference clip")],
    engine: Annotated[str | None, typer.Option("-e", "--engine", help=CLONING_ENGINES)] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, max=2**63 - 1, help="Seed (default: 0, or the take's)")
    ] = None,
    cut_tail: Annotated[
        float, typer.Option("--cut-tail", metavar="SECONDS", help="Cut this much off the end of a take")
    ] = 0.0,
    model: EngineModel = None,
    device: Device = "auto",
    out: Annotated[Path, typer.Option("-o", "--out", help="File to write")] = Path("converted.wav"),
    no_watermark: NoWatermark = False,
) -> None:
    """Convert a recording to another voice; words, pauses and intonation stay.

    Given the FILE.json that `voicekit say` writes, it makes the audio again from the take's speech tokens, without
    sampling: in another voice, or without its tail. With the same voice and seed the audio is the same.

    \b
    voicekit convert talk.wav --voice ana -o talk.ana.wav
    voicekit convert hello.wav.json --voice ben.wav --cut-tail 0.4 -o hello.ben.wav
    """
    for target in (out, record_path(out)):
        refuse_overwrite(target, recording, voice)
    if not 0 <= cut_tail <= 3600:
        raise UsageError(f"--cut-tail {cut_tail:g} is not between 0 and 3600 seconds", "Give 0.4")
    from_take = recording.suffix.lower() == ".json"
    if cut_tail and not from_take:
        raise UsageError("--cut-tail needs the FILE.json of a take", "Leave it out")
    with result_on_stdout() as progress, Synthesizer(progress, device) as synthesizer:
        if from_take:
            take = synthesizer.resynthesize(
                recording, voice=voice, engine=engine, seed=seed, tail=cut_tail, model=model,
                watermark=not no_watermark,
            )  # fmt: skip
        else:
            take = synthesizer.convert(
                recording, voice=voice, engine=engine, seed=seed or 0, model=model, watermark=not no_watermark,
                progress=progress.stage_progress,
            )  # fmt: skip
    save_take(take, out)
    echo(f"{out}  {take.audio.duration:.1f} s  {take.voice} ({take.engine}), seed {take.seed}")
