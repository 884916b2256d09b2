"""Casting: assign a voice to every speaker, and turn the lines of a script into takes to render. Loads no model.

The seed of a take is derived from its speaker, its text and its occurrence (among equal lines), but not from its
position. Inserting, removing or editing a line therefore does not change the other takes.
"""

from __future__ import annotations

import difflib
import functools
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from voicekit.config.conflicts import check_requirements
from voicekit.config.dialogue import DIALOGUE_REQUIREMENTS, DialogueOptions, Role, ScriptHeader
from voicekit.config.engines import sampling
from voicekit.config.presets import presets
from voicekit.config.schema import build
from voicekit.config.yaml_file import load_yaml
from voicekit.dialogues.labels import MAX_NAME
from voicekit.dialogues.script import Backchannel, Line, Parenthetical, Pause, Script, SpokenText, Unspoken
from voicekit.dialogues.script_lexer import ScriptError
from voicekit.engines.registry import SpeechEngine, speech_engine
from voicekit.errors import UsageError
from voicekit.redact import one_line
from voicekit.seeds import RandomStreams
from voicekit.takes.render import TakeRequest, take_seed
from voicekit.text.plain_text import tags_without_effect
from voicekit.tts.readable import check_readable
from voicekit.tts.voices import KnownVoice, find_voice, hidden_voice

BUNDLED_VOICES = ("jf_alpha", "jm_kumo", "joe", "jf_gongitsune", "jf_tebukuro", "jf_nezumi")
"""Voices for speakers without one, in order of first speech: the most distinct ones come first."""

FILLERS = ("Um,", "Uh,", "Well,", "So,", "You know,", "I mean,")
"""English fillers that may be put before a turn."""

MIN_WORDS_FOR_FILLER = 4
"""Words that a turn must have to get a filler."""

_PARAMETER = re.compile(r"([A-Za-z_][\w-]*)\s*=\s*(.*)")


@dataclass(frozen=True)
class Utterance:
    """What is rendered as one take: a line, a part of one, or a backchannel.

    Attributes:
        id: Id of its line, and the part.
        line: Index of the line, from 0.
        speaker: Who speaks.
        key: Speaker, text and occurrence; every random number for the utterance is derived from it.
        request: The take to render.
        pause: Exact silence in seconds before it within its line; None if it is sampled.
        inside: For a backchannel: id of the utterance that it is spoken in, and after what share of its text.
    """

    id: str
    line: int
    speaker: str
    key: tuple[str, str, int]
    request: TakeRequest
    pause: float | None = None
    inside: tuple[str, float] | None = None

    @property
    def text(self) -> str:
        """The text as spoken, with fillers."""
        return self.request.text


@dataclass(frozen=True)
class Casting:
    """A script with voices. `notes`: hints for the writer; `unspoken`: what nobody says."""

    name: str
    script: Script
    options: DialogueOptions
    roles: dict[str, Role]
    utterances: tuple[Utterance, ...]
    notes: tuple[str, ...] = ()
    unspoken: tuple[Unspoken, ...] = ()

    def turn_parts(self, line: int) -> list[Utterance]:
        """The utterances of a line's own speaker."""
        return [utterance for utterance in self._by_line[line] if utterance.inside is None]

    def backchannels(self, line: int) -> list[Utterance]:
        """What others say during a line."""
        return [utterance for utterance in self._by_line[line] if utterance.inside is not None]

    @functools.cached_property
    def _by_line(self) -> dict[int, list[Utterance]]:
        by_line: dict[int, list[Utterance]] = {}
        for utterance in self.utterances:
            by_line.setdefault(utterance.line, []).append(utterance)
        return by_line

    def retake(self, utterance: Utterance, number: int) -> TakeRequest:
        """Request another take of an utterance."""
        seed = self.roles[utterance.speaker].seed
        return replace(
            utterance.request, number=number,
            seed=take_seed(self.options.seed if seed is None else seed, *utterance.key, number),
        )  # fmt: skip


def read_cast(path: Path) -> ScriptHeader:
    """Read a cast file, which has the same keys as a script's header. Raises UsageError if it is invalid."""
    return build(ScriptHeader, load_yaml(path), str(path))


def cast_script(script: Script, name: str, cast: ScriptHeader | None = None, **given: Any) -> Casting:
    """Assign voices, parameters and seeds.

    Args:
        script: The script.
        name: Its name, for messages.
        cast: A cast file; overrides the script's header.
        **given: Options, which override both; None means not given.

    Raises:
        UsageError: A role without lines, a speaker without a voice, or an unknown voice, preset or parameter.
    """
    given = {key: value for key, value in given.items() if value is not None}
    options = build(DialogueOptions, {**script.header.options, **(cast.options if cast else {}), **given}, "options")
    try:
        check_requirements(options, DIALOGUE_REQUIREMENTS)
    except ValueError as error:
        raise UsageError(str(error), "Add --judge, or leave retakes out") from error
    roles = _assign_roles(script, {**script.header.cast, **(cast.cast if cast else {})})
    voices = {}
    for speaker, role in roles.items():
        try:
            voices[speaker] = find_voice(role.voice or "", role.engine, role.language)
            _sampling_params(voices[speaker], role)
        except UsageError as error:
            raise UsageError(f"{speaker}: {error.message}", error.remedy) from error
    caster = _LineCaster(script, options, roles, voices, name)
    utterances: list[Utterance] = []
    for number in range(len(script.lines)):
        _check_overlap(script, number, name)
        utterances += caster.cast_line(number)
    for utterance in utterances:
        try:
            check_readable(utterance.text, utterance.request.voice, options.normalize)
        except UsageError as error:
            raise ScriptError(name, script.lines[utterance.line].at, error.message, error.remedy or "") from None
    hidden = filter(None, map(hidden_voice, voices.values()))
    tags = tags_without_effect({f"line {line.at[0]}": line.text for line in script.lines})
    notes = dict.fromkeys([*hidden, *script.notes, *tags, *caster.notes])
    unspoken = sorted([*script.unspoken, *caster.directions], key=lambda each: each.line)
    return Casting(name, script, options, roles, tuple(utterances), tuple(notes), tuple(unspoken))


def _assign_roles(script: Script, cast: dict[str, Role]) -> dict[str, Role]:
    """A role with a voice for every speaker."""
    unknown = [speaker for speaker in cast if speaker not in script.speakers]
    if unknown:
        close = difflib.get_close_matches(unknown[0], script.speakers, n=1)
        hint = f"Did you mean {close[0]}? " if close else ""
        raise UsageError(
            f"the cast has {unknown[0]!r}, who says nothing in the script",
            f"{hint}Speakers: {', '.join(script.speakers)}",
        )
    assigned = {role.voice for role in cast.values()}
    free = [voice for voice in BUNDLED_VOICES if voice not in assigned]
    roles = {}
    for speaker in script.speakers:
        role = cast.get(speaker, Role())
        if role.voice is None:
            if not free:
                raise UsageError(f"no bundled voice is left for {speaker}", "Name a voice in the cast")
            role = role.model_copy(update={"voice": free.pop(0)})
        roles[speaker] = role
    return roles


def _check_overlap(script: Script, number: int, name: str) -> None:
    line = script.lines[number]
    if line.over or (line.gap or 0) < 0:
        if number == 0:
            raise ScriptError(name, line.at, "[over] in the first line has nobody to overlap with", "Remove it")
        if script.lines[number - 1].speaker == line.speaker:
            raise ScriptError(name, line.at, f"{line.speaker} cannot talk over themselves", "Remove [over]")


def _sampling_params(
    voice: KnownVoice, role: Role, params: dict[str, Any] | None = None, preset: str | None = None
) -> Any:
    """Validated parameters: `params` override the role's, which override the preset's."""
    spec = speech_engine(voice.voice.engine)
    preset = preset or role.preset or (voice.config.preset if voice.config else None)
    return sampling(spec.name, spec.params, preset, **{**role.params, **(params or {})})


@dataclass(frozen=True)
class _Delivery:
    """How a part of a line is spoken: a preset's name, and parameters."""

    preset: str | None = None
    params: dict[str, Any] | None = None


@dataclass
class _LinePart:
    """A part of a line that becomes one utterance. Backchannels come with their position in the text."""

    text: str
    delivery: _Delivery
    pause: float | None
    backchannels: list[tuple[int, Backchannel]]


class _LineCaster:
    """Turns lines into utterances, in order, counting occurrences of equal texts."""

    def __init__(
        self,
        script: Script,
        options: DialogueOptions,
        roles: dict[str, Role],
        voices: dict[str, KnownVoice],
        name: str,
    ) -> None:
        self.script = script
        self.options = options
        self.roles = roles
        self.voices = voices
        self.name = name
        self.occurrences: Counter[tuple[str, str]] = Counter()
        self.notes: list[str] = []
        self.directions: list[Unspoken] = []

    def cast_line(self, number: int) -> Iterator[Utterance]:
        line = self.script.lines[number]
        width = max(3, len(str(len(self.script.lines))))
        line_id = f"{number + 1:0{width}}"
        backchannel_count = 0
        for part_number, part in enumerate(self._split(line), 1):
            id = line_id if part_number == 1 else f"{line_id}.{part_number}"
            spoken = self._add_filler(line.speaker, part.text) if part_number == 1 else part.text
            yield self._utterance(id, number, line.speaker, part.text, spoken, part.delivery, part.pause)
            for position, backchannel in part.backchannels:
                backchannel_count += 1
                yield self._utterance(
                    f"{line_id}.x{backchannel_count}", number, self._backchannel_speaker(number, backchannel),
                    backchannel.text, backchannel.text, _Delivery(), None,
                    (id, min(1.0, position / len(part.text))),
                )  # fmt: skip

    def _split(self, line: Line) -> Iterator[_LinePart]:
        """Split a line at pauses and changes of delivery; stage directions do not split it."""
        part = _LinePart("", _Delivery(), None, [])
        for item in line.items:
            if isinstance(item, SpokenText):
                part.text += ("" if not part.text or item.text[0] in ".,;:!?…" else " ") + item.text
                continue
            if isinstance(item, Backchannel):
                part.backchannels.append((len(part.text), item))
                continue
            delivery = self._parse_delivery(item, line.speaker) if isinstance(item, Parenthetical) else None
            if isinstance(item, Parenthetical) and delivery is None:
                continue
            if part.text:
                yield part
                part = _LinePart("", part.delivery, None, [])
            if isinstance(item, Pause):
                part.pause = item.seconds
            part.delivery = delivery or part.delivery
        if part.text:
            yield part
        elif part.backchannels:
            raise ScriptError(
                self.name, part.backchannels[0][1].at, "no words to say it during", "Put it before or between words"
            )

    def _parse_delivery(self, parenthetical: Parenthetical, speaker: str) -> _Delivery | None:
        """Parse "(calm, speed=0.9)": a preset, parameters or both; None for a stage direction."""
        engine = speech_engine(self.voices[speaker].voice.engine)
        preset: str | None = None
        params: dict[str, Any] = {}
        for part in (part.strip() for part in parenthetical.text.split(",")):
            if match := _PARAMETER.fullmatch(part):
                try:
                    params[match[1].replace("-", "_")] = float(match[2])
                except ValueError:
                    raise ScriptError(
                        self.name, parenthetical.at, f"{match[2]!r} is not a number", f"Write ({match[1]}=0.9)"
                    ) from None
            elif preset is None and part in presets(f"sampling/{engine.name}"):
                preset = part
            else:
                self._note_possible_typo(parenthetical, engine)
                direction = f"({one_line(parenthetical.text)})"
                self.directions.append(Unspoken("stage directions", direction, parenthetical.at[0]))
                return None
        try:
            of_preset = sampling(engine.name, engine.params, preset).model_dump(exclude_unset=True) if preset else {}
            params = {**of_preset, **params}
            _sampling_params(self.voices[speaker], self.roles[speaker], params)
        except UsageError as error:
            raise ScriptError(self.name, parenthetical.at, error.message, error.remedy) from error
        return _Delivery(preset, params)

    def _note_possible_typo(self, parenthetical: Parenthetical, engine: SpeechEngine) -> None:
        close = difflib.get_close_matches(parenthetical.text[:MAX_NAME], presets(f"sampling/{engine.name}"), n=1)
        if close:
            where = f"line {parenthetical.at[0]}, column {parenthetical.at[1]}"
            self.notes.append(
                f"{where}: ({one_line(parenthetical.text)}) is taken for a stage direction; did you mean ({close[0]})?"
            )

    def _add_filler(self, speaker: str, text: str) -> str:
        """Put a filler before the text, with the probability of `options.fillers`."""
        if not self.options.fillers or len(text.split()) < MIN_WORDS_FOR_FILLER:
            return text
        if not self.voices[speaker].voice.language.startswith("en"):
            self.notes.append(f"{speaker} speaks {self.voices[speaker].voice.language}: fillers are for English")
            return text
        key = (speaker, text, self.occurrences[speaker, text])
        random = RandomStreams(self.options.seed, key).numpy("filler")
        chance, index = random.random(), int(random.integers(len(FILLERS)))
        return f"{FILLERS[index]} {text}" if chance < self.options.fillers else text

    def _backchannel_speaker(self, number: int, backchannel: Backchannel) -> str:
        """The named speaker, or else the next other speaker, or the previous one."""
        speaker = self.script.lines[number].speaker
        if backchannel.speaker == speaker:
            raise ScriptError(self.name, backchannel.at, f"{speaker} cannot answer themselves", "Name another speaker")
        if backchannel.speaker:
            return backchannel.speaker
        following, preceding = self.script.lines[number + 1 :], self.script.lines[:number]
        for line in [*following, *reversed(preceding)]:
            if line.speaker != speaker:
                return line.speaker
        raise ScriptError(self.name, backchannel.at, "nobody else is there to say it", "Name a speaker: {Ben: mm-hm}")

    def _utterance(
        self, id: str, line: int, speaker: str, text: str, spoken: str, delivery: _Delivery, pause: float | None,
        inside: tuple[str, float] | None = None,
    ) -> Utterance:  # fmt: skip
        role, voice = self.roles[speaker], self.voices[speaker]
        key = (speaker, text, self.occurrences[speaker, text])
        self.occurrences[speaker, text] += 1
        request = TakeRequest(
            line=id, number=1, text=spoken, voice=voice, params=_sampling_params(voice, role, delivery.params),
            seed=take_seed(self.options.seed if role.seed is None else role.seed, *key, 1),
            preset=delivery.preset or role.preset or (voice.config.preset if voice.config else None),
            model=role.model, normalize=self.options.normalize, watermark=self.options.watermark,
        )  # fmt: skip
        return Utterance(id, line, speaker, key, request, pause, inside)
