"""The main job on a real recording: pyannote's 30 s telephone conversation becomes speaker-labelled subtitles."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path

from voicekit.cli import run

# Found without importing pyannote.audio, which takes seconds.
package = importlib.util.find_spec("pyannote.audio")
assert package is not None
assert package.submodule_search_locations
recording = next(Path(package.submodule_search_locations[0]).rglob("sample.wav"))
source = Path("outputs", "telephone.wav")
source.parent.mkdir(exist_ok=True)
shutil.copyfile(recording, source)

command = ["transcribe", str(source), "-o", "outputs", "--speakers", "2"]
print(f"$ voicekit {' '.join(command)}\n", flush=True)
status = run(command)
if status:
    sys.exit(status)
folder = Path("outputs", "telephone", "latest")
print(f"\n$ cat {folder}/transcript.srt\n\n{(folder / 'transcript.srt').read_text()}")
print("Beside it:", ", ".join(sorted(path.name for path in folder.iterdir())))
