"""voicekit subtitle."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text
from typer.core import TyperGroup

from voicekit.cli import subtitle_edit
from voicekit.cli.console import new_console
from voicekit.cli.options import Encoding, FrameRate, Json, SpeakerPrefix, new_app, options_from
from voicekit.cli.reporters import plain_table, print_error, progress_bar
from voicekit.cli.terminal import echo
from voicekit.config.presets import preset
from voicekit.config.subtitles import SubtitleStyle, subtitle_style
from voicekit.errors import UsageError, VoicekitError
from voicekit.formats.subtitle_files import (
    SUBTITLE_FORMATS,
    CheckedSubtitles,
    add_to_video,
    check_subtitles,
    output_path,
    write_subtitles,
)
from voicekit.redact import one_line
from voicekit.storage.paths import refuse_collisions
from voicekit.subtitles.render import clock
from voicekit.subtitles.source_cue import ReadOptions


class _LayoutByDefault(TyperGroup):
    """A group whose command may be left out; it is `layout` then."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ("-h", "--help"):
            args = ["layout", *args]
        return list(super().parse_args(ctx, args))


app = new_app(
    cls=_LayoutByDefault,
    no_args_is_help=True,
    help="""Make subtitles in a style from transcripts and subtitle files; check, shift, join, split and retime them.

    \b
    voicekit subtitle outputs/talk/latest/transcript.json --style netflix
    voicekit subtitle talk.srt --style shorts --format ass
    voicekit subtitle talk.srt --style bbc --burn talk.mp4
    voicekit subtitle check talk.srt --style netflix
    voicekit subtitle shift talk.srt --by -1.5

    `voicekit subtitle layout --help` lists the settings of a style.""",
)

Style = Annotated[
    str, typer.Option("-s", "--style", help="standard, netflix, bbc, youtube, shorts, raw, or a YAML file")
]


@app.command()
@options_from(
    SubtitleStyle,
    {
        "line_width": "--max-line-width", "lines": "--max-line-count", "words": "--max-words",
        "reading_speed": "--max-cps", "shortest": "--min-duration", "longest": "--max-duration", "gap": "--gap-frames",
        "fps": "", "labels": "", "dashes": "--dashes/--no-dashes", "overlaps": "--overlap/--no-overlap",
        "colours": "--colours/--no-colours --colors/--no-colors", "karaoke": "--karaoke/--no-karaoke",
        "bilingual": "--bilingual/--no-bilingual",
    },
    exclude=("description", "as_it_stands", "chain", "size", "middle", "languages"),
    default="the style's",
)  # fmt: skip
def layout(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="transcript.json, a run's folder, .srt, .vtt")],
    style: Style = "standard",
    format: Annotated[
        str | None,
        typer.Option(
            "-f",
            "--format",
            help=f"Files to write, separated by commas: {', '.join(SUBTITLE_FORMATS)} (default: that of -o, or srt)",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Folder or file to write (default: beside FILE)")
    ] = None,
    burn: Annotated[
        Path | None, typer.Option("--burn", metavar="VIDEO", help="Draw the subtitles into the picture of this video")
    ] = None,
    mux: Annotated[
        Path | None, typer.Option("--mux", metavar="VIDEO", help="Add the subtitles to this video as tracks")
    ] = None,
    font: Annotated[str | None, typer.Option("--font", help="Font family or font file for --burn")] = None,
    fonts: Annotated[Path | None, typer.Option("--fonts", help="Folder with more fonts for --burn")] = None,
    encoding: Encoding = None,
    speaker_prefix: SpeakerPrefix = None,
    **given: Any,
) -> int:
    """Lay out transcripts and subtitle files in a style: transcript.json becomes transcript.netflix.srt beside it.

    \b
    voicekit subtitle outputs/talk/latest/transcript.json --style netflix --format srt,vtt
    voicekit subtitle talk.srt --style raw --format vtt -o talk.vtt
    voicekit subtitle talk.srt --style bbc --burn talk.mp4
    voicekit subtitle talk.en.json talk.es.json --mux talk.mp4 -o talk.mkv
    """
    chosen = subtitle_style(style, **given)
    reading = ReadOptions(encoding, None, given.get("fps"), speaker_prefix)
    formats = _parse_formats(format, None if burn or mux else out)
    if (font or fonts) and not burn:
        raise UsageError("--font and --fonts have no effect without --burn", "Leave them out")
    if burn or mux:
        return _write_video(files, chosen, burn, mux, out, font, fonts, reading)
    if out is not None and len(files) > 1 and out.suffix and not out.is_dir():
        raise UsageError(f"{len(files)} files cannot all be written to {out}", "Give a folder with -o")
    name = preset("subtitle", style).stem
    refuse_collisions((output_path(path, kind, name, out), path) for path in files for kind in formats)
    failed = 0
    for path in files:
        try:
            written, notes = write_subtitles(path, formats, chosen, name, out, reading)
        except VoicekitError as error:
            print_error(one_line(str(path)), error, debug=False)
            failed += 1
            continue
        _print_notes(path, notes)
        for target in written:
            echo(target)
    return int(failed > 0)


def _write_video(
    files: list[Path], style: SubtitleStyle, burn: Path | None, mux: Path | None, out: Path | None, font: str | None,
    fonts: Path | None, reading: ReadOptions,
) -> int:  # fmt: skip
    if burn and mux:
        raise UsageError("--burn and --mux exclude each other", "Give one of them")
    video = burn or mux
    assert video is not None
    with progress_bar("burn" if burn else "mux") as report:
        written = add_to_video(video, files, style, out, burn is not None, font, fonts, report, reading)
    echo(written)
    return 0


def _parse_formats(text: str | None, out: Path | None) -> list[Any]:
    """The formats of --format, or that of the file to write. Raises UsageError if they disagree."""
    ending = out.suffix.lower().removeprefix(".") if out and not out.is_dir() else ""
    if text is None:
        return [ending if ending in SUBTITLE_FORMATS else "srt"]
    formats = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not formats or not set(formats) <= set(SUBTITLE_FORMATS):
        raise UsageError(f"unknown format in {text!r}", f"Known: {', '.join(SUBTITLE_FORMATS)}")
    if ending in SUBTITLE_FORMATS and formats != [ending]:
        raise UsageError(f"-o {out} is not of the format {text}", "Give a folder with -o, or leave --format out")
    return formats


def _print_notes(path: Path, notes: Sequence[str]) -> None:
    for note in notes:
        echo(one_line(f"note: {path.name}: {note}"))


@app.command("check")
def check_files(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help=".srt, .vtt or transcript.json")],
    style: Style = "netflix",
    words: Annotated[
        Path | None,
        typer.Option("--words", help="transcript.json with the times of the words (default: the one beside FILE)"),
    ] = None,
    encoding: Encoding = None,
    fps: FrameRate = None,
    speaker_prefix: SpeakerPrefix = None,
    json: Json = False,
) -> int:
    """List the cues that break a rule of a style. Exit status 1: a violation was avoidable.

    A violation that every layout has, because the speech is too fast or too short, is marked as forced. The smallest
    number of violations that any layout of these words has is computed exactly.

    \b
    voicekit subtitle check talk.srt --style netflix
    """
    chosen = subtitle_style(style)
    status, checked = 0, []
    for path in files:
        try:
            result = check_subtitles(path, chosen, words, ReadOptions(encoding, None, fps, speaker_prefix))
        except VoicekitError as error:
            print_error(one_line(str(path)), error, debug=False)
            status = 1
            continue
        status = max(status, int(result.avoidable > 0))
        checked.append(result)
    if json:
        echo(jsonlib.dumps([_to_json(result) for result in checked], indent=1))
        return status
    for result in checked:
        _print_result(result)
    return status


def _to_json(result: CheckedSubtitles) -> dict[str, Any]:
    return {
        "file": str(result.path), "cues": result.cues, "avoidable": result.avoidable,
        "forced": len(result.broken) - result.avoidable,
        "words_from": result.words_from and str(result.words_from),
        "broken": [vars(violation) for violation in result.broken], "notes": list(result.notes),
    }  # fmt: skip


_UNITS = {
    "line_width": "columns", "lines": "lines", "words": "words", "reading_speed": "columns/s", "shortest": "s",
    "longest": "s", "gap": "s", "overlap": "s", "speakers": "speakers",
}  # fmt: skip


def _print_result(result: CheckedSubtitles) -> None:
    _print_notes(result.path, result.notes)
    console = new_console()
    console = console if console.is_terminal else new_console(width=120)
    if result.broken:
        console.print(_table(result))
    source = "" if result.words_from is None else f"; word times from {result.words_from.name}"
    forced = len(result.broken) - result.avoidable
    total = f"{result.cues} cues, {result.avoidable} avoidable violations, {forced} forced by the speech"
    console.print(Text(f"{result.path}: {total}{source}"), soft_wrap=True)


def _table(result: CheckedSubtitles) -> Table:
    """One row per violation; the text takes the remaining width."""
    rows = [
        (
            str(v.number), clock(v.time), v.rule, f"{v.value:g}", f"{v.limit:g} {_UNITS[v.rule]}",
            "avoidable" if v.avoidable else "forced",
        )
        for v in result.broken
    ]  # fmt: skip
    table = plain_table()
    for column, name in enumerate(("cue", "time", "rule", "has", "limit", "")):
        width = max(len(name), *(len(row[column]) for row in rows))
        table.add_column(name, justify="right" if name in ("cue", "has") else "left", no_wrap=True, min_width=width)
    table.add_column("text", no_wrap=True)
    for violation, row in zip(result.broken, rows, strict=True):
        verdict = Text(row[-1], style="red" if violation.avoidable else "dim")
        text = Text(one_line(violation.text.replace("\n", " | ")), overflow="ellipsis")
        table.add_row(*row[:-1], verdict, text)
    return table


for command in (subtitle_edit.shift, subtitle_edit.join, subtitle_edit.split, subtitle_edit.retime):
    app.command()(command)
