"""Pages: what is in them, that nothing of a run is code, and what they say of runs that are not whole."""

from __future__ import annotations

import base64
import json
import re
import shutil
import struct
import zlib
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.takes_run import takes_run
from voicekit.audio.decode import decode
from voicekit.cli import run
from voicekit.errors import SourceError, UsageError
from voicekit.quality.artifacts.kinds import KINDS
from voicekit.report import page
from voicekit.report.apply_corrections import apply_edits
from voicekit.report.corrections import EditedSegment, EditedWord, Edits, apply_corrections, transcript_digest
from voicekit.report.load import load_run
from voicekit.report.media import PEAKS, waveform_peaks
from voicekit.report.metrics import TAKE_METRICS, describe_artifact
from voicekit.report.report import write_report
from voicekit.report.speaker_stats import speaker_stats
from voicekit.report.spectrogram import MELS, spectrogram
from voicekit.storage.cache import files_intact
from voicekit.types import Artifact, Audio, Segment, Transcript, Turn, Word, spread

HOSTILE = "</script><script>alert('x')</script> & \"quotes\" <img src=x onerror=alert(1)> \u2028 שלום עולם"


def words(text: str, start: float, speaker: str | None, *sure: float) -> tuple[Word, ...]:
    """A word every half second."""
    return tuple(
        Word(word, start + i / 2, start + i / 2 + 0.4, (sure or (0.9,))[i % len(sure or (0.9,))], speaker, 0.8)
        for i, word in enumerate(text.split())
    )


def segment(number: int, text: str, start: float, speaker: str | None) -> Segment:
    some = words(text, start, speaker)
    return Segment(number, start, some[-1].end, text, speaker, "en", some)


TALK = Transcript(
    "voicekit.transcript/1", "en", 12.0, "talk.wav", ("Ana", "Ben"),
    (
        segment(0, "Hello there Ben.", 0.0, "Ana"), segment(1, "Hi. How are you?", 2.0, "Ben"),
        segment(2, "Fine.", 6.0, "Ana"),
    ),
    (Turn(0.0, 1.5, "Ana"), Turn(1.2, 4.0, "Ben"), Turn(6.0, 6.5, "Ana")),
)  # fmt: skip


@pytest.fixture(scope="module")
def takes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return takes_run(tmp_path_factory.mktemp("takes"), "job")


@pytest.fixture
def own_run(sample_run: Path, tmp_path: Path) -> Path:
    """A copy of a run, to spoil."""
    home = tmp_path / "runs" / "sample"
    shutil.copytree(sample_run.resolve(), home / sample_run.resolve().name)
    (home / "latest").symlink_to(sample_run.resolve().name)
    return home / "latest"


def data_of(html: str) -> Any:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.S)
    assert found
    return json.loads(found[1])


# --- pages ----------------------------------------------------------------------------------------------------------


@given(st.text())
def test_json_cannot_end_its_element(text: str) -> None:
    told = page.script_json({"text": text})
    assert not set(told) & set("<>&\u2028\u2029")
    told.encode("utf-8")
    assert json.loads(told)["text"] == text.encode("utf-8", "replace").decode()


def test_texts_and_names_are_never_code(tmp_path: Path) -> None:
    who = 'Ana "</script>" <b>'
    hostile = Transcript(
        "voicekit.transcript/1", "en", 5.0, HOSTILE, (who,),
        (Segment(0, 0.0, 4.0, HOSTILE, who, "en", spread(HOSTILE, 0.0, 4.0, who)),),
    )  # fmt: skip
    path = hostile.save(tmp_path / "x.json")
    html = write_report(path).page.read_text()
    assert html.count("<script") == html.count("</script>") == 2
    assert "<img" not in html
    assert "onerror" not in re.sub(r'<script type="application/json".*?</script>', "", html, flags=re.S).replace(
        "onerror=alert(1)&gt;", ""
    )
    data = data_of(html)
    assert data["segments"][0][5] == HOSTILE
    assert data["names"] == [who]


def test_the_policy_allows_the_page_alone(tmp_path: Path) -> None:
    html = write_report(TALK.save(tmp_path / "x.json")).page.read_text()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)
    assert policy
    rules = policy[1].replace("&#39;", "'")
    assert "default-src 'none'" in rules
    assert "unsafe" not in rules
    assert "http" not in rules
    assert "style=" not in html
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", html)


def test_a_transcript_page_has_sound_words_and_statistics(own_run: Path) -> None:
    made = write_report(own_run)
    assert made.page == own_run / "report.html" or made.page.samefile(own_run / "report.html")
    assert made.notes == ()
    html = made.page.read_text()
    data = data_of(html)
    transcript = load_run(own_run).transcript
    assert [word[0] for row in data["segments"] for word in row[6]] == [word.text for word in transcript.words]
    assert data["mark"] == transcript_digest(transcript)
    assert data["audio"] == "report_files/audio.mp3"
    sound, _ = decode(own_run / data["audio"])
    assert abs(sound.duration - 30.0) < 0.2
    shape = np.frombuffer(base64.b64decode(data["peaks"]), np.uint8)
    assert len(shape) == PEAKS
    assert shape[: PEAKS // 5].max() < shape.max() / 4  # nobody speaks in the first six seconds
    assert "words per minute" in html
    manifest = json.loads((own_run / "run.json").read_text())
    assert files_intact(own_run, manifest["outputs"])


def test_embedded_pages_are_one_file(own_run: Path, takes: Path, tmp_path: Path) -> None:
    for each in (own_run, takes):
        place = tmp_path / each.parent.name / "page.html"
        made = write_report(each, place, embed=True)
        assert [path.name for path in place.parent.iterdir()] == ["page.html"]
        assert "data:audio/" in made.page.read_text()
    assert "data:image/png" in place.read_text()


def test_a_takes_page_has_all_of_each_take(takes: Path) -> None:
    made = write_report(takes)
    html = made.page.read_text()
    assert made.notes == ()
    found = load_run(takes).takes
    for take in found.takes:
        assert f'data-sound="takes/{take.id}.flac"' in html
        assert f"Settings, seed {take.seed}" in html
        assert (takes / "report_files" / f"{take.id}.png").is_file()
    assert html.count('class="badge pick"') == len(found.lines)
    assert "cracks on &lt;b&gt;two&lt;/b&gt;" in html
    assert "<dt>noise scale</dt>" in html
    rows = data_of(html)["lines"]
    assert [row["id"] for row in rows] == [line.id for line in found.lines]


def test_a_page_elsewhere_finds_its_media(takes: Path, tmp_path: Path) -> None:
    made = write_report(takes, tmp_path / "a b" / "page.html")
    names = re.findall(r'data-sound="([^"]+)"', made.page.read_text())
    from urllib.parse import unquote

    assert names
    assert all((made.page.parent / unquote(name)).is_file() for name in names)


# --- runs that are not whole ------------------------------------------------------------------------------------------


def test_what_is_no_run_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "run.json").write_text('{"schema": "voicekit.run/1", "kind": "transcript"}')
    (tmp_path / "x.json").write_text("{}")
    (tmp_path / "y.json").write_text("no JSON")
    (tmp_path / "z.json").write_text('{"schema": "voicekit.takes/0", "lines": []}')
    for name in ("empty", "half", "x.json", "y.json", "z.json", "nothing"):
        assert run(["report", str(tmp_path / name)]) == 1
        told = capsys.readouterr().err
        assert told.startswith("error: ")
        assert told.count("\n") == 1
        assert name.removesuffix(".json") in told


def test_an_older_schema_is_told(own_run: Path, takes: Path, tmp_path: Path) -> None:
    about = json.loads((own_run / "run.json").read_text())
    (own_run / "run.json").write_text(
        json.dumps({"schema": "voicekit.run/0", "config": [1], "source": 3, "kind": "transcript"})
    )
    made = write_report(own_run)
    assert "voicekit.run/0" in made.notes[0]
    assert "No audio" in made.notes[1]
    assert "voicekit.run/0" in made.page.read_text()
    (own_run / "run.json").write_text(json.dumps(about | {"schema": "voicekit.run/1"}))
    assert write_report(own_run).notes == ()
    older = tmp_path / "older"
    shutil.copytree(takes, older)
    text = (older / "takes.json").read_text().replace("voicekit.takes/1", "voicekit.takes/0")
    (older / "takes.json").write_text(text)
    with pytest.raises(SourceError, match="schema"):
        write_report(older)


@pytest.mark.parametrize("manifest", [None, "not JSON", "[]", "null"])
def test_half_a_run_is_shown_with_a_note(own_run: Path, manifest: str | None) -> None:
    (own_run / "run.json").unlink()
    if manifest is not None:
        (own_run / "run.json").write_text(manifest)
    made = write_report(own_run)
    assert made.page.is_file()
    assert manifest in ("[]", "null") or "run.json" in made.notes[0]
    assert any("No audio" in note for note in made.notes)


def test_a_recording_that_moved_or_changed_is_told_and_can_be_given(
    own_run: Path, sample: Path, tmp_path: Path
) -> None:
    about = json.loads((own_run / "run.json").read_text())
    for place, says in ((tmp_path / "gone.wav", "not at"), (own_run / "transcript.json", "has changed")):
        about["source"]["path"] = about["inputs"][0]["identity"] = str(place)
        (own_run / "run.json").write_text(json.dumps(about))
        made = write_report(own_run)
        assert says in made.notes[0]
        assert says in made.page.read_text()
        assert 'id="audio"' not in made.page.read_text()
    assert write_report(own_run, audio=sample).notes == ()
    with pytest.raises(SourceError, match="no such file"):
        write_report(own_run, audio=tmp_path / "gone.wav")


def test_takes_without_sound_are_told(takes: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(takes, broken)
    (broken / "takes" / "001-1.flac").unlink()
    (broken / "takes" / "001-2.flac").unlink()
    (broken / "takes" / "002-1.flac").write_bytes(b"no sound")
    (broken / "tags.json").write_text("{")
    made = write_report(broken, embed=True)
    html = made.page.read_text()
    assert any("3 of 8 takes cannot be played" in note for note in made.notes)
    assert any("Tags" in note for note in made.notes)
    assert html.count("The audio file is missing.") == 3


def test_ids_of_takes_name_no_places(takes: Path, tmp_path: Path) -> None:
    copy = tmp_path / "deep" / "run"
    shutil.copytree(takes, copy, ignore=shutil.ignore_patterns("report*"))
    text = (copy / "takes.json").read_text().replace('"001-1"', '"../../../escaped"')
    (copy / "takes.json").write_text(text)
    before = {path for path in tmp_path.rglob("*") if copy not in path.parents}
    write_report(copy)
    assert run(["gallery", str(copy), "-o", str(copy / "gallery.html")]) == 0
    assert {path for path in tmp_path.rglob("*") if copy not in path.parents} == before
    assert len(list((copy / "report_files").iterdir())) == 8


def test_names_of_pages(takes: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="html"):
        write_report(takes, tmp_path / "page.txt")
    with pytest.raises(UsageError, match="--audio"):
        write_report(takes, tmp_path / "page.html", audio=takes / "takes" / "001-1.flac")


# --- parts ----------------------------------------------------------------------------------------------------------


def test_statistics() -> None:
    found = speaker_stats(TALK)
    ana, ben = found.speech
    assert (ana.seconds, ben.seconds) == pytest.approx((2.0, 2.8))
    assert found.overlap == pytest.approx(0.3)
    assert found.spoken == pytest.approx(4.5)
    assert (ana.turns, ben.turns) == (2, 1)
    assert (ana.words, ben.words) == (4, 4)
    assert ana.pace == pytest.approx(120)
    assert ana.overlapped == ben.overlapped == pytest.approx(0.3)
    assert ana.share + ben.share == pytest.approx(1)


def test_statistics_without_turns_or_words() -> None:
    assert [each.seconds for each in speaker_stats(replace(TALK, turns=())).speech] == pytest.approx([1.4 + 0.4, 1.9])
    nothing = speaker_stats(Transcript("voicekit.transcript/1", "und", 0.0, "x", (), ()))
    assert nothing.speech == ()
    assert nothing.spoken == nothing.overlap == 0


def test_a_spectrogram_shows_a_tone_where_it_is() -> None:
    time = np.arange(32_000) / 16_000
    samples = np.where(time < 1, np.sin(2 * np.pi * 440 * time), np.sin(2 * np.pi * 4000 * time))
    levels = pixels(spectrogram(Audio(samples[None, :].astype(np.float32), 16_000)))
    assert levels.shape[0] == MELS
    low, high = levels[:, levels.shape[1] // 4].argmax(), levels[:, 3 * levels.shape[1] // 4].argmax()
    assert high < low  # higher up in the picture
    band = 2595 * np.log10(1 + 440 / 700) / (2595 * np.log10(1 + 8000 / 700)) * (MELS + 1)
    assert abs((MELS - low) - band) < 1.5


def pixels(png: bytes) -> np.ndarray[Any, Any]:
    """Palette indices of a PNG of ours."""
    width, height = struct.unpack(">II", png[16:24])
    data, at = b"", 8
    while at < len(png):
        size, kind = struct.unpack(">I4s", png[at : at + 8])
        body = png[at + 8 : at + 8 + size]
        assert struct.unpack(">I", png[at + 8 + size : at + 12 + size])[0] == zlib.crc32(kind + body)
        data += body if kind == b"IDAT" else b""
        at += 12 + size
    return np.frombuffer(zlib.decompress(data), np.uint8).reshape(height, width + 1)[:, 1:]


@pytest.mark.parametrize("samples", [0, 1, 100])
def test_hardly_any_sound(samples: int) -> None:
    audio = Audio(np.zeros((2, samples), np.float32), 24_000)
    assert len(base64.b64decode(waveform_peaks(audio))) == samples
    assert pixels(spectrogram(audio)).max() < 255


def test_measures_shade_from_worse_to_better() -> None:
    wer = TAKE_METRICS["wer"]
    assert (wer.shade(0.0), wer.shade(0.5), wer.shade(2.0), wer.shade(None)) == (1.0, 0.0, 0.0, None)
    assert wer.format.better == "lower"
    assert wer.text(0.125) == "12.5"
    assert TAKE_METRICS["pace"].shade(200.0) is None


def test_faults_in_words() -> None:
    assert describe_artifact(Artifact("click", 1.0, 1.01, 20.0, 12.0, "dB")) == (
        f"{KINDS['click'].description}, at 1.0 s (20 dB; limit 12)"
    )
    assert describe_artifact(Artifact("new_kind", 1.0, 2.0, 20.0, 12.0, "dB")).startswith("new kind, at 1.0–2.0 s")


# --- edits ----------------------------------------------------------------------------------------------------------


def edits(*changes: EditedWord, **more: Any) -> Edits:
    return Edits("voicekit.edits/1", transcript_digest(TALK), words=changes, **more)


def test_words_are_replaced_confirmed_and_removed() -> None:
    changes = (EditedWord(0, 0, "Hello", "Well hello"), EditedWord(0, 1, "there", ""), EditedWord(0, 2, "Ben.", "Ben."))
    after = apply_corrections(TALK, edits(*changes))
    first = after.segments[0]
    assert first.text == "Well hello Ben."
    assert [word.probability for word in first.words] == [1.0, 1.0, 1.0]
    assert (first.words[0].start, first.words[1].end) == (0.0, 0.4)
    assert (first.start, first.end) == (TALK.segments[0].start, TALK.segments[0].end)
    assert after.segments[1:] == TALK.segments[1:]
    Transcript.from_json(after.to_json())


@pytest.mark.parametrize(("segment", "word"), [(0, 0), (0, 2), (1, 1), (2, 0)])
@pytest.mark.parametrize("speaker", [None, "Cleo"])
def test_words_that_do_not_fit_into_the_time_of_one_get_more(segment: int, word: int, speaker: str | None) -> None:
    was = TALK.segments[segment].words[word].text
    after = apply_corrections(TALK, edits(EditedWord(segment, word, was, "many words " * 4, speaker)))
    new = [each for each in after.words if each.text in ("many", "words")]
    assert len(new) == 8
    assert sum(len(each.text) + 1 for each in new) / (new[-1].end - new[0].start) < 31
    assert all(first.end <= second.start for first, second in pairwise(after.words))
    assert all(each.start <= each.words[0].start and each.words[-1].end <= each.end for each in after.segments)
    assert after.segments[-1].end <= TALK.duration


def test_a_segment_without_words_left_is_gone() -> None:
    after = apply_corrections(TALK, edits(EditedWord(2, 0, "Fine.", "")))
    assert [each.id for each in after.segments] == [0, 1]


def test_a_words_speaker_parts_its_segment_and_moves_its_turn() -> None:
    after = apply_corrections(TALK, edits(EditedWord(1, 0, "Hi.", "Hi.", "Ana")))
    assert [(each.speaker, each.text) for each in after.segments] == [
        ("Ana", "Hello there Ben."), ("Ana", "Hi."), ("Ben", "How are you?"), ("Ana", "Fine."),
    ]  # fmt: skip
    assert Turn(2.0, 2.4, "Ana") in after.turns
    assert Turn(1.2, 2.0, "Ben") in after.turns
    assert Turn(2.4, 4.0, "Ben") in after.turns


def test_a_segment_gets_a_new_speaker_and_names_are_last() -> None:
    after = apply_corrections(TALK, edits(segments=(EditedSegment(2, "Cleo"),), names={"Ana": "Anna"}))
    assert after.speakers == ("Anna", "Ben", "Cleo")
    assert after.segments[2].speaker == "Cleo"
    assert {word.speaker for word in after.segments[0].words} == {"Anna"}
    assert after.turns[-1] == Turn(6.0, 6.4, "Cleo") or Turn(6.0, 6.4, "Cleo") in after.turns


def test_edits_of_another_transcript_are_refused() -> None:
    other = replace(TALK, source="other.wav")
    with pytest.raises(SourceError, match="another transcript"):
        apply_corrections(other, edits(EditedWord(0, 0, "Hello", "Hullo")))
    for wrong in (EditedWord(0, 0, "Bye", "x"), EditedWord(9, 0, "Hello", "x"), EditedWord(0, 9, "Hello", "x")):
        with pytest.raises(SourceError, match="no word"):
            apply_corrections(TALK, edits(wrong))
    with pytest.raises(SourceError, match="no segment"):
        apply_corrections(TALK, edits(segments=(EditedSegment(7, "Ana"),)))


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{}", '{"schema": "voicekit.edits/2", "transcript": "x"}',
        '{"schema": "voicekit.edits/1", "transcript": "x", "more": 1}',
        '{"schema": "voicekit.edits/1", "transcript": "x", "segments": [{"segment": -1, "speaker": "x"}]}',
        '{"schema": "voicekit.edits/1", "transcript": "x", "names": {"Ana": ""}}',
    ],
)  # fmt: skip
def test_files_that_hold_no_edits_are_refused(text: str) -> None:
    with pytest.raises(SourceError):
        Edits.from_json(text)


def saved(folder: Path, transcript: Transcript, **more: Any) -> Path:
    """Edits as a page saves them."""
    path = folder / "talk.edits.json"
    path.write_text(
        json.dumps({"schema": "voicekit.edits/1", "transcript": transcript_digest(transcript), "source": "x", **more})
    )
    return path


def test_edits_of_a_run_make_a_new_run(own_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = load_run(own_run).transcript
    old = own_run.resolve()
    path = saved(tmp_path, before, names={before.speakers[0]: "Ana"}, words=[
        {"segment": 0, "word": 0, "was": before.segments[0].words[0].text, "text": "Goodbye.", "speaker": None},
    ])  # fmt: skip
    assert run(["transcript", "apply", str(own_run), str(path)]) == 0
    assert "1 word, 1 name" in capsys.readouterr().out
    new = own_run.resolve()
    assert new != old
    assert (old / "transcript.json").read_text() == before.to_json()
    manifest = json.loads((new / "run.json").read_text())
    assert files_intact(new, manifest["outputs"])
    assert {each["path"] for each in manifest["outputs"]} == {
        each["path"] for each in json.loads((old / "run.json").read_text())["outputs"]
    }
    assert "Goodbye." in (new / "transcript.srt").read_text()
    assert "Ana" in (new / "transcript.rttm").read_text()
    assert manifest["edited"]["from"] == old.name
    assert write_report(own_run).notes == ()  # it still knows its recording
    assert run(["transcript", "apply", str(own_run), str(path)]) == 1
    assert "another transcript" in capsys.readouterr().err
    assert apply_edits(old, path).place == new  # the same again is that run


def test_edits_of_a_file_make_files_beside_it(tmp_path: Path) -> None:
    path = TALK.save(tmp_path / "talk.json")
    TALK.save(tmp_path / "talk.srt")
    done = apply_edits(path, saved(tmp_path, TALK, names={"Ana": "Anna"}))
    assert done.place == tmp_path / "talk.edited.json"
    assert "Anna" in (tmp_path / "talk.edited.srt").read_text()
    assert not (tmp_path / "talk.edited.vtt").exists()
    assert path.read_text() == TALK.to_json()
    with pytest.raises(UsageError, match="would overwrite the file that is read"):
        apply_edits(path, tmp_path / "talk.edits.json", path)
    with pytest.raises(SourceError, match="no such file"):
        apply_edits(path, tmp_path / "none.json")
    with pytest.raises(SourceError, match="no edits"):
        apply_edits(path, saved(tmp_path, TALK))


# --- gallery --------------------------------------------------------------------------------------------------------


def test_a_gallery_groups_by_tag_and_fault(takes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    place = tmp_path / "gallery.html"
    assert run(["gallery", str(takes), str(tmp_path / "empty"), "-o", str(place), "--most", "1"]) == 0
    assert "Left out" in capsys.readouterr().out
    html = place.read_text()
    found = load_run(takes).takes
    heads = re.findall(r'<h2 id="(\w+)">', html)
    assert heads[:3] == ["good", "bad", "weird"]
    assert "clean" in heads
    assert ("click" in heads) == any(take.measures and take.measures.artifacts for take in found.takes)
    assert html.count("<article") == len(heads)
    assert html.count("Settings, seed") == len(heads)
    assert run(["gallery", str(tmp_path / "empty"), "-o", str(place)]) == 1
