"""voicekit take: parse, call `open_run` and `tag_take`, print."""

from __future__ import annotations

import json as jsonlib
from pathlib import Path
from typing import Annotated

import typer

from voicekit.cloning.clone import told
from voicekit.redact import one_line
from voicekit.takes.records import TakeRecord
from voicekit.takes.run import open_clone_run, tag_take

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True,
    help="Takes of a run: list them with what the judge said, and say which are good, bad or weird.",
)  # fmt: skip

RUN = typer.Argument(metavar="RUN", help="A run's folder, or a job's (its latest)")


@app.command("list")
def list_takes(
    run: Annotated[Path, RUN],
    line: Annotated[str | None, typer.Option("--line", help="Of this line alone")] = None,
    json: Annotated[bool, typer.Option("--json", help="For machines: the rows of scores.csv")] = False,
) -> None:
    """The takes, what was heard of them, and which were picked (*)."""
    found = open_clone_run(run)
    if json:
        table = found.to_dataframe()
        rows = table[table["line"] == line] if line else table
        print(rows.to_json(orient="records", indent=1, force_ascii=False))
        return
    picked = {take.id for take in found.picked.values()}
    for take in found.takes:
        if line in (None, take.line):
            print(_row(take, take.id in picked, found.tags[take.id].tag if take.id in found.tags else ""))
    if found.tags:
        print(found.agreement)


@app.command()
def tag(
    run: Annotated[Path, RUN],
    take: Annotated[str, typer.Argument(metavar="TAKE", help="A take's id, such as 004-2; or a line's, for its pick")],
    tag: Annotated[str, typer.Argument(metavar="TAG", help="good, bad or weird")],
    note: Annotated[str, typer.Argument(metavar="[NOTE]", help="Why, in your words")] = "",
    json: Annotated[bool, typer.Option("--json", help="Print what is picked now, for machines")] = False,
) -> None:
    """Say what you heard. It outranks the judge: what is picked follows at once.

    \b
    voicekit take tag outputs/packaged/latest 004-2 good
    voicekit take tag outputs/packaged/latest 004-1 weird "a gasp at the end"
    """
    before = open_clone_run(run)
    name = before.take(take).id
    after = tag_take(before.folder, name, tag, note)
    line = next(line for line in after.lines if line.id == after.take(name).line)
    if json:
        print(jsonlib.dumps({"take": name, "tag": tag, "line": line.id, "picked": line.picked, "why": line.why}))
        return
    print(f"{name}: {tag}. Line {line.id} keeps {line.picked}: {one_line(line.why)}")
    print(after.agreement)


def _row(take: TakeRecord, picked: bool, tag: str) -> str:
    score = f"{take.score:.2f}" if take.score is not None else "    "
    verdict = "" if take.passed else one_line(take.error or "; ".join(take.reasons))
    return f"{'*' if picked else ' '} {score}  {told(take)}{f'  [{tag}]' if tag else ''}  {verdict}".rstrip()
