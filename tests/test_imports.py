"""What is not needed is not imported."""

import pytest

from tests.conftest import python

HEAVY = ("torch", "numpy", "pydantic", "typer", "ctranslate2", "pyannote", "yt_dlp", "rich")


@pytest.mark.parametrize(
    "code",
    [
        "import voicekit",
        "import voicekit.cli; voicekit.cli.run(['--help'])",
        "import voicekit.cli; voicekit.cli.run(['nope'])",
    ],
)
def test_imports_nothing_heavy(code: str) -> None:
    done = python(f"import sys; {code}; print([m for m in {HEAVY!r} if m in sys.modules])")
    assert done.stdout.splitlines()[-1] == "[]", done


@pytest.mark.parametrize("command", ["transcribe", "models", "cache", "schema", "doctor", "licenses"])
def test_help_of_a_command_imports_no_model_library(command: str) -> None:
    heavy = ("torch", "ctranslate2", "pyannote.audio", "yt_dlp", "av")
    done = python(
        f"import sys, voicekit.cli; status = voicekit.cli.run(['{command}', '--help']);"
        f"print(status, [m for m in {heavy!r} if m in sys.modules])"
    )
    assert done.stdout.splitlines()[-1] == "0 []", done


def test_public_names() -> None:
    import voicekit

    for name in voicekit.__all__:
        assert getattr(voicekit, name) is not None
    assert voicekit.__version__
    with pytest.raises(AttributeError):
        _ = voicekit.nothing
