"""Subtitles and texts in the encodings that people have, five texts each, alone and together."""

from __future__ import annotations

import pytest

from voicekit.errors import SourceError, UsageError
from voicekit.text.encodings import decode_text

TEXTS = {
    "gb18030": (
        "你好，朋友。这座桥很旧。",
        "我们明天早上八点出发。",
        "她说她不知道这件事。",
        "请把门关上，外面很冷。",
        "这个地方以前是一个工厂。",
    ),
    "big5": (
        "你好，朋友。這座橋很舊。",
        "我們明天早上八點出發。",
        "她說她不知道這件事。",
        "請把門關上，外面很冷。",
        "這個地方以前是一個工廠。",
    ),
    "cp932": (
        "こんにちは、元気ですか。",
        "明日の朝八時に出発します。",
        "彼女は何も知らないと言いました。",
        "ドアを閉めてください。寒いです。",
        "ここは昔、工場でした。",
    ),
    "cp949": (
        "안녕하세요, 친구. 이 다리는 오래됐어요.",
        "우리는 내일 아침 여덟 시에 떠납니다.",
        "그녀는 아무것도 모른다고 말했다.",
        "문을 닫아 주세요. 밖이 추워요.",
        "여기는 예전에 공장이었습니다.",
    ),
    "cp1250": (
        "Dzień dobry, przyjacielu. Ten most jest już bardzo stary.",
        "Jutro rano wyjeżdżamy o ósmej, więc wstań wcześniej.",
        "Dobrý den, příteli. Ten most je už velmi starý.",
        "Zítra ráno vyrážíme v osm hodin, tak vstaň dřív.",
        "Jó napot, barátom. Ez a híd már nagyon öreg, és az idő is rövid.",
    ),
    "cp1251": (
        "Привет, мой друг. Этот мост очень старый.",
        "Завтра утром мы выезжаем в восемь.",
        "Она сказала, что ничего не знает.",
        "Закройте дверь, на улице холодно.",
        "Раньше здесь была фабрика.",
    ),
    "cp1253": (
        "Γεια σου, φίλε μου. Αυτή η γέφυρα είναι παλιά.",
        "Αύριο το πρωί φεύγουμε στις οκτώ.",
        "Είπε ότι δεν ξέρει τίποτα.",
        "Κλείσε την πόρτα, κάνει κρύο έξω.",
        "Εδώ ήταν κάποτε ένα εργοστάσιο.",
    ),
    "cp1255": (
        "שלום, חבר שלי. הגשר הזה ישן מאוד.",
        "מחר בבוקר אנחנו יוצאים בשמונה.",
        "היא אמרה שהיא לא יודעת כלום.",
        "סגור את הדלת, קר בחוץ.",
        "פעם היה כאן מפעל.",
    ),
    "cp1256": (
        "مرحبا يا صديقي. هذا الجسر قديم جدا.",
        "سنغادر غدا صباحا في الثامنة.",
        "قالت إنها لا تعرف شيئا.",
        "أغلق الباب، الجو بارد في الخارج.",
        "كان هنا مصنع في الماضي.",
    ),
    "cp874": (
        "สวัสดีเพื่อน สะพานนี้เก่ามาก",
        "พรุ่งนี้เช้าเราจะออกเดินทางตอนแปดโมง",
        "เธอบอกว่าเธอไม่รู้อะไรเลย",
        "กรุณาปิดประตู ข้างนอกหนาว",
        "ที่นี่เคยเป็นโรงงาน",
    ),
    "cp1252": (
        "Où étais-tu hier soir ? Je t'ai attendu à la gare jusqu'à l'été.",
        "Não sei o que ele disse, mas a ligação não está boa.",
        "Schöne Grüße aus München. Die Brücke ist sehr alt.",
        "Mañana por la mañana saldremos a las ocho. ¿Qué pasó, señor?",
        "Det är kallt ute, så stäng dörren. Hälsningar från Åre.",
    ),
}

CASES = [(encoding, texts) for encoding, all_texts in TEXTS.items() for texts in (*zip(all_texts), all_texts)]


def srt(texts: tuple[str, ...]) -> str:
    return "\n".join(f"{n}\n00:00:{n:02},000 --> 00:00:{n:02},900\n{text}\n" for n, text in enumerate(texts, 1))


@pytest.mark.parametrize(("encoding", "texts"), CASES)
def test_an_encoding_is_found(encoding: str, texts: tuple[str, ...]) -> None:
    for text in (srt(texts), "\n".join(texts) * (2 if len(texts) == 1 else 1)):
        assert decode_text(text.encode(encoding), "x")[0] == text


def test_the_language_narrows_the_candidates() -> None:
    data = "Да.".encode("cp1251")
    assert decode_text(data, "x", language="ru-RU") == ("Да.", "cp1251")
    assert decode_text("Zażółć".encode("cp1250"), "x", language="pl") == ("Zażółć", "cp1250")
    assert decode_text("Où est l'été ?".encode("cp1252"), "x", language="fr") == ("Où est l'été ?", "cp1252")


def test_the_user_decides() -> None:
    data = "Привет".encode("koi8-r")
    assert decode_text(data, "x", encoding="koi8-r") == ("Привет", "koi8-r")
    with pytest.raises(UsageError, match="unknown encoding 'klingon'"):
        decode_text(data, "x", encoding="klingon")
    with pytest.raises(SourceError, match="x: line 2: not ascii"):
        decode_text(b"a\n\xff", "x", encoding="ascii")
