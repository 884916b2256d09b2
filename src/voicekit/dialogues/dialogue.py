"""Make a dialogue from a script: the functions behind `voicekit dialogue` and `voicekit.dialogue`.

Takes are cached: an interrupted dialogue continues where it stopped, and an edited line costs one take and the mix.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from voicekit.config.dialogue import ScriptHeader
from voicekit.config.keywords import DialogueKeywords
from voicekit.config.schema import build
from voicekit.dialogues.build import (
    DialogueJob,
    dialogue_manifest,
    judge_and_retake,
    mix_all,
    render_all,
    write_files,
)
from voicekit.dialogues.casting import Casting, cast_script, read_cast
from voicekit.dialogues.mix import Mix, open_mix
from voicekit.dialogues.script import by_kind
from voicekit.dialogues.script_format import format_script
from voicekit.dialogues.script_readers import SCRIPT_SUFFIXES, read_script
from voicekit.dialogues.script_text import parse_script
from voicekit.errors import UsageError
from voicekit.provenance import software_versions
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
"""Part of the plan digest: raise it when the same script would give another mix or other files."""


def dialogue(
    script: str | Path,
    cast: str | Path | dict[str, Any] | None = None,
    *,
    out: str | Path = "outputs",
    fresh: bool = False,
    synthesizer: Synthesizer | None = None,
    **options: Unpack[DialogueKeywords],
) -> Mix:
    """Speak a conversation and mix it.

    Args:
        script: A file, or the text itself, one line per speaker turn: `Alice: Hello there.`
        cast: A cast file, or its content: `{"Alice": "joe", "Ben": {"voice": "jm_kumo", "pan": 0.3}}`.
        out: Folder for results.
        fresh: Ignore the cache.
        synthesizer: The synthesizer to use (default: a shared one whose models stay loaded).
        **options: The options of `voicekit dialogue --help` with underscores: timing="slow", seed=7 ...

    Returns:
        The mix. Lines that could not be rendered do not raise; they are in `Mix.timeline.failed`.

    Raises:
        UsageError: The script or the cast is invalid; the message names the place.
        VoicekitError: See voicekit.errors.
    """
    cast_header: ScriptHeader | None = None
    if isinstance(cast, dict):
        cast_header = build(ScriptHeader, {"cast": cast}, "cast")
    elif cast is not None:
        cast_header = read_cast(Path(cast))
    casting = load_casting(script, cast_header, **options)
    source = Path(script) if names_file(script) else None
    cache = StageCache(fresh, software_versions)
    return build_dialogue(casting, Path(out), synthesizer or default_synthesizer(), cache, source=source)


def names_file(script: str | Path) -> bool:
    """Whether `script` is the name of a file rather than the text of a script."""
    return isinstance(script, Path) or ("\n" not in script and script.lower().endswith(SCRIPT_SUFFIXES))


def load_casting(
    script: str | Path, cast: ScriptHeader | None = None, *, encoding: str | None = None,
    **options: Unpack[DialogueKeywords],
) -> Casting:  # fmt: skip
    """Read a script, a file or text, and assign its voices. `encoding`: of subtitles. Raises as `dialogue`."""
    if not isinstance(script, str | Path):
        raise UsageError("the script is not text", "Give a string, or the path of a file")
    if names_file(script):
        return cast_script(read_script(script, encoding), str(script), cast, **options)
    return cast_script(parse_script(str(script)), "dialogue", cast, **options)


def build_dialogue(
    casting: Casting,
    out: Path,
    synthesizer: Synthesizer,
    cache: StageCache,
    progress: Progress | None = None,
    session: Session | None = None,
    source: Path | None = None,
) -> Mix:
    """Render, mix and write a dialogue; an identical earlier run is reused.

    Args:
        casting: The script with voices.
        out: The run is written to OUT/NAME/RUN/.
        synthesizer: Renders the takes.
        cache: Of takes.
        progress: Receives progress events.
        session: Transcribes the mix if `casting.options.judge` is set (default: a new one).
        source: The script's file; None for text.

    Raises:
        VoicekitError: Anything but a line that cannot be rendered.
    """
    progress = progress or Progress()
    title = one_line(casting.script.header.title) or (source.stem if source else "dialogue")
    progress.item_started(title)
    for note in casting.notes:
        progress.note(note)
    if casting.unspoken:
        counts = ", ".join(f"{len(texts)} {kind}" for kind, texts in by_kind(casting.unspoken).items())
        progress.note(f"not spoken: {counts} (--check lists them)")
    renderer = Renderer(synthesizer, cache)
    plan = _plan_digest(casting, renderer)
    home = claim_name(out, source.stem if source else title, f"dialogue:{source.resolve() if source else title}")
    if not cache.fresh and (folder := find_run(home, plan)):
        point_latest(folder)
        progress.item_done(title, folder, again=True)
        return open_mix(folder, cached=True)
    with RunFolder(home, plan) as run:
        job = DialogueJob(casting, title, run.folder, renderer, progress)
        results = render_all(job)
        timeline, scores = mix_all(job, results), None
        if casting.options.judge:
            timeline, scores = judge_and_retake(job, results, timeline, session)
        write_files(job, results, timeline, scores)
        folder = run.commit(dialogue_manifest(job, results, plan, source), reuse=not cache.fresh)
    if not timeline.failed:
        progress.item_done(title, folder, again=False)
    return Mix(folder, timeline, scores)


def _plan_digest(casting: Casting, renderer: Renderer) -> str:
    """Digest of everything that determines the run."""
    return digest(
        {
            "version": VERSION,
            "script": format_script(casting.script),
            "options": casting.options.model_dump(mode="json", exclude={"device"}),
            "roles": {name: role.model_dump(mode="json") for name, role in casting.roles.items()},
            "takes": [[each.id, renderer.cache_parts(each.request)] for each in casting.utterances],
        }
    )
