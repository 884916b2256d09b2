"""The main job on a real recording: pyannote's 30 s telephone conversation becomes speaker-labelled subtitles."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from benchmarks.recordings import sample_recording
from voicekit.cli import run

source = Path("outputs", "telephone.wav")
source.parent.mkdir(exist_ok=True)
shutil.copyfile(sample_recording(), source)

command = ["transcribe", str(source), "-o", "outputs", "--speakers", "2"]
print(f"$ voicekit {' '.join(command)}\n", flush=True)
status = run(command)
if status:
    sys.exit(status)
folder = Path("outputs", "telephone", "latest")
print(f"\n$ cat {folder}/transcript.srt\n\n{(folder / 'transcript.srt').read_text()}")
print("Beside it:", ", ".join(sorted(path.name for path in folder.iterdir())))
