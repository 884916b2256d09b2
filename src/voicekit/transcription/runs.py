"""Listen: one recording through the stages, and the run that is kept of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from voicekit.formats.writers import ENDINGS, FILE_NAMES, write
from voicekit.recording import Recording
from voicekit.storage.names import claim_name, claimed_name
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
) -> Path:
    """Keep a transcript as a run: the files of `--format`, in each language, and run.json last. Returns its folder."""
    with RunFolder(claim_name(out, recording.title, recording.identity), plan.digest(recording)) as run:
        for name in plan.options.format:
            write(transcript, run.folder / FILE_NAMES[name], name, plan.style)
            for other in translations if name != "rttm" else ():  # which holds no words
                write(other, run.folder / f"transcript.{other.language}{ENDINGS[name]}", name, plan.style)
        return run.commit(manifest)


def earlier_run(recording: Recording, plan: Plan, out: Path) -> Path | None:
    """A run that has all this plan would write, untouched; None without one."""
    home = claimed_name(out, recording.title, recording.identity)
    return find_run(home, plan.digest(recording)) if home else None


def read_run(folder: Path) -> Transcript | None:
    """The transcript of a run; None where it was written without JSON."""
    path = folder / FILE_NAMES["json"]
    return Transcript.from_json(path.read_text(encoding="utf-8")) if path.exists() else None
