"""Build the grammars of src/voicekit/text/grammars from the sources of NeMo text processing.

    python -m tools.build_grammars FOLDER [LANGUAGE...]

FOLDER is a checkout of https://github.com/NVIDIA/NeMo-text-processing (Apache-2.0); REVISION is the one that was used.
Needs pynini and the packages that the checkout imports. voicekit needs neither: `text/grammar.py` runs the result.
English takes a minute.
"""

from __future__ import annotations

import contextlib
import importlib
import lzma
import sys
import tempfile
from pathlib import Path
from typing import Any

REVISION = "1f1263579fe57ba7ed783cad3dddee710fcc5064"
TARGET = Path(__file__).parents[1] / "src" / "voicekit" / "text" / "grammars"
LANGUAGES = ("en", "de", "es", "fr", "pt")


def build(language: str) -> None:
    base = f"nemo_text_processing.text_normalization.{language}"

    def load(module: str, name: str) -> Any:
        return getattr(importlib.import_module(f"{base}.{module}"), name)

    tagger = load("taggers.tokenize_and_classify", "ClassifyFst")(input_case="cased", deterministic=True)
    grammars = {"tag": tagger, "verbalize": load("verbalizers.verbalize_final", "VerbalizeFinalFst")()}
    with contextlib.suppress(ModuleNotFoundError):
        grammars["finish"] = load("verbalizers.post_processing", "PostProcessingFst")()
    for name, grammar in grammars.items():
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "grammar.fst")
            grammar.fst.write(str(file))
            (TARGET / f"{language}.{name}.fst.xz").write_bytes(lzma.compress(file.read_bytes(), preset=9))


def main(folder: str, *languages: str) -> None:
    sys.path.insert(0, folder)
    for language in languages or LANGUAGES:
        print(language, flush=True)
        build(language)


if __name__ == "__main__":
    main(*sys.argv[1:])
