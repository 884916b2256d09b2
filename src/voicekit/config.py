"""Options and presets: strict models in which every default lives, with its unit and reason beneath it.

The command line, the Python functions and YAML files are three spellings of these. An unknown key fails and lists
the known ones. Presets are YAML files in configs/, in the working folder first and then the ones that ship.
"""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from voicekit.errors import UsageError

# What Whisper knows, as faster-whisper names them.
LANGUAGES = frozenset(
    "af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw he hi hr ht hu hy id "
    "is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd si "
    "sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo zh yue".split()
)

Format = Literal["json", "srt", "vtt", "txt", "tsv", "rttm", "audacity"]
FORMATS: tuple[Format, ...] = get_args(Format)

T = TypeVar("T", bound=BaseModel)
Positive = Annotated[int, Field(ge=1)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class TranscribeOptions(Strict):
    """How `voicekit transcribe` works. Field descriptions are the command line's help."""

    clean: str = Field("light", description="Cleaning preset: off, light, speech, noisy, or a YAML file")
    diarizer: Literal["pyannote", "senko", "none"] = Field(
        "pyannote", description="Who speaks when: pyannote, senko (faster, less exact), none"
    )
    diarizer_model: str = Field(
        "auto",
        description="auto (community-1 where a hub token is set, else starter), community-1, starter, or a folder",
    )
    speakers: Positive | None = Field(None, description="How many people speak, if you know")
    min_speakers: Positive | None = Field(None, description="At least so many")
    max_speakers: Positive | None = Field(None, description="At most so many")
    speaker_names: tuple[str, ...] = Field(
        (), description="Names for the speakers in order of first speech, separated by commas"
    )
    model: str = Field(
        "auto",
        description="Whisper model: name, folder or hub id. auto: base on a CPU, the best one present on a GPU",
    )
    language: str | None = Field(None, description="Language spoken (en, de, pt ...); detected when left out")
    hotwords: str | None = Field(None, description="Words to expect, such as names")
    prompt: str | None = Field(None, description="Text before the first word, to set style and spelling")
    channels: Literal["auto", "mix", "split"] = Field(
        "auto",
        description="Stereo: split takes each channel for a speaker (calls), mix hears both as one, auto decides",
    )
    beam_size: Positive = Field(5, description="Hypotheses kept while decoding; 1 is faster and less exact")
    batch_size: Positive | None = Field(None, description="Clips decoded at once; 8 on a CPU, 16 on a GPU")
    compute_type: str = Field("auto", description="Arithmetic of Whisper: int8, float16, ...; auto fits the device")
    device: str = Field("auto", description="auto, cpu, cuda or cuda:1")
    format: tuple[Format, ...] = Field(
        default=FORMATS, description=f"Files to write, separated by commas: {', '.join(FORMATS)}"
    )

    @field_validator("speaker_names", "format", mode="before")
    @classmethod
    def _comma_separated(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = [part.strip() for part in value.split(",") if part.strip()]
        return tuple(value) if isinstance(value, list) else value

    @field_validator("language")
    @classmethod
    def _known_language(cls, value: str | None) -> str | None:
        code = value.strip().lower() if value else None
        if code is not None and code not in LANGUAGES:
            raise ValueError(f"Whisper does not know {code!r}; known: {', '.join(sorted(LANGUAGES))}")
        return code

    @model_validator(mode="after")
    def _counts_agree(self) -> TranscribeOptions:
        low, high = self.min_speakers, self.max_speakers
        if self.speakers and (low or high):
            raise ValueError("speakers is a fixed count: leave out min_speakers and max_speakers")
        if low and high and low > high:
            raise ValueError(f"min_speakers {low} is more than max_speakers {high}")
        if (self.speakers or low or high) and self.diarizer != "pyannote":
            raise ValueError(f"the {self.diarizer} diarizer takes no speaker count: use the pyannote diarizer")
        if len(set(self.speaker_names)) < len(self.speaker_names):
            raise ValueError("speaker_names holds a name twice: two people would become one")
        if not self.format:
            raise ValueError("format names no file to write")
        return self


class Loudness(Strict):
    """Target of ffmpeg's two-pass loudnorm (EBU R128)."""

    integrated: Annotated[float, Field(ge=-70, le=-5)] = -20.0
    """LUFS."""
    true_peak: Annotated[float, Field(ge=-9, le=0)] = -2.0
    """dBTP."""
    range: Annotated[float, Field(ge=1, le=50)] = 11.0
    """LU."""


# Filters a preset may name: those that only change sound. Others read files or take commands.
CLEAN_FILTERS = (
    "acompressor", "adeclick", "adeclip", "afftdn", "agate", "alimiter", "anlmdn", "deesser", "dynaudnorm",
    "equalizer", "highpass", "highshelf", "lowpass", "lowshelf", "speechnorm", "volume",
)  # fmt: skip


class FilterStep(Strict):
    filter: str
    """One of CLEAN_FILTERS."""
    options: dict[str, float | int | str] = {}
    """As ffmpeg documents them."""

    @field_validator("filter")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in CLEAN_FILTERS:
            raise ValueError(f"unknown filter {value!r}; known: {', '.join(CLEAN_FILTERS)}")
        return value


class CleanPreset(Strict):
    """configs/clean/*.yaml: what happens to the sound before the models hear it."""

    description: str
    steps: tuple[FilterStep, ...] = ()
    loudness: Loudness | None = None


def transcribe_options(config: Path | None = None, **given: Any) -> TranscribeOptions:
    """Options from a YAML file, overridden by those given (None means not given).

    Raises:
        UsageError: naming the field and what is wrong with it.
    """
    values = load_yaml(config) if config else {}
    given = {name: value for name, value in given.items() if value is not None}
    if (
        "speakers" in given or given.get("diarizer", "pyannote") != "pyannote"
    ):  # these leave no room for a file's counts
        values = {name: value for name, value in values.items() if not name.endswith("speakers")}
    values |= given
    return build(TranscribeOptions, values, str(config) if config else "options")


def build(model: type[T], values: Any, where: str) -> T:
    """`values` as `model`; one line for the first fault, with the known keys where a key is unknown."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            known = list(model.model_fields) if len(first["loc"]) == 1 else []
            if not known:
                raise UsageError(f"{where}: unknown key {place!r}", "Mend or remove it") from None
            close = difflib.get_close_matches(place, known, n=1)
            hint = f"Did you mean {close[0]}? " if close else ""
            raise UsageError(f"{where}: unknown key {place!r}", f"{hint}Known: {', '.join(known)}") from None
        message = first["msg"].removeprefix("Value error, ")
        raise UsageError(f"{where}: {place}: {message}" if place else f"{where}: {message}", _seen(first)) from None


def _seen(error: Any) -> str:
    value = error.get("input")
    return f"Given: {value!r}" if isinstance(value, str | int | float) else ""


def preset(kind: str, name: str) -> Path:
    """The file of a preset: a path to a YAML file, or a name in configs/<kind>/.

    Raises:
        UsageError: no such preset; lists those there are.
    """
    if name.endswith((".yaml", ".yml")):
        if Path(name).is_file():
            return Path(name)
        raise UsageError(f"no preset file {name}", "Give an existing YAML file or the name of a preset")
    folders = [Path("configs", kind), _shipped() / kind]
    for folder in folders:
        if (path := folder / f"{name}.yaml").is_file() and path.parent == folder:
            return path
    known = sorted({path.stem for folder in folders for path in folder.glob("*.yaml")})
    raise UsageError(f"unknown {kind} preset {name!r}", f"Known: {', '.join(known)}; or give a YAML file")


def clean_preset(name: str) -> CleanPreset:
    path = preset("clean", name)
    return build(CleanPreset, load_yaml(path), str(path))


def load_yaml(path: Path) -> dict[str, Any]:
    """A mapping from a YAML file, loaded without executing anything.

    Raises:
        UsageError: unreadable, not YAML (with the line), or not a mapping.
    """
    try:
        text = path.read_text(encoding="utf-8")
        if len(text) > 1 << 20:
            raise UsageError(f"{path} is {len(text)} characters long", "A config file has at most a million")
        value = yaml.load(text, Loader=_PlainLoader)  # noqa: S506 - a SafeLoader without aliases
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {path}: {error}", "Check the name and that it is UTF-8") from error
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError) as error:  # of a tag
        raise UsageError(f"{path}: {error}", "Mend the YAML") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}:" if mark else ""
        raise UsageError(f"{path}:{line} {getattr(error, 'problem', error)}", "Mend the YAML") from None
    if not isinstance(value, dict):
        raise UsageError(f"{path} is not a mapping of keys to values", "Write lines such as `language: en`")
    return value


class _PlainLoader(yaml.SafeLoader):
    """SafeLoader that refuses aliases (they can explode) and duplicate keys (one of them would be lost)."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.constructor.ConstructorError(None, None, "aliases are not used here", event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key {key.value!r} stands twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _shipped() -> Path:
    """configs/ inside an installed package, or at the top of a checkout."""
    installed = Path(__file__).parent / "configs"
    return installed if installed.is_dir() else Path(__file__).parents[2] / "configs"
