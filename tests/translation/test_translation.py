"""Translation: real bergamot, real Whisper, a server on loopback that answers well and one that misbehaves."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sacrebleu
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import small_nllb
from tests.support.llm_server import Answer, LanguageModelServer, lines_of, reply, well
from voicekit.api import translate
from voicekit.cli import run
from voicekit.config.subtitles import subtitle_style
from voicekit.errors import EngineError, ModelCorrupt, SourceError, UsageError
from voicekit.formats.writers import to_srt
from voicekit.subtitles.check import find_violations
from voicekit.subtitles.layout import lay_out
from voicekit.text.sentences import split_sentences
from voicekit.translation.placeholders import Masker
from voicekit.types import Segment, Transcript, spread


def said(*segments: tuple[str, str], language: str = "en") -> Transcript:
    """(speaker, text) each, two words a second, half a second between."""
    out, clock = [], 0.0
    for number, (speaker, text) in enumerate(segments):
        end = clock + 0.5 * max(1, len(text.split()))
        out.append(Segment(number, clock, end, text, speaker, language, spread(text, clock, end, speaker)))
        clock = end + 0.5
    names = tuple(dict.fromkeys(speaker for speaker, _ in segments))
    return Transcript("voicekit.transcript/1", language, clock, "talk", names, tuple(out))


TALK = said(
    ("Ana", "Good morning. The train to the coast leaves at ten past"), ("Ana", "eight every day."),
    ("Ben", "I did not know that."),
)  # fmt: skip


# --- whole sentences on the time line ---------------------------------------------------------------------------------


def test_sentences_go_across_cues_and_not_across_speakers() -> None:
    assert [one.text for one in split_sentences(TALK.segments)] == [
        "Good morning.", "The train to the coast leaves at ten past eight every day.", "I did not know that.",
    ]  # fmt: skip


def test_bergamot_keeps_speakers_times_and_the_source() -> None:
    t = translate(TALK, "pt", engine="bergamot")
    assert (t.language, t.translated_from) == ("pt", "en")
    assert [s.speaker for s in t.segments] == ["Ana", "Ana", "Ben"]
    assert [s.source_text for s in t.segments] == [one.text for one in split_sentences(TALK.segments)]
    assert "trem" in t.segments[1].text
    assert t.segments[1].start == pytest.approx(TALK.segments[0].words[2].start, abs=0.05)
    assert t.segments[1].end == pytest.approx(TALK.segments[1].end, abs=0.05)
    starts = [word.start for word in t.words]
    assert starts == sorted(starts)
    assert Transcript.from_json(t.to_json()) == t
    style = subtitle_style("standard")
    assert [one for one in find_violations(lay_out(t, style), t, style) if one.avoidable] == []
    both = to_srt(t, subtitle_style("netflix", bilingual=True))
    assert "Good morning." in both
    assert "Bom dia." in both


def test_what_must_come_through_comes_through(tmp_path: Path) -> None:
    (tmp_path / "terms.csv").write_text("source,target\nhouse style,estilo da casa\nwidget,WidgetPro\n")
    t = said(
        ("Ana", "See https://example.org/a?b=1&c=2 or write to ana@example.org before 10:30 on 12 May."),
        ("Ben", "Our house style costs $1,250.75, and the widget of Ana is new."),
    )  # fmt: skip
    found = translate(t, "pt", engine="bergamot", glossary=str(tmp_path / "terms.csv")).text
    for kept in ("https://example.org/a?b=1&c=2", "ana@example.org", "10:30", "12", "1,250.75", "WidgetPro", "Ana"):
        assert found.count(kept) >= 1, kept
    assert "estilo da casa" in found
    (tmp_path / "bad.csv").write_bytes(b"source,target\na\0,b\n")
    with pytest.raises(SourceError, match="line 2: a zero byte"):
        translate(t, "pt", engine="bergamot", glossary=str(tmp_path / "bad.csv"))


PIECES = [
    "https://a.org/x",
    "Ana",
    "12.5",
    "<i>",
    "</i>",
    "word",
    "é",
    ".",
    "_1_",
    "Xq1",
    "(1)",
    "42",
    "{\\an8}",
    "b@c.de",
    "♪",
    "😀",
    "👍🏽",
    "#",
]


@given(st.lists(st.sampled_from(PIECES), max_size=12).map(" ".join))
@settings(deadline=None, max_examples=300)
def test_protected_spans_are_restored(text: str) -> None:
    masked = Masker(["Ana"]).mask(text)
    flat = " ".join(text.split())
    for form in ("_{}_", "Xq{}", "({})"):
        back = masked.restore(masked.with_placeholders(form), form)
        assert back is None or "".join(back.split()) == "".join(flat.split())
    assert "".join(masked.join_pieces(masked.translatable_pieces()).split()) == "".join(flat.split())


def test_languages_that_an_engine_cannot_do(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UsageError) as caught:
        translate(TALK, "ja", engine="bergamot")
    assert "en" in str(caught.value)
    assert "pt" in str(caught.value)
    with pytest.raises(UsageError):
        translate(TALK, "klingon", engine="bergamot")
    with pytest.raises(UsageError, match="--from"):
        translate(said(("A", "Hello."), language="und"), "pt", engine="bergamot")
    with pytest.raises(UsageError, match="there is none"):
        translate(said(("A", "Hola."), language="es"), "en", engine="whisper")


def test_the_command_and_its_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VOICEKIT_CACHE", str(tmp_path / "cache"))
    TALK.save(tmp_path / "talk.json")
    (tmp_path / "other.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\n<i>Good</i> morning, everybody.\n\n")
    (tmp_path / "broken.srt").write_text("nothing\n")
    files = [str(tmp_path / name) for name in ("talk.json", "broken.srt", "other.srt")]
    assert run(["translate", *files, "--from", "en", "--to", "pt", "-o", str(tmp_path / "out"), "-q"]) == 1
    assert "no cue and no times" in capsys.readouterr().err
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"talk.pt.json", "talk.pt.srt", "talk.pt.manifest.json"} <= names
    about = json.loads((tmp_path / "out" / "talk.pt.manifest.json").read_text())
    assert "bergamot" in json.dumps(about)
    before = (tmp_path / "out" / "talk.pt.json").read_bytes()
    from voicekit.engines.mt import bergamot

    def fail(*_: object) -> None:
        raise AssertionError("it is in the cache")

    monkeypatch.setattr(bergamot.Bergamot, "translate", fail)
    status = run(["translate", *files[::2], "--from", "en", "--to", "pt", "-o", str(tmp_path / "out"), "-q"])
    assert status == 0, capsys.readouterr().err
    assert (tmp_path / "out" / "talk.pt.json").read_bytes() == before


# --- speech -----------------------------------------------------------------------------------------------------------


def test_nllb_on_small_random_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its weights are not at hand; the same code translates with a model of one layer, which makes no sense."""
    monkeypatch.setenv("VOICEKIT_CACHE", str(tmp_path / "cache"))
    model = str(small_nllb.build(tmp_path / "nllb"))
    talk = said(("Ana", "The train leaves at 10:30, see https://example.org/x every day."), ("Ben", "Good morning."))
    german, french = (translate(talk, to, engine="nllb", model=model) for to in ("de", "fr"))
    assert [s.speaker for s in german.segments] == ["Ana", "Ben"]
    assert [s.source_text for s in german.segments] == [s.text for s in talk.segments]
    assert all(s.text for s in german.segments)
    assert "deu_Latn" not in german.text
    assert german.text.count("10:30") == german.text.count("https://example.org/x") == 1
    assert german.text != french.text  # the language that is asked for reaches the decoder
    assert translate(talk, "de", engine="nllb", model=model) == german
    with pytest.raises(UsageError, match=r"nllb does not translate en to tlh.*It translates any of .* de "):
        translate(talk, "tlh", engine="nllb", model=model)
    damaged = shutil.copytree(model, tmp_path / "damaged")
    (damaged / "model.bin").write_bytes(b"x")
    with pytest.raises(ModelCorrupt, match="damaged cannot be loaded"):
        translate(talk, "de", engine="nllb", model=str(damaged))


@pytest.mark.parametrize(("language", "least"), [("es", 35), ("fr", 20), ("de", 30)])
def test_whisper_translates_speech(recordings: Path, language: str, least: float) -> None:
    """chrF against the English of the paragraph, of which the French clip says a part; figures: RESULTS.md."""
    from voicekit.api import transcribe

    media = recordings / "lang" / language / "azure_testing_audio.ogg"
    heard = transcribe(media, diarizer="none", model="base", language=language)
    found = translate(heard, "en", engine="whisper", audio=media)
    english = (recordings / "read_en" / "azure_customspeech" / "testing_audio.txt").read_text()
    assert found.language == "en"
    assert all(segment.source_text for segment in found.segments)
    assert found.segments[-1].end <= heard.duration
    assert sacrebleu.sentence_chrf(found.text.replace("\n", " "), [english]).score >= least


# --- a server ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Answer], LanguageModelServer]]:
    monkeypatch.setenv("VOICEKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("VOICEKIT_API_KEY", "sk-secret")
    servers: list[LanguageModelServer] = []

    def start(answer: Answer) -> LanguageModelServer:
        servers.append(LanguageModelServer(answer))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def test_a_server_that_answers_well(serve: Callable[[Answer], LanguageModelServer]) -> None:
    server = serve(well)
    t = translate(TALK, "es", base_url=server.url)
    assert [s.text for s in t.segments] == [f"«{one.text}»" for one in split_sentences(TALK.segments)]
    assert server.keys[0] == "Bearer sk-secret"
    assert server.asked[0]["model"] == "small-model"
    again = translate(TALK, "es", base_url=server.url)
    assert again == t
    assert len(server.asked) == 1  # the second came from the cache


BAD: dict[str, Answer] = {
    "prose": lambda body, n: reply("Sure! Here is your translation.") if n == 1 else well(body),
    "wrong count": lambda body, n: reply('{"lines": [{"id": 1, "text": "uno"}]}') if n == 1 else well(body),
    "truncated": lambda body, n: reply('{"lines": [{"id": 1, "te') if n == 1 else well(body),
    "no JSON at all": lambda body, n: (200, b"<html>") if n == 1 else well(body),
    "busy": lambda body, n: (429, b"{}") if n == 1 else well(body),
    "failing": lambda body, n: (500, b"oh no") if n == 1 else well(body),
    "fenced": lambda body, n: reply(f"```json\n{json.loads(well(body)[1])['choices'][0]['message']['content']}\n```"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_server_that_misbehaves_once_is_asked_once_more(
    serve: Callable[[Answer], LanguageModelServer], kind: str
) -> None:
    server = serve(BAD[kind])
    t = translate(TALK, "es", base_url=server.url)
    assert [s.text for s in t.segments] == [f"«{one.text}»" for one in split_sentences(TALK.segments)]
    assert len(server.asked) == (1 if kind == "fenced" else 2)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (lambda body, n: reply("I cannot do that."), "no valid translation"),
        (lambda body, n: (500, b""), "answers 500"),
        (lambda body, n: (401, b'{"error": {"message": "bad key sk-secret"}}'), "answers 401"),
        (lambda body, n: (404, b""), "answers 404"),
    ],
)
def test_a_server_that_goes_on_misbehaving_is_named(
    serve: Callable[[Answer], LanguageModelServer], answer: Answer, says: str
) -> None:
    server = serve(answer)
    with pytest.raises(EngineError) as caught:
        translate(TALK, "es", base_url=server.url)
    assert says in str(caught.value)
    assert "sk-secret" not in str(caught.value)
    assert len(server.asked) <= 12


def test_a_server_that_hangs_and_one_that_is_not_there(serve: Callable[[Answer], LanguageModelServer]) -> None:
    hold = threading.Event()
    server = serve(lambda body, n: (hold.wait(20), well(body))[1])  # type: ignore[func-returns-value]
    try:
        with pytest.raises(EngineError, match="did not answer within 1 s"):
            translate(TALK, "es", base_url=server.url, timeout=1.0)
    finally:
        hold.set()
    with pytest.raises(EngineError, match="cannot reach"):
        translate(TALK, "es", base_url="http://127.0.0.1:9/v1", model="x", timeout=2.0)


def test_a_mark_that_a_server_loses_is_there_all_the_same(serve: Callable[[Answer], LanguageModelServer]) -> None:
    def careless(body: dict[str, Any], _: int) -> tuple[int, bytes]:
        return reply(json.dumps({"lines": [{"id": one["id"], "text": "algo"} for one in lines_of(body)]}))

    t = said(("Ana", "See https://example.org/x before 10:30, please."))
    found = translate(t, "es", base_url=serve(careless).url).text
    assert found.count("https://example.org/x") == 1
    assert found.count("10:30") == 1
