"""What the command line prints while it works: a live line, plain lines, JSON lines, or nothing.

Results and events go to stdout, warnings and errors to stderr.
"""

from __future__ import annotations

import contextlib
import json
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress
from rich.table import Table
from rich.text import Text

from voicekit.cli.console import new_console
from voicekit.cli.terminal import echo
from voicekit.errors import VoicekitError
from voicekit.runtime.progress import Progress, format_duration

if TYPE_CHECKING:
    from voicekit.transcription.session import Outcome
    from voicekit.types import Audio


class CliProgress(Progress):
    """Progress that also prints a summary, and tracebacks if `debug` is set."""

    debug = False

    def summary(self, outcomes: Sequence[Outcome]) -> None:
        """Print the outcomes of all recordings; called once, at the end."""

    def item_failed(self, name: str, error: VoicekitError) -> None:
        print_error(name, error, self.debug)

    def warning(self, text: str) -> None:
        echo(f"warning: {text}", err=True)


class Quiet(CliProgress):
    """Prints errors only."""

    def warning(self, text: str) -> None:
        pass


class Plain(CliProgress):
    """Prints one line per event, for logs and pipes."""

    def item_started(self, name: str) -> None:
        echo(name, flush=True)

    def stage_done(self, stage: str, took: float, cached: bool) -> None:
        echo(f"  {stage}: {'cached' if cached else f'{took:.1f} s'}", flush=True)

    def note(self, text: str) -> None:
        echo(f"  {text}", flush=True)

    def item_done(self, name: str, folder: Path | None, again: bool) -> None:
        if folder:
            echo(f"  {'nothing to do, results are in' if again else 'written to'} {folder}", flush=True)

    def summary(self, outcomes: Sequence[Outcome]) -> None:
        if done := [outcome for outcome in outcomes if outcome.transcript]:
            wide_console().print(_summary_table(done))


class Live(Plain):
    """Shows the current stage on one line that is updated: share done, speed, time left."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.bar = RichProgress(
            TextColumn("[bold]{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:>3.0f}%"),
            _TimesRealTime(),
            TimeRemainingColumn(compact=True),
            console=console,
            transient=True,
        )
        self.task: Any = None

    def __enter__(self) -> Live:
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def item_started(self, name: str) -> None:
        self.console.print(f"[bold]{escape(name)}[/]")

    def stage_started(self, stage: str, seconds: float) -> None:
        self._end_stage()
        self.task = self.bar.add_task(stage, total=1.0, audio_seconds=seconds, started=time.monotonic())

    def loading(self, stage: str) -> None:
        if self.task is not None:
            self.bar.update(self.task, description=f"{stage}: loading the model")

    def stage_progress(self, share: float) -> None:
        if self.task is not None:
            task = self.bar.tasks[-1]
            if ":" in task.description:  # the model is loaded: measure the speed from here
                task.fields["started"] = time.monotonic()
                task.description = task.description.partition(":")[0]
            self.bar.update(self.task, completed=share)

    def stage_done(self, stage: str, took: float, cached: bool) -> None:
        self._end_stage()
        self.console.print(f"  [green]✓[/] {stage:<11} [dim]{'cached' if cached else f'{took:.1f} s'}[/]")

    def note(self, text: str) -> None:
        self.console.print(f"  [dim]{escape(text)}[/]")

    def warning(self, text: str) -> None:
        self.console.print(f"  [yellow]warning:[/] {escape(text)}")

    def item_done(self, name: str, folder: Path | None, again: bool) -> None:
        if folder and again:
            self.console.print("  [dim]nothing to do: results are there already[/]")

    def item_failed(self, name: str, error: VoicekitError) -> None:
        self._end_stage()
        super().item_failed(name, error)

    def summary(self, outcomes: Sequence[Outcome]) -> None:
        self.bar.stop()
        if done := [outcome for outcome in outcomes if outcome.transcript]:
            self.console.print(_summary_table(done))

    def _end_stage(self) -> None:
        if self.task is not None:
            self.bar.remove_task(self.task)
            self.task = None


class JsonLines(CliProgress):
    """Prints one JSON object per line; the last event is `done`."""

    _last_report = 0.0

    def event(self, event: str, **fields: Any) -> None:
        echo(json.dumps({"event": event, **fields}, ensure_ascii=False), flush=True)

    def item_started(self, name: str) -> None:
        self.event("item", name=name)

    def stage_started(self, stage: str, seconds: float) -> None:
        self.event("stage", stage=stage, duration=seconds)

    def stage_progress(self, share: float) -> None:
        if time.monotonic() - self._last_report >= 1:
            self._last_report = time.monotonic()
            self.event("progress", share=round(share, 3))

    def stage_done(self, stage: str, took: float, cached: bool) -> None:
        self.event("stage_done", stage=stage, seconds=round(took, 3), cached=cached)

    def note(self, text: str) -> None:
        self.event("note", text=text)

    def warning(self, text: str) -> None:
        self.event("warning", text=text)

    def item_failed(self, name: str, error: VoicekitError) -> None:
        self.event("failed", name=name, error=error.message, remedy=error.remedy, kind=type(error).__name__)

    def summary(self, outcomes: Sequence[Outcome]) -> None:
        rows = [
            {
                "name": outcome.name,
                "folder": str(outcome.folder) if outcome.folder else None,
                "error": str(outcome.error) if outcome.error else None,
                **(_facts(outcome) if outcome.transcript else {}),
            }
            for outcome in outcomes
        ]
        self.event("done", items=rows, failed=sum(outcome.error is not None for outcome in outcomes))


class _TimesRealTime(ProgressColumn):
    """Speed: seconds of audio per second."""

    def render(self, task: Task) -> Text:
        audio_seconds = task.fields.get("audio_seconds") or 0.0
        elapsed = time.monotonic() - task.fields["started"]
        speed = f"{audio_seconds * task.completed / elapsed:.1f}x" if audio_seconds and elapsed > 1 else ""
        return Text(speed, style="cyan")


@contextlib.contextmanager
def reporter(quiet: bool, json: bool, debug: bool) -> Iterator[CliProgress]:
    """Choose the progress output by terminal and flags."""
    console = new_console()
    progress: CliProgress
    if json:
        progress = JsonLines()
    elif quiet:
        progress = Quiet()
    elif console.is_terminal:
        progress = Live(console)
    else:
        progress = Plain()
    progress.debug = debug
    with progress if isinstance(progress, Live) else contextlib.nullcontext():
        yield progress


class StderrProgress(Progress):
    """Prints notes and a bar to stderr, for commands whose result is one line on stdout."""

    def __init__(self, bar: RichProgress) -> None:
        self.bar = bar
        self.task = bar.add_task("", total=1.0)

    def loading(self, stage: str) -> None:
        self.bar.update(self.task, description=f"{stage}: loading the model")

    def stage_progress(self, share: float) -> None:
        self.bar.update(self.task, description="", completed=share)

    def note(self, text: str) -> None:
        self.bar.console.print(f"note: {text}", markup=False, highlight=False, soft_wrap=True)

    warning = note


@contextlib.contextmanager
def result_on_stdout() -> Iterator[StderrProgress]:
    """Progress for commands whose result is one line on stdout."""
    with _stderr_bar() as bar:
        yield StderrProgress(bar)


@contextlib.contextmanager
def progress_bar(description: str) -> Iterator[Callable[[float], None]]:
    """Show a bar on stderr; yields a function that takes the share done."""
    with _stderr_bar() as bar:
        task = bar.add_task(description, total=1.0)
        yield lambda share: bar.update(task, completed=share)


def _stderr_bar() -> RichProgress:
    console = new_console(stderr=True)
    return RichProgress(console=console, transient=True, disable=not console.is_terminal)


def print_error(name: str, error: VoicekitError, debug: bool) -> None:
    """Print an error to stderr, with the name of the item unless the error has it."""
    text = str(error) if not name or name in str(error) else f"{name}: {error}"
    echo(f"error: {text}", err=True, flush=True)
    if debug:
        echo("".join(traceback.format_exception(error)), err=True, end="")


def decode_with_warnings(path: Path, rate: int) -> Audio:
    """Decode a file to mono at a rate in Hz, and print what is wrong with it. Raises MediaError."""
    from voicekit.audio.decode import decode

    audio, warnings = decode(path, rate=rate)
    for warning in warnings:
        echo(f"warning: {warning}", err=True)
    return audio


def wide_console(width: int = 100, markup: bool = True) -> Console:
    """Return a console for stdout that is at least `width` columns wide and does not wrap."""
    return new_console(width=max(width, new_console().width), soft_wrap=True, markup=markup)


def plain_table(*titles: str, right: Sequence[str] = ()) -> Table:
    """Return a table without lines. `right`: titles of right-aligned columns."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for title in titles:
        table.add_column(title, justify="right" if title in right else "left", overflow="fold")
    return table


def _summary_table(outcomes: Sequence[Outcome]) -> Table:
    numbers = ("duration", "speakers", "words", "speed")
    table = plain_table("name", "duration", "speakers", "words", "language", "speed", "files", right=numbers)
    for outcome in outcomes:
        facts = _facts(outcome)
        table.add_row(
            escape(outcome.name),
            format_duration(facts["duration"]),
            str(facts["speakers"]),
            str(facts["words"]),
            facts["language"],
            "cached" if outcome.cached else f"{facts['times_real_time']:.1f}x",
            escape(str(outcome.folder.parent / "latest") if outcome.folder else ""),
        )
    return table


def _facts(outcome: Outcome) -> dict[str, Any]:
    transcript = outcome.transcript
    assert transcript is not None
    return {
        "duration": transcript.duration,
        "speakers": len(transcript.speakers),
        "words": len(transcript.words),
        "language": transcript.language,
        "cached": outcome.cached,
        "times_real_time": round(transcript.duration / max(outcome.seconds, 0.001), 1),
    }
