"""Where a line or a cue may end: what it costs to part two words, and where unspaced text may be cut. Pure.

The order follows the broadcasters' guides (Netflix "Timed Text Style Guide: Subtitle line treatment", BBC "Subtitle
guidelines: Break at natural points", EBU R37): after punctuation, before conjunctions, before prepositions; never
between an article and its noun, a preposition and what it governs, a first and a last name, a number and its unit.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any

from voicekit.text.words import unspaced

SENTENCE, CLAUSE, CONJUNCTION, PREPOSITION, PLAIN = 0.0, 1.0, 2.5, 3.0, 4.5
NAME, FUNCTION, GLUED, FORBIDDEN = 7.0, 8.0, 12.0, 40.0
"""Costs of a break: at the end of a sentence, at a comma, before a conjunction, before a preposition, between other
words, inside a name or a number with its unit, after a word that leans on the next, inside a word, and where no
script allows it."""

# Words that lean on the next one: articles, possessives, subject pronouns, auxiliaries, negations.
_LEANING = {
    "en": "a an the this that these those my your his her its our their i you he she it we they who whose which what "
    "is are was were am be been being do does did have has had will would shall should can could may might must "
    "not no very too so more most every each all some any "
    "i'm you're he's she's it's we're they're i've you've we've they've i'll you'll "
    "he'll she'll we'll they'll don't doesn't didn't isn't aren't wasn't weren't can't couldn't won't wouldn't",
    "es": "el la los las un una unos unas lo mi mis tu tus su sus nuestro nuestra este esta ese esa yo tú él ella "
    "nosotros ellos me te se nos le les es son era eran ser ha han he hay fue no muy más tan todo toda todos "
    "todas cada",
    "fr": "le la les un une des du au aux ce cet cette ces mon ma mes ton ta tes son sa ses notre nos votre vos leur "
    "leurs je tu il elle on nous vous ils elles me te se ne pas est sont était a ont ai as été très plus si "
    "tout toute tous toutes chaque",
    "de": "der die das den dem des ein eine einen einem einer eines kein keine mein meine dein deine sein seine ihr "
    "ihre unser unsere dieser diese dieses ich du er sie es wir ist sind war waren hat haben wird werden nicht sehr zu "
    "alle jede jeder jedes",
    "it": "il lo la i gli le un uno una mio mia tuo tua suo sua nostro nostra questo questa io tu lui lei noi voi "
    "loro mi ti si ci vi è sono era ha hanno ho non molto più così ogni tutto tutta tutti tutte",
    "pt": "o a os as um uma uns umas meu minha teu tua seu sua nosso nossa este esta esse essa eu tu ele ela nós eles "
    "elas você me te se é são era foi ser tem têm há não muito mais tão todo toda todos todas cada",
    "nl": "de het een mijn jouw zijn haar ons onze hun deze die dit dat ik jij je hij zij ze wij we is was waren heeft "
    "hebben had wordt worden niet zeer te",
}  # fmt: skip

_CONJUNCTIONS = {
    "en": "and but or nor because although though while when where if unless until since that which who than as so",
    "es": "y e o u pero sino porque aunque mientras cuando donde si que quien como pues",
    "fr": "et ou mais donc or ni car parce quand lorsque où si que qui dont comme puisque",
    "de": "und oder aber denn sondern weil obwohl während wenn als wo ob dass daß welche wie bevor nachdem",
    "it": "e ed o ma perché anche mentre quando dove se che chi come poiché",
    "pt": "e ou mas porque embora enquanto quando onde se que quem como pois",
    "nl": "en of maar want omdat hoewel terwijl wanneer waar als dat die toen zoals",
}

_PREPOSITIONS = {
    "en": "of in on at by for with about against between into through during before after above below to from up "
    "down out off over under without within upon across toward towards per",
    "es": "de del a al en con por para sin sobre entre desde hasta hacia según tras contra durante ante bajo",
    "fr": "de d' à en dans par pour sans sur sous entre vers chez avec depuis jusque contre pendant avant après",
    "de": "in im an am auf aus bei beim mit nach von vom zu zum zur für durch ohne um über unter vor hinter neben "
    "zwischen gegen seit bis",
    "it": "di del della dei delle a al alla ai in nel nella con per da dal dalla su sul sulla tra fra senza verso",
    "pt": "de do da dos das a ao à em no na nos nas com por pelo pela para sem sobre entre desde até contra",
    "nl": "van in op aan bij met naar uit voor door zonder om over onder tussen tegen sinds tot na",
}

_TITLES = frozenset("mr mrs ms dr prof st sr jr sra srta herr frau m mme mlle sig dott".split())
_CLOSING = "\"'”’»)]}」』】）〉》"
_OPENING = "\"'“‘«([{「『【（〈《¿¡"
_NOT_FIRST = frozenset(
    "、。，．,.!?！？:;：；)]}」』】）〉》’”…‥・ーゝゞ々ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶๆฯ％%"
)
"""Characters that no line begins with (JIS X 4051, kinsoku)."""
_NOT_LAST = frozenset("([{「『【（〈《‘“$¥￥＄£€")


def break_cost(before: str, after: str, language: str) -> float:
    """What it costs to end a line or a cue between two words. `language`: BCP-47."""
    end = before.rstrip(_CLOSING)[-1:]
    if end and end in ".?!。！？…‥" and not _abbreviation(before):
        return SENTENCE
    if end and end in ",;:—–、，；：،؛":
        return CLAUSE
    if before.endswith(("-", "–", "—")):
        return CLAUSE
    own = language.split("-")[0]
    left, right = _bare(before), _bare(after)
    if left in _TITLES or (_is_number(left) and len(right) <= 4 and not _is_number(right)):
        return NAME
    if left in _words("leaning", own) or left in _words("preposition", own) or left in _words("conjunction", own):
        return FUNCTION
    if _name(before) and _name(after):
        return NAME
    if right in _words("conjunction", own) or after[:1] in _OPENING:
        return CONJUNCTION
    if right in _words("preposition", own):
        return PREPOSITION
    return PLAIN


@functools.cache
def _words(kind: str, language: str) -> frozenset[str]:
    table = {"leaning": _LEANING, "conjunction": _CONJUNCTIONS, "preposition": _PREPOSITIONS}[kind]
    return frozenset(table.get(language, "").split())


@functools.lru_cache(maxsize=1 << 16)
def _bare(word: str) -> str:
    return word.strip(_OPENING + _CLOSING + ".,;:!?…").replace("’", "'").lower()


def _abbreviation(word: str) -> bool:
    """Whether its full stop ends no sentence: Mr., J., e.g."""
    bare = word.rstrip(_CLOSING)
    return bare.endswith(".") and (_bare(bare) in _TITLES or re.fullmatch(r"(?:\w\.)+", bare) is not None)


def _is_number(word: str) -> bool:
    return bool(word) and word[0].isdigit()


def _name(word: str) -> bool:
    """Whether it looks like a part of a name: a capital, and more than a sentence's first letter alone."""
    return word[:1].isupper() and len(word) > 1 and word[-1].isalpha()


# --- text without spaces ----------------------------------------------------------------------------------------------


def phrases(text: str, language: str) -> list[str]:
    """Unspaced text as phrases after each of which a line may well end; they join to `text`.

    By BudouX (https://github.com/google/budoux) for ja, zh and th; by kinsoku alone for others (lo, km, my).
    """
    parser = _parser(language)
    return _no_forbidden_edges(parser.parse(text) if parser else clusters(text))


def pieces(phrase: str) -> list[str]:
    """A phrase that is wider than a line, in the smallest parts that one may end after."""
    return _no_forbidden_edges(clusters(phrase))


def _no_forbidden_edges(parts: Iterable[str]) -> list[str]:
    out: list[str] = []
    for part in parts:
        if out and (part[0] in _NOT_FIRST or out[-1][-1] in _NOT_LAST or unicodedata.category(part[0]) in ("Mn", "Mc")):
            out[-1] += part
        else:
            out.append(part)
    return out


@functools.cache
def _parser(language: str) -> Any:
    import budoux

    own = language.lower()
    if own.startswith("ja"):
        return budoux.load_default_japanese_parser()
    if own.startswith(("zh", "yue")):
        traditional = any(part in own for part in ("hant", "tw", "hk", "mo", "yue"))
        return (
            budoux.load_default_traditional_chinese_parser()
            if traditional
            else budoux.load_default_simplified_chinese_parser()
        )
    return budoux.load_default_thai_parser() if own.startswith("th") else None


def clusters(text: str) -> Iterator[str]:
    """Runs of `text` that no line is cut in: a spaced script's word, or a character with its marks and vowels."""
    part = ""
    for char in text:
        joined = part and (
            unicodedata.category(char) in ("Mn", "Mc", "Cf")
            or part[-1] in "เแโใไ\u200d"  # Thai vowels written before their consonant; a joiner
            or char in "ะาำๆฯ"
            or not (unspaced(char) or unspaced(part[-1]))
        )
        if part and not joined:
            yield part
            part = ""
        part += char
    if part:
        yield part
