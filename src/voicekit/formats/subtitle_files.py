"""Subtitles of files: load, write, add to a video, check against the rules of a style."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from voicekit.config.formats import Format
from voicekit.config.subtitles import SubtitleStyle
from voicekit.errors import SourceError, UsageError
from voicekit.formats.transcript_json import read_transcript_json
from voicekit.formats.writers import ENDINGS, write_transcript
from voicekit.storage.files import decode_utf8, read_limited
from voicekit.storage.paths import refuse_overwrite
from voicekit.storage.run_changes import changed_note
from voicekit.subtitles.burn import burn
from voicekit.subtitles.check import Violation, find_violations
from voicekit.subtitles.cue import Cue, Line
from voicekit.subtitles.layout import keep_cues, lay_out
from voicekit.subtitles.markup import without_tags
from voicekit.subtitles.mux import mux
from voicekit.subtitles.read import read_subtitles
from voicekit.subtitles.render import speaker_colours, to_srt
from voicekit.subtitles.source_cue import MAX_BYTES, ReadOptions
from voicekit.subtitles.video import CODECS, OnProgress, Track
from voicekit.text.dashes import DASH
from voicekit.types import Transcript

SUBTITLE_FORMATS: tuple[Format, ...] = ("srt", "vtt", "ass", "txt", "docx")
"""Formats of subtitles."""


def load_subtitles(path: str | Path, options: ReadOptions = ReadOptions()) -> tuple[Transcript, list[str]]:
    """Load a transcript.json, .srt, .vtt or a run's folder (or the latest run in it).

    Args:
        path: File or folder.
        options: What is known about a subtitle file.

    Returns:
        The transcript, and notes: what was repaired, and whether the file was changed since its run wrote it.

    Raises:
        SourceError: No such file, another extension, or damage that cannot be repaired.
    """
    path = Path(path)
    if path.is_dir():
        candidates = [path / "transcript.json", path / "latest" / "transcript.json"]
        path = next((candidate for candidate in candidates if candidate.is_file()), candidates[0])
    if path.suffix.lower() == ".json":
        data = read_limited(path, MAX_BYTES, "Give the transcript of one recording")
        transcript, notes = read_transcript_json(decode_utf8(data, str(path)), str(path))
    else:
        transcript, notes = read_subtitles(path, options)
    changed = changed_note(path)
    return transcript, [changed, *notes] if changed else notes


def output_path(path: Path, kind: Format, style: str, out: Path | None) -> Path:
    """Return where to write subtitles: for `talk.json` in the style netflix, `talk.netflix.srt`.

    Args:
        path: Transcript, subtitle file or run's folder.
        kind: Format.
        style: Name of the style.
        out: Folder (default: that of `path`), or a file name with the format's ending, which is used as it is.
    """
    if out is not None and out.name.lower().endswith(ENDINGS[kind]) and not out.is_dir():
        return out
    folder = out or (path if path.is_dir() else path.parent)
    stem = path.name if path.is_dir() and out else "transcript" if path.is_dir() else path.stem
    return folder / f"{stem}.{style}{ENDINGS[kind]}"


def write_subtitles(
    path: str | Path,
    kinds: Sequence[Format],
    style: SubtitleStyle,
    name: str,
    out: Path | None = None,
    options: ReadOptions = ReadOptions(),
) -> tuple[list[Path], list[str]]:
    """Lay out one file in a style and write it in each format.

    Args:
        path: Transcript, subtitle file or run's folder.
        kinds: Formats.
        style: Of the subtitles.
        name: Of the style, for the file names.
        out: Folder, or a file name; see `output_path`.
        options: What is known about a subtitle file.

    Returns:
        The files written, and notes of what was repaired in the file that was read.

    Raises:
        SourceError: The file cannot be read.
        UsageError: It would be overwritten.
        OutputError: A file cannot be written.
    """
    path = Path(path)
    transcript, notes = load_subtitles(path, options)
    written = []
    for kind in kinds:
        target = output_path(path, kind, name, out)
        refuse_overwrite(target, path)
        write_transcript(transcript, target, kind, style)
        written.append(target)
    return written, notes


def add_to_video(
    video: Path,
    paths: Sequence[Path],
    style: SubtitleStyle,
    out: Path | None,
    burned: bool,
    font: str | None = None,
    fonts: Path | None = None,
    progress: OnProgress = lambda share: None,
    options: ReadOptions = ReadOptions(),
) -> Path:
    """Burn subtitles into a video, or add them as tracks named by their language; returns the new video.

    Args:
        video: The video; it is only read.
        paths: Transcripts or subtitle files; exactly one if burned.
        style: Of the subtitles.
        out: Name of the new video, or a folder (default: `talk.subtitled.mp4` next to the video).
        burned: Draw them into the picture.
        font: Font family or file.
        fonts: Folder of fonts.
        progress: Called with the share done.
        options: What is known about the subtitle files.

    Raises:
        UsageError: No font has a character, the container cannot hold subtitles, or the video would be overwritten.
        SourceError: A file cannot be read.
        MediaError: ffmpeg failed.
    """
    extension = video.suffix if video.suffix.lower() in CODECS and not (burned and video.suffix == ".webm") else ".mkv"
    named = out is not None and out.suffix.lower() in CODECS and not out.is_dir()
    target = out if named and out else (out or video.parent) / f"{video.stem}.subtitled{extension}"
    refuse_overwrite(target, video, *paths)
    transcripts = [load_subtitles(path, options)[0] for path in paths]
    if burned:
        if len(transcripts) != 1:
            raise UsageError(f"cannot burn {len(transcripts)} subtitle files into one video", "Give one FILE")
        burn(video, transcripts[0], style, target, font, fonts, progress)
    else:
        colours = [speaker_colours(t, style) for t in transcripts]
        tracks = [
            Track(to_srt(lay_out(t, style), palette), t.language)
            for t, palette in zip(transcripts, colours, strict=True)
        ]
        mux(video, tracks, target, progress)
    return target


@dataclass(frozen=True)
class CheckedSubtitles:
    """The result of checking a file against a style.

    Attributes:
        path: The file.
        cues: Number of cues.
        broken: Violations of the style's rules.
        notes: What was repaired while reading.
        words_from: Transcript whose word times tell which violations are forced by the speech; None without one.
    """

    path: Path
    cues: int
    broken: tuple[Violation, ...]
    notes: tuple[str, ...] = ()
    words_from: Path | None = None

    @property
    def avoidable(self) -> int:
        """Number of violations that another layout would avoid."""
        return sum(violation.avoidable for violation in self.broken)


def check_subtitles(
    path: str | Path,
    style: SubtitleStyle,
    words: Path | None = None,
    options: ReadOptions = ReadOptions(),
) -> CheckedSubtitles:
    """Check a subtitle file, or the layout of a transcript.json, against the rules of a style.

    Args:
        path: The file.
        style: Whose rules to check.
        words: transcript.json with the same words and their times (default: one next to the file, if there is one).
            Without it, the words of a cue share its time by their length.
        options: What is known about a subtitle file.

    Raises:
        SourceError: A file cannot be read, or `words` contains other words.
    """
    path = Path(path)
    transcript, notes = load_subtitles(path, options)
    if not any(segment.cue is not None for segment in transcript.segments):
        cues = lay_out(transcript, style)
        return CheckedSubtitles(path, len(cues), tuple(find_violations(cues, transcript, style)), tuple(notes))
    cues = [_without_markup(cue) for cue in keep_cues(transcript, style)]
    with_times, words_from = _add_word_times(path, transcript, words)
    violations = find_violations(cues, with_times, style)
    return CheckedSubtitles(path, len(cues), tuple(violations), tuple(notes), words_from)


def _without_markup(cue: Cue) -> Cue:
    """Return a cue without tags, and with its dashes as attributes of the lines."""
    lines = []
    for line in cue.lines:
        text = without_tags(line.text).strip()
        has_dash = text[:1] in "-–—‐" and text != ""
        lines.append(Line(text[1:].lstrip() if has_dash else text, (), None, dash=has_dash and text.startswith(DASH)))
    return replace(cue, lines=tuple(lines))


def _add_word_times(path: Path, transcript: Transcript, words: Path | None) -> tuple[Transcript, Path | None]:
    """Return the transcript with word times that has the same words, and its file; else the given one and None."""
    stem = path.name.partition(".")[0]
    for candidate in [words] if words else [path.with_name(f"{stem}.json"), path.with_name("transcript.json")]:
        if not words and not candidate.is_file():
            continue
        with_times, _ = load_subtitles(candidate)
        if _letters(with_times) == _letters(transcript):
            return with_times, candidate
        if words:
            raise SourceError(
                f"{words} contains other words than {path}", "Give the transcript that the subtitles were made from"
            )
    return transcript, None


def _letters(transcript: Transcript) -> str:
    return "".join("".join(word.text for word in segment.words) for segment in transcript.segments)
