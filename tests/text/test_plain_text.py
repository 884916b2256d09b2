"""Markdown, HTML, SSML and typographic characters on the way to a voice."""

from __future__ import annotations

import pytest

from voicekit.text.plain_text import removed_tags
from voicekit.text.speakable import SpeechPart, to_parts


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("Fish &amp; chips &lt;b&gt;", "Fish and chips less than b greater than"),
        ("&eacute;t&eacute; &#8212; caf&#xe9;", "été — café"),
        ("# Chapter one\n\nIt was **really** _quiet_ `there`.", "Chapter one It was really quiet there."),
        ("> quoted\n- first item here\n* second item here", "quoted first item here second item here"),
        ("See [the page](https://example.org/a_(b)) and ![a cat](c.png).", "See the page and a cat."),
        ("```python\nprint it now\n```\nDone with that.", "print it now Done with that."),
        ('A <b>bold</b> word<br/>and <foo bar="x">another</foo> one', "A bold word and another one"),
        ('<speak>Say <sub alias="World Wide Web">WWW</sub> now</speak>', "Say World Wide Web now"),
        ('<say-as interpret-as="characters">ABC</say-as> and more', "A B C and more"),
        ("Dial <say-as interpret-as='digits'>911</say-as> right now", "Dial nine one one right now"),
        ('the <say-as interpret-as="ordinal">3</say-as> man here', "the third man here"),
        ("<!-- a note --><script>alert(1)</script>Hello there now", "Hello there now"),
        ("\ufb01nd the o\ufb03ce \U0001d400\U0001d401\U0001d402 now", "find the office ABC now"),
        ("\uff28\uff45\uff4c\uff4c\uff4f there \uff14 times", "Hello there four times"),
        ("\u201cIt\u2019s\u201d \u2018here\u2019 now", "\"It's\" 'here' now"),
        ("zero\u200bwidth and soft\u00adhyphen now", "zerowidth and softhyphen now"),
    ],
)
def test_what_is_spoken(written: str, spoken: str) -> None:
    assert " ".join(part.text for part in to_parts(written)) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("用 Python 编程", "用 Python 编程"),
        ("한국어 문장은 띄어 쓴다", "한국어 문장은 띄어 쓴다"),
        ("iPhone 和 iPad", "iPhone 和 iPad"),
    ],
)
def test_spaces_beside_other_scripts_stay(written: str, spoken: str) -> None:
    assert to_parts(written, "zh", normalize=False)[0].text == spoken


def test_tags_without_effect_are_listed() -> None:
    text = '<speak>A <emphasis>b</emphasis> <break/> <prosody rate="x">c</prosody> <foo>d</foo> <foo>e</foo></speak>'
    assert removed_tags(text) == ("emphasis", "prosody", "foo")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("[pause 1] Hello there now", [SpeechPart("Hello there now", 0.0, 1.0)]),
        ("Hello there now [pause 500ms]", [SpeechPart("Hello there now", 0.5)]),
        ("[pause 1][pause 0.5] Hello there now", [SpeechPart("Hello there now", 0.0, 1.5)]),
        (
            "Hello there now. [pause 1]\n\n[pause 2] And then more.",
            [SpeechPart("Hello there now.", 3.0), SpeechPart("And then more.", 0.0)],
        ),
        (
            'Hello there now <break time="1500ms"/> and then more',
            [SpeechPart("Hello there now", 1.5), SpeechPart("and then more", 0.0)],
        ),
    ],
)
def test_no_pause_is_lost(text: str, parts: list[SpeechPart]) -> None:
    assert to_parts(text) == parts
