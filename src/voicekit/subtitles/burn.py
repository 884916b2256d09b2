"""Burn: subtitles drawn into a video's picture; mux: beside it as streams that a player can switch. Through ffmpeg."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voicekit.audio import ffmpeg_path, input_limits, input_url, run_ffmpeg
from voicekit.config import SubtitleStyle
from voicekit.data import Transcript
from voicekit.errors import MediaError, UsageError
from voicekit.subtitles import formats
from voicekit.subtitles.fonts import Font, choose, lacking
from voicekit.subtitles.layout import lay_out
from voicekit.workspace import writing

CODECS = {".mp4": "mov_text", ".m4v": "mov_text", ".mov": "mov_text", ".mkv": "srt", ".webm": "webvtt"}
"""How a container holds text, by the ending of its name."""

QUALITY = 18
"""x264's constant rate factor: no loss that is seen."""

Progress = Callable[[float], None]


@dataclass(frozen=True)
class Track:
    """Subtitles to be put beside a video. `language`: BCP-47; `title`: as players list it."""

    srt: str
    language: str = "und"
    title: str = ""


def burn(
    video: Path,
    transcript: Transcript,
    style: SubtitleStyle,
    out: Path,
    font: str | None = None,
    fonts: Path | None = None,
    progress: Progress = lambda share: None,
) -> None:
    """Draw subtitles into the picture; the sound is copied.

    Args:
        video: Any video that ffmpeg reads.
        out: .mp4, .mkv, .mov or .m4v.
        font: A family or a font file; `fonts`: a folder with more of them.
        progress: Told the share done, 0 to 1.

    Raises:
        UsageError: no font here has a character, with a package that brings one; or no picture in the video.
        MediaError: ffmpeg failed, with its reason.
    """
    import ffmpeg

    if out.suffix.lower() not in CODECS or out.suffix.lower() == ".webm":
        raise UsageError(f"cannot burn into {out.suffix or 'a name without ending'}", "End it with .mp4, .mkv or .mov")
    seconds = _look(video, picture=True)
    text, used = to_ass(transcript, style, font, fonts)
    # libass and the filter's own quoting are given nothing but names of ours, in a folder of their own.
    with tempfile.TemporaryDirectory(prefix="voicekit-burn-") as name, writing(out) as temporary:
        folder = Path(name)
        (folder / "cues.ass").write_text(text, encoding="utf-8")
        (folder / "fonts").mkdir()
        for number, path in enumerate(dict.fromkeys(one.path for one in used)):
            shutil.copyfile(path, folder / "fonts" / f"{number}{path.suffix}")
        media = ffmpeg.input(input_url(video), **input_limits())
        drawn = media["v:0"].filter("ass", filename="cues.ass", fontsdir="fonts")
        output = ffmpeg.output(
            drawn, media["a?"], str(temporary.absolute()), vcodec="libx264", crf=QUALITY,
            preset="medium", pix_fmt="yuv420p", acodec="copy", format=_MUXERS[out.suffix.lower()],
        )  # fmt: skip
        _run(output, folder, seconds, progress, video)


def to_ass(
    transcript: Transcript, style: SubtitleStyle, font: str | None = None, fonts: Path | None = None
) -> tuple[str, list[Font]]:
    """ASS in which every character has a font that draws it, and those fonts. Raises UsageError where none does."""
    import pysubs2

    colours = formats.speaker_colours(transcript, style)
    cues = lay_out(transcript, style)
    shown = "".join(cue.text for cue in cues)
    runs = choose(shown, font, fonts, transcript.language) if shown else []
    main = choose("", font, fonts, transcript.language)
    family = main[0][1].family if main else "Sans"
    of_character = {char: one for text, one in runs for char in text}
    file = pysubs2.SSAFile.from_string(formats.to_ass(cues, style, colours, transcript.source, family))
    for event in file:
        event.text = _with_fonts(event.text, of_character, family)
    used = dict.fromkeys([*(one for _, one in main), *of_character.values()])
    return str(file.to_string("ass")), list(used)


def _with_fonts(text: str, fonts: dict[str, Font], family: str) -> str:
    r"""The text with `{\fn...}` where a run needs another font than the style's."""
    out, now = "", family
    for piece in re.split(r"(\{[^{}]*\}|\\[Nnh{}])", text):
        if re.fullmatch(r"\{\\[^{}]*\}", piece):
            out += piece
            now = family if piece.startswith("{\\r") else now
            continue
        if piece in ("\\N", "\\n", "\\h", "\\{", "\\}"):
            out += piece
            continue
        for char in piece:
            wanted = fonts[char].family if char in fonts else now
            if wanted != now:
                out += f"{{\\fn{wanted}}}"
                now = wanted
            out += char
    return out


def mux(video: Path, tracks: Sequence[Track], out: Path, progress: Progress = lambda share: None) -> None:
    """Put subtitles beside the picture and the sound, which are copied; the first track is shown by default.

    Raises:
        UsageError: a container that holds no text, or no tracks.
        MediaError: ffmpeg failed, with its reason.
    """
    import ffmpeg

    codec = CODECS.get(out.suffix.lower())
    if codec is None:
        raise UsageError(f"{out.suffix or 'a name without ending'} holds no subtitles", f"Use {', '.join(CODECS)}")
    if not tracks:
        raise UsageError("no subtitles to mux", "Give a transcript or a subtitle file")
    seconds = _look(video, picture=False)
    with tempfile.TemporaryDirectory(prefix="voicekit-mux-") as name, writing(out) as temporary:
        folder = Path(name)
        texts, about = [], []
        for number, track in enumerate(tracks):
            path = folder / f"{number}.srt"
            path.write_text(track.srt, encoding="utf-8")
            texts.append(ffmpeg.input(input_url(path), protocol_whitelist="file", f="srt"))
            about += [f"-metadata:s:s:{number}", f"language={iso639_2(track.language)}"]
            about += [f"-metadata:s:s:{number}", f"title={' '.join(track.title.split())}"]
        media = ffmpeg.input(input_url(video), **input_limits())
        output = ffmpeg.output(
            media["v?"], media["a?"], *texts, str(temporary.absolute()), c="copy", scodec=codec,
            format=_MUXERS[out.suffix.lower()],
        )  # fmt: skip
        _run(output, folder, seconds, progress, video, [*about, "-disposition:s:0", "default"])


_MUXERS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm"}


def iso639_2(language: str) -> str:
    """The three letters that containers name a language with; und where there are none."""
    import langcodes

    try:
        return str(langcodes.Language.get(language).to_alpha3(variant="B"))
    except (LookupError, ValueError):
        return "und"


def _look(video: Path, picture: bool) -> float:
    """Its seconds. Raises MediaError where it cannot be read, UsageError where it has no picture but needs one."""
    import av

    try:
        with av.open(input_url(video), options=input_limits(), metadata_errors="replace") as container:
            if picture and not container.streams.video:
                raise UsageError(f"{video.name} has no picture", "Give a video")
            return max(0, container.duration or 0) / 1_000_000
    except (av.FFmpegError, OSError, ValueError) as error:
        if isinstance(error, UsageError):
            raise
        raise MediaError(f"{video.name} is not media that ffmpeg can read", "Check that the file plays") from error


def _run(output: Any, folder: Path, seconds: float, progress: Progress, video: Path, more: Sequence[str] = ()) -> None:
    """Run ffmpeg in `folder`; a glyph that libass had no font for is an error, too. `more`: options of the output."""
    arguments = ("-hide_banner", "-nostdin", "-loglevel", "warning", "-nostats", "-progress", "pipe:1", "-y")
    command = output.global_args(*arguments).compile(cmd=ffmpeg_path())
    place = command.index("-hide_banner") - 1  # the output's name, which ffmpeg-python puts before these
    command[place:place] = more

    def read(pipe: Any) -> None:
        for line in pipe:
            key, _, value = line.decode(errors="replace").strip().partition("=")
            if key == "out_time_us" and value.isdigit() and seconds:
                progress(min(1.0, int(value) / 1e6 / seconds))

    status, _, log = run_ffmpeg(command, read, cwd=folder)
    if missing := re.findall(r"[Gg]lyph 0x([0-9A-Fa-f]+) not found", log):
        raise UsageError(*lacking([chr(int(code, 16)) for code in dict.fromkeys(missing)]))
    if status != 0:
        reason = log.splitlines()[-1] if log else f"status {status}"
        raise MediaError(f"ffmpeg failed on {video.name}: {reason}", "Check that the file plays")
