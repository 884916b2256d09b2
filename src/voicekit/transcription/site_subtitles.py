"""Compare a transcript with the subtitles that its site has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from voicekit.errors import VoicekitError
from voicekit.formats.readers import annotation_from_transcript
from voicekit.formats.subtitle_files import load_subtitles
from voicekit.recording import Recording
from voicekit.sources.subtitles import fetch_subtitles
from voicekit.sources.ytdlp import DownloadOptions
from voicekit.types import Transcript


@dataclass(frozen=True)
class SiteComparison:
    """A site's subtitles and how far a transcript is from them.

    Attributes:
        subtitles: What the site has; its times and words are untrusted.
        language: The site's code.
        automatic: Whether they were made by speech recognition, so that their words may be wrong.
        errors: Substitutions, deletions and insertions.
        words: Of the subtitles.
    """

    subtitles: Transcript
    language: str
    automatic: bool
    errors: int
    words: int

    @property
    def wer(self) -> float:
        return self.errors / self.words

    @property
    def file_name(self) -> str:
        """Name of the file in the run."""
        return f"site.{self.language}{'.auto' if self.automatic else ''}.srt"

    def record(self) -> dict[str, Any]:
        """Return what run.json keeps of it."""
        return {
            "file": self.file_name,
            "language": self.language,
            "automatic": self.automatic,
            "wer": round(self.wer, 4),
            "errors": self.errors,
            "words": self.words,
        }


def describe_comparison(record: dict[str, Any]) -> str:
    """Return one line about the entry `site_subtitles` of run.json."""
    kind = "automatic captions" if record["automatic"] else "subtitles"
    return f"WER against the site's {kind} ({record['language']}): {record['wer']:.1%} of {record['words']} words"


def compare_with_site(recording: Recording, transcript: Transcript, download: DownloadOptions) -> SiteComparison | str:
    """Download the site's subtitles in the transcript's language and compare the words.

    Returns:
        The comparison, or a warning that says why there is none.

    Raises:
        VoicekitError: They exist, or may exist, but cannot be downloaded or read now.
    """
    from voicekit.evaluation.normalization import normalizer
    from voicekit.evaluation.wer import word_errors

    if not recording.url:
        return f"{recording.title} is a file, so there are no subtitles of a site"
    language = transcript.language
    found = fetch_subtitles(recording.url, recording.path.parent, language, download)
    if found is None:
        return f"the site has no subtitles in the spoken language ({language})"
    theirs, _ = load_subtitles(found.path)
    normalize = normalizer(language)
    reference, hypothesis = (annotation_from_transcript(side).utterances or () for side in (theirs, transcript))
    substitutions, deletions, insertions, words = map(int, word_errors(reference, hypothesis, normalize).sum(axis=0))
    if not words:
        return f"the site's subtitles ({found.language}) have no words"
    return SiteComparison(theirs, found.language, found.automatic, substitutions + deletions + insertions, words)


def try_comparison(
    recording: Recording, transcript: Transcript, download: DownloadOptions
) -> tuple[SiteComparison | None, str, bool]:
    """Compare as `compare_with_site`, without raising.

    Returns:
        The comparison or None; a warning or ""; whether another attempt may succeed.
    """
    try:
        outcome = compare_with_site(recording, transcript, download)
    except VoicekitError as error:
        return None, f"the site's subtitles could not be compared: {error.message}", True
    return (None, outcome, False) if isinstance(outcome, str) else (outcome, "", False)
