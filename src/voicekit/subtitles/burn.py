"""Draw subtitles into the picture of a video, with ffmpeg and libass."""

from __future__ import annotations

import re
import shutil
import tempfile
import unicodedata
from dataclasses import replace
from pathlib import Path

from voicekit.audio.ffmpeg import input_limits, input_url
from voicekit.config.subtitles import SubtitleStyle
from voicekit.errors import UsageError
from voicekit.storage.files import atomic_write
from voicekit.subtitles import render
from voicekit.subtitles.cue import Cue
from voicekit.subtitles.fonts import Font, choose_fonts, needs_glyph
from voicekit.subtitles.layout import lay_out
from voicekit.subtitles.video import CODECS, MUXERS, OnProgress, probe_video, run_with_progress
from voicekit.types import Transcript

QUALITY, PRESET = 18, "medium"
"""x264's constant rate factor, visually lossless, and its speed preset."""

MAX_LINE_WIDTH = 0.94
"""Largest share of the picture's width that a line may take; if one is wider, all text is drawn smaller."""


def burn(
    video: Path,
    transcript: Transcript,
    style: SubtitleStyle,
    out: Path,
    font: str | None = None,
    fonts: Path | None = None,
    progress: OnProgress = lambda share: None,
    quality: int = QUALITY,
    preset: str = PRESET,
) -> None:
    """Draw subtitles into the picture; the audio is copied.

    Args:
        video: Any video that ffmpeg reads.
        transcript: The subtitles.
        style: Their style.
        out: File to write: .mp4, .mkv, .mov or .m4v.
        font: Font family or font file.
        fonts: Folder with more fonts.
        progress: Called with the share done, 0 to 1.
        quality: Constant rate factor of x264, 0 to 51; lower is better and larger.
        preset: Speed preset of x264, ultrafast to veryslow.

    Raises:
        UsageError: No installed font has a character (names a package that does), or the video has no picture.
        MediaError: ffmpeg failed.
    """
    import ffmpeg

    if out.suffix.lower() not in CODECS or out.suffix.lower() == ".webm":
        raise UsageError(f"cannot burn into {out.suffix or 'a file without extension'}", "Use .mp4, .mkv or .mov")
    info = probe_video(video)
    if info.picture is None:
        raise UsageError(f"{video.name} has no picture", "Give a video")
    text, used = to_ass(transcript, style, font, fonts, info.picture)
    # libass and the filter's quoting get only file names that are ours, in a folder of their own.
    with tempfile.TemporaryDirectory(prefix="voicekit-burn-") as name, atomic_write(out) as temporary:
        folder = Path(name)
        (folder / "cues.ass").write_text(text, encoding="utf-8")
        (folder / "fonts").mkdir()
        for number, path in enumerate(dict.fromkeys(used_font.path for used_font in used)):
            shutil.copyfile(path, folder / "fonts" / f"{number}{path.suffix}")
        media = ffmpeg.input(input_url(video), **input_limits())
        even = media["v:0"].filter("pad", w="ceil(iw/2)*2", h="ceil(ih/2)*2")  # yuv420p needs an even size
        drawn = even.filter("ass", filename="cues.ass", fontsdir="fonts")
        output = ffmpeg.output(
            drawn, media["a?"], str(temporary.absolute()), vcodec="libx264", crf=quality,
            preset=preset, pix_fmt="yuv420p", acodec="copy", format=MUXERS[out.suffix.lower()],
        )  # fmt: skip
        run_with_progress(output, folder, info.seconds, progress, video)


def to_ass(
    transcript: Transcript,
    style: SubtitleStyle,
    font: str | None = None,
    fonts: Path | None = None,
    picture: tuple[float, float] = (1920, 1080),
) -> tuple[str, list[Font]]:
    """Render ASS in which every character has a font that contains it.

    Args:
        transcript: The subtitles.
        style: Their style.
        font: Font family or font file.
        fonts: Folder with more fonts.
        picture: Width and height of the picture, in any unit.

    Returns:
        The ASS text, and the fonts that it uses.

    Raises:
        UsageError: No installed font has a character.
    """
    import pysubs2

    colours = render.speaker_colours(transcript, style)
    cues = [_compose_accents(cue) for cue in lay_out(transcript, style)]
    runs = choose_fonts("\n".join(cue.text for cue in cues), font, fonts, transcript.language)
    main = runs[0][1] if runs else choose_fonts(" ", font, fonts, transcript.language)[0][1]
    font_of = {char: run_font for text, run_font in runs for char in text if needs_glyph(char)}
    file = pysubs2.SSAFile.from_string(render.to_ass(cues, style, colours, transcript.source, main.family))
    for event in file:
        event.text = _with_font_tags(event.text, font_of, main)
    em = style.size * (1.1 if style.middle else 1.0)  # text in the middle is bold, so wider
    widest = max(
        (sum(font_of.get(c, main).advance(c) for c in line) * em for cue in cues for line in cue.text.split("\n")),
        default=0.0,
    )
    width = 1080 * picture[0] / picture[1]
    scale = max(1.0, widest / (MAX_LINE_WIDTH * width))
    file.info |= {"PlayResX": str(round(width * scale)), "PlayResY": str(round(1080 * scale))}
    return str(file.to_string("ass")), list(dict.fromkeys([main, *font_of.values()]))


def _compose_accents(cue: Cue) -> Cue:
    """Join letters and accents to one character where there is one (NFC): more fonts have it."""

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


def _with_font_tags(text: str, fonts: dict[str, Font], main: Font) -> str:
    r"""Insert `{\fn...}` where a run of characters needs another font; accents and joiners stay in their run."""
    tagged, current = "", main
    for piece in re.split(r"(\{[^{}]*\}|\\[Nnh{}])", text):
        if re.fullmatch(r"\{\\[^{}]*\}", piece):
            tagged += piece
            current = main if piece.startswith("{\\r") else current
            continue
        if piece in ("\\N", "\\n", "\\h", "\\{", "\\}"):
            tagged += piece
            continue
        for char in piece:
            font = fonts.get(char, current)
            if unicodedata.category(char).startswith("M") and not current.missing(char):
                font = current
            if font.family != current.family:
                tagged += f"{{\\fn{font.family}}}"
                current = font
            tagged += char
    return tagged
