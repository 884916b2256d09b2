"""Rules that subtitles break, ours and the peers' own writers on the same words; and how long the layout takes.

    python -m benchmarks.subtitles [STYLE]

Every recording is transcribed once (cached). whisperX's and stable-ts's writers get the very words; faster-whisper's
segments are its own, as its README writes them. whisperX and stable-ts are installed into a folder of their own without
what they depend on: their writers need none of it.
"""

from __future__ import annotations

import io
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.recordings import recordings_folder, sample_recording
from voicekit.config.subtitles import subtitle_style
from voicekit.formats.subtitle_files import check_subtitles
from voicekit.formats.writers import to_srt
from voicekit.subtitles.layout import lay_out
from voicekit.text.words import join_words
from voicekit.transcription.session import Session
from voicekit.types import Segment, Transcript

PEERS = (
    "whisperx==3.8.6",
    "stable-ts==2.19.1",
    "openai-whisper==20250625",
    "more-itertools==11.2.1",
    "tiktoken==0.14.0",
)
STYLES = ("standard", "netflix", "bbc", "youtube", "shorts")
LONG = 30_000

Writer = Callable[[Transcript, Path], str]


def media() -> Iterator[Path]:
    folder = recordings_folder()
    yield sample_recording()
    for kind in ("conv", "lang", "long", "read_en"):
        yield from sorted(p for p in (folder / kind).rglob("*") if p.suffix in (".flac", ".ogg", ".wav"))


def plain(transcript: Transcript) -> list[dict[str, Any]]:
    """Segments as Whisper's own JSON has them, without speakers; words in order of time, as stable-ts demands."""
    starts = sorted(w.start for w in transcript.words)
    ends = dict(pairwise(starts))
    segments = []
    for s in transcript.segments:
        words = [
            {"word": " " + w.text, "start": w.start, "end": min(w.end, ends.get(w.start, w.end)), "probability": 1.0}
            for w in s.words
        ]
        segments.append({"start": s.start, "end": words[-1]["end"], "text": " " + s.text, "words": words})
    return segments


def whisperx(width: int | None, count: int | None) -> Writer:
    def write(transcript: Transcript, _: Path) -> str:
        from whisperx.utils import WriteSRT

        segments = [
            s
            | {"text": s["text"].strip(), "words": [w | {"word": w["word"].strip(), "score": 1.0} for w in s["words"]]}
            for s in plain(transcript)
        ]
        options = {"max_line_width": width, "max_line_count": count, "highlight_words": False}
        out = io.StringIO()
        WriteSRT("").write_result({"segments": segments, "language": transcript.language}, out, options)
        return out.getvalue()

    return write


def stable_ts(most: int | None) -> Writer:
    def write(transcript: Transcript, _: Path) -> str:
        import stable_whisper

        result = stable_whisper.WhisperResult({"language": transcript.language, "segments": plain(transcript)})
        result.regroup()
        if most:
            result.split_by_length(most)
        return str(result.to_srt_vtt(None, word_level=False))

    return write


def faster_whisper() -> Writer:
    import faster_whisper as library

    from voicekit.models.resolve import resolve

    model = library.WhisperModel(str(resolve("base", "transcribe").path), device="cpu", compute_type="int8")

    def write(transcript: Transcript, path: Path) -> str:
        found, _ = model.transcribe(str(path), beam_size=1, language=transcript.language, word_timestamps=True)
        return "".join(
            f"{n}\n{_clock(s.start)} --> {_clock(s.end)}\n{s.text.strip()}\n\n" for n, s in enumerate(found, 1)
        )

    return write


def _clock(seconds: float) -> str:
    ms = round(seconds * 1000)
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02},{ms % 1000:03}"


def count(writer: Writer, transcripts: list[tuple[Path, Transcript]], style: str) -> tuple[int, int, Counter[str]]:
    """(cues, breaks that could be avoided, breaks by rule)."""
    cues = avoidable = 0
    rules: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for path, transcript in transcripts:
            text = writer(transcript, path)
            if not text.strip():
                continue
            file = Path(folder, "talk.srt")
            file.write_text(text, encoding="utf-8")
            words = Path(folder, "talk.json")
            words.write_text(transcript.to_json(), encoding="utf-8")
            found = check_subtitles(file, subtitle_style(style))
            cues += found.cues
            avoidable += found.avoidable
            rules.update(one.rule for one in found.broken)
    return cues, avoidable, rules


def long_transcript(transcripts: list[tuple[Path, Transcript]]) -> Transcript:
    """About three hours: the recordings' English words, again and again."""
    segments: list[Segment] = []
    clock, words = 0.0, 0
    while words < LONG:
        for _, t in transcripts:
            if t.language != "en":
                continue
            for s in t.segments:
                moved = tuple(
                    type(w)(w.text, round(w.start + clock, 3), round(w.end + clock, 3), 1.0, w.speaker) for w in s.words
                )
                text = join_words(w.text for w in moved)
                segments.append(
                    Segment(len(segments), moved[0].start, max(w.end for w in moved), text, s.speaker, "en", moved)
                )
                words += len(moved)
            clock += t.duration
    return Transcript("voicekit.transcript/1", "en", clock, "long", (), tuple(segments))


def main(style: str = "netflix") -> None:
    if not recordings_folder().is_dir():
        print("only the sample: there is no folder of recordings")
    with tempfile.TemporaryDirectory() as folder, Session() as session:
        command = [sys.executable, "-m", "pip", "install", "-qq", "--no-deps", "--target", folder, *PEERS]
        subprocess.run(command, check=True)
        sys.path.append(folder)
        transcripts = [(path, session.transcribe(path)) for path in media() if path.exists()]
        transcripts = [(path, t) for path, t in transcripts if t.segments]
        seconds = sum(t.duration for _, t in transcripts)
        print(f"{len(transcripts)} recordings, {seconds:.0f} s, {sum(len(t.words) for _, t in transcripts)} words\n")

        print("our styles, each checked by itself: cues, rules broken that need not be, forced by the speech")
        for name in STYLES:
            own = subtitle_style(name)
            cues, avoidable, rules = count(lambda t, _, own=own: str(to_srt(t, own)), transcripts, name)
            print(f"  {name:<10} {cues:>6} {avoidable:>6} {sum(rules.values()) - avoidable:>6}")

        print(f"\n{style}: rules broken per 100 cues (could be avoided), by rule")
        no_names = subtitle_style(style)
        writers: dict[str, Writer] = {
            f"voicekit --style {style}": lambda t, _: str(to_srt(t, no_names)),
            "whisperX, as it comes": whisperx(None, None),
            "whisperX, 42 x 2": whisperx(42, 2),
            "stable-ts, as it comes": stable_ts(None),
            "stable-ts, split at 42": stable_ts(42),
            "faster-whisper's segments": faster_whisper(),
        }
        for name, writer in writers.items():
            cues, avoidable, rules = count(writer, transcripts, style)
            total = sum(rules.values())
            by_rule = ", ".join(f"{rule} {n}" for rule, n in rules.most_common())
            print(f"  {name:<26} {100 * total / cues:6.1f} ({100 * avoidable / cues:6.1f})  {cues} cues: {by_rule}")

        long = long_transcript(transcripts)
        took = []
        for _ in range(5):
            started = time.perf_counter()
            laid = lay_out(long, subtitle_style(style))
            took.append(time.perf_counter() - started)
        hours, middle = long.duration / 3600, statistics.median(took)
        print(f"\nlayout of {len(long.words)} words, {hours:.1f} h, {len(laid)} cues: median {middle:.2f} s")


if __name__ == "__main__":
    main(*sys.argv[1:])
