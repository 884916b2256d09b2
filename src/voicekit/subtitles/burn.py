"""Burn: subtitles drawn into a video's picture; mux: beside it as streams that a player can switch. Through ffmpeg."""

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
from voicekit.storage.files import writing
from voicekit.subtitles import render
from voicekit.subtitles.cue import Cue
from voicekit.subtitles.fonts import Font, choose, needs_glyph
from voicekit.subtitles.layout import lay_out
from voicekit.subtitles.video import CODECS, MUXERS, Progress, look_at_video, run_with_progress
from voicekit.types import Transcript

QUALITY, PRESET = 18, "medium"
"""x264's constant rate factor, at which no loss is seen, and how long it tries."""

WIDEST = 0.94
"""Share of the picture's width that a line may take; where one would take more, all are drawn smaller."""


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
    look = look_at_video(video)
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
            preset=preset, pix_fmt="yuv420p", acodec="copy", format=MUXERS[out.suffix.lower()],
        )  # fmt: skip
        run_with_progress(output, folder, look.seconds, progress, video)


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

    colours = render.speaker_colours(transcript, style)
    cues = [_composed(cue) for cue in lay_out(transcript, style)]
    runs = choose("\n".join(cue.text for cue in cues), font, fonts, transcript.language)
    main = runs[0][1] if runs else choose(" ", font, fonts, transcript.language)[0][1]
    of_character = {char: one for text, one in runs for char in text if needs_glyph(char)}
    file = pysubs2.SSAFile.from_string(render.to_ass(cues, style, colours, transcript.source, main.family))
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
