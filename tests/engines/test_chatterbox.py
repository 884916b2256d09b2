"""Chatterbox through its real classes on small random weights: noise for speech, but every line of the path runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.conftest import python
from tests.support import small_chatterbox
from voicekit.audio.decode import decode
from voicekit.audio.encode import write_audio
from voicekit.audio.levels import normalize_loudness, resample
from voicekit.cli import run
from voicekit.config.engines import ChatterboxParams, MultilingualParams
from voicekit.engines.registry import load_engine, speech_engine
from voicekit.errors import EngineError, MissingPackage, SourceError, UsageError
from voicekit.models.catalogue import Weights
from voicekit.seeds import RandomStreams
from voicekit.storage.files import write_json
from voicekit.tts.output import save_take
from voicekit.tts.resynthesize import read_take_tokens
from voicekit.tts.synthesize import synthesize
from voicekit.tts.synthesizer import Synthesizer
from voicekit.types import Audio, Voice

FEW = ChatterboxParams(max_tokens=14)


@pytest.fixture(scope="module")
def engine() -> Iterator[Any]:
    with small_chatterbox.layers():
        yield load_engine("speak.chatterbox")(Weights("small", small_chatterbox.folder(), "path", "1"), "cpu")


@pytest.fixture(scope="module")
def voices(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Voice, Voice]:
    """Of two clips that differ."""
    sound, _ = decode(sample, rate=24_000)
    folder = tmp_path_factory.mktemp("clips")
    for number, start in enumerate((7, 20)):
        soundfile.write(folder / f"{number}.wav", sound.mono[start * 24_000 : (start + 3) * 24_000], 24_000)
    one, two = (Voice(f"v{n}", "chatterbox", None, folder / f"{n}.wav") for n in range(2))
    return one, two


def test_the_same_item_is_the_same_whatever_was_said_before(engine: Any, voices: tuple[Voice, Voice]) -> None:
    ana, ben = voices
    alone = engine.synthesize("Hello there.", ana, FEW, RandomStreams(7, ("x",)))
    other = engine.generate_tokens("Hello there.", "en", engine.conditionals(ben.clip), FEW, RandomStreams(7, ("x",)))
    again = engine.synthesize("Hello there.", ana, FEW, RandomStreams(7, ("x",)))
    assert alone.tokens == again.tokens
    assert np.array_equal(alone.audio.samples, again.audio.samples)
    assert tuple(other.tolist()) != alone.tokens
    kept = engine.conditionals(ana.clip)
    assert (
        tuple(engine.generate_tokens("Hello there.", "en", kept, FEW, RandomStreams(8, ("x",))).tolist())
        != alone.tokens
    )
    # The tokens are enough to make the sound again, or in another voice.
    assert np.array_equal(engine.vocode(alone.tokens, ana, RandomStreams(7, ("x",))).samples, alone.audio.samples)
    assert engine.model.conds is None
    assert len(engine.cached_conditionals) == 2  # each clip's conditionals, made once


def test_exaggeration_and_cfg_weight_belong_to_the_call(
    engine: Any, voices: tuple[Voice, Voice], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = engine.conditionals(voices[0].clip)
    given = []
    inference = engine.model.t3.inference
    monkeypatch.setattr(engine.model.t3, "inference", lambda **more: (given.append(more), inference(**more))[1])
    first = engine.generate_tokens("Hello.", "en", kept, FEW, RandomStreams(1))
    for change in ({"exaggeration": 2.0}, {"cfg_weight": 0.0}, {}):  # the library's generate fails at 0
        last = engine.generate_tokens("Hello.", "en", kept, FEW.model_copy(update=change), RandomStreams(1))
        assert 0 < len(last) <= FEW.max_tokens
    assert np.array_equal(first, last)
    assert [float(one["t3_cond"].emotion_adv) for one in given] == [0.5, 2.0, 0.5, 0.5]
    assert [one["cfg_weight"] for one in given] == [0.5, 0.5, 0.0, 0.5]
    assert kept.t3.cond_prompt_speech_emb is None  # what is kept was never written to


def test_our_limit_of_tokens_holds(engine: Any, voices: tuple[Voice, Voice]) -> None:
    conditionals = engine.conditionals(voices[0].clip)
    for limit in (10, 30):
        params = ChatterboxParams(max_tokens=limit)
        assert (
            len(engine.generate_tokens("A longer text to be said.", "en", conditionals, params, RandomStreams(3)))
            <= limit
        )


def test_nothing_is_said_rather_than_something_made_up(
    engine: Any, voices: tuple[Voice, Voice], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "generate_tokens", lambda *_: np.zeros(0, int))
    with pytest.raises(EngineError, match="generated no speech"):
        engine.synthesize("Hi.", voices[0], FEW, RandomStreams(1))
    with pytest.raises(UsageError, match="no bundled voice"):
        engine.synthesize("Hi.", Voice("x", "chatterbox"), FEW, RandomStreams(1))


def test_hooks_and_settings_are_as_before(engine: Any, voices: tuple[Voice, Voice]) -> None:
    from chatterbox.models.t3 import t3 as module

    from voicekit.engines.tts.chatterbox_patches import sampling_patched

    t3 = engine.model.t3
    attention = t3.tfmr.layers[0].self_attn
    before = (len(attention._forward_hooks), t3.tfmr.config._attn_implementation, module.tqdm)
    with sampling_patched(t3):
        attention.register_forward_hook(lambda *_: None)  # as the library's analyzer does at every call
        t3.tfmr.config._attn_implementation = "eager"
    assert (len(attention._forward_hooks), t3.tfmr.config._attn_implementation, module.tqdm) == before


@pytest.fixture(scope="module")
def long_clip(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds: turbo takes no less than five."""
    sound, _ = decode(sample, rate=24_000)
    path = tmp_path_factory.mktemp("clip") / "long.wav"
    soundfile.write(path, sound.mono[7 * 24_000 : 13 * 24_000], 24_000)
    return path


@pytest.mark.parametrize("kind", ["multilingual", "turbo"])
def test_the_other_models_are_the_same_again_too(kind: str, long_clip: Path, voices: tuple[Voice, Voice]) -> None:
    language = "de" if kind == "multilingual" else "en"
    voice = Voice("v", f"chatterbox-{kind}", None, long_clip, language=language)
    with small_chatterbox.layers():
        weights = Weights("small", small_chatterbox.folder(kind), "path", "1")
        engine = load_engine(f"speak.chatterbox-{kind}")(weights, "cpu")
        params = speech_engine(f"chatterbox-{kind}").params(max_tokens=20)
        said = engine.synthesize("Schönen Tag.", voice, params, RandomStreams(7, ("x",)))
        kept = engine.conditionals(long_clip)
        for seed in (8, 7):
            tokens = tuple(
                engine.generate_tokens("Schönen Tag.", language, kept, params, RandomStreams(seed, ("x",))).tolist()
            )
            assert (tokens == said.tokens) == (seed == 7)
        assert len(said.tokens) <= 20 + 3  # turbo's silence
        assert np.array_equal(engine.vocode(said.tokens, voice, RandomStreams(7, ("x",))).samples, said.audio.samples)
        if kind == "turbo":
            with pytest.raises(EngineError, match="longer than 5 seconds"):
                engine.conditionals(voices[0].clip)
        else:  # nothing of one call is there at the next: the library's hooks pile up
            assert all(not layer.self_attn._forward_hooks for layer in engine.model.t3.tfmr.layers)
            codes = engine.model.tokenizer.tokenizer.decode(engine.encode_text("今天", "zh")[0].tolist())
            assert "[UNK]" not in codes  # the table beside the model, with no network
    assert tokenizer_module().hf_hub_download.__module__.startswith("huggingface_hub")


def tokenizer_module() -> Any:
    from chatterbox.models.tokenizers import tokenizer

    return tokenizer


def test_two_equal_tokens_do_not_end_a_multilingual_take() -> None:
    import torch
    from chatterbox.models.t3.inference.alignment_stream_analyzer import AlignmentStreamAnalyzer

    from voicekit.engines.tts.chatterbox_patches import MAX_EQUAL_TOKENS, TolerantAlignmentAnalyzer

    def ended(kind: type[Any], equal: int) -> bool:
        analyzer = kind.__new__(kind)
        analyzer.__dict__.update(
            text_tokens_slice=(0, 4), eos_idx=9, alignment=torch.zeros(0, 4), curr_frame_pos=1, text_position=0,
            started=True, started_at=0, complete=False, completed_at=None, generated_tokens=[],
            last_aligned_attns=[torch.zeros(1, 4)],
        )  # fmt: skip
        for token in [1, 2, *[5] * equal]:
            logits = analyzer.step(torch.zeros(1, 10), next_token=token)
        return bool(logits[0, 9] > 1000)

    assert ended(AlignmentStreamAnalyzer, 2)  # the defect
    assert not ended(TolerantAlignmentAnalyzer, 2)
    assert ended(TolerantAlignmentAnalyzer, MAX_EQUAL_TOKENS)
    assert MultilingualParams().repetition_penalty == 2.0


def test_without_its_watermarker_it_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    import perth

    monkeypatch.setattr(perth, "PerthImplicitWatermarker", None)
    weights = Weights("small", small_chatterbox.folder(), "path", "1")
    with pytest.raises(MissingPackage, match="--no-watermark"):
        load_engine("speak.chatterbox")(weights, "cpu")


def test_say_and_convert(sample: Path, tmp_path: Path, voices: tuple[Voice, Voice]) -> None:
    short, _ = decode(sample)
    soundfile.write(tmp_path / "said.wav", short.mono[7 * 16000 : 9 * 16000], 16000)
    clip, model = str(voices[0].clip), str(small_chatterbox.folder())
    with small_chatterbox.layers(), Synthesizer(device="cpu") as speaker:
        take = speaker.say(
            "Hello there.", voice=clip, model=model, preset="calm", seed=3, watermark=False, max_tokens=12
        )
        assert take.params["exaggeration"] == 0.35
        assert len(take.tokens) == 1
        changed = speaker.convert(tmp_path / "said.wav", voice=clip, model=model, seed=3, watermark=False)
        assert changed.audio.duration == pytest.approx(2.0, abs=0.2)
        with pytest.raises(UsageError, match=r"unknown key 'speed'.*Known: exaggeration"):
            speaker.say("Hello", voice=clip, model=model, speed=2)
        with pytest.raises(UsageError, match="kokoro does not clone"):
            speaker.convert(tmp_path / "said.wav", voice="jf_alpha")


@pytest.mark.slow
def test_a_kept_take_is_made_again_of_its_tokens(
    tmp_path: Path, voices: tuple[Voice, Voice], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ana, ben = (str(voice.clip) for voice in voices)
    model, text = str(small_chatterbox.folder()), "Hello there my friend. [pause 0.5] How are you today?"
    with small_chatterbox.layers(), Synthesizer(device="cpu") as speaker:
        options: Any = {"model": model, "watermark": False}
        take = speaker.say(text, voice=ana, seed=3, max_tokens=14, **options)
        assert [0 < len(some) <= 14 for some in take.tokens] == [True, True]
        kept = save_take(take, Path("a.wav"))
        monkeypatch.setattr(
            "voicekit.engines.tts.chatterbox.Chatterbox.generate_tokens", None
        )  # it has no part in what follows
        again = speaker.resynthesize(kept, voice=ana, **options)
        assert np.array_equal(again.audio.samples, take.audio.samples)
        with pytest.raises(UsageError, match="cannot cut 9 s from a last part of"):
            speaker.resynthesize(kept, voice=ana, tail=9.0, **options)
    with small_chatterbox.layers():
        command = ["convert", "a.wav.json", "-v", ben, "--model", model, "--no-watermark", "-o", "b.wav"]
        assert run([*command, "--cut-tail", "0.2"]) == 0
        assert json.loads(Path("b.wav.json").read_text())["tokens"] == [[*take.tokens[0]], [*take.tokens[1][:-5]]]
        first = slice(0, round(take.parts[0][1] * take.audio.rate) // 2)
        assert not np.allclose(decode(Path("b.wav"), rate=24_000)[0].mono[first], take.audio.mono[first], atol=1e-3)
    Path("x.json").write_text('{"schema": "voicekit.take/1", "tokens": [[99999]]}')
    write_json(Path("y.json"), {**take.record(), "tokens": []})
    for name, says in (
        ("x.json", "is not a take: text: Field required"),
        ("y.json", "no speech tokens"),
        ("z.json", "No"),
    ):
        with pytest.raises(SourceError, match=says):
            read_take_tokens(Path(name))
    assert run(["convert", "a.wav", "-v", ana, "--cut-tail", "1"]) == 2
    assert "--cut-tail needs the FILE.json" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("kind", "status", "says"),
    [("missing", 2, "no clip"), ("empty", 1, "is empty"), ("text", 1, "is not media"), ("silent", 2, "is silent"),
     ("short", 2, "lasts 0.3 s"), ("clipped", 2, "are clipped")],
)  # fmt: skip
def test_a_clip_that_is_none_is_said_in_one_line(
    tmp_path: Path, kind: str, status: int, says: str, capfd: pytest.CaptureFixture[str]
) -> None:
    clip = tmp_path / f"{kind}.wav"
    match kind:
        case "empty" | "text":
            clip.write_bytes(b"" if kind == "empty" else b"no sound " * 200)
        case "silent" | "short" | "clipped":
            t = np.arange(6 * 24_000 if kind != "short" else 7200)
            wave = np.sin(t * 0.05) * {"silent": 0.0, "short": 0.1, "clipped": 4.0}[kind]
            soundfile.write(clip, np.clip(wave, -1, 1), 24_000)
    assert run(["say", "Hello.", "-v", str(clip), "--model", str(small_chatterbox.folder())]) == status
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert says in line
    assert line.count(". ") >= 1  # a remedy


def test_what_is_wrong_with_a_clip_is_noted_and_any_format_will_do(
    sample: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    sound, _ = decode(sample, rate=8000)
    write_audio(Audio(sound.samples[:, 7 * 8000 : 20 * 8000], 8000), "two.m4a")
    model = str(small_chatterbox.folder())
    with small_chatterbox.layers():
        assert run(["say", "Hi to you.", "-v", "two.m4a", "--model", model, "--set", "max_tokens=10"]) == 0
    (note,) = capfd.readouterr().err.splitlines()  # and nothing that the libraries have to say
    for says in ("note: two.m4a: 8000 Hz", "2 people speak", "13 s long", "`voicekit voice prepare`"):
        assert says in note


def test_a_new_process_says_it_the_same_way(engine: Any, voices: tuple[Voice, Voice], tmp_path: Path) -> None:
    """There it is alone, with an empty cache; here something else was said before, by somebody else."""
    done = python(
        "import os; from tests.support import small_chatterbox as small; from voicekit import Synthesizer\n"
        "with small.layers(), Synthesizer(device='cpu') as speaker:\n"
        "    options = {'voice': os.environ['CLIP'], 'model': str(small.folder()), 'seed': 5, 'max_tokens': 14}\n"
        "    take = speaker.say('Hello to you.', **options)\n"
        "print(list(map(list, take.tokens)), take.audio.samples.tobytes().hex())\n",
        CLIP=str(voices[0].clip), VOICEKIT_CACHE=str(tmp_path / "cache"),
    )  # fmt: skip
    engine.generate_tokens("Good night.", "en", engine.conditionals(voices[1].clip), FEW, RandomStreams(5, ("part", 0)))
    here = synthesize("Hello to you.", voices[0], engine, FEW, 5)
    tokens, _, samples = done.stdout.rpartition(" ")
    assert tokens == f"{[[*some] for some in here.tokens]}", done.stderr
    there = np.frombuffer(bytes.fromhex(samples.strip()), np.float32)
    # On two cores they are equal. On one core the vocoder differed by 1.6e-7 (-136 dBFS), depending on what ran before.
    assert there == pytest.approx(here.audio.mono, abs=1e-6)


@pytest.mark.parametrize("ending", ["wav", "mp3", "m4a", "opus"])
def test_the_mark_survives_codecs_and_loudness(tmp_path: Path, ending: str, capsys: pytest.CaptureFixture[str]) -> None:
    with Synthesizer(device="cpu") as speaker:
        said = resample(
            speaker.say("The train leaves at ten past eight, as it always does.", voice="joe").audio, 24_000
        )
    marked = normalize_loudness(load_engine("mark.perth")().embed(said), -16)
    for name, sound in (("marked", marked), ("plain", said)):
        write_audio(sound, tmp_path / f"{name}.{ending}")
    assert run(["watermark", str(tmp_path / f"marked.{ending}"), str(tmp_path / f"plain.{ending}")]) == 0
    one, two = capsys.readouterr().out.splitlines()
    assert ": watermarked (" in one
    assert ": no watermark (" in two
    assert run(["watermark", str(tmp_path / "none.wav")]) == 1


def test_a_silent_clip_is_no_reference(engine: Any, tmp_path: Path) -> None:
    write_audio(Audio(np.zeros((1, 24), np.float32), 24_000), tmp_path / "tiny.wav")
    with pytest.raises(EngineError, match=r"cannot use tiny\.wav as a reference"):
        engine.conditionals(tmp_path / "tiny.wav")
