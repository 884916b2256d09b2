"""voicekit take."""

from __future__ import annotations

import json as jsonlib
from pathlib import Path
from typing import Annotated

import typer

from voicekit.cli.options import new_app
from voicekit.cli.terminal import echo
from voicekit.redact import one_line
from voicekit.takes.records import TakeRecord
from voicekit.takes.run import open_clone_run, tag_take
from voicekit.takes.table import describe_take

app = new_app(no_args_is_help=True, help="List the takes of a run with their scores, and tag them good, bad or weird.")

Run = Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run, or of a job (its latest run)")]


@app.command("list")
def list_takes(
    run: Run,
    line: Annotated[str | None, typer.Option("--line", help="Line id; only its takes")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the rows of scores.csv as JSON")] = False,
) -> None:
    """List takes with their scores; * marks the picked ones."""
    opened = open_clone_run(run)
    if json:
        table = opened.to_dataframe()
        rows = table[table["line"] == line] if line else table
        echo(rows.to_json(orient="records", indent=1, force_ascii=False))
        return
    picked = {take.id for take in opened.picked.values()}
    for take in opened.takes:
        if line in (None, take.line):
            echo(_row(take, take.id in picked, opened.tags[take.id].tag if take.id in opened.tags else ""))
    if opened.tags:
        echo(opened.agreement)


@app.command()
def tag(
    run: Run,
    take: Annotated[str, typer.Argument(metavar="TAKE", help="Take id such as 004-2, or a line id for its pick")],
    tag: Annotated[str, typer.Argument(metavar="TAG", help="good, bad or weird")],
    note: Annotated[str, typer.Argument(metavar="[NOTE]", help="Reason, in your words")] = "",
    json: Annotated[bool, typer.Option("--json", help="Print the new pick as JSON")] = False,
) -> None:
    """Tag a take. A tag overrules the judge: the line's pick changes at once.

    \b
    voicekit take tag outputs/packaged/latest 004-2 good
    voicekit take tag outputs/packaged/latest 004-1 weird "a gasp at the end"
    """
    opened = open_clone_run(run)
    tagged = opened.find_take(take)
    after = tag_take(opened.folder, tagged.id, tag, note, lambda text: echo(f"warning: {text}", err=True))
    line = next(line for line in after.lines if line.id == tagged.line)
    if json:
        echo(jsonlib.dumps({"take": tagged.id, "tag": tag, "line": line.id, "picked": line.picked, "why": line.why}))
        return
    echo(f"{tagged.id}: {tag}. Line {line.id} keeps {line.picked}: {one_line(line.why)}")
    echo(after.agreement)


def _row(take: TakeRecord, picked: bool, tag: str) -> str:
    score = f"{take.score:.2f}" if take.score is not None else "    "
    verdict = "" if take.passed else one_line(take.error or "; ".join(take.reasons))
    return f"{'*' if picked else ' '} {score}  {describe_take(take)}{f'  [{tag}]' if tag else ''}  {verdict}".rstrip()
