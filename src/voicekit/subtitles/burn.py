"""Burn: subtitles drawn into a video's picture; mux: beside it as streams that a player can switch. Through ffmpeg."""

from __future__ import annotations

import re
import shutil
import tempfile
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from voicekit.audio import ffmpeg_path, input_limits, input_url, run_ffmpeg
from voicekit.config import SubtitleStyle
from voicekit.data import Transcript
from voicekit.errors import MediaError, UsageError
from voicekit.subtitles import formats
from voicekit.subtitles.cue import Cue
from voicekit.subtitles.fonts import Font, choose, lacking, needs_glyph
from voicekit.subtitles.layout import lay_out
from voicekit.workspace import writing

CODECS = {".mp4": "mov_text", ".m4v": "mov_text", ".mov": "mov_text", ".mkv": "srt", ".webm": "webvtt"}
"""How a container holds text, by the ending of its name."""

QUALITY, PRESET = 18, "medium"
"""x264's constant rate factor, at which no loss is seen, and how long it tries."""

WIDEST = 0.94
"""Share of the picture's width that a line may take; where one would take more, all are drawn smaller."""

_TEXT = ("subrip", "srt", "ass", "ssa", "mov_text", "webvtt", "text")

Progress = Callable[[float], None]


@dataclass(frozen=True)
class Track:
    """Subtitles to be put beside a video.

    Attributes:
        srt: As text.
        language: BCP-47.
        title: As players list it.
        forced: To be shown even to those who want no subtitles: signs, another language.
    """

    srt: str
    language: str = "und"
    title: str = ""
    forced: bool = False


def burn(
    video: Path,
    transcript: Transcript,
    style: SubtitleStyle,
    out: Path,
    font: str | None = None,
    fonts: Path | None = None,
    progress: Progress = lambda share: None,
    quality: int = QUALITY,
    preset: str = PRESET,
) -> None:
    """Draw subtitles into the picture; the sound is copied.

    Args:
        video: Any video that ffmpeg reads.
        out: .mp4, .mkv, .mov or .m4v.
        font: A family or a font file; `fonts`: a folder with more of them.
        progress: Told the share done, 0 to 1.
        quality, preset: x264's: 0 to 51, less is better and larger; ultrafast to veryslow.

    Raises:
        UsageError: no font here has a character, with a package that brings one; or no picture in the video.
        MediaError: ffmpeg failed, with its reason.
    """
    import ffmpeg

    if out.suffix.lower() not in CODECS or out.suffix.lower() == ".webm":
        raise UsageError(f"cannot burn into {out.suffix or 'a name without ending'}", "End it with .mp4, .mkv or .mov")
    look = _look(video)
    if look.picture is None:
        raise UsageError(f"{video.name} has no picture", "Give a video")
    text, used = to_ass(transcript, style, font, fonts, look.picture)
    # libass and the filter's own quoting are given nothing but names of ours, in a folder of their own.
    with tempfile.TemporaryDirectory(prefix="voicekit-burn-") as name, writing(out) as temporary:
        folder = Path(name)
        (folder / "cues.ass").write_text(text, encoding="utf-8")
        (folder / "fonts").mkdir()
        for number, path in enumerate(dict.fromkeys(one.path for one in used)):
            shutil.copyfile(path, folder / "fonts" / f"{number}{path.suffix}")
        media = ffmpeg.input(input_url(video), **input_limits())
        even = media["v:0"].filter("pad", w="ceil(iw/2)*2", h="ceil(ih/2)*2")  # as yuv420p must be
        drawn = even.filter("ass", filename="cues.ass", fontsdir="fonts")
        output = ffmpeg.output(
            drawn, media["a?"], str(temporary.absolute()), vcodec="libx264", crf=quality,
            preset=preset, pix_fmt="yuv420p", acodec="copy", format=_MUXERS[out.suffix.lower()],
        )  # fmt: skip
        _run(output, folder, look.seconds, progress, video)


def to_ass(
    transcript: Transcript,
    style: SubtitleStyle,
    font: str | None = None,
    fonts: Path | None = None,
    picture: tuple[float, float] = (1920, 1080),
) -> tuple[str, list[Font]]:
    """ASS in which every character has a font that draws it, and those fonts.

    Args:
        picture: Width and height of what it is drawn on, in any unit: no line is wider.

    Raises:
        UsageError: no font here has a character.
    """
    import pysubs2

    colours = formats.speaker_colours(transcript, style)
    cues = [_composed(cue) for cue in lay_out(transcript, style)]
    runs = choose("\n".join(cue.text for cue in cues), font, fonts, transcript.language)
    main = runs[0][1] if runs else choose(" ", font, fonts, transcript.language)[0][1]
    of_character = {char: one for text, one in runs for char in text if needs_glyph(char)}
    file = pysubs2.SSAFile.from_string(formats.to_ass(cues, style, colours, transcript.source, main.family))
    for event in file:
        event.text = _with_fonts(event.text, of_character, main)
    em = style.size * (1.1 if style.middle else 1.0)  # bold letters are wider
    widest = max(
        (sum(of_character.get(c, main).advance(c) for c in line) * em for cue in cues for line in cue.text.split("\n")),
        default=0.0,
    )
    width = 1080 * picture[0] / picture[1]
    scale = max(1.0, widest / (WIDEST * width))
    file.info |= {"PlayResX": str(round(width * scale)), "PlayResY": str(round(1080 * scale))}
    return str(file.to_string("ass")), list(dict.fromkeys([main, *of_character.values()]))


def _composed(cue: Cue) -> Cue:
    """With letters and their accents as one character, where there is one: more fonts have it."""

    def nfc(text: str) -> str:
        return unicodedata.normalize("NFC", text)

    lines = tuple(
        replace(
            line,
            text=nfc(line.text),
            label=nfc(line.label),
            words=tuple(replace(w, text=nfc(w.text)) for w in line.words),
        )
        for line in cue.lines
    )
    return replace(cue, lines=lines, below=tuple(nfc(text) for text in cue.below))


def _with_fonts(text: str, fonts: dict[str, Font], main: Font) -> str:
    r"""The text with `{\fn...}` where a run needs another font than the style's; accents and joiners stay in a run."""
    out, now = "", main
    for piece in re.split(r"(\{[^{}]*\}|\\[Nnh{}])", text):
        if re.fullmatch(r"\{\\[^{}]*\}", piece):
            out += piece
            now = main if piece.startswith("{\\r") else now
            continue
        if piece in ("\\N", "\\n", "\\h", "\\{", "\\}"):
            out += piece
            continue
        for char in piece:
            wanted = fonts.get(char, now)
            if unicodedata.category(char).startswith("M") and not now.lacks(char):
                wanted = now
            if wanted.family != now.family:
                out += f"{{\\fn{wanted.family}}}"
                now = wanted
            out += char
    return out


def mux(video: Path, tracks: Sequence[Track], out: Path, progress: Progress = lambda share: None) -> None:
    """Put subtitles beside the picture, the sound and the subtitles that are there, which are kept; the first new track
    is shown by default.

    Raises:
        UsageError: a container that holds no text, or not the subtitles that are there; or no tracks.
        MediaError: ffmpeg failed, with its reason.
    """
    import ffmpeg

    ending = out.suffix.lower()
    codec = CODECS.get(ending)
    if codec is None:
        raise UsageError(f"{out.suffix or 'a name without ending'} holds no subtitles", f"Use {', '.join(CODECS)}")
    if not tracks:
        raise UsageError("no subtitles to mux", "Give a transcript or a subtitle file")
    look = _look(video)
    options: dict[str, str] = {}
    for number, there in enumerate(look.subtitles, len(tracks)):
        options[f"c:s:{number}"] = _kept_as(there, ending, codec, video)
        options[f"disposition:s:{number}"] = "-default"
    about = []
    for number, track in enumerate(tracks):
        title = " ".join(track.title.split())
        options[f"c:s:{number}"] = codec
        options[f"disposition:s:{number}"] = "+".join(["default"] * (number == 0) + ["forced"] * track.forced) or "0"
        for key, value in (("language", iso639_2(track.language)), ("title", title), ("handler_name", title)):
            about += [f"-metadata:s:s:{number}", f"{key}={value}"] if value else []
    with tempfile.TemporaryDirectory(prefix="voicekit-mux-") as name, writing(out) as temporary:
        folder = Path(name)
        texts = []
        for number, track in enumerate(tracks):
            path = folder / f"{number}.srt"
            path.write_text(track.srt, encoding="utf-8")
            texts.append(ffmpeg.input(input_url(path), protocol_whitelist="file", f="srt"))
        media = ffmpeg.input(input_url(video), **input_limits())
        kept = [media[f"s:{number}"] for number in range(len(look.subtitles))]
        attached = [media["t?"]] if ending == ".mkv" else []  # fonts
        output = ffmpeg.output(
            media["v?"], media["a?"], *texts, *kept, *attached, str(temporary.absolute()), c="copy",
            format=_MUXERS[ending], **options,
        )  # fmt: skip
        _run(output, folder, look.seconds, progress, video, about)


def _kept_as(there: str, ending: str, codec: str, video: Path) -> str:
    """ffmpeg's codec for subtitles that are in the video already. Raises UsageError where the container has none."""
    if ending == ".mkv":
        return codec if there == "mov_text" else "copy"
    if there in _TEXT:
        return codec
    raise UsageError(f"{video.name} has {there} subtitles, which {ending} cannot hold", "End -o with .mkv")


_MUXERS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm"}


def iso639_2(language: str) -> str:
    """The three letters that containers name a language with; und where there are none."""
    import langcodes

    try:
        return str(langcodes.Language.get(language).to_alpha3(variant="B"))
    except (LookupError, ValueError):
        return "und"


@dataclass(frozen=True)
class _Look:
    """What a video holds.

    Attributes:
        seconds: How long it is; 0 where it does not say.
        picture: Width and height as shown; None without a picture.
        subtitles: Codecs of those in it.
    """

    seconds: float
    picture: tuple[float, float] | None
    subtitles: tuple[str, ...]


def _look(video: Path) -> _Look:
    """Raises MediaError where it cannot be read."""
    import av

    try:
        with av.open(input_url(video), options=input_limits(), metadata_errors="replace") as container:
            subtitles = tuple(
                s.codec_context.name if s.codec_context else "unknown"
                for s in container.streams
                if s.type == "subtitle"
            )
            picture = None
            if container.streams.video and (frame := next(container.decode(video=0), None)):
                aspect = container.streams.video[0].sample_aspect_ratio or 1
                picture = (float(frame.width * aspect), float(frame.height))
                picture = picture if frame.rotation % 180 == 0 else picture[::-1]
            return _Look(max(0, container.duration or 0) / 1_000_000, picture, subtitles)
    except (av.FFmpegError, OSError, ValueError) as error:
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
    codes = dict.fromkeys(re.findall(r"fontselect: failed to find any fallback with glyph 0x([0-9A-Fa-f]{1,6})\b", log))
    if missing := [char for code in codes if needs_glyph(char := chr(int(code, 16)))]:
        raise UsageError(*lacking(missing))
    if status != 0:
        reason = log.splitlines()[-1] if log else f"status {status}"
        raise MediaError(f"ffmpeg failed on {video.name}: {reason}", "Check that the file plays")
