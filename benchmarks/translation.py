"""Translation: chrF and BLEU where there is parallel text, and how long an hour of transcript takes.

    python -m benchmarks.translation

The clips of the Azure samples say the same paragraph in nine languages; French and Japanese only a part of it, so their
scores are below what they would be.
"""

from __future__ import annotations

import os
import tempfile
import time

import sacrebleu

from benchmarks.recordings import recordings_folder
from voicekit.api import translate
from voicekit.text.words import spread
from voicekit.transcription.session import Session
from voicekit.types import Segment, Transcript

LANGUAGES = ("de", "es", "fr", "it", "ja", "ko", "pt", "zh")
WORDS = 9_000


def of_text(text: str, language: str) -> Transcript:
    """A transcript of one speaker, 150 words a minute."""
    segments = []
    clock = 0.0
    for number, paragraph in enumerate(part for part in text.split("\n") if part.strip()):
        end = clock + len(paragraph.split()) * 0.4
        words = spread(paragraph, clock, end, "A")
        segments.append(Segment(number, clock, end, paragraph, "A", language, words))
        clock = end + 1.0
    return Transcript("voicekit.transcript/1", language, clock, "text", ("A",), tuple(segments))


def row(name: str, found: str, right: str) -> None:
    bleu, chrf = sacrebleu.sentence_bleu(found, [right]).score, sacrebleu.sentence_chrf(found, [right]).score
    print(f"  {name:<28} chrF {chrf:5.1f}   BLEU {bleu:5.1f}")


def main() -> None:
    """All of it; nothing from the cache."""
    folder = recordings_folder()
    english = (folder / "read_en" / "azure_customspeech" / "testing_audio.txt").read_text().strip()
    portuguese = (folder / "lang" / "pt" / "azure_testing_audio.txt").read_text().strip()
    with tempfile.TemporaryDirectory() as cache:
        os.environ["VOICEKIT_CACHE"] = cache
        print("text, bergamot:")
        row("en -> pt", translate(of_text(english, "en"), "pt", engine="bergamot").text.replace("\n", " "), portuguese)
        row("pt -> en", translate(of_text(portuguese, "pt"), "en", engine="bergamot").text.replace("\n", " "), english)
        print("speech to English, Whisper base:")
        with Session() as session:
            for language in LANGUAGES:
                media = folder / "lang" / language / "azure_testing_audio.ogg"
                heard = session.transcribe(media, diarizer="none", model="base", language=language)
                found = translate(heard, "en", engine="whisper", audio=media)
                row(f"{language} -> en", found.text.replace("\n", " "), english)
        text = (folder / "long" / "en_programme_dev.txt").read_text() + "\n" + english
        lines = [line for line in text.replace(". ", ".\n").split("\n") if line.strip()]
        many: list[str] = []
        while sum(len(line.split()) for line in many) < WORDS:
            # Another number in each, so that no sentence is another's twin in the cache.
            many += [f"{len(many) + number} {line}" for number, line in enumerate(lines)]
        long = of_text("\n".join(many), "en")
        started = time.perf_counter()
        made = translate(long, "pt", engine="bergamot")
        took = time.perf_counter() - started
        print(
            f"{len(long.words)} words, {len(made.segments)} sentences, en -> pt by bergamot: {took:.1f} s wall, 2 cores"
        )
        started = time.perf_counter()
        translate(long, "pt", engine="bergamot")
        print(f"the same again, from the cache: {time.perf_counter() - started:.1f} s")


if __name__ == "__main__":
    main()
