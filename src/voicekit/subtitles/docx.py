"""Formats: cues as SubRip, WebVTT and Advanced SubStation; a transcript as a Word document. Pure.

pysrt writes SRT and pysubs2 ASS. `Segment.cue` may hold the tags i, b, u and font of its file: SRT keeps them, VTT all
but font; ASS none.
"""

from __future__ import annotations

import datetime
import io
import re
import zipfile

from voicekit.subtitles.render import clock
from voicekit.types import Transcript

_NO_DATE = datetime.datetime(1980, 1, 1, tzinfo=datetime.UTC)


def to_docx(transcript: Transcript) -> bytes:
    """A Word document: a paragraph for each speaker's turn with its time; a table of two columns for a translation."""
    import docx
    from docx.shared import Pt

    document = docx.Document()
    document.core_properties.author = "voicekit"
    document.core_properties.created = document.core_properties.modified = _NO_DATE
    document.styles["Normal"].font.size = Pt(11)
    document.add_heading(_xml(transcript.source) or "Transcript", level=1)
    turns = _paragraphs(transcript)
    if transcript.translated_from:
        table = document.add_table(rows=1, cols=2, style="Light Grid Accent 1")
        table.rows[0].cells[0].text, table.rows[0].cells[1].text = transcript.translated_from, transcript.language
    for start, speaker, text, source in turns:
        if transcript.translated_from:
            cells = table.add_row().cells
            cells[0].text, paragraph = _xml(source), cells[1].paragraphs[0]
        else:
            paragraph = document.add_paragraph()
        paragraph.add_run(f"{clock(start).partition('.')[0]} ").font.size = Pt(8)
        if speaker:
            paragraph.add_run(f"{_xml(speaker)}: ").bold = True
        paragraph.add_run(_xml(text))
    out = io.BytesIO()
    document.save(out)
    return _dateless(out.getvalue())


def _paragraphs(transcript: Transcript) -> list[tuple[float, str | None, str, str]]:
    """(start, speaker, text, source text), one for each turn; in a translation one for each segment."""
    out: list[tuple[float, str | None, str, str]] = []
    for segment in transcript.segments:
        if out and out[-1][1] == segment.speaker and segment.speaker and not transcript.translated_from:
            out[-1] = (*out[-1][:2], f"{out[-1][2]} {segment.text}", "")
        else:
            out.append((segment.start, segment.speaker, segment.text, segment.source_text or ""))
    return out


def _xml(text: str) -> str:
    """Without what XML cannot hold."""
    return re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", text)


def _dateless(document: bytes) -> bytes:
    """The same zip without the time at which it was made: the same transcript gives the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(document)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), old.read(name), zipfile.ZIP_DEFLATED)
    return out.getvalue()
