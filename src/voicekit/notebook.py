"""How voicekit's objects show themselves in a notebook. Every name and text is escaped."""

from __future__ import annotations

import html
from typing import Any

# Okabe and Ito's colour-blind safe palette, darkened for text on white.
COLOURS = ("#0072b2", "#b34700", "#00745a", "#a1497f", "#7a6a00", "#2a6f97", "#5c5c5c", "#8a2be2")


def transcript_html(transcript: Any, rows: int = 200) -> str:
    """A table of segments: time, speaker in a colour of their own, text. At most `rows` of them."""
    colours = {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(transcript.speakers)}
    head = (
        f"<b>{html.escape(transcript.source)}</b> · {transcript.duration:.1f} s · {html.escape(transcript.language)} · "
        f"{len(transcript.speakers)} speakers · {len(transcript.words)} words"
    )
    lines = []
    for s in transcript.segments[:rows]:
        colour = colours.get(s.speaker or "", "inherit")
        stamp = f"{int(s.start // 60)}:{s.start % 60:05.2f}"
        lines.append(
            f"<tr><td style='text-align:right'>{stamp}</td>"
            f"<td style='color:{colour};font-weight:600;white-space:nowrap'>{html.escape(s.speaker or '')}</td>"
            f"<td style='text-align:left'>{html.escape(s.text)}</td></tr>"
        )
    more = len(transcript.segments) - rows
    tail = f"<p>and {more} more segments</p>" if more > 0 else ""
    return f"<div>{head}<table>{''.join(lines)}</table>{tail}</div>"


def take_html(take: Any) -> str:
    """A player with the sound in it, and with what it was made."""
    made = f"{html.escape(take.engine)} · seed {take.seed} · {take.audio.duration:.1f} s"
    head = f"<b>{html.escape(take.voice)}</b> · {made}"
    return f"<div>{head}<br>{player(take.audio)}<br>{html.escape(take.text[:400])}</div>"


def player(audio: Any) -> str:
    """A player with the sound in it."""
    import base64
    import io

    import soundfile

    file = io.BytesIO()
    soundfile.write(file, audio.samples.T, audio.rate, "PCM_16", format="WAV")
    return f"<audio controls src='data:audio/wav;base64,{base64.b64encode(file.getvalue()).decode()}'></audio>"


def run_html(run: Any, rows: int = 20) -> str:
    """A table of lines with their picks: a player, the verdict, and why. At most `rows` of them."""
    head = f"<b>{html.escape(run.folder.parent.name)}</b> · {len(run.lines)} lines · {len(run.takes)} takes"
    head += f" · {len(run.flagged)} flagged" if run.flagged else ""
    lines = []
    for line in run.lines[:rows]:
        take = run.picked.get(line.id)
        sound = player(run.picked_audio(line.id)) if take else ""
        score = f"{take.score:.2f}" if take and take.score is not None else ""
        lines.append(
            f"<tr><td>{html.escape(line.id)}</td><td>{html.escape(line.voice)}</td>"
            f"<td style='text-align:left'>{html.escape(line.text[:200])}</td><td>{sound}</td><td>{score}</td>"
            f"<td style='text-align:left'>{html.escape(line.why)}</td></tr>"
        )
    more = len(run.lines) - rows
    tail = f"<p>and {more} more lines</p>" if more > 0 else ""
    return f"<div>{head}<table>{''.join(lines)}</table>{tail}</div>"


LONGEST_PLAYED = 1200.0
"""Seconds of a mix that a page carries in it; of a longer one it names the file."""


def mix_html(mix: Any) -> str:
    """A player with the mix in it, and who says what when."""
    sound = player(mix.audio) if mix.timeline.duration <= LONGEST_PLAYED else html.escape(str(mix.path))
    return f"<div>{sound}{transcript_html(mix.transcript)}</div>"
