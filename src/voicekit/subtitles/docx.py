"""Write a transcript as a Word document."""

from __future__ import annotations

import datetime
import io
import re
import zipfile

from voicekit.subtitles.render import clock
from voicekit.types import Transcript

_FIXED_DATE = datetime.datetime(1980, 1, 1, tzinfo=datetime.UTC)
"""Date in every document, so that the same transcript gives the same bytes; the earliest that zip files can hold."""


def to_docx(transcript: Transcript) -> bytes:
    """Return a Word document: one paragraph per turn with its time, or a table of two columns for a translation."""
    import docx
    from docx.shared import Pt

    document = docx.Document()
    document.core_properties.author = "voicekit"
    document.core_properties.created = document.core_properties.modified = _FIXED_DATE
    document.styles["Normal"].font.size = Pt(11)
    document.add_heading(_valid_xml(transcript.source) or "Transcript", level=1)
    turns = _paragraphs(transcript)
    if transcript.translated_from:
        table = document.add_table(rows=1, cols=2, style="Light Grid Accent 1")
        table.rows[0].cells[0].text, table.rows[0].cells[1].text = transcript.translated_from, transcript.language
    for start, speaker, text, source in turns:
        if transcript.translated_from:
            cells = table.add_row().cells
            cells[0].text, paragraph = _valid_xml(source), cells[1].paragraphs[0]
        else:
            paragraph = document.add_paragraph()
        paragraph.add_run(f"{clock(start).partition('.')[0]} ").font.size = Pt(8)
        if speaker:
            paragraph.add_run(f"{_valid_xml(speaker)}: ").bold = True
        paragraph.add_run(_valid_xml(text))
    file = io.BytesIO()
    document.save(file)
    return _without_dates(file.getvalue())


def _paragraphs(transcript: Transcript) -> list[tuple[float, str | None, str, str]]:
    """Return (start, speaker, text, source text) for each turn; in a translation for each segment."""
    rows: list[tuple[float, str | None, str, str]] = []
    for segment in transcript.segments:
        if rows and rows[-1][1] == segment.speaker and segment.speaker and not transcript.translated_from:
            rows[-1] = (*rows[-1][:2], f"{rows[-1][2]} {segment.text}", "")
        else:
            rows.append((segment.start, segment.speaker, segment.text, segment.source_text or ""))
    return rows


def _valid_xml(text: str) -> str:
    """Remove the characters that XML cannot hold."""
    return re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", text)


def _without_dates(document: bytes) -> bytes:
    """Return the zip file with fixed dates."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(document)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), old.read(name), zipfile.ZIP_DEFLATED)
    return file.getvalue()
