"""Languages: BCP-47 tags, and what each engine of translation calls them and can do. Knows the engines by name alone,
so that what can be had is told without loading any.

Tags are read by langcodes; NLLB's are those of FLORES-200 (https://github.com/facebookresearch/flores).
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import langcodes
from langcodes import Language

from voicekit.errors import UsageError
from voicekit.text.languages import LANGUAGES, UNKNOWN, parse_tag, same

BERGAMOT = (("en", "pt"), ("pt", "en"))
"""Pairs of the packaged models."""

ENGLISH = "en"
"""What Whisper translates speech to."""

# NLLB's codes, as its vocabulary has them.
FLORES = tuple(
    "ace_Arab ace_Latn acm_Arab acq_Arab aeb_Arab afr_Latn ajp_Arab aka_Latn amh_Ethi apc_Arab arb_Arab ars_Arab "
    "ary_Arab arz_Arab asm_Beng ast_Latn awa_Deva ayr_Latn azb_Arab azj_Latn bak_Cyrl bam_Latn ban_Latn bel_Cyrl "
    "bem_Latn ben_Beng bho_Deva bjn_Arab bjn_Latn bod_Tibt bos_Latn bug_Latn bul_Cyrl cat_Latn ceb_Latn ces_Latn "
    "cjk_Latn ckb_Arab crh_Latn cym_Latn dan_Latn deu_Latn dik_Latn dyu_Latn dzo_Tibt ell_Grek eng_Latn epo_Latn "
    "est_Latn eus_Latn ewe_Latn fao_Latn pes_Arab fij_Latn fin_Latn fon_Latn fra_Latn fur_Latn fuv_Latn gla_Latn "
    "gle_Latn glg_Latn grn_Latn guj_Gujr hat_Latn hau_Latn heb_Hebr hin_Deva hne_Deva hrv_Latn hun_Latn hye_Armn "
    "ibo_Latn ilo_Latn ind_Latn isl_Latn ita_Latn jav_Latn jpn_Jpan kab_Latn kac_Latn kam_Latn kan_Knda kas_Arab "
    "kas_Deva kat_Geor knc_Arab knc_Latn kaz_Cyrl kbp_Latn kea_Latn khm_Khmr kik_Latn kin_Latn kir_Cyrl kmb_Latn "
    "kon_Latn kor_Hang kmr_Latn lao_Laoo lvs_Latn lij_Latn lim_Latn lin_Latn lit_Latn lmo_Latn ltg_Latn ltz_Latn "
    "lua_Latn lug_Latn luo_Latn lus_Latn mag_Deva mai_Deva mal_Mlym mar_Deva min_Latn mkd_Cyrl plt_Latn mlt_Latn "
    "mni_Beng khk_Cyrl mos_Latn mri_Latn zsm_Latn mya_Mymr nld_Latn nno_Latn nob_Latn npi_Deva nso_Latn nus_Latn "
    "nya_Latn oci_Latn gaz_Latn ory_Orya pag_Latn pan_Guru pap_Latn pol_Latn por_Latn prs_Arab pbt_Arab quy_Latn "
    "ron_Latn run_Latn rus_Cyrl sag_Latn san_Deva sat_Beng scn_Latn shn_Mymr sin_Sinh slk_Latn slv_Latn smo_Latn "
    "sna_Latn snd_Arab som_Latn sot_Latn spa_Latn als_Latn srd_Latn srp_Cyrl ssw_Latn sun_Latn swe_Latn swh_Latn "
    "szl_Latn tam_Taml tat_Cyrl tel_Telu tgk_Cyrl tgl_Latn tha_Thai tir_Ethi taq_Latn taq_Tfng tpi_Latn tsn_Latn "
    "tso_Latn tuk_Latn tum_Latn tur_Latn twi_Latn tzm_Tfng uig_Arab ukr_Cyrl umb_Latn urd_Arab uzn_Latn vec_Latn "
    "vie_Latn war_Latn wol_Latn xho_Latn ydd_Hebr yor_Latn yue_Hant zho_Hans zho_Hant zul_Latn".split()
)

# Macrolanguages, and the one of theirs that NLLB has for them.
_MEMBERS = {
    "ar": "arb", "ay": "ayr", "az": "azj", "din": "dik", "fa": "pes", "ff": "fuv", "fil": "tgl", "kr": "knc",
    "ku": "kmr", "lv": "lvs", "mg": "plt", "mn": "khk", "ms": "zsm", "ne": "npi", "no": "nob", "om": "gaz", "or": "ory",
    "ps": "pbt", "qu": "quy", "sq": "als", "sw": "swh", "uz": "uzn", "yi": "ydd", "zh": "zho",
}  # fmt: skip


@functools.cache
def flores(code: str) -> str | None:
    """NLLB's code of a tag; None where it has none. A script that is named must be met, a region need not."""
    if code == "fa-AF":
        return "prs_Arab"
    variants = _variants()
    exact = Language.get(code)
    for found in (exact, parse_tag(code)):
        name = found.language or ""
        scripts = variants.get(_MEMBERS.get(name, name)) or variants.get(name) or {}
        wanted = found.script or found.maximize().script or ""
        if wanted in scripts:
            return scripts[wanted]
        if scripts and not found.script:
            return next(iter(scripts.values()))
    return None


@functools.cache
def _variants() -> dict[str, dict[str, str]]:
    """NLLB's codes by language and script; a language under each name it has."""
    out: dict[str, dict[str, str]] = {}
    for code in FLORES:
        name, _, script = code.partition("_")
        for key in {name, Language.get(langcodes.standardize_tag(name)).language or name}:
            out.setdefault(key, {})[script] = code
    return out


@functools.cache
def of_flores() -> tuple[str, ...]:
    """BCP-47 of all that NLLB knows."""
    short = {member: name for name, member in _MEMBERS.items()}
    tags = set()
    for code in FLORES:
        name, _, script = code.partition("_")
        usual = Language.get(langcodes.standardize_tag(short.get(name, name)))
        tags.add(str(usual) if usual.maximize().script == script else f"{usual}-{script}")
    return tuple(sorted(tags))


@functools.cache
def whisper(code: str) -> str | None:
    """Whisper's code of a tag; None where it has none."""
    name = parse_tag(code).language or ""
    name = {"jv": "jw", "nb": "no", "fil": "tl"}.get(name, name)
    return name if name in LANGUAGES else None


def bergamot(source: str, target: str) -> tuple[str, str] | None:
    """Bergamot's pair for two tags. Its Portuguese is Brazil's, whatever region is asked for."""
    return next((pair for pair in BERGAMOT if same(source, pair[0]) and same(target, pair[1])), None)


def able(engine: str, source: str, target: str) -> bool:
    """Whether an engine of this name translates from one tag to another."""
    if UNKNOWN in (source, target) or same(source, target):
        return False
    match engine:
        case "bergamot":
            return bergamot(source, target) is not None
        case "nllb":
            return flores(source) is not None and flores(target) is not None
        case "whisper":
            return whisper(source) is not None and same(target, ENGLISH)
        case _:
            return True


def abilities(engine: str) -> str:
    """What an engine can do, in words."""
    match engine:
        case "bergamot":
            return ", ".join(f"{source} to {target}" for source, target in BERGAMOT)
        case "nllb":
            return f"any of {' '.join(of_flores())} to any other"
        case "whisper":
            return "speech in any language that Whisper knows to en"
        case _:
            return "any language that the server's model knows"


def refused(engine: str, source: str, target: str, others: Sequence[str] = ()) -> UsageError:
    """The error of an engine that was asked for what it cannot do. `others`: engines that could."""
    remedy = f"It does {abilities(engine)}"
    if others:
        remedy += f"; {' or '.join(f'--engine {other}' for other in others)} could"
    return UsageError(f"{engine} does not translate {source} to {target}", remedy)
