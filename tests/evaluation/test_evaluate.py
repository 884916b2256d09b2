"""voicekit eval and voicekit.evaluate: files, folders, tables, JSON, and what they say when something is wrong."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path
from typing import get_args

import pytest

from tests.conftest import ROOT, python
from voicekit.cli import run
from voicekit.config.evaluate import Metric
from voicekit.errors import SourceError, UsageError, VoicekitError
from voicekit.evaluation.evaluate import evaluate
from voicekit.evaluation.normalization import normalizer
from voicekit.evaluation.result import LABELS, TIME_SCORES, UNDEFINED
from voicekit.evaluation.wer import tokens
from voicekit.formats.readers import Annotation, Utterance, annotation_from_transcript, read_annotation
from voicekit.report.metrics import METRIC_FORMATS
from voicekit.types import Segment, Transcript, Turn, Word


def write(folder: Path, **files: str) -> Path:
    """Files by name, `_` for the dot before the ending."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / ".".join(name.rsplit("_", 1))).write_text(text, encoding="utf-8")
    return folder


def transcript(*rows: tuple[str, float, float, str | None], language: str = "en", turns: bool = True) -> Transcript:
    """A segment of one word each row."""
    segments = tuple(
        Segment(i, start, end, text, speaker, language, (Word(text, start, end, 1.0, speaker),))
        for i, (text, start, end, speaker) in enumerate(rows)
    )
    found = tuple(Turn(start, end, speaker) for _, start, end, speaker in rows if turns and speaker)
    speakers = tuple(dict.fromkeys(turn.speaker for turn in found))
    return Transcript("voicekit.transcript/1", language, 10.0, "talk.wav", speakers, segments, found)


HEARD = transcript(("red", 0, 1, "X"), ("blew", 1, 2, "X"), ("green", 2, 4, "Y"), ("gold", 6, 7, "Y"))
STM = "t 1 A 0 1 red\nt 1 A 1 2 blue\nt 1 B 2 4 green\nt 1 A 6 7 gold\n"


def test_every_score_by_hand(tmp_path: Path) -> None:
    refs = write(
        tmp_path,
        a_stm=STM,
        a_rttm="SPEAKER t 1 0 2 <NA> <NA> s1 <NA> <NA>\nSPEAKER t 1 3 1 <NA> <NA> s2 <NA> <NA>\n",
        a_ctm="t 1 0.1 0.9 red\nt 1 2.2 1.8 green\nt 1 6 1.5 gold\n",
    )
    found = evaluate(HEARD, [refs / "a.stm", refs / "a.rttm", refs / "a.ctm"])
    scores = found.total
    assert {name: score.value for name, score in scores.items()} == pytest.approx(
        {
            "wer": 1 / 4,  # blew for blue
            "cer": 2 / 19,  # sixteen letters and three spaces
            "cpwer": 3 / 4,  # A: red blue gold | X: red blew; B: green | Y: green gold
            "wder": 1 / 4,  # gold is A's, Y is B
            "der": (1 + 1) / 3,  # Y speaks too early and again at six
            "jer": ((0 / 2) + (2 / 3)) / 2,
            "start_median": 0.1, "start_mean": 0.3 / 3, "end_median": 0, "end_mean": 0.5 / 3,
        },
        abs=1e-9,
    )  # fmt: skip
    assert scores["wer"].details == {"substitutions": 1, "deletions": 0, "insertions": 0}
    assert scores["der"].details == pytest.approx({"missed": 0, "false_alarm": 2, "confusion": 0})
    assert found.recordings[0].scores == scores
    assert found.recordings[0].name == "a"
    frame = found.to_dataframe()
    assert list(frame["score"]) == list(scores)
    assert list(frame["recording"]) == ["a"] * len(scores)
    assert found.to_dataframe("total")["value"].tolist() == [score.value for score in scores.values()]


def test_what_is_left_out_is_said_once(tmp_path: Path) -> None:
    folder = write(tmp_path, a_txt="one two", a_rttm="SPEAKER t 1 0 2 <NA> <NA> s1 <NA> <NA>\n")
    plain = transcript(("one", 0, 1, None), turns=False)
    found = evaluate(plain, folder / "a.txt")
    assert set(found.total) == {"wer", "cer"}
    (note,) = [note for note in found.recordings[0].notes if note.startswith("left out")]
    assert note == (
        "left out: cpWER, WDER (no speakers of words in the reference and the hypothesis); "
        "DER, JER (no turns in the reference and the hypothesis); word times (no word times in the reference)"
    )
    with pytest.raises(SourceError, match=r"nothing can be scored.*DER, JER \(no turns in the hypothesis\)"):
        evaluate(plain, folder / "a.rttm")
    with pytest.raises(SourceError, match="the reference has no words"):
        evaluate(HEARD, write(tmp_path, b_txt="<noise>") / "b.txt", metrics="wer")
    assert set(evaluate(HEARD, HEARD, metrics=("wer", "times")).total) == {
        "wer", "start_median", "start_mean", "end_median", "end_mean",
    }  # fmt: skip


def test_silence_is_all_missed_and_words_in_silence_count_in_the_total(tmp_path: Path) -> None:
    silence = transcript()
    found = evaluate(silence, [write(tmp_path, a_stm=STM) / "a.stm"]).total
    assert {found[name].value for name in ("wer", "cer", "cpwer", "der", "jer")} == {1}
    refs, hyps = tmp_path / "refs", tmp_path / "hyps"
    for name, right in (("a", HEARD), ("b", silence)):
        write(refs, **{f"{name}_json": right.to_json()})
        write(hyps, **{f"{name}_json": HEARD.to_json()})
    found = evaluate(hyps, refs)
    assert found.recordings[0].scores["wer"].value == 0
    assert "wer" not in found.recordings[1].scores
    assert any("WER, CER, cpWER (the reference has no words)" in note for note in found.recordings[1].notes)
    assert found.total["wer"].value == 4 / 4


def test_what_stm_ignores_is_ignored_on_both_sides(tmp_path: Path) -> None:
    ignored = STM.replace("t 1 A 6 7 gold", "t 1 x 5 8 IGNORE_TIME_SEGMENT_IN_SCORING")
    found = evaluate(HEARD, write(tmp_path, a_stm=ignored) / "a.stm").total
    assert (found["wer"].value, found["wer"].total) == (1 / 3, 3)
    assert found["wder"].value == 0
    assert found["der"].value == pytest.approx(0, abs=1e-9)
    untimed = Annotation("x", (Utterance("red blue green gold"),))
    notes = evaluate(untimed, tmp_path / "a.stm").recordings[0].notes
    assert any("has no times" in note for note in notes)


def test_the_file_that_says_most_is_used(tmp_path: Path) -> None:
    folder = write(tmp_path, a_txt="quite other words", a_stm=STM)
    found = evaluate(HEARD, [folder / "a.txt", folder / "a.stm"])
    assert found.total["wer"].value == 1 / 4
    assert "words of the reference from its .stm, not from its .txt" in found.recordings[0].notes
    assert "turns of the reference are the utterances of its .stm, pauses included" in found.recordings[0].notes


def test_language_normaliser_and_letters(tmp_path: Path) -> None:
    folder = write(tmp_path, a_txt="今天 很好", b_txt="Twenty, five!", c_txt="x")
    chinese = transcript(("今天", 0, 1, None), ("不好", 1, 2, None), language="zh", turns=False)
    found = evaluate(chinese, folder / "a.txt")
    assert (found.total["wer"].value, found.total["wer"].total) == (1 / 4, 4)
    assert found.total["cer"].value == 1 / 4
    assert found.recordings[0].language_from == "hypothesis"
    assert "words compared as zh, the language of the hypothesis" in found.notes
    assert evaluate(chinese, folder / "a.txt", language="de").total["wer"].total == 2
    number = Annotation("x", (Utterance("25"),))
    assert evaluate(number, folder / "b.txt", metrics="wer").total["wer"].value == 0
    assert evaluate(number, folder / "b.txt", normalize=False).total["wer"].value == 1
    found = evaluate(folder / "c.txt", folder / "c.txt")
    assert found.notes == ("words compared as en, as no file names a language: --language sets it",)
    assert evaluate(folder / "c.txt", folder / "c.txt", language="en").notes == ()


def test_the_recordings_length_is_scored_where_it_is_known(tmp_path: Path) -> None:
    """Speech after the reference's last turn is a false alarm; turns after the recording's end are the reference's."""
    folder = write(tmp_path, a_rttm="SPEAKER t 1 0 2 <NA> <NA> A <NA>\n", b_rttm="SPEAKER t 1 0 12 <NA> <NA> A <NA>\n")
    assert evaluate(HEARD, folder / "a.rttm").total["der"].details["false_alarm"] == pytest.approx(3)
    long = evaluate(HEARD, folder / "b.rttm").total["der"]
    assert (long.total, long.details["missed"]) == pytest.approx((12, 12 - 5))


def test_folders_by_stem_runs_and_those_without_partner(tmp_path: Path) -> None:
    refs, hyps = tmp_path / "refs", tmp_path / "hyps"
    write(refs, a_txt="red blew green gold", b_stm=STM, my_talk_txt="x", lonely_txt="x", bad_txt="x", notes_md="# no")
    (refs / "my talk.txt").write_text("red blew green gold")
    write(hyps, a_json=HEARD.to_json(), surplus_txt="x", bad_json="{")
    (hyps / ".hidden.txt").write_text("x")
    for home in ("b", "my-talk"):  # as voicekit names the folder of `my talk`
        write(hyps / home / "run1", transcript_json=HEARD.to_json())
    (hyps / "b" / "latest").symlink_to("run1")
    (hyps / "my-talk" / "latest").write_text("run1\n")  # where links cannot be made
    (hyps / "empty").mkdir()
    found = evaluate(hyps, refs)
    assert {each.name: each.scores["wer"].value for each in found.recordings} == {"a": 0, "b": 1 / 4, "my talk": 0}
    assert found.total["wer"].value == 1 / 12
    assert {"no hypothesis for lonely, my_talk", "no reference for surplus"} <= set(found.notes)
    ((name, error),) = found.failed
    assert name == "bad"
    assert "bad.json" in str(error)


def test_five_recordings_and_more_are_drawn_whole(tmp_path: Path) -> None:
    for i in range(5):
        write(tmp_path / "refs", **{f"r{i}_txt": "a b c d\n" * (i + 1)})
        write(tmp_path / "hyps", **{f"r{i}_txt": "a b c\n" + "a b c d\n" * i})
    total = evaluate(tmp_path / "hyps", tmp_path / "refs").total["wer"]
    assert (total.units, total.drawn) == (5, "recordings")
    assert total.value == 5 / 60
    assert total.low is not None
    assert 1 / 20 <= total.low < 5 / 60 < (total.high or 0) <= 1 / 4
    (tmp_path / "refs" / "r4.txt").unlink()
    assert evaluate(tmp_path / "hyps", tmp_path / "refs").total["wer"].drawn == "utterances"


def test_seed_and_nothing_else_moves_an_interval(tmp_path: Path) -> None:
    write(tmp_path, a_txt="a b c\n" * 20 + "d e\n" * 9, b_txt="a b x\n" * 5 + "a b c\n" * 15 + "d\n" * 9)
    one, same, other = (evaluate(tmp_path / "b.txt", tmp_path / "a.txt", seed=seed) for seed in (0, 0, 1))
    assert one.to_json() == same.to_json()
    assert one.total["wer"].value == other.total["wer"].value
    assert one.total["wer"].low != other.total["wer"].low
    alone = evaluate(tmp_path / "b.txt", tmp_path / "a.txt", metrics="wer").total["wer"]
    assert alone == one.total["wer"]


def test_a_runs_folder_will_do(tmp_path: Path) -> None:
    refs = write(tmp_path / "refs", a_stm=STM)
    home = tmp_path / "outputs" / "a"
    write(home / "run1", transcript_json=HEARD.to_json())
    (home / "latest").symlink_to("run1")
    for folder in (home, home / "run1", home / "latest"):
        assert evaluate(folder, refs / "a.stm").total["wer"].value == 1 / 4


# --- command line ---------------------------------------------------------------------------------------------------


def test_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    long = "w x y z\n" * 30
    refs = write(tmp_path / "refs", a_stm=STM, a_ctm="t 1 0.1 0.9 red\n", long_txt=long, odd_txt="a")
    hyps = write(tmp_path / "hyps", a_json=HEARD.to_json(), long_txt=long.replace("z\n", "\n", 7), odd_json="[")
    assert run(["eval", str(hyps), str(refs)]) == 1
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert max(map(len, lines)) <= 100
    header = lines[0].split()
    assert header == ["recording", "WER", "CER", "cpWER", "WDER", "DER", "JER", "start", "end"]
    cells = {line.split()[0]: line.split()[1:] for line in lines if line and not line.startswith(" ")}
    assert cells["a"][:4] == ["25.00", "10.53", "75.00", "25.00"]
    assert cells["a"][-6:] == ["100", "/", "100", "0", "/", "0"]
    assert cells["long"][0] == "5.83"
    assert re.search(r"^ +\d\.\d–\d+\.\d", lines[3]), lines
    assert lines[4].split()[:3] == ["all", "2", "6.45"]
    assert "the 95% interval below" in printed.out
    assert "note: long: left out: cpWER, WDER" in " ".join(printed.out.split())
    (error,) = printed.err.splitlines()
    assert error.startswith("error: ")
    assert "odd.json" in error


def test_names_cannot_command_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for folder in ("refs", "hyps"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a\x1b[31m[bold]x.txt").write_text("one")
    (tmp_path / "refs" / "lone\x1b[31m.txt").write_text("one")
    assert run(["eval", str(tmp_path / "hyps"), str(tmp_path / "refs")]) == 0
    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    assert "[bold]x" in printed


def test_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    refs = write(tmp_path, a_stm=STM)
    (tmp_path / "h.json").write_text(HEARD.to_json())
    command = ["eval", str(tmp_path / "h.json"), str(refs / "a.stm"), "--json", "--metric", "wer", "--metric", "der"]
    assert run([*command, "--collar", "0.25", "--skip-overlap", "--seed", "7", "--no-normalize", "-l", "en"]) == 0

    def refuse(token: str) -> None:
        raise ValueError(token)

    said = json.loads(capsys.readouterr().out, parse_constant=refuse)
    assert said["options"] == {
        "language": "en", "encoding": None, "normalize": False, "collar": 0.25, "skip_overlap": True,
        "metrics": ["wer", "der"], "seed": 7,
    }  # fmt: skip
    (recording,) = said["recordings"]
    assert set(recording["scores"]) == set(said["total"]) == {"wer", "der"}
    page = (ROOT / "docs" / "eval.md").read_text()
    for key in (
        *said,
        *recording,
        *said["total"]["wer"],
        *said["total"]["wer"]["details"],
        *said["total"]["der"]["details"],
    ):
        assert re.search(rf"\b{key}\b", page), f"docs/eval.md does not say what {key} is"
    assert said["total"]["wer"]["value"] == 1 / 4
    assert run(["schema", "eval"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert schema["title"] == said["schema"]
    assert list(schema["properties"]) == schema["required"] == list(said)
    assert list(schema["$defs"]["RecordingRow"]["properties"]) == list(recording)
    assert list(schema["$defs"]["Score"]["properties"]) == list(said["total"]["wer"])


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["missing.json", "a.txt"], 1, "missing.json: no such file"),
        (["a.txt", "missing.stm"], 1, "missing.stm: no such file"),
        (["a.txt", "a.wav"], 1, "Give a .json, .stm"),
        (["a.txt", "bad.rttm"], 1, "bad.rttm: line 2: fewer than 8 fields"),
        (["a.txt", "."], 2, "a folder against a folder"),
        ([".", "a.txt"], 2, "a folder against a folder"),
        (["none", "refs"], 1, "hypotheses none; references b. Give the files of a recording one stem"),
        (["a.txt"], 2, "REF"),
        (["a.txt", "a.txt", "--metric", "bleu"], 2, "'wer', 'cer'"),
        (["a.txt", "a.txt", "--language", "english"], 2, "a code such as en"),
        (["a.txt", "a.txt", "--collar", "-1"], 2, "greater than or equal to 0"),
        (["a.txt", "a.txt", "--collar", "nan"], 2, "collar"),
        (["a.txt", "a.txt", "--seed", "-1"], 2, "seed"),
    ],
)
def test_errors_are_one_line_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    arguments: list[str], status: int, says: str,
) -> None:  # fmt: skip
    write(tmp_path, a_txt="a", a_wav="RIFF", empty_txt="", bad_rttm="SPEAKER t 1 0 1 x x A\nSPEAKER t 1\n")
    write(tmp_path / "refs", b_txt="b")
    (tmp_path / "none").mkdir()
    monkeypatch.chdir(tmp_path)
    assert run(["eval", *arguments]) == status
    printed = capsys.readouterr()
    assert printed.out == ""
    (line,) = printed.err.splitlines()
    assert line.startswith("error: ")
    assert says in line


def test_python_takes_no_unknown_option_and_no_folder_against_a_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Did you mean metrics"):
        evaluate(HEARD, HEARD, metric="wer")
    with pytest.raises(UsageError, match="no reference"):
        evaluate(HEARD, [])
    with pytest.raises(VoicekitError, match="is a folder"):
        evaluate(HEARD, tmp_path)


def test_help_teaches_and_imports_no_library_that_counts() -> None:
    heavy = ("torch", "pandas", "jiwer", "pyannote.core", "pyannote.metrics", "scipy", "whisper_normalizer")
    done = python(
        "import sys, voicekit.cli; status = voicekit.cli.run(['eval', '--help']);"
        f"print(status, [m for m in {heavy!r} if m in sys.modules])"
    )
    lines = done.stdout.splitlines()
    assert lines[-1] == "0 []", done
    assert "voicekit eval outputs references" in done.stdout
    for option in ("--language", "--no-normalize", "--collar", "--skip-overlap", "--metric", "--seed", "--json"):
        assert option in done.stdout


# --- real recordings ------------------------------------------------------------------------------------------------


@pytest.fixture
def desk(sample: Path, sample_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with what README and docs/eval.md score."""
    shutil.copytree(sample_run, tmp_path / "outputs" / "talk" / "latest")
    (tmp_path / "references").mkdir()
    for ending in (".stm", ".rttm"):
        shutil.copy(sample.with_suffix(ending), tmp_path / f"talk{ending}")
        shutil.copy(sample.with_suffix(ending), tmp_path / "references" / f"talk{ending}")
    shutil.copy(sample_run / "transcript.srt", tmp_path / "theirs.srt")
    said = read_annotation(sample.with_suffix(".stm")).utterances or ()
    (tmp_path / "talk.txt").write_text("\n".join(utterance.text for utterance in said))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_commands_of_the_pages(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pages = [ROOT / "README.md", ROOT / "docs" / "eval.md"]
    lines = {line for page in pages for line in re.findall(r"^ {4}voicekit (eval .*)$", page.read_text(), re.M)}
    assert len(lines) == 2  # the third is a block of the README, which test_docs.py runs
    for line in lines:
        assert run(shlex.split(line)) == 0
        assert re.search(r"^(talk|transcript) +\d+\.\d\d ", capsys.readouterr().out, re.M), line


def test_every_format_of_a_run_gives_the_same_words(desk: Path) -> None:
    run_folder, references = desk / "outputs" / "talk" / "latest", [desk / "talk.stm", desk / "talk.rttm"]
    whole = evaluate(run_folder / "transcript.json", references, language="en").total
    assert 0 < whole["wer"].value < whole["cpwer"].value < 0.25
    assert whole["wer"].total == whole["cpwer"].total == 87
    assert whole["wer"].low is not None
    assert whole["wer"].low < whole["wer"].value < (whole["wer"].high or 0)
    for ending in ("srt", "vtt", "txt"):
        part = evaluate(run_folder / f"transcript.{ending}", references, language="en").total
        for name in ("wer", "cer", "cpwer", "wder"):
            assert part[name].value == whole[name].value, (ending, name)
    assert evaluate(run_folder / "transcript.rttm", references).total["der"].value == pytest.approx(
        whole["der"].value, abs=1e-3
    )


@pytest.mark.parametrize("name", ["conv/composed/dev_3spk_overlap", "long/en_programme_dev"])
def test_what_is_taken_from_a_real_reference_is_what_is_missed(recordings: Path, name: str) -> None:
    stm, rttm = (recordings / f"{name}{ending}" for ending in (".stm", ".rttm"))
    whole, turns = read_annotation(stm), read_annotation(rttm).turns or ()
    same = evaluate(whole, [stm, rttm], metrics=("wer", "cer", "cpwer", "wder")).total
    assert {score.value for score in same.values()} == {0}
    normal = normalizer("en")
    kept = tuple(u for i, u in enumerate(whole.utterances or ()) if i % 3)
    words = [len(tokens(tuple(u.text for u in some), normal)) for some in (whole.utterances or (), kept)]
    found = evaluate(Annotation("less", kept), stm).total
    assert found["wer"].value == found["cpwer"].value == pytest.approx(1 - words[1] / words[0])
    assert found["wer"].details["deletions"] == words[0] - words[1]
    gone = turns[0].speaker
    silent = Annotation("less", turns=tuple(turn for turn in turns if turn.speaker != gone))
    missing = sum(turn.end - turn.start for turn in turns if turn.speaker == gone)
    total = sum(turn.end - turn.start for turn in turns)
    der = evaluate(silent, rttm).total["der"]
    assert (der.total, der.value) == pytest.approx((total, missing / total), abs=1e-4)
    count = len({turn.speaker for turn in turns})
    assert evaluate(silent, rttm).total["jer"].value == pytest.approx(1 / count, abs=1e-4)


def test_a_transcript_and_its_file_score_alike(tmp_path: Path) -> None:
    path = tmp_path / "talk.json"
    path.write_text(HEARD.to_json())
    stm = write(tmp_path, a_stm=STM) / "a.stm"
    assert (
        evaluate(HEARD, stm).total
        == evaluate(path, stm).total
        == evaluate(annotation_from_transcript(HEARD), stm).total
    )


@pytest.mark.parametrize("metric", get_args(Metric))
def test_every_metric_has_a_label_a_reason_and_a_format(metric: str) -> None:
    assert metric in LABELS
    for score in TIME_SCORES if metric == "times" else (metric,):
        assert score in UNDEFINED
        assert score in METRIC_FORMATS


@pytest.mark.parametrize("extension", ["txt", "srt", "vtt", "json"])
def test_an_empty_hypothesis_costs_all_its_words(tmp_path: Path, extension: str) -> None:
    """And an empty reference makes every word an insertion: neither is left out of the total."""
    for folder, texts in (("hyp", ("red green", "")), ("ref", ("red green", "a tall house"))):
        (tmp_path / folder).mkdir()
        for name, text in zip("ab", texts, strict=True):
            (tmp_path / folder / f"{name}.txt").write_text(text)
    (tmp_path / "hyp" / "b.txt").unlink()
    empty = tmp_path / "hyp" / f"b.{extension}"
    nothing = Transcript("voicekit.transcript/1", "en", 1.0, "b", (), ())
    empty.write_text(nothing.to_json() if extension == "json" else "")
    total = evaluate(tmp_path / "hyp", tmp_path / "ref", metrics=("wer",)).total["wer"]
    assert total.value == pytest.approx(3 / 5)
    total = evaluate(tmp_path / "ref", tmp_path / "hyp", metrics=("wer",)).total["wer"]
    assert total.value == pytest.approx(3 / 2)


def test_an_encoding_that_was_found_is_told(tmp_path: Path) -> None:
    (tmp_path / "hyp.txt").write_text("привет мой друг")
    (tmp_path / "ref.txt").write_bytes("привет мой друг".encode("cp1251"))
    result = evaluate(tmp_path / "hyp.txt", tmp_path / "ref.txt", metrics=("wer",), language="ru")
    assert result.total["wer"].value == 0
    assert any("ref.txt: line 1: not UTF-8: read as cp1251" in note for note in result.recordings[0].notes)
