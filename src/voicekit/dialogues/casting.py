"""Cast: who speaks each line with which voice, parameters and seed. From a script to the takes that are wanted.

A take's seed is derived from its speaker, its text and which of its like it is, never from where it stands: so a line
that is put in, taken out or changed leaves the takes of all others as they are. Loads no model.
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

from voicekit.config.dialogue import DialogueOptions, Role, ScriptHeader
from voicekit.config.engines import sampling
from voicekit.config.presets import presets
from voicekit.config.schema import build
from voicekit.config.yaml_file import load_yaml
from voicekit.dialogues.script import LONGEST_NAME, Aside, Backchannel, Line, Pause, Say, Script
from voicekit.dialogues.script_lexer import ScriptProblem
from voicekit.engines.registry import SpeechEngine, speech_engine
from voicekit.errors import UsageError
from voicekit.redact import one_line
from voicekit.seeds import RandomStreams
from voicekit.takes.render import TakeRequest, take_seed
from voicekit.tts.voices import KnownVoice, find

PACKAGED = ("jf_alpha", "jm_kumo", "joe", "jf_gongitsune", "jf_tebukuro", "jf_nezumi")
"""Voices for speakers without one, in order of first speech: those that are told apart best come first."""

FILLERS = ("Um,", "Uh,", "Well,", "So,", "You know,", "I mean,")
"""English; put before a turn of at least `FILLED` words where fillers are asked for."""

FILLED = 4

_PARAMETER = re.compile(r"([A-Za-z_][\w-]*)\s*=\s*(.*)")


@dataclass(frozen=True)
class Utterance:
    """What is rendered at once: a line, a part of one, or a backchannel.

    Attributes:
        id: Of its line, and which part.
        line: Number of the line, from 0.
        key: Speaker, text, and which of its like it is: what all that is drawn for it is derived from.
        order: The take that is wanted.
        pause: Exact silence before it within its line, seconds; None where it is drawn.
        inside: Of a backchannel: the utterance in which it stands, and after what share of its text.
    """

    id: str
    line: int
    speaker: str
    key: tuple[str, str, int]
    order: TakeRequest
    pause: float | None = None
    inside: tuple[str, float] | None = None

    @property
    def text(self) -> str:
        """As it is said."""
        return self.order.text


@dataclass(frozen=True)
class Casting:
    """A script with its voices. `notes`: what the writer may want to know."""

    name: str
    script: Script
    options: DialogueOptions
    roles: dict[str, Role]
    utterances: tuple[Utterance, ...]
    notes: tuple[str, ...] = ()

    def parts(self, line: int) -> list[Utterance]:
        """What a line says."""
        return [one for one in self._by_line[line] if one.inside is None]

    def backchannels(self, line: int) -> list[Utterance]:
        """What others say within it."""
        return [one for one in self._by_line[line] if one.inside is not None]

    @functools.cached_property
    def _by_line(self) -> dict[int, list[Utterance]]:
        found: dict[int, list[Utterance]] = {}
        for one in self.utterances:
            found.setdefault(one.line, []).append(one)
        return found

    def retake(self, utterance: Utterance, number: int) -> TakeRequest:
        """Another take of it."""
        seed = self.roles[utterance.speaker].seed
        return replace(
            utterance.order, number=number,
            seed=take_seed(self.options.seed if seed is None else seed, *utterance.key, number),
        )  # fmt: skip


def read_cast(path: Path) -> ScriptHeader:
    """A cast file: what a script's header may hold, in a file of its own. Raises UsageError where it is wrong."""
    return build(ScriptHeader, load_yaml(path), str(path))


def cast(script: Script, name: str, file: ScriptHeader | None = None, **given: Any) -> Casting:
    """Give every speaker a voice and every line its order.

    Args:
        script: What is said.
        name: Of the script, for messages.
        file: A cast file's; it wins over the script's header.
        **given: Options, which win over both; None means not given.

    Raises:
        UsageError: a role for nobody, no voice for a speaker, a voice, preset or parameter that is none.
    """
    own = {key: value for key, value in given.items() if value is not None}
    said = {**script.header.options, **(file.options if file else {}), **own}
    options = build(DialogueOptions, said, "options")
    roles = _roles(script, {**script.header.cast, **(file.cast if file else {})})
    notes: list[str] = []
    voices = {}
    for speaker, role in roles.items():
        try:
            voices[speaker] = find(role.voice or "", role.engine, role.language)
            _params(voices[speaker], role)
        except UsageError as error:
            raise UsageError(f"{speaker}: {error.message}", error.remedy) from error
    seen: Counter[tuple[str, str]] = Counter()
    utterances: list[Utterance] = []
    for number in range(len(script.lines)):
        _can_begin(script, number, name)
        maker = _Maker(script, number, options, roles, voices, seen, notes, name)
        utterances += maker.utterances()
    return Casting(name, script, options, roles, tuple(utterances), tuple(dict.fromkeys(notes)))


def _roles(script: Script, given: dict[str, Role]) -> dict[str, Role]:
    """A role with a voice for every speaker."""
    unknown = [speaker for speaker in given if speaker not in script.speakers]
    if unknown:
        close = difflib.get_close_matches(unknown[0], script.speakers, n=1)
        hint = f"Did you mean {close[0]}? " if close else ""
        spoken = f"{hint}Speakers: {', '.join(script.speakers)}"
        raise UsageError(f"the cast has {unknown[0]!r}, who says nothing in the script", spoken)
    taken = {role.voice for role in given.values()}
    free = [voice for voice in PACKAGED if voice not in taken]
    roles = {}
    for speaker in script.speakers:
        role = given.get(speaker, Role())
        if role.voice is None:
            if not free:
                raise UsageError(f"no packaged voice is left for {speaker}", "Name its voice in the cast")
            role = role.model_copy(update={"voice": free.pop(0)})
        roles[speaker] = role
    return roles


def _can_begin(script: Script, number: int, name: str) -> None:
    line = script.lines[number]
    if line.over or (line.gap or 0) < 0:
        if number == 0:
            raise ScriptProblem(name, line.at, "[over] in the first line, before which nobody speaks", "Remove it")
        if script.lines[number - 1].speaker == line.speaker:
            raise ScriptProblem(name, line.at, f"{line.speaker} cannot talk over themselves", "Remove [over]")


def _params(voice: KnownVoice, role: Role, wanted: dict[str, Any] | None = None, chosen: str | None = None) -> Any:
    spec = speech_engine(voice.voice.engine)
    own = chosen or role.preset or (voice.about.preset if voice.about else None)
    return sampling(spec.name, spec.params, own, **{**role.params, **(wanted or {})})


@dataclass(frozen=True)
class _Manner:
    """How something is said: a preset's name, and parameters."""

    preset: str | None = None
    params: dict[str, Any] | None = None


@dataclass
class _Maker:
    """Makes the utterances of one line."""

    script: Script
    number: int
    options: DialogueOptions
    roles: dict[str, Role]
    voices: dict[str, KnownVoice]
    seen: Counter[tuple[str, str]]
    notes: list[str]
    name: str

    def utterances(self) -> Iterator[Utterance]:
        line = self.script.lines[self.number]
        width = max(3, len(str(len(self.script.lines))))
        id = f"{self.number + 1:0{width}}"
        heard = 0
        for part, (text, manner, pause, others) in enumerate(self._parts(line), 1):
            own = id if part == 1 else f"{id}.{part}"
            said = self._filled(line.speaker, text) if part == 1 else text
            yield self._utterance(own, line.speaker, text, said, manner, pause)
            for place, one in others:
                heard += 1
                who = self._listener(line, one)
                share = min(1.0, place / len(text))
                yield self._utterance(f"{id}.x{heard}", who, one.text, one.text, _Manner(), None, (own, share))

    def _parts(self, line: Line) -> Iterator[tuple[str, _Manner, float | None, list[tuple[int, Backchannel]]]]:
        """What is rendered at once: text, manner, the pause before it, and backchannels with their place in the text.

        A pause or a direction parts it; a stage direction does not.
        """
        text, manner, pause = "", _Manner(), None
        others: list[tuple[int, Backchannel]] = []
        for item in line.items:
            if isinstance(item, Say):
                text += ("" if not text or item.text[0] in ".,;:!?…" else " ") + item.text
            elif isinstance(item, Backchannel):
                others.append((len(text), item))
            else:
                found = self._direction(item, line.speaker) if isinstance(item, Aside) else None
                if isinstance(item, Aside) and found is None:
                    continue
                if text:
                    yield text, manner, pause, others
                    text, pause, others = "", None, []
                if isinstance(item, Pause):
                    pause = item.seconds
                manner = found or manner
        if text:
            yield text, manner, pause, others
        elif others:
            raise ScriptProblem(self.name, others[0][1].at, "nothing is said with it", "Put it before or between words")

    def _direction(self, aside: Aside, speaker: str) -> _Manner | None:
        """A preset, parameters or both; None for a stage direction."""
        engine = speech_engine(self.voices[speaker].voice.engine)
        chosen: str | None = None
        params: dict[str, Any] = {}
        for part in (part.strip() for part in aside.text.split(",")):
            if found := _PARAMETER.fullmatch(part):
                try:
                    params[found[1].replace("-", "_")] = float(found[2])
                except ValueError:
                    bad = f"{found[2]!r} is no number"
                    raise ScriptProblem(self.name, aside.at, bad, f"Write ({found[1]}=0.9)") from None
            elif chosen is None and part in presets(f"sampling/{engine.name}"):
                chosen = part
            else:
                self._note_of(aside, engine)
                return None
        role = self.roles[speaker]
        try:
            named = sampling(engine.name, engine.params, chosen).model_dump(exclude_unset=True) if chosen else {}
            _params(self.voices[speaker], role, {**named, **params})
        except UsageError as error:
            raise ScriptProblem(self.name, aside.at, error.message, error.remedy) from error
        return _Manner(chosen, {**named, **params})

    def _note_of(self, aside: Aside, engine: SpeechEngine) -> None:
        """A stage direction that looks like a slip is told of."""
        close = difflib.get_close_matches(aside.text[:LONGEST_NAME], presets(f"sampling/{engine.name}"), n=1)
        if close:
            where = f"line {aside.at[0]}, column {aside.at[1]}"
            self.notes.append(
                f"{where}: ({one_line(aside.text)}) is taken for a stage direction; did you mean ({close[0]})?"
            )

    def _filled(self, speaker: str, text: str) -> str:
        """With a filler before it, where the draw says so."""
        if not self.options.fillers or len(text.split()) < FILLED:
            return text
        if not self.voices[speaker].voice.language.startswith("en"):
            self.notes.append(f"{speaker} speaks {self.voices[speaker].voice.language}: fillers are for English")
            return text
        draws = RandomStreams(self.options.seed, (speaker, text, self.seen[speaker, text])).numpy("filler")
        chance, which = draws.random(), int(draws.integers(len(FILLERS)))
        return f"{FILLERS[which]} {text}" if chance < self.options.fillers else text

    def _listener(self, line: Line, one: Backchannel) -> str:
        """Who says a backchannel: as written, or who speaks next, or spoke before."""
        if one.speaker == line.speaker:
            raise ScriptProblem(self.name, one.at, f"{line.speaker} cannot answer themselves", "Name another")
        if one.speaker:
            return one.speaker
        after, before = self.script.lines[self.number + 1 :], self.script.lines[: self.number]
        for other in [*after, *reversed(before)]:
            if other.speaker != line.speaker:
                return other.speaker
        raise ScriptProblem(self.name, one.at, "nobody else is there to say it", "Name a speaker: {Ben: mm-hm}")

    def _utterance(
        self, id: str, speaker: str, text: str, said: str, manner: _Manner, pause: float | None,
        inside: tuple[str, float] | None = None,
    ) -> Utterance:  # fmt: skip
        role, voice = self.roles[speaker], self.voices[speaker]
        key = (speaker, text, self.seen[speaker, text])
        self.seen[speaker, text] += 1
        params: Any = _params(voice, role, manner.params)
        order = TakeRequest(
            line=id, number=1, text=said, voice=voice, params=params,
            seed=take_seed(self.options.seed if role.seed is None else role.seed, *key, 1),
            preset=manner.preset or role.preset or (voice.about.preset if voice.about else None),
            model=role.model,
            normalize=self.options.normalize, watermark=self.options.watermark,
        )  # fmt: skip
        return Utterance(id, self.number, speaker, key, order, pause, inside)
