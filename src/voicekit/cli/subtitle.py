"""voicekit subtitle: parse, call `voicekit.subtitles`, print."""

from __future__ import annotations

import json as jsonlib
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text
from typer.core import TyperGroup

from voicekit.cli import subtitle_edit
from voicekit.cli.reporters import say_error
from voicekit.config.presets import preset
from voicekit.config.subtitles import SubtitleStyle, subtitle_style
from voicekit.errors import UsageError, VoicekitError
from voicekit.formats.subtitle_files import SCREEN_FORMATS, Checked, check, into_video, subtitle
from voicekit.redact import one_line
from voicekit.subtitles.render import clock


class _Group(TyperGroup):
    """A group whose command may be left out: then it is `layout`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ("-h", "--help"):
            args = ["layout", *args]
        return list(super().parse_args(ctx, args))


app = typer.Typer(
    cls=_Group, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True,
    help="""Subtitles of a style from transcripts and subtitle files; check, move, join, cut and retime them.

    \b
    voicekit subtitle outputs/talk/latest/transcript.json --style netflix
    voicekit subtitle talk.srt --style shorts --format ass
    voicekit subtitle talk.srt --style bbc --burn talk.mp4
    voicekit subtitle check talk.srt --style netflix
    voicekit subtitle shift talk.srt --by -1.5

    `voicekit subtitle layout --help` lists what a style can be given.""",
)  # fmt: skip


def _option(field: str, *names: str) -> Any:
    """A command-line option for a field of SubtitleStyle: its help is the field's."""
    return typer.Option(*names, help=SubtitleStyle.model_fields[field].description, show_default="the style's")


STYLE = typer.Option("-s", "--style", help="standard, netflix, bbc, youtube, shorts, raw, or a YAML file")


@app.command()
def layout(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="transcript.json, a run's folder, .srt, .vtt")],
    style: Annotated[str, STYLE] = "standard",
    format: Annotated[
        str, typer.Option("-f", "--format", help=f"Files to write, separated by commas: {', '.join(SCREEN_FORMATS)}")
    ] = "srt",
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Folder, or a file's name; beside each FILE when left out")
    ] = None,
    burn: Annotated[
        Path | None, typer.Option("--burn", metavar="VIDEO", help="Draw them into this video's picture")
    ] = None,
    mux: Annotated[
        Path | None, typer.Option("--mux", metavar="VIDEO", help="Put them into this video, to be switched on and off")
    ] = None,
    font: Annotated[str | None, typer.Option("--font", help="For --burn: a family or a font file")] = None,
    fonts: Annotated[Path | None, typer.Option("--fonts", help="For --burn: a folder with more fonts")] = None,
    line_width: Annotated[int | None, _option("line_width", "--max-line-width")] = None,
    lines: Annotated[int | None, _option("lines", "--max-line-count")] = None,
    words: Annotated[int | None, _option("words", "--max-words")] = None,
    reading_speed: Annotated[float | None, _option("reading_speed", "--max-cps")] = None,
    shortest: Annotated[float | None, _option("shortest", "--min-duration")] = None,
    longest: Annotated[float | None, _option("longest", "--max-duration")] = None,
    gap: Annotated[int | None, _option("gap", "--gap-frames")] = None,
    fps: Annotated[float | None, _option("fps", "--fps")] = None,
    labels: Annotated[str | None, _option("labels", "--labels")] = None,
    dashes: Annotated[bool | None, _option("dashes", "--dashes/--no-dashes")] = None,
    colours: Annotated[bool | None, _option("colours", "--colours/--no-colours", "--colors/--no-colors")] = None,
    karaoke: Annotated[bool | None, _option("karaoke", "--karaoke/--no-karaoke")] = None,
    bilingual: Annotated[bool | None, _option("bilingual", "--bilingual/--no-bilingual")] = None,
) -> int:
    """Lay out FILE... by a style and write subtitles: transcript.json to transcript.netflix.srt beside it.

    \b
    voicekit subtitle outputs/talk/latest/transcript.json --style netflix --format srt,vtt
    voicekit subtitle talk.srt --style raw --format vtt -o talk.vtt
    voicekit subtitle talk.srt --style bbc --burn talk.mp4
    voicekit subtitle talk.en.json talk.es.json --mux talk.mp4 -o talk.mkv
    """
    chosen = subtitle_style(
        style, line_width=line_width, lines=lines, words=words, reading_speed=reading_speed, shortest=shortest,
        longest=longest, gap=gap, fps=fps, labels=labels, dashes=dashes, colours=colours, karaoke=karaoke,
        bilingual=bilingual,
    )  # fmt: skip
    kinds = _formats(format)
    if burn or mux:
        return _video(files, chosen, burn, mux, out, font, fonts)
    if out is not None and len(files) > 1 and out.suffix and not out.is_dir():
        raise UsageError(f"{len(files)} files cannot all be written to {out}", "Give a folder with -o")
    failed = 0
    for path in files:
        try:
            written, notes = subtitle(path, kinds, chosen, preset("subtitle", style).stem, out)
        except VoicekitError as error:
            say_error(one_line(str(path)), error, debug=False)
            failed += 1
            continue
        _say(path, notes)
        for target in written:
            print(target)
    return int(failed > 0)


def _video(
    files: list[Path], style: SubtitleStyle, burn: Path | None, mux: Path | None, out: Path | None, font: str | None,
    fonts: Path | None,
) -> int:  # fmt: skip
    from rich.progress import Progress

    if burn and mux:
        raise UsageError("--burn and --mux are two ways", "Give one of them")
    video = burn or mux
    assert video is not None
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("burn" if burn else "mux", total=1.0)
        written = into_video(
            video, files, style, out, burn is not None, font, fonts, lambda share: bar.update(task, completed=share)
        )
    print(written)
    return 0


def _formats(text: str) -> list[Any]:
    kinds = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not kinds or not set(kinds) <= set(SCREEN_FORMATS):
        raise UsageError(f"unknown format in {text!r}", f"Known: {', '.join(SCREEN_FORMATS)}")
    return kinds


def _say(path: Path, notes: list[str] | tuple[str, ...]) -> None:
    for note in notes:
        print(one_line(f"note: {path.name}: {note}"))


@app.command("check")
def check_files(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help=".srt, .vtt or transcript.json")],
    style: Annotated[str, STYLE] = "netflix",
    words: Annotated[
        Path | None, typer.Option("--words", help="transcript.json with the times of the words, if not beside FILE")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="For machines")] = False,
) -> int:
    """Name each cue that breaks a rule of a style. Exit status 1: one of them could have been avoided.

    What the speech itself forces (too fast to be read, too short to be seen, whatever the layout) is a note. The
    fewest broken rules that any layout of these words has are computed, not guessed.

    \b
    voicekit subtitle check talk.srt --style netflix
    """
    chosen = subtitle_style(style)
    status, rows = 0, []
    for path in files:
        try:
            found = check(path, chosen, words)
        except VoicekitError as error:
            say_error(one_line(str(path)), error, debug=False)
            status = 1
            continue
        status = max(status, int(found.avoidable > 0))
        rows.append(found)
    if json:
        print(jsonlib.dumps([_as_json(found) for found in rows], indent=1))
        return status
    for found in rows:
        _print(found)
    return status


def _as_json(found: Checked) -> dict[str, Any]:
    return {
        "file": str(found.path), "cues": found.cues, "avoidable": found.avoidable,
        "forced": len(found.broken) - found.avoidable, "words_from": found.words_from and str(found.words_from),
        "broken": [vars(one) for one in found.broken], "notes": list(found.notes),
    }  # fmt: skip


_UNITS = {
    "line_width": "columns", "lines": "lines", "words": "words", "reading_speed": "columns/s", "shortest": "s",
    "longest": "s", "gap": "s", "overlap": "s", "speakers": "speakers",
}  # fmt: skip


def _print(found: Checked) -> None:
    _say(found.path, found.notes)
    console = Console()
    console = console if console.is_terminal else Console(width=120)
    if found.broken:
        console.print(_table(found))
    source = "" if found.words_from is None else f"; times of words from {found.words_from.name}"
    forced = len(found.broken) - found.avoidable
    total = f"{found.cues} cues, {found.avoidable} rules broken that need not be, {forced} forced by the speech"
    console.print(Text(f"{found.path}: {total}{source}"), soft_wrap=True)


def _table(found: Checked) -> Table:
    """A row a broken rule; the text takes what room the others leave."""
    rows = [
        (
            str(one.number), clock(one.time), one.rule, f"{one.value:g}", f"{one.limit:g} {_UNITS[one.rule]}",
            "avoidable" if one.avoidable else "forced",
        )
        for one in found.broken
    ]  # fmt: skip
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column, name in enumerate(("cue", "time", "rule", "has", "limit", "")):
        right = "right" if name in ("cue", "has") else "left"
        table.add_column(name, justify=right, no_wrap=True, min_width=max(len(row[column]) for row in rows))  # type: ignore[arg-type]
    table.add_column("text", no_wrap=True)
    for one, row in zip(found.broken, rows, strict=True):
        verdict = Text(row[-1], style="red" if one.avoidable else "dim")
        table.add_row(*row[:-1], verdict, Text(one_line(one.text.replace("\n", " | ")), overflow="ellipsis"))
    return table


for command in (subtitle_edit.shift, subtitle_edit.join, subtitle_edit.split, subtitle_edit.retime):
    app.command()(command)
