"""Speech from the packaged voices: seeds that hold, text that is said, parts that join without a seam."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import jiwer
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from whisper_normalizer.english import EnglishTextNormalizer

from tests.conftest import ROOT
from voicekit.audio.concat import concatenate
from voicekit.audio.decode import decode
from voicekit.audio.levels import speech_level, trim_silence
from voicekit.cli import run
from voicekit.config.engines import KokoroParams, PiperParams, sampling
from voicekit.engines.registry import SPEECH_ENGINES, SpeechEngine, speech_engine
from voicekit.errors import SourceError, UsageError, VoicekitError
from voicekit.seeds import RandomStreams, derive_seed
from voicekit.storage.files import file_sha256
from voicekit.text.speakable import MAX_CHARACTERS, MAX_WORDS, to_parts
from voicekit.text.words import unspaced
from voicekit.transcription.session import Session
from voicekit.tts.synthesizer import Synthesizer
from voicekit.tts.voices import find_voice
from voicekit.types import Audio

SENTENCES = (
    "The train to the coast leaves at ten past eight.",
    "She opened the window and listened to the rain.",
    "There were three letters on the kitchen table.",
    "We should meet again before the end of the month.",
    "Nobody in the village remembered the old bridge.",
    "Please turn off the lights when you leave.",
    "The doctor asked him to wait outside for a moment.",
    "I have never seen the sea as calm as this.",
)


@pytest.fixture(scope="module")
def speaker() -> Iterator[Synthesizer]:
    with Synthesizer(device="cpu") as one:
        yield one


# --- seeds ------------------------------------------------------------------------------------------------------------


def test_streams_are_named_and_nothing_else_decides() -> None:
    assert derive_seed(7, "flow", "line 1", 0) == 1069260913690349538  # for ever: takes are made again by it
    streams = {
        derive_seed(seed, purpose, line, take)
        for seed in (0, 1)
        for purpose in "ab"
        for line in "xy"
        for take in (0, 1)
    }
    assert len(streams) == 16
    assert derive_seed(1, "a", "b") != derive_seed(1, "ab")
    first = RandomStreams(7, ("x",)).numpy("noise").standard_normal(4)
    assert np.array_equal(first, RandomStreams(7, ("x",)).numpy("noise").standard_normal(4))


def test_torch_goes_on_as_before() -> None:
    import torch

    torch.manual_seed(1)
    expected = torch.randn(3)
    torch.manual_seed(1)
    with RandomStreams(7).torch("a"):
        one = torch.randn(3)
    assert torch.equal(torch.randn(3), expected)
    with RandomStreams(7).torch("a"):
        assert torch.equal(torch.randn(3), one)


def test_piper_heeds_its_seed_and_what_ran_before_does_not_matter(speaker: Synthesizer) -> None:
    one = speaker.say(SENTENCES[0], voice="joe", seed=7).audio.samples
    other = speaker.say(SENTENCES[0], voice="joe", seed=8).audio.samples
    assert not np.array_equal(one, other)
    speaker.say(SENTENCES[1], voice="joe", seed=3)
    assert np.array_equal(one, speaker.say(SENTENCES[0], voice="joe", seed=7).audio.samples)


def test_a_new_process_says_it_the_same_way(tmp_path: Path) -> None:
    for name in ("a", "b"):
        command = [
            sys.executable,
            "-m",
            "voicekit",
            "say",
            SENTENCES[2],
            "-v",
            "joe",
            "--seed",
            "5",
            "-o",
            f"{name}.wav",
        ]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()


def test_kokoro_draws_nothing_and_says_so(speaker: Synthesizer) -> None:
    one, two = (speaker.say(SENTENCES[3], voice="jm_kumo", seed=seed).audio.samples for seed in (1, 2))
    assert np.array_equal(one, two)
    assert [engine.uses_seed for engine in SPEECH_ENGINES if engine.name == "kokoro"] == [False]


# --- what is said -----------------------------------------------------------------------------------------------------


def word_errors(speaker: Synthesizer, voice: str, sentences: Sequence[str], path: Path) -> float:
    """WER of what Whisper base hears of a voice that says some sentences."""
    normal = EnglishTextNormalizer()
    take = speaker.say("\n\n".join(sentences), voice=voice, seed=1)
    assert len(take.parts) == len(sentences)
    with Session() as session:
        heard = session.transcribe(take.save(path), diarizer="none", model="base", language="en")
    return float(jiwer.wer(normal(" ".join(sentences)), normal(heard.text)))


@pytest.mark.parametrize("voice", ["joe", pytest.param("jf_alpha", marks=pytest.mark.slow)])
def test_whisper_hears_what_was_said(speaker: Synthesizer, tmp_path: Path, voice: str) -> None:
    assert word_errors(speaker, voice, SENTENCES, tmp_path / "x.wav") <= 0.08


@pytest.mark.slow
@pytest.mark.parametrize("voice", ["joe", "jf_alpha", "jm_kumo"])
def test_whisper_hears_forty_sentences(speaker: Synthesizer, tmp_path: Path, voice: str) -> None:
    sentences = (ROOT / "benchmarks" / "sentences.txt").read_text().splitlines()
    assert len(sentences) == 40
    assert word_errors(speaker, voice, sentences, tmp_path / "x.wav") <= 0.08


def test_numbers_dates_and_units_become_words() -> None:
    parts = to_parts("Dr. Smith paid $3.50 for 2 kg on 3 May 2024. It was 5:30 pm.")
    said = " ".join(part.text for part in parts)
    assert not re.search(r"\d", said)
    assert "doctor Smith" in said
    assert "two kilograms" in said
    assert to_parts("No. That is No. 7 there.")[0].text == "No. That is number seven there."
    assert "3.50" in to_parts("He paid 3.50 there.", normalize=False)[0].text


def test_pauses_paragraphs_and_short_sentences() -> None:
    parts = to_parts("One two three four. [pause 1.5] Five six seven eight.\n\nNo. Nine ten eleven twelve. Yes.")
    assert [(part.text, part.pause) for part in parts] == [
        ("One two three four.", 1.5), ("Five six seven eight.", 0.8), ("No. Nine ten eleven twelve. Yes.", 0.0),
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["", "   ", "😀😀", "...", "<b></b>", "\x00\x07", "[pause 1]", "—"])
def test_nothing_to_say_is_said_plainly(text: str) -> None:
    with pytest.raises(UsageError, match="the text has no words to speak"):
        to_parts(text)


def test_what_no_voice_can_say_is_taken_out() -> None:
    assert to_parts("**Bold** <i>and</i> `code` 😀 at\x07 https://example.org/a?b=1 now")[0].text == (
        "Bold and code at example dot org now"
    )
    assert to_parts("Hello 世界, guten Tag, привет! مرحبا")[0].text == "Hello 世界, guten Tag, привет! مرحبا"
    with pytest.raises(UsageError, match=r"too long\. Give at most 60 s"):
        to_parts("a [pause 999] b")
    with pytest.raises(UsageError, match="200000"):
        to_parts("a " * 150_000)


@given(
    st.lists(
        st.sampled_from(
            [*"abc", "word", "and,", "end.", "Mr.", "so?", "12", "x" * 900, "\n\n", "今天。", "今天天气很好，" * 40]
        ),
        min_size=1,
    )
)
@settings(deadline=None, max_examples=150)
def test_parts_are_short_and_lose_no_word(words: list[str]) -> None:
    try:
        parts = to_parts(" ".join(words), normalize=False)
    except UsageError:
        assert not any(char.isalnum() for word in words for char in word)
        return
    assert all(len(p.text.split()) <= MAX_WORDS for p in parts)
    assert all(len(p.text) <= MAX_CHARACTERS for p in parts)
    assert all(sum(map(unspaced, p.text)) <= 3 * MAX_WORDS for p in parts)
    assert "".join("".join(p.text for p in parts).split()) == "".join("".join(words).split())


def test_a_text_of_fifty_thousand_characters_is_said_whole() -> None:
    for text in ("The quick brown fox. " * 2381, "x" * 50_000, "今天天气很好，我们去公园散步" * 3572, "é" * 50_000):
        parts = to_parts(text, normalize=False)
        assert "".join("".join(part.text for part in parts).split()) == "".join(text.split())


def test_sentences_without_spaces_are_parts_of_their_own() -> None:
    text = "今天天气很好，我们去公园散步吧。明天会下雨，所以我们待在家里。"
    assert [part.text for part in to_parts(text, "zh", normalize=False)] == [text[:16], text[16:]]
    assert len(to_parts("今天。明天。", "zh")) == 1  # too short to be said alone


def test_a_long_text_stays_level_and_has_no_clicks(speaker: Synthesizer) -> None:
    text = " ".join(SENTENCES * 4)
    take = speaker.say(text, voice="joe", seed=2)
    rate, samples = take.audio.rate, take.audio.mono
    levels = [speech_level(samples[round(a * rate) : round(b * rate)], rate) for a, b in take.parts]
    assert np.std(levels) < 1.5  # dB
    jumps = np.abs(np.diff(samples))
    edges = [round(t * rate) for part in take.parts for t in part]
    assert max(jumps[max(0, e - 3) : e + 3].max(initial=0.0) for e in edges) < 0.01  # of full scale: no click
    pace = [len(said) / (b - a) for said, (a, b) in zip(take.said, take.parts, strict=True)]
    assert np.std(pace) / np.mean(pace) < 0.2


@given(st.lists(st.tuples(st.integers(0, 4000), st.floats(0, 1)), min_size=1, max_size=6))
@settings(deadline=None)
def test_join_keeps_the_order_and_the_pauses(parts: list[tuple[int, float]]) -> None:
    rng = np.random.default_rng(0)
    sounds = [Audio((0.1 * rng.standard_normal((1, n))).astype(np.float32), 8000) for n, _ in parts]
    audio, places = concatenate(sounds, [pause for _, pause in parts])
    assert len(places) == len(parts)
    assert np.isfinite(audio.samples).all()
    assert np.abs(audio.samples).max(initial=0.0) <= 1.0
    for (_, end), (start, _), (_, pause) in zip(places, places[1:], parts, strict=False):
        assert start - end == pytest.approx(pause, abs=0.002)


def test_trim_keeps_all_of_silence_and_none_of_its_edges() -> None:
    silence = np.zeros(8000, np.float32)
    tone = 0.3 * np.sin(np.arange(4000) * 0.3).astype(np.float32)
    assert len(trim_silence(silence, 8000)) == 8000
    assert len(trim_silence(np.concatenate([silence, tone, silence]), 8000)) == pytest.approx(4000 + 2 * 320, abs=100)


# --- voices, parameters, files ----------------------------------------------------------------------------------------


def test_a_parameter_that_is_not_heeded_is_an_error_that_lists_those_that_are() -> None:
    with pytest.raises(UsageError, match=r"unknown key 'exaggeration'.*Known: speed"):
        sampling("kokoro", KokoroParams, exaggeration=1)
    with pytest.raises(UsageError, match="noise_scale"):
        sampling("piper", PiperParams, noise_scale=9)
    with pytest.raises(UsageError, match=r"Known: .*steady"):
        sampling("piper", PiperParams, "nonesuch")


@pytest.mark.parametrize("engine", SPEECH_ENGINES, ids=lambda engine: engine.name)
def test_every_preset_is_heeded_by_its_engine(engine: SpeechEngine) -> None:
    folder = Path(__file__).parents[2] / "configs" / "sampling" / engine.name
    names = [path.stem for path in folder.glob("*.yaml")]
    assert names
    for name in names:
        sampling(engine.name, engine.params, name)


def test_voices_that_there_are_not() -> None:
    for name, engine, says in (
        ("nobody", None, "Known: .*joe"), ("joe", "kokoro", "no voice 'joe' of kokoro"), ("no.wav", None, "no clip"),
        ("../x", None, "no clip"),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=says):
            find_voice(name, engine)
    with pytest.raises(UsageError, match="piper does not speak ja"):
        find_voice("joe", language="ja")
    with pytest.raises(UsageError, match="unknown engine 'siri'"):
        speech_engine("siri")


@pytest.mark.parametrize("ending", ["wav", "flac", "mp3", "m4a", "ogg", "opus"])
def test_every_format_holds_the_sound(tmp_path: Path, ending: str, speaker: Synthesizer) -> None:
    take = speaker.say(SENTENCES[5], voice="joe", seed=1)
    back, _ = decode(take.save(tmp_path / f"x.{ending}"))
    assert back.duration == pytest.approx(take.audio.duration, abs=0.1)
    assert speech_level(back.mono, back.rate) == pytest.approx(speech_level(take.audio.mono, take.audio.rate), abs=1.5)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("text.txt").write_text("Good morning to all of you.\n")
    assert run(["say", "@text.txt", "-v", "joe", "-o", "x.flac", "--rate", "48000", "--loudness", "-20", "--json"]) == 0
    assert '"engine": "piper"' in capsys.readouterr().out
    about = json.loads(Path("x.flac.json").read_text())
    assert about["made_with"]["model"]["sha256"]["en_US-joe-medium.onnx"].startswith("58afce03")
    assert about["sound"]["sha256"] == file_sha256(Path("x.flac"))
    assert (about["said"], about["seed"], about["params"]["speed"]) == (["Good morning to all of you."], 0, 1.0)
    samples, rate = soundfile.read("x.flac")
    assert rate == 48000
    import pyloudnorm

    assert pyloudnorm.Meter(rate).integrated_loudness(samples) == pytest.approx(-20, abs=0.5)
    assert run(["say", "I have 3 cats.", "--show-text"]) == 0
    assert capsys.readouterr().out == "I have three cats.\n"
    for arguments, status, says in (
        (["say", "Hello", "-o", "x.xyz"], 2, "cannot write .xyz"), (["say", "@none.txt"], 1, "no such file"),
        (["say", "Hello", "--set", "speed"], 2, "is not NAME=VALUE"),
        (["say", "Hello", "--rate", "1"], 2, "--rate 1 is not between"),
        (["say", "Hello", "-v", "nobody"], 2, "no voice"), (["say", "Hello", "--loudness", "nan"], 2, "--loudness"),
        (["say", "Hello", "--loudness", "3"], 2, "--loudness"),
        (["say", "Hello", "-e", "chatterbox"], 2, "needs a reference clip"),
        (["say", "caf\udce9"], 1, "the text: line 1: not UTF-8"),
    ):  # fmt: skip
        assert run(arguments) == status
        assert says in capsys.readouterr().err
    Path("bad.txt").write_bytes(b"one\n\xff\xfe")
    assert run(["say", "@bad.txt"]) == 1
    assert "line 2: not UTF-8" in capsys.readouterr().err
    for text, status, says in ((b"Good night.\n", 0, "y.wav"), (b"\n\xe9", 1, "stdin: line 2: not UTF-8")):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text)))
        assert run(["say", "-", "-e", "piper", "-o", "y.wav"]) == status
        assert says in "".join(capsys.readouterr())
    assert json.loads(Path("y.wav.json").read_text())["voice"] == "joe"  # the engine's first


def test_a_take_plays_in_a_notebook(speaker: Synthesizer) -> None:
    shown = speaker.say("Less <b> than & more than that.", voice="joe")._repr_html_()
    assert "<audio controls src='data:audio/wav;base64," in shown
    assert "&lt;b&gt;" in shown


# --- references -------------------------------------------------------------------------------------------------------


def test_a_good_recording_becomes_a_clip(recordings: Path, speaker: Synthesizer) -> None:
    found = speaker.reference(recordings / "read_en" / "jfk.flac")
    assert found.clip.rate == 24_000
    assert len(found.clip.samples) == 1
    assert 5 < found.clip.duration < 10
    assert np.abs(found.clip.mono[-2400:]).max() < 1e-3  # ends on silence
    later = speaker.reference(recordings / "read_en" / "jfk.flac", start=7.0)
    assert later.start >= 7.0


def test_of_two_speakers_one_is_taken(sample: Path, speaker: Synthesizer) -> None:
    found = speaker.reference(sample)
    assert any("2 people speak" in note for note in found.warnings)
    alone = speaker.reference(sample, one_speaker=True)
    assert not any("people speak" in note for note in alone.warnings)


def bad(tmp_path: Path, kind: str) -> Path:
    rng = np.random.default_rng(0)
    tone = np.sin(np.arange(5 * 16000) * 0.05)
    samples = {
        "silent": np.zeros(5 * 16000), "short": 0.1 * rng.standard_normal(4800), "clipped": np.clip(tone * 4, -1, 1),
        "noise": 0.05 * rng.standard_normal(5 * 16000), "one": np.zeros(1),
    }[kind]  # fmt: skip
    soundfile.write(tmp_path / f"{kind}.wav", samples, 16000)
    return tmp_path / f"{kind}.wav"


@pytest.mark.parametrize(
    ("kind", "says"),
    [("silent", "is silent"), ("short", "lasts 0.3 s"), ("clipped", "are clipped"), ("noise", "of clear speech"),
     ("one", "lasts 0.0 s")],
)  # fmt: skip
def test_a_bad_reference_is_told_what_it_is(tmp_path: Path, speaker: Synthesizer, kind: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        speaker.reference(bad(tmp_path, kind))


def test_missing_and_empty_references(tmp_path: Path, speaker: Synthesizer) -> None:
    (tmp_path / "empty.wav").touch()
    for name in ("missing.wav", "empty.wav"):
        with pytest.raises(SourceError):
            speaker.reference(tmp_path / name)


def test_an_eight_khz_reference_is_used_and_said_to_be_dull(sample: Path, tmp_path: Path, speaker: Synthesizer) -> None:
    sound, _ = decode(sample, rate=8000)
    soundfile.write(tmp_path / "phone.wav", sound.mono, 8000)
    assert any("8000 Hz" in note for note in speaker.reference(tmp_path / "phone.wav", one_speaker=True).warnings)


def test_voices_of_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sample: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VOICEKIT_REFS", str(tmp_path / "refs"))
    assert run(["voice", "add", "ana", str(sample), "--one-speaker"]) == 2
    assert "there is no consent for cloning ana" in capsys.readouterr().err
    assert not (tmp_path / "refs").exists()
    consent = ["--consent", "Ana, 2026-05-02, tests"]
    assert run(["voice", "add", "ana", str(sample), "--one-speaker", *consent]) == 0
    assert run(["voice", "add", "ana", str(sample), "--one-speaker", *consent]) == 2
    assert run(["voice", "add", "slow", "--engine", "kokoro", "--speaker", "jm_kumo", "--preset", "slow"]) == 0
    assert run(["voice", "add", "../x", "--engine", "kokoro", "--speaker", "jm_kumo"]) == 2
    found = find_voice("ana")
    assert (found.voice.engine, found.voice.clip) == ("chatterbox", tmp_path / "refs" / "ana" / "clip.wav")
    assert found.config is not None
    assert found.config.consent == "Ana, 2026-05-02, tests"
    capsys.readouterr()
    assert run(["voice", "list"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()][:2] == ["ana", "slow"]
    assert run(["say", "Hello to all of you.", "-v", "slow", "--json"]) == 0
    assert '"speed": 0.85' in capsys.readouterr().out
    (tmp_path / "refs" / "ana" / "voice.yaml").write_text("engine: chatterbox\nclip: ../../x.wav\nconsent: x\n")
    with pytest.raises(VoicekitError, match="outside its folder"):
        find_voice("ana")
    (tmp_path / "refs" / "ana" / "voice.yaml").write_text("engine: chatterbox\nclipp: x.wav\n")
    with pytest.raises(VoicekitError, match="Did you mean clip"):
        find_voice("ana")


def test_an_engine_of_another_package(tmp_path: Path) -> None:
    """docs/add-an-engine.md, as it stands: a package with that code and that entry point is found and speaks."""
    page = (Path(__file__).parents[2] / "docs" / "add-an-engine.md").read_text()
    code, entry = (
        re.findall(r"^```python\n(.*?)^```", page, re.M | re.S)[0],
        re.findall(r'^    beep = "(.*)"', page, re.M),
    )
    (tmp_path / "your_package.py").write_text(code)
    about = tmp_path / "your_package-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: your-package\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[voicekit.engines]\nbeep = {entry[0]}\n")
    for seed, name in ((1, "a"), (1, "b"), (2, "c")):
        command = [sys.executable, "-m", "voicekit", "say", "Hello", "-e", "beep", "-v", "beeper", "--set", "pitch=300"]
        subprocess.run(
            [*command, "--seed", str(seed), "-o", f"{name}.wav"], cwd=tmp_path, check=True, capture_output=True,
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
        )  # fmt: skip
    sounds = [(tmp_path / f"{name}.wav").read_bytes() for name in "abc"]
    assert sounds[0] == sounds[1] != sounds[2]


def test_a_part_that_memory_does_not_do_for_is_said_in_halves(speaker: Synthesizer) -> None:
    from voicekit.config.engines import PiperParams
    from voicekit.tts.synthesize import synthesize

    known = find_voice("joe")
    loaded = speaker._load_model(known, None, True)

    class Small:
        rate = loaded.rate

        def __init__(self, words: int) -> None:
            self.words = words

        def synthesize(self, text: str, *more: Any) -> Any:
            if len(text.split()) > self.words:
                raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
            return loaded.synthesize(text, *more)

    text = "The old man who lived by the river had never seen so many boats on one day."
    notes: list[str] = []
    take = synthesize(text, known.voice, Small(6), PiperParams(), 1, note=notes.append)
    assert " ".join(take.said) == text
    assert len(take.said) == 4
    assert len(notes) == 3
    assert notes[0].startswith("out of memory: splitting 'The old man")
    again = synthesize(text, known.voice, Small(6), PiperParams(), 1)
    assert np.array_equal(again.audio.samples, take.audio.samples)
    with pytest.raises(RuntimeError, match="out of memory"):
        synthesize(text, known.voice, Small(1), PiperParams(), 1)
