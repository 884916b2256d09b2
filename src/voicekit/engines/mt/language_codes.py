"""The translation engines' language codes and pairs, known without loading an engine.

Tags are BCP-47, read by langcodes; NLLB's codes are those of FLORES-200 (https://github.com/facebookresearch/flores).
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import langcodes
from langcodes import Language

from voicekit.errors import UsageError
from voicekit.text.languages import UNKNOWN, WHISPER_LANGUAGES, parse_tag, same_language

BERGAMOT_PAIRS = (("en", "pt"), ("pt", "en"))
"""Language pairs (source, target) of the packaged models."""

ENGLISH = "en"
"""The only language that Whisper translates speech to."""

# NLLB's codes, as in its vocabulary.
FLORES_CODES = tuple(
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

# Macrolanguages, and the individual language that NLLB has for each.
_MEMBERS = {
    "ar": "arb", "ay": "ayr", "az": "azj", "din": "dik", "fa": "pes", "ff": "fuv", "fil": "tgl", "kr": "knc",
    "ku": "kmr", "lv": "lvs", "mg": "plt", "mn": "khk", "ms": "zsm", "ne": "npi", "no": "nob", "om": "gaz", "or": "ory",
    "ps": "pbt", "qu": "quy", "sq": "als", "sw": "swh", "uz": "uzn", "yi": "ydd", "zh": "zho",
}  # fmt: skip


@functools.cache
def flores_code(code: str) -> str | None:
    """Return NLLB's code of a BCP-47 tag; None without one. A script in the tag must match, a region need not."""
    if code == "fa-AF":
        return "prs_Arab"
    variants = _variants()
    exact = Language.get(code)
    for language in (exact, parse_tag(code)):
        name = language.language or ""
        scripts = variants.get(_MEMBERS.get(name, name)) or variants.get(name) or {}
        wanted = language.script or language.maximize().script or ""
        if wanted in scripts:
            return scripts[wanted]
        if scripts and not language.script:
            return next(iter(scripts.values()))
    return None


@functools.cache
def _variants() -> dict[str, dict[str, str]]:
    """Return NLLB's codes by language and script; each language under all of its BCP-47 names."""
    variants: dict[str, dict[str, str]] = {}
    for code in FLORES_CODES:
        name, _, script = code.partition("_")
        for key in {name, Language.get(langcodes.standardize_tag(name)).language or name}:
            variants.setdefault(key, {})[script] = code
    return variants


@functools.cache
def flores_languages() -> tuple[str, ...]:
    """Return the BCP-47 tags of all of NLLB's languages."""
    short = {member: name for name, member in _MEMBERS.items()}
    tags = set()
    for code in FLORES_CODES:
        name, _, script = code.partition("_")
        usual = Language.get(langcodes.standardize_tag(short.get(name, name)))
        tags.add(str(usual) if usual.maximize().script == script else f"{usual}-{script}")
    return tuple(sorted(tags))


@functools.cache
def whisper_code(code: str) -> str | None:
    """Return Whisper's code of a BCP-47 tag; None without one."""
    name = parse_tag(code).language or ""
    name = {"jv": "jw", "nb": "no", "fil": "tl"}.get(name, name)
    return name if name in WHISPER_LANGUAGES else None


def bergamot_pair(source: str, target: str) -> tuple[str, str] | None:
    """Return Bergamot's language pair for two tags; None without one. Its Portuguese is Brazilian for every region."""
    return next(
        (pair for pair in BERGAMOT_PAIRS if same_language(source, pair[0]) and same_language(target, pair[1])), None
    )


def supports(engine: str, source: str, target: str) -> bool:
    """Whether an engine translates from one BCP-47 language to another."""
    if UNKNOWN in (source, target) or same_language(source, target):
        return False
    match engine:
        case "bergamot":
            return bergamot_pair(source, target) is not None
        case "nllb":
            return flores_code(source) is not None and flores_code(target) is not None
        case "whisper":
            return whisper_code(source) is not None and same_language(target, ENGLISH)
        case _:
            return True


def describe_languages(engine: str) -> str:
    """Describe an engine's language pairs for a message."""
    match engine:
        case "bergamot":
            return ", ".join(f"{source} to {target}" for source, target in BERGAMOT_PAIRS)
        case "nllb":
            return f"any of {' '.join(flores_languages())} to any other"
        case "whisper":
            return "speech in any of Whisper's languages to en"
        case _:
            return "any language of the server's model"


def unsupported_pair(engine: str, source: str, target: str, alternatives: Sequence[str] = ()) -> UsageError:
    """Return the error for a language pair that an engine lacks. `alternatives`: engines that have it."""
    remedy = f"It translates {describe_languages(engine)}"
    if alternatives:
        remedy += f"; or use {' or '.join(f'--engine {name}' for name in alternatives)}"
    return UsageError(f"{engine} does not translate {source} to {target}", remedy)
