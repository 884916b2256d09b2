"""voicekit clone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from voicekit.cli.conflicts import CheckedCommand
from voicekit.cli.options import Debug, Device, Fresh, JsonEvents, Offline, Out, Quiet, new_app, split_pairs
from voicekit.cli.reporters import CliProgress, JsonLines, plain_table, reporter, wide_console
from voicekit.cli.terminal import echo
from voicekit.cloning.clone import clone
from voicekit.cloning.forecast import Forecast, forecast
from voicekit.cloning.job import JobAccess
from voicekit.redact import one_line
from voicekit.runtime.progress import format_duration
from voicekit.takes.run import CloneRun
from voicekit.tts.readable import spoken_if_different

app = new_app()

WIDTH = 110


@app.command(
    cls=CheckedCommand,
    epilog="Results: <out>/<job>/latest/{picked/,takes/,takes.json,scores.csv,scores.parquet,job.yaml,run.json}",
)
def main(
    job: Annotated[str, typer.Argument(metavar="JOB", help="YAML file, or a name in configs/clone")],
    out: Out = Path("outputs"),
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "--check", help="Print the plan with time and memory estimates, and stop")
    ] = False,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="LINE", help="Line id to render; repeat for more")
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, metavar="N", help="Render only the first N lines")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Override a value of the job, such as takes=3 or pick.gates.max_wer=0.05"
        ),
    ] = None,
    var: Annotated[
        list[str] | None,
        typer.Option("--var", metavar="NAME=VALUE", help="Value of ${NAME} in the job; repeat for more"),
    ] = None,
    allow_env: Annotated[
        list[str] | None,
        typer.Option("--allow-env", metavar="NAME", help="Environment variable that the job may read as ${NAME}"),
    ] = None,
    allow_path: Annotated[
        list[Path] | None,
        typer.Option("--allow-path", help="File or folder outside the job's folder from which it may read lines"),
    ] = None,
    repair: Annotated[
        bool, typer.Option("--repair", help="Repair artifacts of picked takes (tails, clicks, tones) if no score drops")
    ] = False,
    device: Device = "auto",
    model: Annotated[
        str, typer.Option("-m", "--model", help="Whisper model of the judge: name, folder or hub id")
    ] = "auto",
    fresh: Fresh = False,
    offline: Offline = False,
    quiet: Quiet = False,
    json: JsonEvents = False,
    debug: Debug = False,
) -> int:
    """Run a clone job: render several takes of each line, score them, and keep the best.

    Exit status 1: a line could not be rendered. A line without a good take keeps its best one and is flagged.

    \b
    voicekit clone packaged --dry-run
    voicekit clone packaged --limit 4
    voicekit clone my.yaml --set takes=5 --only intro
    """
    lines, overrides = tuple(only or ()), (*(set_ or ()), *(["repair=true"] if repair else []))
    access = JobAccess(dict(split_pairs(var, "--var GUEST=Ana")), allow_env or (), allow_path or ())
    if dry_run:
        _print_forecast(
            forecast(job, only=lines, limit=limit, overrides=overrides, access=access, device=device, model=model)
        )
        return 0
    with reporter(quiet=quiet, json=json, debug=debug) as progress:
        run = clone(
            job, out, only=lines, limit=limit, overrides=overrides, access=access, device=device, model=model,
            fresh=fresh, progress=progress,
        )  # fmt: skip
    _print_summary(progress, run, quiet)
    return int(any(line.picked is None for line in run.lines))


def _print_forecast(estimate: Forecast) -> None:
    plan = estimate.plan
    table = plain_table("line", "voice", "engine", "takes", "text")
    for line in plan.lines:
        takes, settings = len(plan.requests(line)), len(line.settings)
        count = f"{takes} ({settings} settings)" if settings > 1 else str(takes)
        table.add_row(escape(line.id), escape(line.voice), line.engine.name, count, escape(one_line(line.text)))
        if spoken := spoken_if_different(line.text, line.settings[0].voice, plan.spec.normalize):
            table.add_row("", "", "", "", f"spoken: {escape(one_line(spoken))}")
    wide_console(WIDTH).print(table)
    for warning in plan.warnings:
        echo(f"note: {warning}")
    echo(f"{len(plan.lines)} lines, {estimate.takes} takes, {estimate.cached} of them cached")
    if estimate.cached == estimate.takes:
        time = ""
    elif estimate.seconds is None:
        time = "; the time is unknown before a first run on this machine"
    else:
        time = f"; about {format_duration(estimate.seconds)} to render and score the missing takes"
    echo(f"about {format_duration(estimate.audio_seconds)} of audio{time}")
    echo(f"about {estimate.memory / 1e9:.1f} GB of memory")
    if plan.spec.retry.budget:
        echo(f"a line without a good take gets up to {plan.spec.retry.budget} more")


def _print_summary(progress: CliProgress, run: CloneRun, quiet: bool) -> None:
    flagged = [line.id for line in run.flagged]
    if isinstance(progress, JsonLines):
        progress.event("run", folder=str(run.folder), lines=len(run.lines), takes=len(run.takes), flagged=flagged)
        return
    if quiet:
        return
    picked = run.picked
    table = plain_table(
        "line", "voice", "picked", "WER", "similarity", "MOS", "score", "", right=("WER", "similarity", "MOS", "score")
    )
    for line in run.lines:
        take = picked.get(line.id)
        measures = take.measures if take else None
        scores = (measures.wer, measures.similarity, measures.mos) if measures else (None, None, None)
        cells = [
            "" if value is None else form.format(value)
            for value, form in zip(
                (*scores, take.score if take else None), ("{:.0%}", "{:.2f}", "{:.2f}", "{:.2f}"), strict=True
            )
        ]
        flag = f"[yellow]{escape(one_line(line.why)[:60])}[/]" if line.flagged else ""
        table.add_row(escape(line.id), escape(line.voice), escape(line.picked or "none"), *cells, flag)
    wide_console(WIDTH).print(table)
    echo(
        f"{len(run.lines)} lines, {len(run.takes)} takes{f', {len(flagged)} flagged' if flagged else ''}: {run.folder}"
    )
    if flagged:
        echo("listen to the flagged lines; `voicekit take tag RUN TAKE good` keeps a take", err=True)
