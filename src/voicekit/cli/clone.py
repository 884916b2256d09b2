"""voicekit clone: parse, call `clone`, print."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from voicekit.cli.reporters import JsonLines, Shown, reporter
from voicekit.cloning.clone import clone
from voicekit.cloning.forecast import Forecast, forecast
from voicekit.redact import one_line
from voicekit.runtime.progress import duration
from voicekit.takes.run import CloneRun

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

WIDTH = 110


@app.command(
    epilog="Results: <out>/<job>/latest/{picked/,takes/,takes.json,scores.csv,scores.parquet,job.yaml,run.json}"
)
def main(
    job: Annotated[str, typer.Argument(metavar="JOB", help="YAML file, or a name in configs/clone")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for results")] = Path("outputs"),
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be made, and about how long it takes; make nothing")
    ] = False,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="LINE", help="This line alone, by its id; repeat for more")
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, metavar="N", help="The first N lines alone")] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Before what the job says: takes=3, pick.gates.max_wer=0.05"),
    ] = None,
    repair: Annotated[
        bool, typer.Option("--repair", help="Mend what is picked (tails, clicks, tones) where no score falls by it")
    ] = False,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda or cuda:1")] = "auto",
    model: Annotated[
        str, typer.Option("-m", "--model", help="Whisper that the judge hears with: name, folder or hub id")
    ] = "auto",
    fresh: Annotated[bool, typer.Option("--fresh", help="Use nothing from the cache")] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Never ask the model hub")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print errors only")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print events as JSON lines, for machines")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error")] = False,
) -> int:
    """Say the lines of a job in several takes each, judge every take, and keep the best.

    Exit status 1 where a line could not be said; a line of which no take is good is kept, and flagged.

    \b
    voicekit clone packaged --dry-run
    voicekit clone packaged --limit 4
    voicekit clone my.yaml --set takes=5 --only intro
    """
    if offline:
        from voicekit.models.hub import go_offline

        go_offline()
    lines, changes = tuple(only or ()), (*(set_ or ()), *(["repair=true"] if repair else []))
    if dry_run:
        show_forecast(forecast(job, only=lines, limit=limit, changes=changes, device=device, model=model))
        return 0
    with reporter(quiet=quiet, json=json, debug=debug) as report:
        run = clone(
            job, out, only=lines, limit=limit, changes=changes, device=device, model=model, fresh=fresh, progress=report
        )
    summary(report, run, quiet)
    return int(any(line.picked is None for line in run.lines))


def show_forecast(found: Forecast) -> None:
    """The plan as a table, and what it will take."""
    table = _table("line", "voice", "engine", "takes", "text")
    for line in found.plan.lines:
        takes = len(found.plan.orders(line))
        settings = len(line.settings)
        count = f"{takes} ({settings} settings)" if settings > 1 else str(takes)
        table.add_row(escape(line.id), escape(line.voice), line.engine.name, count, escape(one_line(line.text)[:60]))
    console = Console(width=max(WIDTH, Console().width), soft_wrap=True)
    console.print(table)
    print(f"{len(found.plan.lines)} lines, {found.takes} takes, {found.cached} of them there already")
    if found.seconds is None:
        time = "; how long they take to make is not known before a first run here"
    else:
        time = f"; about {duration(found.seconds)} to make and judge what is missing"
    print(f"about {duration(found.sound)} of sound{time if found.cached < found.takes else ''}")
    print(f"about {found.memory / 1e9:.1f} GB of memory")
    if found.plan.spec.retry.budget:
        print(f"a line without a good take gets up to {found.plan.spec.retry.budget} more")


def summary(report: Shown, run: CloneRun, quiet: bool) -> None:
    """A row a line, and where the files are."""
    if isinstance(report, JsonLines):
        report.event(
            "run",
            folder=str(run.folder),
            lines=len(run.lines),
            takes=len(run.takes),
            flagged=[x.id for x in run.flagged],
        )
        return
    if quiet:
        return
    picked = run.picked
    table = _table("line", "voice", "picked", "WER", "alike", "MOS", "score", "")
    for line in run.lines:
        take = picked.get(line.id)
        heard = take.measures if take else None
        numbers = [heard.wer, heard.similarity, heard.mos] if heard else [None] * 3
        cells = [_cell(value, form) for value, form in zip(numbers, ("{:.0%}", "{:.2f}", "{:.2f}"), strict=True)]
        score = _cell(take.score if take else None, "{:.2f}")
        flag = f"[yellow]{escape(one_line(line.why)[:60])}[/]" if line.flagged else ""
        table.add_row(escape(line.id), escape(line.voice), escape(line.picked or "none"), *cells, score, flag)
    Console(width=max(WIDTH, Console().width), soft_wrap=True).print(table)
    flagged = f", {len(run.flagged)} flagged" if run.flagged else ""
    print(f"{len(run.lines)} lines, {len(run.takes)} takes{flagged}: {run.folder}")
    if run.flagged:
        print("listen to the flagged ones; `voicekit take tag RUN TAKE good` keeps one", file=sys.stderr)


def _table(*titles: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for title in titles:
        table.add_column(
            title, justify="right" if title in ("WER", "alike", "MOS", "score") else "left", overflow="fold"
        )
    return table


def _cell(value: float | None, form: str) -> str:
    return "" if value is None else form.format(value)
