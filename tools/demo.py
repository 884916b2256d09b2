"""The main jobs: a recorded telephone conversation becomes speaker-labelled subtitles, and a script a conversation."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from benchmarks.recordings import sample_recording
from voicekit.cli import run

OUT = Path("outputs")


def say(*command: str) -> None:
    """Run a command as it would be typed; ends the demo where it fails."""
    print(f"\n$ voicekit {' '.join(command)}\n", flush=True)
    if status := run(list(command)):
        sys.exit(status)


def show(path: Path) -> None:
    print(f"\n$ cat {path}\n\n{path.read_text()}", flush=True)


OUT.mkdir(exist_ok=True)
recording = OUT / "telephone.wav"
shutil.copyfile(sample_recording(), recording)
say("transcribe", str(recording), "-o", str(OUT), "--speakers", "2")
folder = OUT / "telephone" / "latest"
show(folder / "transcript.srt")
print("Beside it:", ", ".join(sorted(path.name for path in folder.iterdir())))

script = Path("configs", "dialogue", "short.txt")
show(script)
say("dialogue", script.stem, "-o", str(OUT))
mix = OUT / script.stem / "latest" / "mix.wav"
names = ("--speakers", "2", "--speaker-names", "Alice,Ben")
say("transcribe", str(mix), "-o", str(OUT), *names, "--channels", "mix", "--language", "en")
show(OUT / "mix" / "latest" / "transcript.txt")
