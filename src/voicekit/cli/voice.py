"""voicekit voice: parse, call `voicekit.speech`, print."""

from __future__ import annotations

import json as jsonlib
from pathlib import Path
from typing import Annotated

import typer

from voicekit.audio.encode import write
from voicekit.config.engines import VoiceFile
from voicekit.config.schema import build
from voicekit.errors import UsageError, VoicekitError
from voicekit.redact import one_line
from voicekit.tts.synthesizer import Synthesizer
from voicekit.tts.voices import KnownVoice, add, find, known_voices

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True,
    help="Voices: the engines' own, and those of refs/NAME/ (a clip and voice.yaml).",
)  # fmt: skip

START = typer.Option("--start", metavar="SECONDS", help="Where the wanted part begins; the most speech when left out")
ONE = typer.Option("--one-speaker", help="Take it for granted that one person speaks")


@app.command("list")
def list_voices(json: Annotated[bool, typer.Option("--json", help="For machines")] = False) -> int:
    """The voices there are."""
    rows = list(known_voices())
    if json:
        print(jsonlib.dumps([vars(row.voice) | {"clip": row.voice.clip and str(row.voice.clip)}
                             for row in rows if isinstance(row, KnownVoice)], indent=1))  # fmt: skip
        return 0
    for row in rows:
        if isinstance(row, VoicekitError):
            print(f"error: {row}")
        else:
            where = str(row.folder) if row.folder else "its own"
            print(f"{one_line(row.voice.name):<18} {row.voice.engine:<24} {row.voice.language:<6} {one_line(where)}")
    return int(any(isinstance(row, VoicekitError) for row in rows))


@app.command()
def show(name: Annotated[str, typer.Argument(help="Of a voice")]) -> None:
    """What is known of a voice."""
    found = find(name)
    about = found.about.model_dump(exclude_none=True) if found.about else {"engine": found.voice.engine}
    print(
        jsonlib.dumps(
            {"name": found.voice.name, **about, "language": found.voice.language}, indent=1, ensure_ascii=False
        )
    )


@app.command()
def prepare(
    recording: Annotated[Path, typer.Argument(metavar="RECORDING", help="Sound or video of one person speaking")],
    out: Annotated[Path, typer.Option("-o", "--out", help="The clip")] = Path("clip.wav"),
    start: Annotated[float | None, START] = None,
    one_speaker: Annotated[bool, ONE] = False,
) -> None:
    """Cut a recording to a reference clip, and say what was wrong with it and what was done.

    \b
    voicekit voice prepare interview.mp4 -o ana.wav --start 62
    """
    with Synthesizer() as speaker:
        found = speaker.reference(recording, start, one_speaker)
    write(found.clip, out)
    for note in (*found.faults, *found.done):
        print(f"  {note}")
    print(f"{out}  {found.clip.duration:.1f} s")


@app.command("add")
def add_voice(
    name: Annotated[str, typer.Argument(help="As it will be called")],
    recording: Annotated[
        Path | None, typer.Argument(metavar="[RECORDING]", help="To clone from; leave it out with --speaker")
    ] = None,
    engine: Annotated[str, typer.Option("-e", "--engine", help="That speaks it")] = "chatterbox",
    speaker: Annotated[str | None, typer.Option("--speaker", help="The engine's own voice")] = None,
    consent: Annotated[str, typer.Option("--consent", help="Who agreed to being cloned, when, and to what")] = "",
    source: Annotated[str, typer.Option("--source", help="Where the recording is from")] = "",
    preset: Annotated[str | None, typer.Option("--preset", help="In configs/sampling/ENGINE")] = None,
    language: Annotated[str, typer.Option("-l", "--language", help="BCP-47")] = "en",
    start: Annotated[float | None, START] = None,
    one_speaker: Annotated[bool, ONE] = False,
) -> None:
    """Keep a voice in refs/NAME/: a clip cut from a recording, or an engine's own voice under a name of yours.

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
                f"nobody has said that the person agrees to {name} being cloned",
                'Give --consent "who, when, for what"; it is kept in voice.yaml',
            )
        with Synthesizer() as listener:
            found = listener.reference(recording, start, one_speaker)
        clip = found.clip
        values |= {"clip": "clip.wav", "consent": consent, "source": source or recording.name}
        for note in (*found.faults, *found.done):
            print(f"  {note}")
    kept = add(name, build(VoiceFile, {key: value for key, value in values.items() if value}, "options"), clip)
    print(kept.folder)
