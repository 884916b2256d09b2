"""The cost of a line break between two words, and where text without spaces may be broken.

The costs follow the broadcasters' guides (Netflix "Timed Text Style Guide: Subtitle line treatment", BBC "Subtitle
guidelines: Break at natural points", EBU R37): break after punctuation, before conjunctions, before prepositions; never
between an article and its noun, a preposition and its object, a first and a last name, a number and its unit.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Iterable, Iterator

import regex

from voicekit.text.phrases import split_phrases
from voicekit.text.sentence_ends import CLOSERS, OPENERS, TITLES, is_abbreviation
from voicekit.text.words import unspaced

SENTENCE, CLAUSE, CONJUNCTION, PREPOSITION, PLAIN = 0.0, 1.0, 2.5, 3.0, 4.5
NAME, FUNCTION, GLUED, FORBIDDEN = 7.0, 8.0, 12.0, 40.0
"""Costs of a break: at the end of a sentence, at a comma, before a conjunction, before a preposition, between other
words; inside a name or between a number and its unit, after a function word, inside a word, and where no script allows
one."""

# Function words that belong to the next word: articles, possessives, subject pronouns, auxiliaries, negations.
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

_NOT_FIRST = frozenset(
    "、。，．,.!?！？:;：；)]}」』】）〉》’”…‥・ーゝゞ々ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶๆฯ％%"
)
"""Characters that must not begin a line (kinsoku, JIS X 4051)."""
_NOT_LAST = frozenset("([{「『【（〈《‘“$¥￥＄£€")


def break_cost(before: str, after: str, language: str) -> float:
    """Return the cost of ending a line or a cue between two words. `language`: BCP-47 tag."""
    end = before.rstrip(CLOSERS)[-1:]
    if end and end in ".?!。！？…‥" and not is_abbreviation(before, after):
        return SENTENCE
    if end and end in ",;:—–、，；：،؛":
        return CLAUSE
    if before.endswith(("-", "–", "—")):
        return CLAUSE
    base = language.split("-")[0]
    left, right = _bare(before), _bare(after)
    if left in TITLES or (_is_number(left) and len(right) <= 4 and not _is_number(right)):
        return NAME
    if left in _words("leaning", base) or left in _words("preposition", base) or left in _words("conjunction", base):
        return FUNCTION
    if _is_name(before) and _is_name(after):
        return NAME
    if right in _words("conjunction", base) or after[:1] in OPENERS:
        return CONJUNCTION
    if right in _words("preposition", base):
        return PREPOSITION
    return PLAIN


@functools.cache
def _words(kind: str, language: str) -> frozenset[str]:
    table = {"leaning": _LEANING, "conjunction": _CONJUNCTIONS, "preposition": _PREPOSITIONS}[kind]
    return frozenset(table.get(language, "").split())


@functools.lru_cache(maxsize=1 << 16)
def _bare(word: str) -> str:
    return word.strip(OPENERS + CLOSERS + ".,;:!?…").replace("’", "'").lower()


def _is_number(word: str) -> bool:
    return bool(word) and word[0].isdigit()


def _is_name(word: str) -> bool:
    """Whether a word looks like part of a name: capitalized and longer than a letter."""
    return word[:1].isupper() and len(word) > 1 and word[-1].isalpha()


# --- text without spaces ----------------------------------------------------------------------------------------------


def breakable_phrases(text: str, language: str) -> list[str]:
    """Split text without spaces into phrases after which a line may end; they join to `text`.

    By BudouX for Japanese, Chinese and Thai; by the rules of kinsoku alone for others (Lao, Khmer, Burmese).
    """
    return _join_forbidden(split_phrases(text, language) or clusters(text))


def breakable_parts(phrase: str) -> list[str]:
    """Split a phrase that is wider than a line into the smallest parts after which a line may end."""
    return _join_forbidden(clusters(phrase))


def _join_forbidden(parts: Iterable[str]) -> list[str]:
    """Join parts where a line break is not allowed (kinsoku)."""
    joined: list[str] = []
    for part in parts:
        starts_badly = part[0] in _NOT_FIRST or unicodedata.category(part[0]) in ("Mn", "Mc")
        if joined and (starts_badly or joined[-1][-1] in _NOT_LAST):
            joined[-1] += part
        else:
            joined.append(part)
    return joined


def clusters(text: str) -> Iterator[str]:
    """Yield the parts that are never broken: a word of a script with spaces, or a grapheme cluster (UAX 29)."""
    part = ""
    for cluster in regex.findall(r"\X", text):
        char = cluster[0]
        joined = part and (
            unicodedata.category(char) in ("Mn", "Mc", "Cf")
            or part[-1] in "เแโใไ\u200d"  # Thai vowels written before their consonant; a joiner
            or char in "ะาำๆฯ"
            or not (unspaced(char) or unspaced(part[-1]))
        )
        if part and not joined:
            yield part
            part = ""
        part += cluster
    if part:
        yield part
