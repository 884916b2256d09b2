"""Options and presets: strict models in which every default lives, with its unit and reason beneath it.

The command line, the Python functions and YAML files are three spellings of these. An unknown key fails and lists
the known ones. Presets are YAML files in configs/, in the working folder first and then the ones that ship.
"""

from __future__ import annotations

import difflib
import itertools
import re
import string
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from voicekit.errors import UsageError

# What Whisper knows, as faster-whisper names them.
LANGUAGES = frozenset(
    "af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw he hi hr ht hu hy id "
    "is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd si "
    "sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo zh yue".split()
)

Format = Literal["json", "srt", "vtt", "ass", "txt", "docx", "tsv", "rttm", "audacity"]
FORMATS: tuple[Format, ...] = get_args(Format)
USUAL_FORMATS: tuple[Format, ...] = ("json", "srt", "vtt", "txt", "tsv", "rttm", "audacity")

TranslatorName = Literal["auto", "bergamot", "nllb", "openai", "whisper"]

Metric = Literal["wer", "cer", "cpwer", "wder", "der", "jer", "times"]
METRICS: tuple[Metric, ...] = get_args(Metric)

T = TypeVar("T", bound=BaseModel)
Positive = Annotated[int, Field(ge=1)]
Probability = Annotated[float, Field(ge=0, le=1)]


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
        default=USUAL_FORMATS, description=f"Files to write, separated by commas: {', '.join(FORMATS)}"
    )
    subtitles: str = Field(
        "standard",
        description="Style of the subtitles: standard, netflix, bbc, youtube, shorts, raw, or a YAML file",
    )

    translate: tuple[str, ...] = Field(
        (), description="Languages to translate the transcript to, separated by commas: es, pt-BR"
    )
    translate_engine: TranslatorName = Field(
        "auto", description="What translates: bergamot, nllb, openai, whisper; see `voicekit translate --help`"
    )
    translate_model: str = Field("auto", description="Its model")
    base_url: str | None = Field(None, description="Server for translate-engine openai, as http://localhost:8000/v1")
    glossary: str | None = Field(None, description="CSV file of terms for the translation: source,target[,case]")

    @field_validator("speaker_names", "format", "translate", mode="before")
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

    @property
    def translation(self) -> TranslateOptions | None:
        """How the transcript is translated; None where it is not. Raises UsageError for languages that are none."""
        if not self.translate:
            return None
        values = {
            "to": self.translate, "engine": self.translate_engine, "model": self.translate_model,
            "base_url": self.base_url, "glossary": self.glossary, "device": self.device,
        }  # fmt: skip
        return build(TranslateOptions, values, "options")


class TranslateOptions(Strict):
    """How `voicekit translate` works. Field descriptions are the command line's help."""

    to: tuple[str, ...] = Field((), description="Languages to translate to, separated by commas: es, pt-BR, zh-Hant")
    source: str | None = Field(None, description="Language to translate from; the transcript's own when left out")
    engine: TranslatorName = Field(
        "auto",
        description="bergamot (en and pt), nllb (200 languages), openai (a server), whisper (speech to en); auto: the "
        "first that is here and can",
    )
    model: str = Field(
        "auto", description="nllb: name, folder or hub id; openai: the server's name for it; whisper: as in transcribe"
    )
    base_url: str | None = Field(
        None, description="Address of a server that speaks OpenAI's protocol, as http://localhost:8000/v1"
    )
    glossary: str | None = Field(None, description="CSV file of terms: source,target[,case]")
    context: Annotated[int, Field(ge=0, le=50)] = Field(
        3, description="Sentences before, told to engines that use them (openai)"
    )
    beam_size: Positive = Field(4, description="Hypotheses nllb keeps; 1 is faster and less exact")
    timeout: Annotated[float, Field(gt=0, le=86_400)] = Field(120.0, description="Seconds a server may be silent")
    device: str = Field("auto", description="auto, cpu, cuda or cuda:1")
    format: tuple[Format, ...] = Field(
        (),
        description=f"Files to write, separated by commas: {', '.join(FORMATS)}; when left out json, and what the "
        "source is, or srt, vtt and txt",
    )
    subtitles: str = Field(
        "standard",
        description="Style of the subtitles: standard, netflix, bbc, youtube, shorts, raw, or a YAML file",
    )

    @field_validator("to", "format", mode="before")
    @classmethod
    def _comma_separated(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = [part.strip() for part in value.split(",") if part.strip()]
        return tuple(value) if isinstance(value, list) else value

    @field_validator("to")
    @classmethod
    def _usual_tags(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        from voicekit.pipeline.languages import tag

        return tuple(dict.fromkeys(tag(code) for code in value))

    @field_validator("source")
    @classmethod
    def _usual_tag(cls, value: str | None) -> str | None:
        from voicekit.pipeline.languages import UNKNOWN, tag

        if value is None or (code := tag(value)) == UNKNOWN:
            return None
        return code

    @model_validator(mode="after")
    def _has_a_server(self) -> TranslateOptions:
        if self.engine == "openai" and not self.base_url:
            raise ValueError("engine openai needs a server: give base_url, as http://localhost:8000/v1")
        if self.base_url and self.engine not in ("auto", "openai"):
            raise ValueError(f"base_url is for the engine openai, not for {self.engine}")
        return self


class EvalOptions(Strict):
    """How `voicekit eval` scores. Field descriptions are the command line's help."""

    language: str | None = Field(
        None, description="Language of the words (en, de, zh ...); the hypothesis's when left out, else en"
    )
    normalize: bool = Field(True, description="Compare words after Whisper's normaliser")
    collar: Annotated[float, Field(ge=0, le=60, allow_inf_nan=False)] = Field(
        0.0,
        description="Seconds before and after each boundary of the reference that DER and JER leave out (NIST: 0.25)",
    )
    skip_overlap: bool = Field(False, description="DER and JER leave out where several people speak at once")
    metrics: tuple[Metric, ...] = Field(
        METRICS, min_length=1, description=f"Score to compute: {', '.join(METRICS)}; repeat for more"
    )
    seed: Annotated[int, Field(ge=0)] = Field(0, description="Of the draws that give the intervals")

    @field_validator("metrics", mode="before")
    @classmethod
    def _one_or_more(cls, value: Any) -> Any:
        value = [value] if isinstance(value, str) else value
        return tuple(dict.fromkeys(value)) if isinstance(value, list | tuple) else value

    @field_validator("language")
    @classmethod
    def _a_code(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"[a-z]{2,3}([-_].*)?", value, re.I):
            raise ValueError("a language is a code such as en, de, zh")
        return value


ArtifactKind = Literal[
    "clipping", "silence", "tail", "repetition", "unheard", "truncated", "click", "tone", "dc", "hum"
]
ARTIFACT_KINDS: tuple[ArtifactKind, ...] = get_args(ArtifactKind)

Share = Annotated[float, Field(ge=0, le=1)]


class Gates(Strict):
    """What a take must pass to be kept. A measure that there is none of fails nothing; null opens a gate."""

    max_wer: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = Field(
        0.2, description="Word errors over the text's words, at most: one in five, so that a short line may be misheard"
    )
    min_similarity: Annotated[float, Field(ge=-1, le=1)] | None = Field(
        0.5, description="Cosine to the reference's voice print, at least: other people seldom reach it"
    )
    min_mos: Annotated[float, Field(ge=1, le=5)] | None = Field(
        2.2, description="DNSMOS P.835 overall, at least: clean speech, recorded at home, is above it"
    )
    max_pace: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = Field(
        0.5, description="Share by which the pace may be off the voice's own: sentences differ by a third"
    )
    max_pitch: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = Field(
        4.0, description="Semitones by which the pitch may be off the voice's own: sentences differ by one or two"
    )
    spreads: Annotated[float, Field(ge=0, allow_inf_nan=False)] = Field(
        3.0, description="Spreads of the voice's own takes that are always let pass, of pace and pitch"
    )
    artifacts: tuple[ArtifactKind, ...] = Field(
        ARTIFACT_KINDS, description=f"Kinds of artifacts that fail a take: {', '.join(ARTIFACT_KINDS)}"
    )

    @field_validator("artifacts", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = [part.strip() for part in value.split(",") if part.strip()]
        return tuple(dict.fromkeys(value)) if isinstance(value, list | tuple) else value


class Weights(Strict):
    """What counts how much in a take's score, the mean of the parts it has; 0 leaves one out."""

    words: Share = Field(0.35, description="Right words: what is not said right is of no use")
    similarity: Share = Field(0.2, description="The reference's voice")
    quality: Share = Field(0.2, description="DNSMOS, overall")
    artifacts: Share = Field(0.15, description="None of the kinds of artifacts")
    pace: Share = Field(0.05, description="The voice's own pace")
    pitch: Share = Field(0.05, description="The voice's own pitch")

    @model_validator(mode="after")
    def _some(self) -> Weights:
        if not any(self.model_dump().values()):
            raise ValueError("every weight is 0: nothing would be scored")
        return self


class ReportOptions(Strict):
    """How `voicekit report` makes a page. Field descriptions are the command line's help."""

    embed: bool = Field(False, description="Put sound and pictures into the page, so that it can be sent as one file")
    below: Probability = Field(0.6, description="Words whose probability is below this are to be reviewed")
    speaker_below: Probability = Field(0.3, description="Words whose speaker is less sure than this are to be reviewed")


class CompareOptions(Strict):
    """How `voicekit compare` works. Field descriptions are the command line's help."""

    embed: bool = Field(False, description="Put sound into the page, so that it can be sent as one file")
    seed: Annotated[int, Field(ge=0)] = Field(
        0, description="Of the draws that give the intervals, and of the order of blind listening"
    )
    loudness: Annotated[float, Field(ge=-70, le=-5)] = Field(
        -23.0, description="LUFS of both sides of blind listening: the louder one would be preferred"
    )


class GalleryOptions(Strict):
    """How `voicekit gallery` makes a page. Field descriptions are the command line's help."""

    embed: bool = Field(False, description="Put sound and pictures into the page, so that it can be sent as one file")
    most: Positive = Field(12, description="Takes of a kind that are shown, at most")


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


class PiperParams(Strict):
    """What piper heeds."""

    speed: Annotated[float, Field(ge=0.3, le=3)] = Field(1.0, description="Times the voice's own pace")
    noise_scale: Annotated[float, Field(ge=0, le=2)] = Field(0.667, description="How much the sound varies")
    noise_w_scale: Annotated[float, Field(ge=0, le=2)] = Field(0.8, description="How much the pace varies")


class KokoroParams(Strict):
    """What kokoro heeds."""

    speed: Annotated[float, Field(ge=0.5, le=2)] = Field(1.0, description="Times the voice's own pace")


class ChatterboxParams(Strict):
    """What chatterbox heeds; ranges and defaults as Resemble has them."""

    exaggeration: Annotated[float, Field(ge=0.25, le=2)] = Field(
        0.5, description="How expressive; above 1 is unstable, and quickens the pace"
    )
    cfg_weight: Annotated[float, Field(ge=0, le=1)] = Field(
        0.5, description="How closely it keeps to the text's pace and the reference's manner; 0 keeps an accent out"
    )
    temperature: Annotated[float, Field(gt=0, le=5)] = Field(0.8, description="How freely tokens are drawn")
    min_p: Annotated[float, Field(ge=0, le=1)] = Field(0.05, description="Least share of the likeliest token's odds")
    top_p: Annotated[float, Field(gt=0, le=1)] = Field(1.0, description="Share of the odds that is drawn from")
    repetition_penalty: Annotated[float, Field(ge=1, le=2)] = Field(
        1.2, description="How much a token's return is hindered"
    )
    max_tokens: Annotated[int, Field(ge=10, le=4000)] = Field(
        1000, description="Speech tokens of a part, at most; 25 are a second"
    )


class MultilingualParams(ChatterboxParams):
    """What chatterbox's multilingual model heeds."""

    repetition_penalty: Annotated[float, Field(ge=1, le=5)] = Field(
        2.0, description="How much a token's return is hindered"
    )


class TurboParams(Strict):
    """What chatterbox's turbo model heeds: neither exaggeration nor cfg_weight nor min_p."""

    temperature: Annotated[float, Field(gt=0, le=5)] = Field(0.8, description="How freely tokens are drawn")
    top_k: Annotated[int, Field(ge=1, le=6563)] = Field(1000, description="So many of the likeliest are drawn from")
    top_p: Annotated[float, Field(gt=0, le=1)] = Field(0.95, description="Share of the odds that is drawn from")
    repetition_penalty: Annotated[float, Field(ge=1, le=2)] = Field(
        1.2, description="How much a token's return is hindered"
    )
    max_tokens: Annotated[int, Field(ge=10, le=4000)] = Field(
        1000, description="Speech tokens of a part, at most; 25 are a second"
    )


Params = PiperParams | KokoroParams | ChatterboxParams | TurboParams


class VoiceFile(Strict):
    """refs/NAME/voice.yaml."""

    engine: str
    speaker: str | None = None
    """The engine's own name for it; or"""
    clip: str | None = None
    """the reference clip beside this file."""
    preset: str | None = None
    """In configs/sampling/ENGINE, taken when none is asked for."""
    language: str = "en"
    """BCP-47."""
    source: str = ""
    """Where the recording is from."""
    consent: str = ""
    """Who agreed, when, and to what; a clip must have it."""

    @model_validator(mode="after")
    def _one_of_both(self) -> VoiceFile:
        if bool(self.speaker) == bool(self.clip):
            raise ValueError("a voice has either a speaker or a clip")
        if self.clip and not self.consent:
            raise ValueError("a clip needs consent: who agreed, when, to what")
        return self


class SamplingPreset(Strict):
    """configs/sampling/ENGINE/*.yaml: parameters under a name."""

    description: str
    source: str = ""
    """Where they come from."""
    params: dict[str, float | int] = {}


Scalar = str | int | float


class Sweep(Strict):
    """Which settings a line is tried with: every combination of `grid`, or each of `points`.

    Keys: seed, reference, preset, or a parameter of the engine. A mapping of lists is a grid, a list of mappings is
    points.
    """

    grid: dict[str, tuple[Scalar, ...]] = {}
    points: tuple[dict[str, Scalar], ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _either(cls, value: Any) -> Any:
        if isinstance(value, list | tuple):
            return {"points": value}
        if isinstance(value, dict) and not set(value) <= {"grid", "points"}:
            return {"grid": {key: each if isinstance(each, list | tuple) else [each] for key, each in value.items()}}
        return value

    @model_validator(mode="after")
    def _not_empty(self) -> Sweep:
        if self.grid and self.points:
            raise ValueError("a sweep is a grid or a list, not both")
        if empty := [key for key, values in self.grid.items() if not values]:
            raise ValueError(f"{empty[0]} has no values")
        return self

    @property
    def settings(self) -> tuple[dict[str, Scalar], ...]:
        """Each setting, in order; one without anything where nothing is swept."""
        if self.points:
            return self.points
        return tuple(dict(zip(self.grid, each, strict=True)) for each in itertools.product(*self.grid.values()))


class JobVoice(Strict):
    """A voice of a job."""

    voice: str | None = None
    """A name in refs/, or an engine's own; the job's name for it when left out."""
    clip: str | None = None
    """A reference clip instead, from the job file's folder."""
    engine: str | None = None
    model: str | None = None
    """Folder or hub id of weights other than the engine's own."""
    language: str | None = None
    """BCP-47; the voice's own when left out."""
    preset: str | None = None
    params: dict[str, float | int] = {}
    sweep: Sweep | None = None
    """Instead of the job's."""

    @model_validator(mode="after")
    def _one_of_both(self) -> JobVoice:
        if self.voice and self.clip:
            raise ValueError("a voice has either a name or a clip")
        return self


class JobLine(Strict):
    """A line of a job; a text alone will do."""

    text: Annotated[str, Field(min_length=1)]
    id: Annotated[str, Field(pattern=r"^\w[\w.-]{0,63}$")] | None = None
    """Its number when left out."""
    voice: str | None = None
    """One of the job's, or all."""
    preset: str | None = None
    params: dict[str, float | int] = {}

    @model_validator(mode="before")
    @classmethod
    def _text_alone(cls, value: Any) -> Any:
        return {"text": value} if isinstance(value, str) else value


class Picking(Strict):
    """How the best take of a line is found."""

    gates: Gates = Gates()
    weights: Weights = Weights()


class Retry(Strict):
    """What happens to a line of which no take goes through the gates."""

    budget: Annotated[int, Field(ge=0, le=100)] = 4
    """Takes more, at most, for each such line."""
    ramp: tuple[str, ...] = ("seeds", "safe")
    """In this order, with equal shares of the budget: `seeds` are other seeds, all else is a preset. A preset that the
    engine does not have is passed over."""


class JobOutput(Strict):
    """What is written of the takes that are picked."""

    format: Literal["wav", "flac", "mp3", "m4a", "ogg", "opus"] = "wav"
    rate: Annotated[int, Field(ge=8000, le=192_000)] | None = None
    """Hz; the engine's when left out."""
    loudness: Annotated[float, Field(ge=-70, le=-5)] | None = None
    """LUFS; as it is when left out."""
    names: str = "{number}-{voice}-{id}"
    """Of files. {number} counts; also {id}, {voice}, {engine}, {seed}, {take}, {preset}, {text}, its first words."""
    joined: bool = False
    """Whether all picked lines are joined to one file, too."""
    pause: Annotated[float, Field(ge=0, le=60)] = 0.5
    """Seconds between them in it."""

    @field_validator("names")
    @classmethod
    def _known_fields(cls, value: str) -> str:
        known = ("number", "id", "voice", "engine", "seed", "take", "preset", "text")
        try:
            parts = list(string.Formatter().parse(value))
        except ValueError as error:
            raise ValueError(f"{error}; known: {', '.join('{' + k + '}' for k in known)}") from None
        for _, field, spec, conversion in parts:
            if field is not None and (field not in known or spec or conversion):
                raise ValueError(f"{{{field}}} is not known; known: {', '.join('{' + k + '}' for k in known)}")
        if not {field for _, field, _, _ in parts} & {"number", "id"}:
            raise ValueError("names would be the same: put {number} or {id} in")
        return value


class CloneJob(Strict):
    """configs/clone/*.yaml: lines that are said by voices, in several takes, of which the best are kept."""

    description: str = ""
    name: Annotated[str, Field(max_length=80)] | None = None
    """Of the folder of its runs; the file's when left out."""
    voices: Annotated[dict[str, JobVoice], Field(min_length=1, max_length=1000)]
    """By the name that the lines use; a list of names will do."""
    voice: str | None = None
    """Of lines that name none: one of the voices, or all."""
    lines: tuple[JobLine, ...] = ()
    lines_from: str | None = None
    """A file instead, from the job file's folder: .txt, .csv, .srt, .vtt, transcript.json."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    """From which every take's seed is derived."""
    takes: Annotated[int, Field(ge=1, le=1000)] = 3
    """Of each line and setting; one where the engine draws no random numbers."""
    sweep: Sweep = Sweep()
    pick: Picking = Picking()
    retry: Retry = Retry()
    repair: bool = False
    """Whether what is picked is mended where that helps (tails, clicks, a constant tone)."""
    normalize: bool = True
    """Whether numbers, dates and units are turned into words first."""
    watermark: bool = True
    """Whether an engine that marks its sound does."""
    output: JobOutput = JobOutput()

    @field_validator("voices", mode="before")
    @classmethod
    def _names_alone(cls, value: Any) -> Any:
        if isinstance(value, list | tuple) and all(isinstance(name, str) for name in value):
            return {name: {} for name in value}
        if isinstance(value, dict):
            return {name: {} if each is None else each for name, each in value.items()}
        return value

    @model_validator(mode="after")
    def _voices_are_there(self) -> CloneJob:
        if "all" in self.voices:
            raise ValueError("a voice cannot be called `all`")
        if self.voice not in (None, "all", *self.voices):
            raise ValueError(f"there is no voice {self.voice!r}: {', '.join(self.voices)}")
        return self


class Role(Strict):
    """How a speaker of a dialogue sounds; `Alice: joe` is short for `Alice: {voice: joe}`."""

    voice: str | None = None
    """As `voicekit voice list` names it, or a clip; one of the packaged voices when left out."""
    engine: str | None = None
    language: str | None = None
    """BCP-47; the voice's own when left out."""
    model: str | None = None
    """Folder or hub id of the engine's weights."""
    preset: str | None = None
    """In configs/sampling/ENGINE."""
    params: dict[str, float | int] = {}
    """Those that the engine heeds: {speed: 0.9}."""
    seed: Annotated[int, Field(ge=0)] | None = None
    """The dialogue's when left out."""
    level: Annotated[float, Field(ge=-30, le=12, allow_inf_nan=False)] = 0.0
    """dB against the others."""
    pan: Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)] = 0.0
    """From left, -1, to right, 1."""


class DialogueOptions(Strict):
    """How `voicekit dialogue` works. Field descriptions are the command line's help."""

    timing: Literal["tight", "natural", "slow"] = Field(
        "natural", description="How close turns follow each other: tight, natural, slow"
    )
    seed: Annotated[int, Field(ge=0)] = Field(0, description="Of every draw: takes, timing, fillers")
    fillers: Annotated[float, Field(ge=0, le=1)] = Field(
        0.0, description="Share of the turns that are begun with a filler (um, well), drawn; as written when 0"
    )
    room: Literal["none", "small", "large"] = Field("small", description="The room all are in: none, small, large")
    loudness: Annotated[float, Field(ge=-40, le=-8)] = Field(
        -16.0, description="Of the mix, LUFS (EBU R128): -16 for podcasts, -23 for broadcast"
    )
    true_peak: Annotated[float, Field(ge=-12, le=-0.1)] = Field(-1.0, description="Of the mix at most, dBTP")
    rate: Literal[24_000, 48_000] = Field(24_000, description="Hz of the sound: 24000, 48000")
    format: tuple[Literal["flac", "mp3", "m4a"], ...] = Field(
        (), description="Files to write beside mix.wav, separated by commas: flac, mp3, m4a (with chapters)"
    )
    normalize: bool = Field(True, description="Turn numbers, dates and units into words first")
    watermark: bool = Field(True, description="Where an engine marks its sound: do")
    judge: bool = Field(False, description="Transcribe and diarize the mix: WER, cpWER and DER against the script")
    retakes: Annotated[int, Field(ge=0, le=1000)] = Field(
        0, description="With --judge: so many more takes, of the lines that were understood worst"
    )
    device: str = Field("auto", description="auto, cpu, cuda or cuda:1")

    @field_validator("format", mode="before")
    @classmethod
    def _comma_separated(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = [part.strip() for part in value.split(",") if part.strip()]
        return tuple(dict.fromkeys(value)) if isinstance(value, list | tuple) else value


class ScriptHeader(DialogueOptions):
    """What stands between `---` lines at the top of a script, or in a cast file: its cast, and options as above."""

    title: str = ""
    cast: dict[str, Role] = {}
    """By speaker."""

    @field_validator("cast", mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {name: {"voice": role} if isinstance(role, str) else role for name, role in value.items()}

    @property
    def options(self) -> dict[str, Any]:
        """The options that it gives."""
        return {name: getattr(self, name) for name in DialogueOptions.model_fields if name in self.model_fields_set}


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
    """`values` as `model`; one line for the first fault, with the line of the file where `values` was loaded from one,
    and the known keys where a key is unknown."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        # A key that is misspelt may be missing under its right name, too: the former tells more.
        first = min(error.errors(), key=lambda each: each["type"] != "extra_forbidden")
        place = ".".join(str(part) for part in first["loc"])
        if line := line_of(values, first["loc"]):
            where = f"{where}: line {line}"
        if first["type"] == "extra_forbidden":
            known = _keys_at(model, first["loc"][:-1])
            if not known:
                raise UsageError(f"{where}: unknown key {place!r}", "Mend or remove it") from None
            close = difflib.get_close_matches(str(first["loc"][-1]), known, n=1)
            hint = f"Did you mean {close[0]}? " if close else ""
            raise UsageError(f"{where}: unknown key {place!r}", f"{hint}Known: {', '.join(known)}") from None
        message = first["msg"].removeprefix("Value error, ")
        raise UsageError(f"{where}: {place}: {message}" if place else f"{where}: {message}", _seen(first)) from None


def _seen(error: Any) -> str:
    value = error.get("input")
    return f"Given: {value!r}" if isinstance(value, str | int | float) else ""


def _keys_at(model: type[BaseModel], place: tuple[str | int, ...]) -> list[str]:
    """The keys that the model has at a place in it: fields, through lists, mappings and what may be left out."""
    at: Any = model
    for part in place:
        if isinstance(at, type) and issubclass(at, BaseModel):
            found = at.model_fields.get(str(part))
            at = found.annotation if found else None
        else:
            inner = [arg for arg in get_args(at) if arg is not type(None)]
            at = inner[-1 if get_origin(at) is dict else 0] if inner else None
        while isinstance(at, UnionType) or get_origin(at) in (Union, Annotated):
            at = next((arg for arg in get_args(at) if arg is not type(None)), None)
    return list(at.model_fields) if isinstance(at, type) and issubclass(at, BaseModel) else []


def preset(kind: str, name: str, ending: str = ".yaml") -> Path:
    """The file of a preset: a path to a YAML file, or a name in configs/<kind>/, where files end in `ending`.

    Raises:
        UsageError: no such preset; lists those there are.
    """
    if name.endswith((".yaml", ".yml")):
        if Path(name).is_file():
            return Path(name)
        raise UsageError(f"no preset file {name}", "Give an existing YAML file or the name of a preset")
    for folder in _folders(kind):
        if (path := folder / f"{name}{ending}").is_file() and path.parent == folder:
            return path
    known = ", ".join(presets(kind, ending))
    raise UsageError(f"unknown {kind} preset {name!r}", f"Known: {known}; or give a {ending} file")


def presets(kind: str, ending: str = ".yaml") -> list[str]:
    """Names of the presets in configs/<kind>/."""
    return sorted({path.stem for folder in _folders(kind) for path in folder.glob(f"*{ending}")})


def _folders(kind: str) -> list[Path]:
    return [Path("configs", kind), _shipped() / kind]


def clean_preset(name: str) -> CleanPreset:
    path = preset("clean", name)
    return build(CleanPreset, load_yaml(path), str(path))


class SubtitleLanguage(Strict):
    """What one language needs otherwise; what is left out stays as the style has it."""

    line_width: Annotated[int, Field(ge=8, le=200)] | None = None
    reading_speed: Annotated[float, Field(gt=0, le=200)] | None = None


class SubtitleStyle(Strict):
    """configs/subtitle/*.yaml: what a subtitle may be. Field descriptions are the command line's help.

    Columns are characters; a wide one (Chinese, Japanese, Korean) counts as two, a mark that combines as none.
    """

    description: str = ""
    as_it_stands: bool = Field(False, description="A cue for each segment, as it is, without layout")
    line_width: Annotated[int, Field(ge=8, le=200)] = Field(42, description="Columns of a line, at most")
    lines: Annotated[int, Field(ge=1, le=4)] = Field(2, description="Lines of a cue, at most")
    words: Positive | None = Field(None, description="Words of a cue, at most")
    reading_speed: Annotated[float, Field(gt=0, le=200)] | None = Field(
        20.0, description="Characters (columns) a second, at most; 0 for no limit"
    )
    shortest: Annotated[float, Field(ge=0, le=10)] = Field(5 / 6, description="Seconds a cue stays, at least")
    longest: Annotated[float, Field(gt=0, le=60)] = Field(7.0, description="Seconds a cue stays, at most")
    gap: Annotated[int, Field(ge=0, le=100)] = Field(2, description="Frames between cues, at least")
    fps: Annotated[float, Field(gt=0, le=1000)] = Field(24.0, description="Frames a second of the video")
    chain: Annotated[float, Field(ge=0, le=5)] = Field(
        0.5, description="Seconds: a gap shorter than this is closed to the least one"
    )
    labels: Literal["change", "always", "never"] = Field(
        "change", description="Names of speakers before the text: where they change, always, never"
    )
    dashes: bool = Field(
        True, description="Two speakers in one cue, a dash each, where a turn is too short to stand alone"
    )
    colours: bool = Field(False, description="A colour for each speaker")
    karaoke: bool = Field(False, description="Mark each word as it is said (VTT, ASS)")
    bilingual: bool = Field(False, description="The source text below its translation")
    size: Annotated[int, Field(ge=10, le=300)] = Field(58, description="Height of the letters in ASS, of 1080")
    middle: bool = Field(False, description="In the middle of the picture instead of at its foot (ASS)")
    languages: dict[str, SubtitleLanguage] = {}
    """By BCP-47 language: what its script or its guide has otherwise."""

    @field_validator("reading_speed", mode="before")
    @classmethod
    def _none_for_zero(cls, value: Any) -> Any:
        return None if value == 0 else value

    @model_validator(mode="after")
    def _can_be(self) -> SubtitleStyle:
        if self.shortest > self.longest:
            raise ValueError(f"shortest {self.shortest:g} s is more than longest {self.longest:g} s")
        return self

    def of_language(self, language: str) -> tuple[int, float | None]:
        """Columns of a line and columns a second for a language, BCP-47."""
        own = self.languages.get(language) or self.languages.get(language.split("-")[0]) or SubtitleLanguage()
        return own.line_width or self.line_width, own.reading_speed or self.reading_speed


def subtitle_style(name: str = "standard", **given: Any) -> SubtitleStyle:
    """A preset of configs/subtitle or a YAML file, overridden by what is given (None means not given).

    A line width or reading speed that is given holds for every language.

    Raises:
        UsageError: no such preset, or a field that cannot be.
    """
    path = preset("subtitle", name)
    values = load_yaml(path)
    given = {key: value for key, value in given.items() if value is not None}
    if isinstance(values.get("languages"), dict):
        values["languages"] = {
            code: {key: value for key, value in own.items() if key not in given} if isinstance(own, dict) else own
            for code, own in values["languages"].items()
        }
    return build(SubtitleStyle, values | given, str(path))


def sampling(engine: str, model: type[T], name: str | None = None, **given: Any) -> T:
    """An engine's parameters: those of a preset in configs/sampling/ENGINE, overridden by what is given (not None).

    Raises:
        UsageError: no such preset, or a parameter that the engine does not heed: it lists those it does.
    """
    values: dict[str, Any] = {}
    where = f"{engine}'s parameters"
    if name:
        path = preset(f"sampling/{engine}", name)
        values = dict(build(SamplingPreset, load_yaml(path), str(path)).params)
        where = str(path)
    own = {key: value for key, value in given.items() if value is not None}
    return build(model, values | own, where if not own else f"{engine}'s parameters")


class Located(dict[str, Any]):
    """A mapping that knows in which line of its file each of its values stands, by their place in it."""

    lines: dict[tuple[str | int, ...], int]


def line_of(values: Any, place: tuple[str | int, ...]) -> int | None:
    """The line, from 1, of what stands at `place`, or of what holds it; None where `values` is from no file.

    Parts of the place that the file does not have, as pydantic's names of alternatives, are passed over.
    """
    lines: dict[tuple[str | int, ...], int] = getattr(values, "lines", {})
    if not lines:
        return None
    at: tuple[str | int, ...] = ()
    for part in place:
        if (*at, part) in lines:
            at = (*at, part)
    return lines.get(at)


def load_yaml(path: Path) -> Located:
    """A mapping from a YAML file, loaded without executing anything.

    Raises:
        UsageError: unreadable, not YAML (with the line), or not a mapping.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {path}: {error}", "Check the name and that it is UTF-8") from error
    return parse_yaml(text, str(path))


def parse_yaml(text: str, where: str, before: int = 0) -> Located:
    """A mapping from YAML. `where`: the file, as errors name it; `before`: how many of its lines stand before `text`.

    Raises:
        UsageError: too long, not YAML (with the line), or not a mapping.
    """
    if len(text) > 1 << 20:
        raise UsageError(f"{where} is {len(text)} characters long", "A config file has at most a million")
    try:
        loader = _PlainLoader(text)
        node = loader.get_single_node()
        value = loader.construct_document(node) if node else None
        lines = {place: line + before for place, line in _lines(node, ())}
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError) as error:  # of a tag
        raise UsageError(f"{where}: {error}", "Mend the YAML") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1 + before}:" if mark else ""
        problem = str(getattr(error, "problem", None) or error)
        remedy = "Indent with spaces, not with tabs" if r"'\t'" in problem else "Mend the YAML"
        raise UsageError(f"{where}:{line} {problem}", remedy) from None
    if not isinstance(value, dict):
        raise UsageError(f"{where} is not a mapping of keys to values", "Write lines such as `language: en`")
    found = Located(value)
    found.lines = lines
    return found


def _lines(node: Any, place: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], int]]:
    """Where each value of a YAML node stands: the line of its key, or its own in a list."""
    pairs = enumerate(node.value) if isinstance(node, yaml.SequenceNode) else ()
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield (*place, key.value), key.start_mark.line + 1
            yield from _lines(value, (*place, key.value))
    for number, value in pairs:
        yield (*place, number), value.start_mark.line + 1
        yield from _lines(value, (*place, number))


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
