"""Files: transcripts and subtitle files in, subtitles of a style out, and what a file breaks of a style."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from voicekit.config.formats import Format
from voicekit.config.subtitles import SubtitleStyle
from voicekit.errors import SourceError, UsageError
from voicekit.formats.writers import ENDINGS, write
from voicekit.subtitles.burn import burn
from voicekit.subtitles.check import Broken, broken_rules
from voicekit.subtitles.cue import DASH, Cue, Line
from voicekit.subtitles.layout import keep_cues, lay_out
from voicekit.subtitles.markup import without_tags
from voicekit.subtitles.mux import mux
from voicekit.subtitles.read import read_subtitles
from voicekit.subtitles.render import speaker_colours, to_srt
from voicekit.subtitles.video import CODECS, Progress, Track
from voicekit.types import Transcript

SCREEN_FORMATS: tuple[Format, ...] = ("srt", "vtt", "ass", "txt", "docx")
"""What a subtitle can be written as."""


def load_subtitles(path: str | Path) -> tuple[Transcript, list[str]]:
    """A transcript from transcript.json, a run's folder (its latest), .srt or .vtt; and notes of what was mended.

    Raises:
        SourceError: no such file, another ending, or nothing that could be mended.
    """
    path = Path(path)
    if path.is_dir():
        inside = [path / "transcript.json", path / "latest" / "transcript.json"]
        path = next((one for one in inside if one.is_file()), inside[0])
    if path.suffix.lower() != ".json":
        return read_subtitles(path)
    try:
        return Transcript.from_json(path.read_bytes()), []
    except OSError as error:
        reason = "no such file" if isinstance(error, FileNotFoundError) else error.strerror
        raise SourceError(f"cannot read {path}: {reason}", "Check the name and its rights") from error
    except SourceError as error:
        raise SourceError(f"{path}: {error.message}", error.remedy) from None


def place(path: Path, kind: Format, style: str, out: Path | None) -> Path:
    """Where the subtitles of a file go: `talk.json` in netflix's style to `talk.netflix.srt` beside it or in `out`.

    A name in `out` that ends as the format does is taken as it is.
    """
    if out is not None and out.name.lower().endswith(ENDINGS[kind]) and not out.is_dir():
        return out
    folder = out or (path if path.is_dir() else path.parent)
    stem = path.name if path.is_dir() and out else "transcript" if path.is_dir() else path.stem
    return folder / f"{stem}.{style}{ENDINGS[kind]}"


def subtitle(
    path: str | Path, kinds: Sequence[Format], style: SubtitleStyle, name: str, out: Path | None = None
) -> tuple[list[Path], list[str]]:
    """Lay out one file and write it in each format. `name`: of the style, for the files' names.

    Returns:
        The files written, and notes of what was mended in the one read.

    Raises:
        SourceError: it cannot be read.
        UsageError: it would be written over itself.
        OutputError: it cannot be written.
    """
    path = Path(path)
    transcript, notes = load_subtitles(path)
    written = []
    for kind in kinds:
        target = place(path, kind, name, out)
        if target.exists() and path.exists() and target.samefile(path):
            raise UsageError(f"{target} would be written over itself", "Give another name with -o")
        write(transcript, target, kind, style)
        written.append(target)
    return written, notes


def into_video(
    video: Path,
    paths: Sequence[Path],
    style: SubtitleStyle,
    out: Path | None,
    burned: bool,
    font: str | None = None,
    fonts: Path | None = None,
    progress: Progress = lambda share: None,
) -> Path:
    """Draw the first file into the picture, or put all beside it as tracks named by their language; returns the video.

    Args:
        out: A video's name, a folder, or None for `talk.subtitled.mp4` beside the video.

    Raises:
        UsageError: a character that no font has; a container that cannot hold it; a video written over itself.
        SourceError: a file cannot be read.
        MediaError: ffmpeg failed.
    """
    ending = video.suffix if video.suffix.lower() in CODECS and not (burned and video.suffix == ".webm") else ".mkv"
    named = out is not None and out.suffix.lower() in CODECS and not out.is_dir()
    target = out if named and out else (out or video.parent) / f"{video.stem}.subtitled{ending}"
    if target.exists() and video.exists() and target.samefile(video):
        raise UsageError(f"{target} would be written over itself", "Give another name with -o")
    transcripts = [load_subtitles(path)[0] for path in paths]
    if burned:
        if len(transcripts) != 1:
            raise UsageError(f"{len(transcripts)} subtitles cannot be burned into one picture", "Give one FILE")
        burn(video, transcripts[0], style, target, font, fonts, progress)
    else:
        colours = [speaker_colours(t, style) for t in transcripts]
        tracks = [
            Track(to_srt(lay_out(t, style), own), t.language) for t, own in zip(transcripts, colours, strict=True)
        ]
        mux(video, tracks, target, progress)
    return target


@dataclass(frozen=True)
class Checked:
    """What a file breaks of a style. `words_from`: the transcript whose word times the bound was taken of, if any."""

    path: Path
    cues: int
    broken: tuple[Broken, ...]
    notes: tuple[str, ...] = ()
    words_from: Path | None = None

    @property
    def avoidable(self) -> int:
        return sum(one.avoidable for one in self.broken)


def check(path: str | Path, style: SubtitleStyle, words: Path | None = None) -> Checked:
    """The rules that a subtitle file breaks, or those the layout of a transcript.json does.

    Args:
        words: transcript.json with the same words and their times; looked for beside the file when left out. Without
            one the words of a cue share its time by their length, and what the speech forces is judged by that.

    Raises:
        SourceError: a file cannot be read, or `words` holds other words.
    """
    path = Path(path)
    transcript, notes = load_subtitles(path)
    if not any(segment.cue is not None for segment in transcript.segments):
        laid = lay_out(transcript, style)
        return Checked(path, len(laid), tuple(broken_rules(laid, transcript, style)), tuple(notes))
    cues = [_plain(cue) for cue in keep_cues(transcript, style)]
    timed, place = _with_words(path, transcript, words)
    broken = broken_rules(cues, timed, style)
    return Checked(path, len(cues), tuple(broken), tuple(notes), place)


def _plain(cue: Cue) -> Cue:
    """A cue of a file, as the rules see it: without tags, and with its dashes known."""
    lines = []
    for line in cue.lines:
        text = without_tags(line.text).strip()
        dashed = text[:1] in "-–—‐" and text != ""
        lines.append(Line(text[1:].lstrip() if dashed else text, (), None, dash=dashed and text.startswith(DASH)))
    return replace(cue, lines=tuple(lines))


def _with_words(path: Path, transcript: Transcript, words: Path | None) -> tuple[Transcript, Path | None]:
    """The transcript with the times of its words, if there is one of the same words."""
    stem = path.name.partition(".")[0]
    for place in [words] if words else [path.with_name(f"{stem}.json"), path.with_name("transcript.json")]:
        if not words and not place.is_file():
            continue
        found, _ = load_subtitles(place)
        if _letters(found) == _letters(transcript):
            return found, place
        if words:
            raise SourceError(f"{words} holds other words than {path}", "Give the transcript that it was made of")
    return transcript, None


def _letters(transcript: Transcript) -> str:
    return "".join("".join(word.text for word in segment.words) for segment in transcript.segments)
