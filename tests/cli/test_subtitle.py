"""voicekit subtitle: files by style, and the check."""

from __future__ import annotations

import json
from pathlib import Path

import docx
import pysubs2
import pytest
import webvtt

from tests.subtitles.test_layout import said
from voicekit.cli import run
from voicekit.config.subtitles import subtitle_style
from voicekit.errors import SourceError
from voicekit.formats.subtitle_files import check_subtitles, load_subtitles, write_subtitles
from voicekit.formats.writers import to_ass, to_vtt, write_transcript

TALK = said(
    ("Ana", "Well, I think that we should put the old letters into the drawer of the writing desk."),
    ("Ben", "No."), ("Ana", "Then let us burn them all, right now, in the fireplace!"), pause=0.2,
)  # fmt: skip


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    path = tmp_path / "talk.json"
    write_transcript(TALK, path, "json")
    return path


def test_a_style_and_its_formats(talk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["subtitle", str(talk), "--style", "netflix", "--format", "srt,vtt,ass,txt,docx"]) == 0
    names = [f"talk.netflix.{ending}" for ending in ("srt", "vtt", "ass", "txt", "docx")]
    assert capsys.readouterr().out.split() == [str(talk.with_name(name)) for name in names]
    assert len(webvtt.read(talk.with_name(names[1])).captions) == len(
        load_subtitles(talk.with_name(names[0]))[0].segments
    )
    assert "Ben: No." in talk.with_name(names[3]).read_text()
    paragraphs = [p.text for p in docx.Document(str(talk.with_name(names[4]))).paragraphs]
    assert paragraphs[2] == "00:00:05 Ben: No."


def test_options_override_the_style(talk: Path, tmp_path: Path) -> None:
    out = tmp_path / "narrow.srt"
    options = ["--max-line-width", "20", "--max-line-count", "1", "--labels", "never", "--max-cps", "0"]
    assert run(["subtitle", str(talk), *options, "-o", str(out)]) == 0
    assert max(len(line) for s in load_subtitles(out)[0].segments for line in (s.cue or "").split("\n")) <= 20
    (tmp_path / "own.yaml").write_text("line_width: 30\nlabels: always\n")
    assert run(["subtitle", str(talk), "-s", str(tmp_path / "own.yaml")]) == 0
    assert talk.with_name("talk.own.srt").exists()


def test_what_is_wrong_is_said(talk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["subtitle", str(talk), "--style", "nonesuch"]) == 2
    assert run(["subtitle", str(talk), "--format", "avi"]) == 2
    assert run(["subtitle", str(talk), "--max-line-width", "2"]) == 2
    assert run(["subtitle", str(talk.with_name("none.srt")), str(talk)]) == 1  # the other one is written
    assert talk.with_name("talk.standard.srt").exists()
    said = capsys.readouterr().err
    assert "Known: bbc, netflix, raw, shorts, standard, youtube" in said
    assert "none.srt: no such file" in said


def test_nothing_is_written_over_its_source(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.srt"
    file.write_text("1\n00:00:01,000 --> 00:00:02,000\nHello\n\n")
    assert run(["subtitle", str(file), "-o", str(file)]) == 1
    assert "would overwrite the file that is read" in capsys.readouterr().err
    assert write_subtitles(file, ["srt"], subtitle_style("raw"), "raw")[0][0].read_text() == file.read_text()


def test_check_tells_what_could_have_been_avoided(talk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["subtitle", str(talk), "--style", "netflix"])
    ours = talk.with_name("talk.netflix.srt")
    assert run(["subtitle", "check", str(ours), "--style", "netflix"]) == 0
    assert run(["subtitle", "check", str(talk), "--style", "bbc"]) == 0
    worse = talk.with_name("worse.srt")
    worse.write_text(
        "1\n00:00:00,000 --> 00:00:05,100\nWell, I think that we should put the old letters into the drawer of the "
        "writing desk.\n\n2\n00:00:05,000 --> 00:00:05,300\nNo.\n\n"
        "3\n00:00:05,800 --> 00:00:09,100\nThen let us burn them all,\nright now,\nin the fireplace!\n\n"
    )
    capsys.readouterr()
    assert run(["subtitle", "check", str(worse), "--style", "netflix", "--json"]) == 1
    (found,) = json.loads(capsys.readouterr().out)
    assert {(one["number"], one["rule"]) for one in found["broken"] if one["avoidable"]} == {
        (1, "line_width"), (1, "overlap"), (2, "shortest"), (3, "lines"),
    }  # fmt: skip
    assert run(["subtitle", "check", str(worse)]) == 1
    assert "line_width" in capsys.readouterr().out


def test_what_the_speech_forces_is_a_note(tmp_path: Path) -> None:
    quick = said(("A", "Antidisestablishmentarianism incomprehensibilities counterrevolutionaries"), seconds=0.2)
    later = said(("B", "Yes indeed."), seconds=0.4)
    t = quick.__class__(
        quick.schema, "en", 5.0, "x", ("A", "B"),
        (*quick.segments, later.segments[0].__class__(
            1, 0.6, 1.4, "Yes indeed.", "B", "en",
            tuple(w.__class__(w.text, w.start + 0.6, w.end + 0.6, 1.0, "B") for w in later.words))),
    )  # fmt: skip
    write_transcript(t, tmp_path / "t.json", "json")
    found = check_subtitles(tmp_path / "t.json", subtitle_style("netflix", dashes=False))
    assert {(one.rule, one.avoidable) for one in found.broken} == {("reading_speed", False), ("shortest", False)}


def test_words_of_another_transcript_are_refused(talk: Path, tmp_path: Path) -> None:
    (tmp_path / "b.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nHello\n\n")
    with pytest.raises(SourceError, match="contains other words"):
        check_subtitles(tmp_path / "b.srt", subtitle_style("netflix"), talk)


def test_karaoke_and_colours() -> None:
    style = subtitle_style("shorts")
    vtt, ass = to_vtt(TALK, style), pysubs2.SSAFile.from_string(to_ass(TALK, style))
    assert "<v Ana>I <00:00:00.600>think <00:00:00.900>that" in vtt
    assert ass[1].text == r"{\k30}I {\k30}think {\k30}that"
    coloured = subtitle_style("bbc")
    assert '::cue(v[voice="Ben"]) { color: #ffff00 }' in to_vtt(TALK, coloured)
    file = pysubs2.SSAFile.from_string(to_ass(TALK, coloured))
    assert {event.style for event in file} == {"Speaker1", "Speaker2"}
    assert file.styles["Speaker2"].primarycolor == pysubs2.Color(255, 255, 0)
