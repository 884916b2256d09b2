"""Transcripts, edits and takes with faults that a schema does not see: refused, with the place of the fault."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.takes_run import takes_run
from voicekit.cli import run
from voicekit.errors import SourceError
from voicekit.formats.transcript_json import read_transcript_json
from voicekit.report.corrections import EditedSegment, EditedWord, Edits, apply_corrections, transcript_digest
from voicekit.takes.records import Takes
from voicekit.types import Segment, Transcript, Turn, Word


def transcript() -> Transcript:
    def segment(number: int, speaker: str) -> Segment:
        start = 2.0 * number
        words = (Word("Good", start, start + 0.5, 0.9), Word("morning", start + 0.5, start + 1, 0.9))
        return Segment(number, start, start + 1, "Good morning", speaker, "en", words)

    segments = (segment(0, "Ana"), segment(1, "Ben"))
    turns = tuple(Turn(s.start, s.end, str(s.speaker)) for s in segments)
    return Transcript("voicekit.transcript/1", "en", 4.0, "talk", ("Ana", "Ben"), segments, turns)


def at(value: Any, *path: str | int) -> Any:
    for key in path:
        value = value[key]
    return value


@pytest.mark.parametrize(
    ("path", "key", "value", "says"),
    [
        (("segments", 1, "words", 0), "text", "Good\n\nevening", "segments.1.words.0.text: it has a line break"),
        (("segments", 1, "words", 1), "end", 0.5, r"segments.1.words.1: it ends at 0.5 s, before it starts at 2.5 s"),
        (("segments", 1), "end", 0.5, "segments.1: it ends at 0.5 s, before it starts at 2 s"),
        (("segments", 1), "id", 0, r"segments.1.id: segments.0 has the id 0 too"),
        (("segments", 1), "start", 1e300, "segments.1.start: .*less than or equal to 1000000"),
        (("segments", 1), "start", -1, "segments.1.start: .*greater than or equal to 0"),
        (("turns", 0), "end", 1e300, "turns.0.end: .*less than or equal to 1000000"),
        (("turns", 1), "end", 1.0, "turns.1: it ends at 1 s, before it starts"),
        ((), "duration", 1e300, "duration: .*less than or equal to 1000000"),
    ],
)
def test_faults_of_a_transcript(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    path: tuple[str | int, ...],
    key: str,
    value: object,
    says: str,
) -> None:
    data = json.loads(transcript().to_json())
    at(data, *path)[key] = value
    with pytest.raises(SourceError, match=says):
        Transcript.from_json(json.dumps(data))
    (tmp_path / "talk.json").write_text(json.dumps(data))
    for command in (["subtitle"], ["translate", "--to", "es"], ["report"]):
        assert run([*command, str(tmp_path / "talk.json")]) != 0
        assert "talk.json" in capsys.readouterr().err


def test_times_of_whisper_that_run_backwards_are_said() -> None:
    word = {"word": "Hello", "start": 1.0, "end": 0.5, "probability": 0.9}
    data = {"segments": [{"start": 1.0, "end": 2.0, "text": "Hello", "words": [word]}]}
    read, notes = read_transcript_json(json.dumps(data), "talk.json")
    assert notes == ["segment 0, word 0 ends at 0.5 s, before it starts at 1 s: it gets no duration"]
    assert (read.words[0].start, read.words[0].end) == (1.0, 1.0)
    data["segments"][0]["end"] = 1e300
    with pytest.raises(SourceError, match="segment 0: 1e\\+300 is not a time"):
        read_transcript_json(json.dumps(data), "talk.json")


def test_a_line_break_in_a_text_does_not_cut_a_cue() -> None:
    data = json.loads(transcript().to_json())
    data["segments"][0]["text"] = "Good\n\nmorning"
    read, notes = read_transcript_json(json.dumps(data), "talk.json")
    assert (read.segments[0].text, notes) == ("Good morning", [])


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"words": (EditedWord(0, 0, "Good", "Bad"), EditedWord(0, 0, "Good", "Fine"))},
            "segment 0: word 0 is edited twice",
        ),
        ({"segments": (EditedSegment(0, "Cy"), EditedSegment(0, "Di"))}, "segment 0 has its speaker edited twice"),
        ({"segments": (EditedSegment(7, "Cy"),)}, "there is no segment 7"),
        ({"words": (EditedWord(0, 9, "Good", "Bad"),)}, "there is no word 'Good' in segment 0"),
        ({"names": {"Annna": "Diane"}}, "there is no speaker 'Annna' to rename; there are Ana, Ben"),
    ],
)
def test_faults_of_edits(changes: dict[str, Any], says: str) -> None:
    edits = Edits("voicekit.edits/1", transcript_digest(transcript()), **changes)
    with pytest.raises(SourceError, match=says):
        apply_corrections(transcript(), edits)


def test_a_speaker_that_the_edits_add_may_be_renamed() -> None:
    edits = Edits("voicekit.edits/1", transcript_digest(transcript()), segments=(EditedSegment(0, "Cy"),))
    corrected = apply_corrections(transcript(), replace(edits, names={"Cy": "Cyril", "Ben": "Benjamin"}))
    assert [segment.speaker for segment in corrected] == ["Cyril", "Benjamin"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda value: value["takes"][1].update(id="001-1"), "takes.1.id: an earlier take has the id '001-1' too"),
        (lambda value: value["lines"][1].update(id="001"), "lines.1.id: an earlier line has the id '001' too"),
        (lambda value: value["takes"][0].update(line="009"), "takes.0.line: there is no line '009'"),
        (lambda value: value["lines"][0].update(picked="002-1"), "lines.0.picked: the line has no take '002-1'"),
        (lambda value: value["takes"][0].update(parts=[[1.0, 0.5]]), "takes.0.parts: a part ends before it starts"),
        (lambda value: value["takes"][0].update(seconds=1e300), "takes.0.seconds: .*less than or equal"),
    ],
)
def test_faults_of_takes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: Callable[[Any], None], says: str
) -> None:
    folder = takes_run(tmp_path / "out", "run", lines=2, takes=2)
    value = json.loads((folder / "takes.json").read_text())
    change(value)
    with pytest.raises(SourceError, match=says):
        Takes.from_json(json.dumps(value))
    (folder / "takes.json").write_text(json.dumps(value))
    for command in (["take", "list"], ["report"], ["verify"]):
        assert run([*command, str(folder)]) != 0
        assert "takes.json" in capsys.readouterr().err, command
