"""Write the report of a run: the functions behind `voicekit report`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Unpack

from voicekit.config.keywords import ReportKeywords
from voicekit.config.report import ReportOptions
from voicekit.config.schema import build
from voicekit.errors import SourceError, UsageError
from voicekit.redact import one_line
from voicekit.report.load import load_run
from voicekit.report.media import format_bytes
from voicekit.report.page import write_page
from voicekit.types import Transcript


@dataclass(frozen=True)
class Written:
    """A page that was written, and its notes on what is missing."""

    page: Path
    notes: tuple[str, ...]

    @property
    def size(self) -> str:
        """Size of the HTML file, for people."""
        return format_bytes(self.page.stat().st_size)


def write_report(
    run: str | Path,
    out: str | Path | None = None,
    audio: str | Path | None = None,
    **options: Unpack[ReportKeywords],
) -> Written:
    """Write the page of a run.

    Args:
        run: A run's folder, a recording's folder, or a transcript.json or takes.json.
        out: The page (default: RUN/report.html, or NAME.html beside a file).
        audio: The recording of a transcript (default: the one that the run names).
        **options: Fields of ReportOptions: embed=True, below=0.5 ...

    Raises:
        UsageError: An invalid option.
        SourceError: There is no run, or it cannot be read.
        OutputError: The page cannot be written.
    """
    report_options = build(ReportOptions, options, "options")
    loaded = load_run(run)
    path = page_path(out) if out else _default_path(Path(run), loaded.file)
    if isinstance(loaded.content, Transcript):
        from voicekit.report.transcript_page import transcript_page

        if audio is not None and not Path(audio).is_file():
            raise SourceError(f"no such file: {audio}", "Give the recording with --audio")
        html, notes = transcript_page(loaded, path, report_options, Path(audio) if audio else None)
    else:
        from voicekit.report.takes_page import takes_page

        if audio is not None:
            raise UsageError("--audio is for transcripts, and this run has takes", "Leave it out")
        html, notes = takes_page(loaded, path, report_options)
    return Written(write_page(path, html), tuple(one_line(note) for note in notes))


def page_path(out: str | Path) -> Path:
    """The path of a page. Raises UsageError if it does not end in .html."""
    path = Path(out)
    if path.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"{path} is not the name of a page", "Use a name that ends in .html")
    return path


def _default_path(run: Path, file: Path) -> Path:
    return file.parent / "report.html" if run.is_dir() else file.with_suffix(".html")
