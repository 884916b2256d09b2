"""A recording becomes a transcript with speakers, and subtitles in two styles.

python examples/recording_to_subtitles.py talk.mp4
"""

from __future__ import annotations

import sys
from pathlib import Path

from voicekit import Session


def main(recording: str, out: str = "outputs/example") -> None:
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    with Session() as session:  # models are loaded once and freed at the end
        transcript = session.transcribe(recording, speakers=2)

    for segment in transcript:
        print(f"{segment.start:6.2f}  {segment.speaker}: {segment.text}")
    uncertain = [word.text for word in transcript.words if word.probability < 0.5]
    print(f"{len(uncertain)} of {len(transcript.words)} words to check: {', '.join(uncertain)}")

    transcript.save(folder / "talk.json")
    transcript.save(folder / "talk.netflix.srt", style="netflix")
    transcript.save(folder / "talk.shorts.ass", style="shorts")


if __name__ == "__main__":
    main(*sys.argv[1:])
