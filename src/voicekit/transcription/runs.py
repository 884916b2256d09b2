"""Write a transcript as a run, and find and read earlier runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from voicekit.formats.writers import ENDINGS, FILE_NAMES, write_transcript
from voicekit.recording import Recording
from voicekit.storage.files import read_regular
from voicekit.storage.names import claim_name, find_claimed_name
from voicekit.storage.runs import RunFolder, find_run
from voicekit.transcription.plan import Plan
from voicekit.types import Transcript


def write_run(
    recording: Recording,
    plan: Plan,
    out: Path,
    manifest: dict[str, Any],
    transcript: Transcript,
    translations: Sequence[Transcript] = (),
    reuse: bool = True,
) -> Path:
    """Write a transcript and its translations in the plan's formats, and run.json last; returns the run's folder.

    `reuse`: return the equal run that another process has written meanwhile, if there is one.
    """
    with RunFolder(claim_name(out, recording.title, recording.identity), plan.digest(recording)) as run:
        for kind in plan.options.format:
            write_transcript(transcript, run.folder / FILE_NAMES[kind], kind, plan.style)
            if kind == "rttm":  # holds no words to translate
                continue
            for translation in translations:
                path = run.folder / f"transcript.{translation.language}{ENDINGS[kind]}"
                write_transcript(translation, path, kind, plan.style)
        return run.commit(manifest, reuse)


def earlier_run(recording: Recording, plan: Plan, out: Path) -> Path | None:
    """Return an unchanged run with everything that this plan would write; None without one."""
    home = find_claimed_name(out, recording.title, recording.identity)
    return find_run(home, plan.digest(recording)) if home else None


def read_run(folder: Path) -> Transcript | None:
    """Read the transcript of a run; None if it was written without JSON."""
    path = folder / FILE_NAMES["json"]
    return Transcript.from_json(read_regular(path)) if path.exists() else None
