"""Run: a script's dialogue made and kept, as `voicekit dialogue` does it.

    run.json  takes.json  takes/  mix.wav  stems/SPEAKER.wav  timeline.json  mix.srt  mix.vtt  mix.rttm  script.txt

Every take lies in the stage cache under all that determines its sound: what was killed goes on where it stopped, and an
edited line costs that line's take and the mix. A line that cannot be rendered is silence of its likely length; the run
is written all the same and says so, and the next one tries again.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voicekit.config.dialogue import ScriptHeader
from voicekit.config.schema import build
from voicekit.dialogues.build import DialogueBuilder, dialogue_manifest
from voicekit.dialogues.casting import Casting, cast, read_cast
from voicekit.dialogues.mix import Mix, open_mix
from voicekit.dialogues.script import parse
from voicekit.dialogues.script_format import format as format_script
from voicekit.dialogues.script_readers import ENDINGS, read_script
from voicekit.errors import UsageError
from voicekit.provenance import made_with
from voicekit.redact import one_line
from voicekit.runtime.progress import Progress
from voicekit.storage.cache import StageCache
from voicekit.storage.files import digest
from voicekit.storage.names import claim_name
from voicekit.storage.runs import RunFolder, find_run, point_latest
from voicekit.takes.render import Renderer
from voicekit.tts.synthesizer import Synthesizer, default_synthesizer

if TYPE_CHECKING:
    from voicekit.transcription.session import Session


VERSION = 1
"""Of timing, mix and files: another one makes runs void."""


def dialogue(
    script: str | Path,
    cast: str | Path | dict[str, Any] | None = None,
    *,
    out: str | Path = "outputs",
    fresh: bool = False,
    speaker: Synthesizer | None = None,
    **options: Any,
) -> Mix:
    """Speak a conversation and mix it.

    Args:
        script: A file, or the text itself: `Alice: Hello there.` and so on, a line each.
        cast: A cast file, or what it would hold of it: `{"Alice": "joe", "Ben": {"voice": "jm_kumo", "pan": 0.3}}`.
        out: Folder for results.
        fresh: Use nothing from the cache.
        speaker: That renders; the default one, whose engines stay loaded.
        **options: As `voicekit dialogue --help` lists them, with underscores: timing="slow", seed=7 ...

    Raises:
        UsageError: a fault of the script or the cast, with its place.
        VoicekitError: see voicekit.errors. A line that cannot be rendered does not raise: see `Mix.timeline.failed`.
    """
    own: ScriptHeader | None = None
    if isinstance(cast, dict):
        own = build(ScriptHeader, {"cast": cast}, "cast")
    elif cast is not None:
        own = read_cast(Path(cast))
    chosen = casting_of(script, own, **options)
    used = speaker or default_synthesizer()
    source = Path(script) if is_file(script) else None
    return make(chosen, Path(out), used, StageCache(fresh, made_with), source=source)


def is_file(script: str | Path) -> bool:
    """Whether it names a file, and is not a script's text."""
    return isinstance(script, Path) or ("\n" not in script and script.lower().endswith(ENDINGS))


def casting_of(script: str | Path, file: ScriptHeader | None = None, **options: Any) -> Casting:
    """A script, file or text, read and cast. Raises as `dialogue`."""
    if not isinstance(script, str | Path):
        raise UsageError("the script is no text", "Give a string, or the path of a file")
    if is_file(script):
        return cast(read_script(script), str(script), file, **options)
    return cast(parse(str(script)), "dialogue", file, **options)


def make(
    casting: Casting,
    out: Path,
    speaker: Synthesizer,
    cache: StageCache,
    progress: Progress | None = None,
    session: Session | None = None,
    source: Path | None = None,
) -> Mix:
    """Render, mix and keep a dialogue below `out`; what an earlier run has of it is not made again.

    Args:
        session: That listens where `casting.options.judge` says so; a new one when left out.
        source: The script's file; None for a text.

    Raises:
        VoicekitError: all but a line that cannot be rendered.
    """
    progress = progress or Progress()
    title = one_line(casting.script.header.title) or (source.stem if source else "dialogue")
    progress.item_started(title)
    for note in casting.notes:
        progress.note(note)
    renderer = Renderer(speaker, cache)
    plan = _plan(casting, renderer)
    home = claim_name(out, source.stem if source else title, f"dialogue:{source.resolve() if source else title}")
    if not cache.fresh and (folder := find_run(home, plan)):
        point_latest(folder)
        progress.item_done(title, folder, again=True)
        return open_mix(folder, cached=True)
    with RunFolder(home, plan) as run:
        maker = DialogueBuilder(casting, title, run.folder, renderer, progress)
        mix = maker.make(session)
        manifest = dialogue_manifest(maker, plan, source)
        folder = run.commit(manifest)
    if not mix.timeline.failed:
        progress.item_done(title, folder, again=False)
    return replace(mix, folder=folder)


def _plan(casting: Casting, renderer: Renderer) -> str:
    """Digest of all that determines the run."""
    return digest(
        {
            "version": VERSION,
            "script": format_script(casting.script),
            "options": casting.options.model_dump(mode="json", exclude={"device"}),
            "roles": {name: role.model_dump(mode="json") for name, role in casting.roles.items()},
            "takes": [[one.id, renderer.parts(one.order)] for one in casting.utterances],
        }
    )
