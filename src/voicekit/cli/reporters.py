"""What the command line prints while it works: a live line, plain lines, JSON lines, or nothing.

Results and events go to stdout, warnings and errors to stderr.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress
from rich.table import Table
from rich.text import Text

from voicekit.errors import VoicekitError
from voicekit.runtime.progress import Progress, duration

if TYPE_CHECKING:
    from voicekit.transcription.session import Outcome


class Shown(Progress):
    """A reporter that also prints a summary, and tracebacks on request."""

    debug = False

    def summary(self, outcomes: Sequence[Outcome]) -> None:
        """Called once, with everything."""

    def item_failed(self, name: str, error: VoicekitError) -> None:
        say_error(name, error, self.debug)

    def warning(self, text: str) -> None:
        print(f"warning: {text}", file=sys.stderr)


class Quiet(Shown):
    """Errors only."""

    def warning(self, text: str) -> None:
        pass


class Plain(Shown):
    """A line for each event, for logs and pipes."""

    def item_started(self, name: str) -> None:
        print(name, flush=True)

    def stage_done(self, stage: str, took: float, cached: bool) -> None:
        print(f"  {stage}: {'cached' if cached else f'{took:.1f} s'}", flush=True)

    def note(self, text: str) -> None:
        print(f"  {text}", flush=True)

    def item_done(self, name: str, folder: Path | None, again: bool) -> None:
        if folder:
            print(f"  {'nothing to do, results are in' if again else 'written to'} {folder}", flush=True)

    def summary(self, outcomes: Sequence[Outcome]) -> None:
        if done := [o for o in outcomes if o.transcript]:
            Console(width=max(100, Console().width), soft_wrap=True).print(summary_table(done))


class Live(Plain):
    """One line that moves: the stage, how far, how fast, how long yet."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.progress = RichProgress(
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
        self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

    def item_started(self, name: str) -> None:
        self.console.print(f"[bold]{escape(name)}[/]")

    def stage_started(self, stage: str, seconds: float) -> None:
        self._end()
        self.task = self.progress.add_task(stage, total=1.0, sound=seconds, begun=time.monotonic())

    def loading(self, stage: str) -> None:
        if self.task is not None:
            self.progress.update(self.task, description=f"{stage}: loading the model")

    def stage_progress(self, share: float) -> None:
        if self.task is not None:
            task = self.progress.tasks[-1]
            if ":" in task.description:  # the model is loaded: time the sound from here
                task.fields["begun"] = time.monotonic()
                task.description = task.description.partition(":")[0]
            self.progress.update(self.task, completed=share)

    def stage_done(self, stage: str, took: float, cached: bool) -> None:
        self._end()
        self.console.print(f"  [green]✓[/] {stage:<11} [dim]{'cached' if cached else f'{took:.1f} s'}[/]")

    def note(self, text: str) -> None:
        self.console.print(f"  [dim]{escape(text)}[/]")

    def warning(self, text: str) -> None:
        self.console.print(f"  [yellow]warning:[/] {escape(text)}")

    def item_done(self, name: str, folder: Path | None, again: bool) -> None:
        if folder and again:
            self.console.print("  [dim]nothing to do: results are there already[/]")

    def item_failed(self, name: str, error: VoicekitError) -> None:
        self._end()
        super().item_failed(name, error)

    def summary(self, outcomes: Sequence[Outcome]) -> None:
        self.progress.stop()
        if done := [o for o in outcomes if o.transcript]:
            self.console.print(summary_table(done))

    def _end(self) -> None:
        if self.task is not None:
            self.progress.remove_task(self.task)
            self.task = None


class JsonLines(Shown):
    """One JSON object a line; the last event is `done`."""

    _told = 0.0

    def event(self, event: str, **more: Any) -> None:
        print(json.dumps({"event": event, **more}, ensure_ascii=False), flush=True)

    def item_started(self, name: str) -> None:
        self.event("item", name=name)

    def stage_started(self, stage: str, seconds: float) -> None:
        self.event("stage", stage=stage, duration=seconds)

    def stage_progress(self, share: float) -> None:
        if time.monotonic() - self._told >= 1:
            self._told = time.monotonic()
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
                "name": o.name,
                "folder": str(o.folder) if o.folder else None,
                "error": str(o.error) if o.error else None,
                **(_facts(o) if o.transcript else {}),
            }
            for o in outcomes
        ]
        self.event("done", items=rows, failed=sum(o.error is not None for o in outcomes))


class _TimesRealTime(ProgressColumn):
    """Speed as seconds of sound a second."""

    def render(self, task: Task) -> Text:
        sound, took = task.fields.get("sound") or 0.0, time.monotonic() - task.fields["begun"]
        return Text(f"{sound * task.completed / took:.1f}x" if sound and took > 1 else "", style="cyan")


@contextlib.contextmanager
def reporter(quiet: bool, json: bool, debug: bool) -> Iterator[Shown]:
    """The reporter for this terminal and these flags."""
    console = Console()
    shown: Shown
    if json:
        shown = JsonLines()
    elif quiet:
        shown = Quiet()
    elif console.is_terminal:
        shown = Live(console)
    else:
        shown = Plain()
    shown.debug = debug
    if isinstance(shown, Live):
        with shown:
            yield shown
    else:
        yield shown


class Aside(Progress):
    """Notes on stderr, and on a terminal how far it is: for commands whose result is a line on stdout."""

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
def aside() -> Iterator[Aside]:
    """A reporter that keeps out of the way of what is printed."""
    console = Console(stderr=True)
    with RichProgress(console=console, transient=True, disable=not console.is_terminal) as bar:
        yield Aside(bar)


def say_error(name: str, error: VoicekitError, debug: bool) -> None:
    text = str(error) if not name or name in str(error) else f"{name}: {error}"
    print(f"error: {text}", file=sys.stderr, flush=True)
    if debug:
        traceback.print_exception(error, file=sys.stderr)


def summary_table(outcomes: Sequence[Outcome]) -> Table:
    """Duration, speakers, words, language, times real time, and where the files are."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for title in ("name", "duration", "speakers", "words", "language", "speed"):
        table.add_column(title, justify="left" if title in ("name", "language") else "right", overflow="fold")
    table.add_column("files", overflow="fold")
    for outcome in outcomes:
        facts = _facts(outcome)
        table.add_row(
            escape(outcome.name),
            duration(facts["duration"]),
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
