from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from tests.conftest import ROOT
from voicekit.config.clean import CLEAN_FILTERS, clean_preset
from voicekit.config.clone import CloneJob, Retry
from voicekit.config.dialogue import DialogueOptions, Role
from voicekit.config.engines import ChatterboxParams, KokoroParams, PiperParams, TurboParams
from voicekit.config.evaluate import EvalOptions
from voicekit.config.formats import DEFAULT_FORMATS
from voicekit.config.presets import preset
from voicekit.config.quality import Gates
from voicekit.config.report import CompareOptions, GalleryOptions, ReportOptions
from voicekit.config.subtitles import SubtitleStyle
from voicekit.config.transcribe import TranscribeOptions, transcribe_options
from voicekit.config.translate import TranslateOptions
from voicekit.errors import UsageError


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"speaker": 2}, "Did you mean speakers?"),
        ({"speakers": 0}, "speakers"),
        ({"speakers": 2, "min_speakers": 1}, "fixed count"),
        ({"min_speakers": 3, "max_speakers": 2}, "more than max_speakers"),
        ({"diarizer": "none", "speakers": 2}, "takes no speaker count"),
        ({"diarizer": "senko"}, "senko was removed: use diarizer_model starter"),
        ({"diarizer": "magic"}, "pyannote"),
        ({"format": "doc"}, "srt"),
        ({"format": ""}, "no file"),
        ({"beam_size": "many"}, "beam_size"),
        ({"language": "english"}, "does not support 'english'"),
        ({"speaker_names": "Ana,Ana"}, "twice"),
        ({"glossary": "terms.csv"}, "glossary has no effect without translate"),
        ({"translate_engine": "nllb"}, "translate_engine has no effect without translate"),
        ({"base_url": "http://localhost:8000/v1"}, "base_url has no effect without translate"),
        (
            {"diarizer": "none", "diarizer_model": "starter"},
            "diarizer_model has no effect without the diarizer pyannote",
        ),
        ({"diarizer": "none", "speaker_names": "Ana"}, "speaker_names has no effect without a diarizer"),
        ({"channels": "split", "speakers": 2}, "leave out the speaker count"),
        ({"format": "json", "subtitles": "bbc"}, "subtitles has no effect without the format srt, vtt or ass"),
    ],
)
def test_bad_options_are_named(given: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        transcribe_options(**given)
    assert "\n" not in str(caught.value)


def test_file_is_overridden_by_what_is_given(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("language: DE\nbeam_size: 1\nspeaker_names: [Ana, Ben]\n")
    options = transcribe_options(file, beam_size=3, model=None)
    assert (options.language, options.beam_size, options.speaker_names) == ("de", 3, ("Ana", "Ben"))
    assert options.format == DEFAULT_FORMATS


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("speakers: 2\nspeakers: 3\n", "line 2.*duplicate"),
        ("a: &x [1]\nb: *x\n", "line 2.*aliases"),
        ("language: [\n", "line"),
        ("\tlanguage: en\n", "line 1"),
        ("- en\n", "not a mapping"),
        ("model: !!python/object/apply:os.system [true]\n", "line 1"),
        ("langauge: en\n", "Did you mean language"),
        ("? [a]\n: b\n", "bad.yaml"),
        ("a: 2024-99-99\n", "bad.yaml"),
        ("[" * 20_000, "bad.yaml"),
    ],
)
def test_bad_yaml_is_named_with_its_line(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(text)
    with pytest.raises(UsageError, match=says):
        transcribe_options(file)


def test_a_given_count_stands_above_the_files_counts(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("min_speakers: 2\n")
    assert transcribe_options(file, speakers=3).min_speakers is None
    assert transcribe_options(file, diarizer="none").min_speakers is None
    assert transcribe_options(file, max_speakers=3).min_speakers == 2


def test_languages_are_whispers() -> None:
    from faster_whisper.tokenizer import _LANGUAGE_CODES

    from voicekit.text.languages import WHISPER_LANGUAGES

    assert set(_LANGUAGE_CODES) == WHISPER_LANGUAGES


def test_unreadable_config(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"language: \xe9\xff\n")
    for name in ("latin.yaml", "none.yaml"):
        with pytest.raises(UsageError, match="cannot read"):
            transcribe_options(tmp_path / name)


@pytest.mark.parametrize("path", sorted(ROOT.glob("configs/clean/*.yaml")), ids=lambda p: p.stem)
def test_every_cleaning_preset_is_valid(path: Path) -> None:
    assert clean_preset(path.stem).description


@pytest.mark.parametrize("path", sorted(ROOT.glob("configs/transcribe/*.yaml")), ids=lambda p: p.stem)
def test_every_transcribe_preset_is_valid(path: Path) -> None:
    assert transcribe_options(path)


def test_unknown_preset_lists_the_known() -> None:
    with pytest.raises(UsageError, match="light, noisy, off, speech"):
        preset("clean", "loud")
    with pytest.raises(UsageError):
        preset("clean", "../transcribe/fast")


def test_presets_of_the_working_folder_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "configs" / "clean").mkdir(parents=True)
    (tmp_path / "configs" / "clean" / "light.yaml").write_text("description: mine\n")
    monkeypatch.chdir(tmp_path)
    assert clean_preset("light").description == "mine"


@pytest.mark.parametrize("name", ["amovie", "sendcmd", "ametadata", "ladspa", "movie"])
def test_filters_that_read_files_are_refused(tmp_path: Path, name: str) -> None:
    assert name not in CLEAN_FILTERS
    file = tmp_path / "evil.yaml"
    file.write_text(f"description: x\nsteps:\n  - filter: {name}\n    options: {{filename: /etc/passwd}}\n")
    with pytest.raises(UsageError, match="unknown filter"):
        clean_preset(str(file))


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("pt-BR", "pt"), ("pt_br", "pt"), ("nb", "no"), ("zh-TW", "zh"), ("zh-Hant", "zh"), ("cmn", "zh"),
        ("deu", "de"), ("fil", "tl"), ("iw", "he"), ("yue-HK", "yue"), ("jv", "jw"), ("EN", "en"), ("auto", None),
        ("", None),
    ],
)  # fmt: skip
def test_languages_are_mapped_to_whispers(language: str, code: str | None) -> None:
    assert transcribe_options(language=language).whisper_language == code


OPTION_MODELS = (
    TranscribeOptions, TranslateOptions, EvalOptions, DialogueOptions, Role, SubtitleStyle, Gates, CloneJob, Retry,
    ReportOptions, CompareOptions, GalleryOptions, KokoroParams, PiperParams, ChatterboxParams, TurboParams,
)  # fmt: skip


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e30, -1e30])
@pytest.mark.parametrize("model", OPTION_MODELS, ids=lambda model: model.__name__)
def test_every_number_has_a_range(model: type[BaseModel], value: float) -> None:
    for name, field in model.model_fields.items():
        if re.search(r"\b(int|float)\b", str(field.annotation)) and "tuple" not in str(field.annotation):
            for number in (value, *([int(value)] if math.isfinite(value) else [])):
                with pytest.raises(ValidationError):
                    model.__pydantic_validator__.validate_assignment(model.model_construct(), name, number)
