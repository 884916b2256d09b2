"""Render cues as SubRip (with pysrt), WebVTT, and Advanced SubStation Alpha (with pysubs2).

Lines from a subtitle file may have the tags i, b, u and font: SRT keeps them, VTT all but font, ASS none.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

import pysrt

from voicekit.config.subtitles import SubtitleStyle
from voicekit.subtitles.cue import Cue, Line
from voicekit.text.controls import without_controls
from voicekit.types import Transcript, Word

VERSION = 1

COLOURS = ("ffffff", "ffff00", "00ffff", "00ff00", "ffb0ff", "ffc080", "a0c0ff", "c0c0c0")
"""Colours of the speakers in order of first speech, RRGGBB. The first four are those of the BBC's guidelines."""

_TAG = re.compile(r"</?(?:i|b|u|s|c|v|lang|ruby|rt|font)\b[^<>]*>|\{\\[^{}]*\}", re.IGNORECASE)
_NOT_IN_VTT = re.compile(r"</?font\b[^<>]*>|\{\\[^{}]*\}", re.IGNORECASE)
_KEPT_IN_VTT = re.compile(r"&lt;(/?[ibu])&gt;", re.IGNORECASE)


def to_srt(cues: Iterable[Cue], colours: dict[str, str]) -> str:
    """Render SubRip. `colours`: RRGGBB by speaker."""
    file = pysrt.SubRipFile(
        pysrt.SubRipItem(
            index=number,
            start=pysrt.SubRipTime.from_ordinal(round(cue.start * 1000)),
            end=pysrt.SubRipTime.from_ordinal(round(cue.end * 1000)),
            text="\n".join([_srt_line(line, colours) for line in cue.lines] + list(cue.below)).replace("-->", "→"),
        )
        for number, cue in enumerate(cues, 1)
    )
    return without_controls("".join(f"{item}\n" for item in file))


def _srt_line(line: Line, colours: dict[str, str]) -> str:
    colour = colours.get(line.speaker or "")
    return f'<font color="#{colour}">{line.shown}</font>' if colour else line.shown


def to_vtt(cues: Iterable[Cue], colours: dict[str, str], karaoke: bool = False) -> str:
    """Render WebVTT (https://www.w3.org/TR/webvtt1/) with speaker names in voice spans (`<v Ana>`).

    Args:
        cues: The cues.
        colours: RRGGBB by speaker.
        karaoke: Whether to put a time before each word.
    """
    blocks = ["WEBVTT\n"]
    if colours:
        rules = (f'::cue(v[voice="{_css_string(name)}"]) {{ color: #{colour} }}' for name, colour in colours.items())
        blocks.append("STYLE\n" + "\n".join(rules) + "\n")
    for cue in cues:
        lines, last_speaker = [], None
        for line in cue.lines:
            voice = f"<v {_voice_name(line.speaker)}>" if line.speaker and line.speaker != last_speaker else ""
            last_speaker = line.speaker
            text = _with_word_times(line.words, line.text, cue) if karaoke and line.words else _vtt_text(line)
            lines.append(voice + ("- " if line.dash else "") + text)
        lines += [html.escape(text, quote=False) for text in cue.below]
        blocks.append(f"{clock(cue.start)} --> {clock(cue.end)}\n" + "\n".join(lines) + "\n")
    return without_controls("\n".join(blocks))


def _vtt_text(line: Line) -> str:
    if not line.markup:
        return html.escape(line.text, quote=False)
    return _KEPT_IN_VTT.sub(r"<\1>", html.escape(_NOT_IN_VTT.sub("", line.text), quote=False))


def _voice_name(name: str) -> str:
    """Return a name on one line, with `>` escaped."""
    return html.escape(" ".join(name.split()), quote=False)


def _css_string(name: str) -> str:
    return re.sub(r'[\\"<>&]', lambda match: f"\\{ord(match[0]):x} ", " ".join(name.split()))


def _with_word_times(words: Sequence[Word], text: str, cue: Cue) -> str:
    """Put times between the words where they increase and lie inside the cue."""
    timed, position, last_time = "", 0, cue.start
    for word in words:
        space = "" if text.startswith(word.text, position) else " "
        position += len(space) + len(word.text)
        if last_time + 0.001 < word.start < cue.end - 0.001 and timed:
            timed += f"{space}<{clock(word.start)}>"
            last_time = word.start
        else:
            timed += space
        timed += html.escape(word.text, quote=False)
    return timed


def to_ass(
    cues: Iterable[Cue], style: SubtitleStyle, colours: dict[str, str], title: str = "", font: str = "Noto Sans"
) -> str:
    """Render Advanced SubStation Alpha for 1920 x 1080, with a style for each speaker who has a colour."""
    import pysubs2

    file = pysubs2.SSAFile()
    file.info |= {
        "Title": " ".join(title.split())[:200], "PlayResX": "1920", "PlayResY": "1080", "WrapStyle": "2",
        "ScaledBorderAndShadow": "yes", "YCbCr Matrix": "TV.709",
    }  # fmt: skip
    base = pysubs2.SSAStyle(
        fontname=font, fontsize=style.size, bold=style.middle, outline=3.0, shadow=1.0, marginl=96, marginr=96,
        marginv=64, alignment=pysubs2.Alignment.MIDDLE_CENTER if style.middle else pysubs2.Alignment.BOTTOM_CENTER,
        secondarycolor=pysubs2.Color(160, 160, 160), encoding=-1,  # libass then detects the direction of each text
    )  # fmt: skip
    file.styles = {"Default": base}
    names = {}
    for number, (speaker, colour) in enumerate(colours.items(), 1):
        names[speaker] = f"Speaker{number}"
        file.styles[names[speaker]] = base.copy()
        file.styles[names[speaker]].primarycolor = pysubs2.Color(*bytes.fromhex(colour))
    for cue in cues:
        speakers = [line.speaker for line in cue.lines]
        lines = []
        for line in cue.lines:
            plain = _TAG.sub("", line.text) if line.markup else line.text
            text = _escape_ass(plain)
            if style.karaoke and line.words:
                text = _with_karaoke_tags(line, cue, first=line is cue.lines[0])
            change = f"{{\\r{names[line.speaker]}}}" if line.speaker in names and line.speaker != speakers[0] else ""
            lines.append(change + _escape_ass(line.head) + text)
        lines += [f"{{\\fs{round(style.size * 0.8)}}}{_escape_ass(text)}" for text in cue.below]
        file.append(
            pysubs2.SSAEvent(
                start=round(cue.start * 1000), end=round(cue.end * 1000), text="\\N".join(lines),
                style=names.get(speakers[0] or "", "Default"), name=_field(speakers[0] or ""),
            )
        )  # fmt: skip
    return without_controls(str(file.to_string("ass")))


def _escape_ass(text: str) -> str:
    """Escape text so that it has no override, escape or line end; a word joiner follows each backslash."""
    return " ".join(text.split("\n")).replace("\\", "\\\u2060").replace("{", "\\{").replace("}", "\\}")


def _field(text: str) -> str:
    return " ".join(text.replace(",", " ").split())


def _with_karaoke_tags(line: Line, cue: Cue, first: bool) -> str:
    r"""Put `\k` before each word, with the hundredths of a second until the next one."""
    words = line.words
    start = cue.start if first else words[0].start
    edges = [start, *(word.start for word in words[1:]), max(words[-1].end, words[-1].start)]
    tagged, position, done = "", 0, 0
    for number, word in enumerate(words):
        space = "" if line.text.startswith(word.text, position) else " "
        position += len(space) + len(word.text)
        until = max(round((edges[number + 1] - start) * 100), done)
        tagged += f"{space}{{\\k{until - done}}}{_escape_ass(word.text)}"
        done = until
    return tagged


def clock(seconds: float) -> str:
    """Format a time as HH:MM:SS.mmm."""
    ms = round(seconds * 1000)
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}.{ms % 1000:03}"


def speaker_colours(transcript: Transcript, style: SubtitleStyle) -> dict[str, str]:
    """Return RRGGBB by speaker in order of first speech; empty if the style has no colours."""
    if not style.colours:
        return {}
    speakers = dict.fromkeys(segment.speaker for segment in transcript.segments if segment.speaker)
    return {name: COLOURS[n % len(COLOURS)] for n, name in enumerate(speakers)}
