from __future__ import annotations

import re
from pathlib import Path

import pysrt
import pytest
from hypothesis import given, settings

from tests.support.strategies import transcripts
from voicekit.config.formats import FORMATS
from voicekit.config.subtitles import subtitle_style
from voicekit.errors import UsageError
from voicekit.formats.writers import FILE_NAMES, RENDERERS, save, to_audacity, to_rttm, to_srt, to_tsv, to_txt, to_vtt
from voicekit.subtitles.layout import lay_out
from voicekit.types import Segment, Transcript, Turn, Word

STYLE = subtitle_style()


@given(transcripts())
@settings(deadline=None)
def test_pysrt_reads_back_every_srt(transcript: Transcript) -> None:
    back = pysrt.from_string(to_srt(transcript, STYLE))
    laid = lay_out(transcript, STYLE)
    assert [item.index for item in back] == list(range(1, len(laid) + 1))
    assert [item.text for item in back] == [cue.text.replace("-->", "→") for cue in laid]
    assert [item.start.ordinal for item in back] == [round(cue.start * 1000) for cue in laid]


@given(transcripts())
@settings(deadline=None)
def test_vtt_has_no_markup_but_ours(transcript: Transcript) -> None:
    blocks = to_vtt(transcript, STYLE).split("\n\n")
    assert blocks[0].strip() == "WEBVTT"
    assert len([b for b in blocks[1:] if b.strip()]) == len(lay_out(transcript, STYLE))
    for block in blocks[1:]:
        payload = block.strip().partition("\n")[2]
        rest = "\n".join(re.sub(r"^<v [^>]*>", "", line) for line in payload.split("\n"))
        assert "<" not in rest
        assert "-->" not in rest


def conversation() -> Transcript:
    a = Segment(
        0, 0.5, 1.25, "Tab\there & <b>", "Ana Sousa", "en", (Word("Tab here & <b>", 0.5, 1.25, 1, "Ana Sousa"),)
    )
    b = Segment(1, 2.0, 3.0, "Yes.", "Ana Sousa", "en", (Word("Yes.", 2.0, 3.0, 1, "Ana Sousa"),))
    c = Segment(2, 3.0, 4.0, "No.", "B", "en", (Word("No.", 3.0, 4.0, 1, "B"),))
    turns = (Turn(0.5, 3.1, "Ana Sousa"), Turn(2.9, 4.0, "B"))
    return Transcript("voicekit.transcript/1", "en", 5.0, "my talk.mp4", ("Ana Sousa", "B"), (a, b, c), turns)


def test_plain_formats() -> None:
    t = conversation()
    assert to_txt(t) == "Ana Sousa: Tab\there & <b> Yes.\nB: No.\n"
    assert to_tsv(t).splitlines()[:2] == ["start\tend\tspeaker\ttext", "500\t1250\tAna Sousa\tTab here & <b>"]
    assert to_audacity(t).splitlines()[2] == "3.000000\t4.000000\tB: No."
    assert to_vtt(t, STYLE).splitlines()[2:4] == [
        "00:00:00.500 --> 00:00:01.917",
        "<v Ana Sousa>Tab here &amp; &lt;b&gt;",
    ]


def test_rttm_is_what_pyannote_reads(tmp_path: Path) -> None:
    from pyannote.database.util import load_rttm

    (tmp_path / "x.rttm").write_text(to_rttm(conversation()))
    (annotation,) = load_rttm(tmp_path / "x.rttm").values()
    tracks = [(s.start, round(s.end, 3), label) for s, _, label in annotation.itertracks(yield_label=True)]
    assert tracks == [(0.5, 3.1, "Ana_Sousa"), (2.9, 4.0, "B")]


def test_save_by_ending(tmp_path: Path) -> None:
    t = conversation()
    for name in FORMATS:
        path = save(t, tmp_path / FILE_NAMES[name])
        content = RENDERERS[name](t, STYLE)
        assert path.read_bytes() == (content if isinstance(content, bytes) else content.encode())
    assert t.save(str(tmp_path / "x.srt")).read_text().startswith("1\n")
    with pytest.raises(UsageError, match=r"\.srt"):
        t.save(tmp_path / "x.doc")


def test_empty_transcript_in_every_format() -> None:
    empty = Transcript("voicekit.transcript/1", "und", 3.0, "silence.wav", (), ())
    for render in RENDERERS.values():
        assert isinstance(render(empty, STYLE), str | bytes)
