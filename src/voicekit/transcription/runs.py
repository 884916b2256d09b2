"""Write a transcript as a run, and find and read earlier runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from voicekit.config.subtitles import subtitle_style
from voicekit.formats.writers import ENDINGS, FILE_NAMES, write_transcript
from voicekit.recording import Recording
from voicekit.storage.cache import read_json_object
from voicekit.storage.files import read_regular
from voicekit.storage.names import claim_name, find_claimed_name
from voicekit.storage.runs import MANIFEST, RunFolder, find_run
from voicekit.transcription.plan import Plan
from voicekit.transcription.site_subtitles import SiteComparison
from voicekit.types import Transcript


def write_run(
    recording: Recording,
    plan: Plan,
    out: Path,
    manifest: dict[str, Any],
    transcript: Transcript,
    translations: Sequence[Transcript] = (),
    site: SiteComparison | None = None,
    reuse: bool = True,
) -> Path:
    """Write a transcript and its translations in the plan's formats, and run.json last; returns the run's folder.

    Args:
        recording: What was transcribed.
        plan: How; names the formats.
        out: Folder of all runs.
        manifest: Content of run.json; see `transcript_manifest`.
        transcript: The result.
        translations: Of the transcript.
        site: The site's subtitles, to be written too.
        reuse: Return the equal run that another process has written meanwhile, if there is one.
    """
    with RunFolder(claim_name(out, recording.title, recording.identity), plan.digest(recording)) as run:
        for kind in plan.options.format:
            write_transcript(transcript, run.folder / FILE_NAMES[kind], kind, plan.style)
            if kind == "rttm":  # holds no words to translate
                continue
            for translation in translations:
                path = run.folder / f"transcript.{translation.language}{ENDINGS[kind]}"
                write_transcript(translation, path, kind, plan.style)
        if site:
            write_transcript(site.subtitles, run.folder / site.file_name, "srt", subtitle_style("raw"))
        return run.commit(manifest, reuse)


def earlier_run(recording: Recording, plan: Plan, out: Path) -> Path | None:
    """Return an unchanged run with everything that this plan would write; None without one."""
    home = find_claimed_name(out, recording.title, recording.identity)
    return find_run(home, plan.digest(recording)) if home else None


def read_run(folder: Path) -> Transcript | None:
    """Read the transcript of a run; None if it was written without JSON."""
    path = folder / FILE_NAMES["json"]
    return Transcript.from_json(read_regular(path)) if path.exists() else None


def read_comparison(folder: Path) -> dict[str, Any] | None:
    """Return the comparison with the site's subtitles in run.json; None without one."""
    record = (read_json_object(folder / MANIFEST) or {}).get("site_subtitles")
    return record if isinstance(record, dict) and {"language", "automatic", "wer", "words"} <= set(record) else None
