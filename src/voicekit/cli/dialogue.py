"""voicekit dialogue: parse, call `voicekit.conversation.run`, print."""

from __future__ import annotations

import json as jsonlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from voicekit.cli.reporters import JsonLines, Shown, reporter
from voicekit.config.dialogue import DialogueOptions
from voicekit.redact import one_line

if TYPE_CHECKING:
    from voicekit.dialogues.casting import Casting
    from voicekit.dialogues.mix import Mix

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

_FIELDS = DialogueOptions.model_fields


def _option(field: str, *names: str) -> Any:
    """A command-line option for a config field: its help and default are the field's."""
    default = _FIELDS[field].default
    shown = ",".join(default) if isinstance(default, tuple) else default
    return typer.Option(
        *(names or (f"--{field.replace('_', '-')}",)), help=_FIELDS[field].description,
        show_default=str(shown) if shown not in ("", False, None) else False,
    )  # fmt: skip


@app.command(
    epilog="Results: <out>/<name>/latest/{mix.wav,stems/,timeline.json,mix.srt,mix.vtt,mix.rttm,takes/,run.json}"
)
def dialogue(
    script: Annotated[
        str,
        typer.Argument(
            metavar="SCRIPT",
            help="A text (docs/dialogue.md), .yaml, .fountain, transcript.json or .srt; or a name in configs/dialogue",
        ),
    ],
    cast: Annotated[
        Path | None,
        typer.Option("--cast", help="YAML file of who speaks with which voice, as configs/dialogue/cast.yaml"),
    ] = None,
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for results")] = Path("outputs"),
    check: Annotated[
        bool, typer.Option("--check", help="Read and cast the script, say what is in it, and end")
    ] = False,
    timing: Annotated[str | None, _option("timing")] = None,
    seed: Annotated[int | None, _option("seed")] = None,
    fillers: Annotated[float | None, _option("fillers")] = None,
    room: Annotated[str | None, _option("room")] = None,
    loudness: Annotated[float | None, _option("loudness")] = None,
    true_peak: Annotated[float | None, _option("true_peak")] = None,
    rate: Annotated[int | None, _option("rate")] = None,
    format: Annotated[str | None, _option("format", "-f", "--format")] = None,
    as_written: Annotated[
        bool | None, typer.Option("--as-written", help="Leave numbers, dates and units to the engine")
    ] = None,
    no_watermark: Annotated[
        bool | None, typer.Option("--no-watermark", help="Where an engine marks its sound: do not")
    ] = None,
    judge: Annotated[bool | None, _option("judge", "--judge/--no-judge")] = None,
    retakes: Annotated[int | None, _option("retakes")] = None,
    device: Annotated[str | None, _option("device")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Use nothing from the cache")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print errors only")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print events as JSON lines, for machines")] = False,
) -> int:
    """Speak a script as a conversation: voices, turns, a mix with its stems, and what is said in it when.

    \b
    voicekit dialogue talk.txt
    voicekit dialogue talk.txt --cast cast.yaml --timing slow --format m4a
    voicekit dialogue talk.txt --check
    voicekit dialogue play.fountain --judge --retakes 10
    """
    from voicekit.dialogues.casting import read_cast
    from voicekit.dialogues.dialogue import casting_of
    from voicekit.dialogues.script_readers import find_script

    given = {
        "timing": timing, "seed": seed, "fillers": fillers, "room": room, "loudness": loudness, "true_peak": true_peak,
        "rate": rate, "format": format, "normalize": None if as_written is None else not as_written,
        "watermark": None if no_watermark is None else not no_watermark, "judge": judge, "retakes": retakes,
        "device": device,
    }  # fmt: skip
    path = find_script(script)
    casting = casting_of(path, read_cast(cast) if cast else None, **given)
    if check:
        _tell(casting)
        return 0
    from voicekit.dialogues.dialogue import make
    from voicekit.provenance import made_with
    from voicekit.storage.cache import StageCache
    from voicekit.tts.synthesizer import Synthesizer

    with reporter(quiet=quiet, json=json, debug=False) as report, Synthesizer(device=casting.options.device) as speaker:
        mix = make(casting, out, speaker, StageCache(fresh, made_with), report, source=path)
        _show(mix, report)
    return int(bool(mix.timeline.failed))


def _tell(casting: Casting) -> None:
    """What is in a script."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for title in ("speaker", "voice", "engine", "lines", "words"):
        table.add_column(title, justify="right" if title in ("lines", "words") else "left")
    for speaker in casting.roles:
        mine = [one for one in casting.utterances if one.speaker == speaker]
        voice = mine[0].order.voice.voice
        lines = len({one.line for one in mine if one.inside is None})
        words = sum(len(one.text.split()) for one in mine)
        table.add_row(one_line(speaker), voice.name, voice.engine, str(lines), str(words))
    console = Console(width=max(100, Console().width), soft_wrap=True, markup=False)
    console.print(table)
    topics = [line.topic for line in casting.script.lines if line.topic]
    if topics:
        console.print(f"topics: {one_line(', '.join(topics))}")
    for note in casting.notes:
        console.print(f"note: {note}")


def _show(mix: Mix, report: Shown) -> None:
    """What came of it."""
    timeline = mix.timeline
    if isinstance(report, JsonLines):
        report.event(
            "run", folder=str(mix.folder), cached=mix.cached, utterances=len(timeline.entries),
            failed=[one.id for one in timeline.failed], duration=timeline.duration, loudness=timeline.loudness,
            true_peak=timeline.true_peak, heard=jsonlib.loads(mix.scores.to_json()) if mix.scores else None,
        )  # fmt: skip
        return
    loud = f"{timeline.loudness:.1f} LUFS, {timeline.true_peak:.1f} dBTP" if timeline.loudness is not None else "silent"
    report.note(f"{len(timeline.entries)} utterances, {timeline.duration:.1f} s, {loud}")
    if (found := timeline.turns) is not None:
        from voicekit.dialogues.turn_taking import PUBLISHED

        low, middle, high = found.quartiles
        report.note(
            f"{found.changes} changes of speaker: {found.overlaps:.0%} overlap, median {middle:.2f} s "
            f"(quartiles {low:.2f} and {high:.2f}), mode {found.mode:.2f} s"
        )
        few, many = PUBLISHED["overlaps"]
        slow, quick = PUBLISHED["median"][1], PUBLISHED["median"][0]
        report.note(
            f"conversations: {few:.0%} to {many:.0%} overlap, median {quick:.2f} to {slow:.2f} s, mode up to "
            f"{PUBLISHED['mode'][1]:.1f} s (docs/dialogue.md)"
        )
    if (heard := mix.scores) is not None:
        scores = {"WER": heard.wer, "cpWER": heard.cpwer, "DER": heard.der, "DER, told who is who": heard.oracle_der}
        told = ", ".join(f"{name} {value:.1%}" for name, value in scores.items() if value is not None)
        report.note(f"heard: {told}; {heard.speakers} of {len(timeline.speakers)} speakers")
    report.note(str(mix.folder.parent / "latest" / "mix.wav"))
