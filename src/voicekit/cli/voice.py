"""voicekit voice."""

from __future__ import annotations

import json as jsonlib
from pathlib import Path
from typing import Annotated

import typer

from voicekit.audio.encode import write_audio
from voicekit.cli.options import Json, new_app
from voicekit.cli.terminal import echo
from voicekit.config.engines import VoiceFile
from voicekit.config.schema import build
from voicekit.errors import UsageError, VoicekitError
from voicekit.redact import one_line
from voicekit.storage.paths import refuse_overwrite
from voicekit.tts.reference import Reference
from voicekit.tts.synthesizer import Synthesizer
from voicekit.tts.voices import KnownVoice, find_voice, hidden_voice, known_voices, store_voice

app = new_app(
    no_args_is_help=True,
    help="List, show, prepare and add voices: the engines' own, and cloned ones in refs/NAME/ (a clip and voice.yaml).",
)

Start = Annotated[
    float | None,
    typer.Option("--start", metavar="SECONDS", help="Start of the clip (default: where there is most speech)"),
]
OneSpeaker = Annotated[bool, typer.Option("--one-speaker", help="Skip the check that only one person speaks")]


@app.command("list")
def list_voices(json: Json = False) -> int:
    """List all voices."""
    rows = list(known_voices())
    if json:
        echo(jsonlib.dumps([vars(row.voice) | {"clip": row.voice.clip and str(row.voice.clip)}
                             for row in rows if isinstance(row, KnownVoice)], indent=1))  # fmt: skip
        return 0
    for row in rows:
        if isinstance(row, VoicekitError):
            echo(f"error: {row}")
        else:
            folder = hidden_voice(row) or (str(row.folder) if row.folder else "built in")
            echo(f"{one_line(row.voice.name):<18} {row.voice.engine:<24} {row.voice.language:<6} {one_line(folder)}")
    return int(any(isinstance(row, VoicekitError) for row in rows))


@app.command()
def show(name: Annotated[str, typer.Argument(help="Name of the voice")]) -> None:
    """Print everything known about a voice as JSON."""
    known = find_voice(name)
    details = known.config.model_dump(exclude_none=True) if known.config else {"engine": known.voice.engine}
    echo(
        jsonlib.dumps(
            {"name": known.voice.name, **details, "language": known.voice.language}, indent=1, ensure_ascii=False
        )
    )


@app.command()
def prepare(
    recording: Annotated[Path, typer.Argument(metavar="RECORDING", help="Audio or video of one person speaking")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Clip to write")] = Path("clip.wav"),
    start: Start = None,
    one_speaker: OneSpeaker = False,
) -> None:
    """Cut a reference clip from a recording, and list its defects and what was changed.

    \b
    voicekit voice prepare interview.mp4 -o ana.wav --start 62
    """
    refuse_overwrite(out, recording)
    reference = _prepare(recording, start, one_speaker)
    write_audio(reference.clip, out)
    echo(f"{out}  {reference.clip.duration:.1f} s")


@app.command("add")
def add_voice(
    name: Annotated[str, typer.Argument(help="Name for the voice")],
    recording: Annotated[
        Path | None, typer.Argument(metavar="[RECORDING]", help="Recording to clone; not with --speaker")
    ] = None,
    engine: Annotated[str, typer.Option("-e", "--engine", help="Engine that uses the voice")] = "chatterbox",
    speaker: Annotated[str | None, typer.Option("--speaker", help="One of the engine's own voices")] = None,
    consent: Annotated[str, typer.Option("--consent", help="Who agreed to be cloned, when, and for what")] = "",
    source: Annotated[str, typer.Option("--source", help="Where the recording comes from")] = "",
    preset: Annotated[str | None, typer.Option("--preset", help="Default preset in configs/sampling/ENGINE")] = None,
    language: Annotated[str, typer.Option("-l", "--language", help="BCP-47 tag")] = "en",
    start: Start = None,
    one_speaker: OneSpeaker = False,
) -> None:
    """Save a voice in refs/NAME/: a clip cut from a recording, or one of the engine's own voices with settings.

    \b
    voicekit voice add ana interview.mp4 --consent "Ana Sousa, 2026-05-02, for our podcast"
    voicekit voice add narrator --engine kokoro --speaker jm_kumo --preset slow
    """
    if (recording is None) == (speaker is None):
        raise UsageError("a voice has either a recording or a speaker", "Give RECORDING, or --speaker")
    clip = None
    values = {"engine": engine, "speaker": speaker, "preset": preset, "language": language, "source": source}
    if recording is not None:
        if not consent.strip():
            raise UsageError(
                f"there is no consent for cloning {name}",
                'Give --consent "who, when, for what"; it is saved in voice.yaml',
            )
        clip = _prepare(recording, start, one_speaker).clip
        values |= {"clip": "clip.wav", "consent": consent, "source": source or recording.name}
    saved = store_voice(name, build(VoiceFile, {key: value for key, value in values.items() if value}, "options"), clip)
    echo(saved.folder)


def _prepare(recording: Path, start: float | None, one_speaker: bool) -> Reference:
    with Synthesizer() as synthesizer:
        reference = synthesizer.reference(recording, start, one_speaker)
    for note in (*reference.warnings, *reference.processing):
        echo(f"  {note}")
    return reference
