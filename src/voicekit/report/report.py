"""Write: pages to files. What `voicekit report`, `gallery` and notebooks call."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from voicekit.config.report import ReportOptions
from voicekit.errors import SourceError, UsageError
from voicekit.redact import one_line
from voicekit.report import page
from voicekit.report.load import load_run
from voicekit.report.media import size
from voicekit.types import Transcript


@dataclass(frozen=True)
class Written:
    """A page that was written. `notes`: what it says is missing."""

    page: Path
    notes: tuple[str, ...]

    @property
    def size(self) -> str:
        """Of the page alone, for people."""
        return size(self.page.stat().st_size)


def write_report(
    run: str | Path,
    out: str | Path | None = None,
    options: ReportOptions = ReportOptions(),  # noqa: B008 - frozen
    audio: str | Path | None = None,
) -> Written:
    """The page of a run.

    Args:
        run: A run's folder, a recording's folder, or a transcript.json or takes.json file.
        out: The page; RUN/report.html when left out, or NAME.html beside a file.
        options: Thresholds, and whether to embed.
        audio: The recording of a transcript, where the run does not know it any more.

    Raises:
        SourceError: no run, or one that cannot be read.
        OutputError: the page cannot be written.
    """
    found = load_run(run)
    place = html_file(out) if out else _place(Path(run), found.file)
    if isinstance(found.content, Transcript):
        from voicekit.report.transcript_page import transcript_page

        if audio is not None and not Path(audio).is_file():
            raise SourceError(f"no such file: {audio}", "Give the recording with --audio")
        html, notes = transcript_page(found, place, options, Path(audio) if audio else None)
    else:
        from voicekit.report.takes_page import takes_page

        if audio is not None:
            raise UsageError("--audio is the recording of a transcript, and this run holds takes", "Leave it out")
        html, notes = takes_page(found, place, options)
    return Written(page.write(place, html), tuple(one_line(note) for note in notes))


def html_file(out: str | Path) -> Path:
    """Raises UsageError where the name is not that of a page."""
    path = Path(out)
    if path.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"{path} is no name for a page", "End it with .html")
    return path


def _place(given: Path, file: Path) -> Path:
    return file.parent / "report.html" if given.is_dir() else file.with_suffix(".html")
