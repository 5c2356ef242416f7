"""The words a person may type, in four languages, and how text is folded to compare it."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

# The first word of each list is the one shown to people. All four languages are always understood.
WORDS: dict[str, dict[str, tuple[str, ...]]] = {
    "start": {
        "en": ("start", "resume"),
        "fr": ("reprendre", "commencer", "démarrer"),
        "pt": ("retomar", "iniciar", "começar"),
        "ar": ("استئناف", "ابدأ", "بدء"),
    },
    "menu": {
        "en": ("menu", "hi", "hello"),
        "fr": ("menu", "bonjour", "bonsoir"),
        "pt": ("menu", "olá", "bom dia"),
        "ar": ("القائمة", "مرحبا", "السلام عليكم"),
    },
    "help": {
        "en": ("help", "?"),
        "fr": ("aide",),
        "pt": ("ajuda",),
        "ar": ("مساعدة", "المساعدة", "؟"),
    },
    "language": {
        "en": ("language",),
        "fr": ("langue",),
        "pt": ("língua", "idioma"),
        "ar": ("اللغة", "لغة"),
    },
    "report": {
        "en": ("report", "update"),
        "fr": ("rapport", "point", "bilan"),
        "pt": ("relatório", "actualização", "atualização"),
        "ar": ("تقرير", "التقرير", "تحديث"),
    },
    "form": {
        "en": ("report form", "update form"),
        "fr": ("rapport formulaire", "point formulaire", "bilan formulaire"),
        "pt": ("relatório formulário", "actualização formulário", "atualização formulário"),
        "ar": ("تقرير نموذج", "نموذج التقرير"),
    },
    "status": {
        "en": ("status",),
        "fr": ("état", "statut", "situation"),
        "pt": ("estado", "situação"),
        "ar": ("الحالة", "الوضع"),
    },
    "calendar": {
        "en": ("calendar", "dates"),
        "fr": ("calendrier", "échéances", "agenda"),
        "pt": ("calendário", "prazos", "agenda"),
        "ar": ("المواعيد", "التقويم", "الجدول الزمني"),
    },
    "pending": {
        "en": ("pending", "to do"),
        "fr": ("en attente", "à faire"),
        "pt": ("pendente", "pendentes", "por fazer"),
        "ar": ("المطلوب", "المتبقي", "قيد الانتظار"),
    },
    "skip": {
        "en": ("skip", "-"),
        "fr": ("passer", "suivant", "-"),
        "pt": ("saltar", "passar", "-"),
        "ar": ("تخطي", "تجاوز", "-"),
    },
    "back": {
        "en": ("back", "previous"),
        "fr": ("retour", "précédent"),
        "pt": ("voltar", "anterior"),
        "ar": ("رجوع", "السابق"),
    },
    "edit": {
        "en": ("edit", "change"),
        "fr": ("modifier", "corriger", "changer"),
        "pt": ("editar", "corrigir", "alterar"),
        "ar": ("تعديل", "تصحيح", "تغيير"),
    },
    "cancel": {
        "en": ("cancel",),
        "fr": ("annuler",),
        "pt": ("cancelar",),
        "ar": ("إلغاء",),
    },
    "later": {
        "en": ("later", "not now"),
        "fr": ("plus tard", "pas maintenant"),
        "pt": ("mais tarde", "agora não"),
        "ar": ("لاحقا", "فيما بعد", "ليس الآن"),
    },
    "nothing": {
        "en": ("nothing", "nothing to report"),
        "fr": ("rien", "rien à signaler", "ras"),
        "pt": ("nada", "nada a reportar", "sem novidades"),
        "ar": ("لا جديد", "لا شيء"),
    },
    "send": {
        "en": ("send", "submit"),
        "fr": ("envoyer", "valider"),
        "pt": ("enviar", "submeter"),
        "ar": ("إرسال", "أرسل"),
    },
    "stop": {
        "en": ("stop", "unsubscribe"),
        "fr": ("stop", "arrêt", "arrêter", "stopper"),
        "pt": ("stop", "parar", "sair"),
        "ar": ("إيقاف", "توقف", "إلغاء الاشتراك"),
    },
    "ask": {
        "en": ("ask", "question", "person"),
        "fr": ("question", "contact"),
        "pt": ("pergunta", "perguntar", "pessoa"),
        "ar": ("سؤال", "استفسار", "شخص"),
    },
    "need": {
        "en": ("need", "support"),
        "fr": ("besoin", "appui"),
        "pt": ("necessidade", "pedido", "apoio"),
        "ar": ("احتياج", "طلب دعم", "دعم"),
    },
    "practice": {
        "en": ("practice", "good practice"),
        "fr": ("pratique", "bonne pratique"),
        "pt": ("prática", "boa prática"),
        "ar": ("ممارسة", "ممارسة جيدة"),
    },
    "output": {
        "en": ("output", "deliverable"),
        "fr": ("livrable",),
        "pt": ("entregável", "produto"),
        "ar": ("مخرج", "مخرجات"),
    },
    "meeting": {
        "en": ("meeting",),
        "fr": ("réunion",),
        "pt": ("reunião", "encontro"),
        "ar": ("اجتماع", "الاجتماع"),
    },
    "absent": {
        "en": ("absent", "away"),
        "fr": ("absence", "absent", "absente"),
        "pt": ("ausente", "ausência"),
        "ar": ("غياب", "غائب", "غائبة"),
    },
    "why": {
        "en": ("why",),
        "fr": ("pourquoi",),
        "pt": ("porquê", "por quê"),
        "ar": ("لماذا",),
    },
    "example": {
        "en": ("example",),
        "fr": ("exemple",),
        "pt": ("exemplo",),
        "ar": ("مثال",),
    },
    "more": {
        "en": ("more", "details"),
        "fr": ("plus", "suite", "détails"),
        "pt": ("mais", "detalhes"),
        "ar": ("المزيد", "تفاصيل"),
    },
    "done": {
        "en": ("done",),
        "fr": ("fini", "c'est fait"),
        "pt": ("feito", "pronto"),
        "ar": ("تم", "انتهى"),
    },
}

_DIGITS = 9  # of a number that counts anything here; Python refuses to read thousands of them
TAKES_MORE = frozenset({"report", "form", "language", "edit", "output", "more", "absent"})  # `edit 3`

_SAME = str.maketrans(
    {
        "\u0640": None,  # tatweel
        "\u0621": None,  # a hamza on its own
        "\u0629": "\u0647",  # taa marbuta
        "\u0649": "\u064a",  # alef maqsura
        "\u0671": "\u0627",  # alef wasla
        "\u06a9": "\u0643",  # kaf of Persian keyboards
        "\u06cc": "\u064a",  # ya of Persian keyboards
        "\u06c1": "\u0647",  # ha of Urdu keyboards
        "\u06be": "\u0647",
        "\u06c3": "\u0647",  # taa marbuta of Urdu keyboards
        "\u06ad": "\u0643",  # the g, v and p of Maghreb spelling
        "\u06af": "\u0643",
        "\u06a4": "\u0641",
        "\u06a5": "\u0641",
        "\u067e": "\u0628",
        "œ": "oe",
        "æ": "ae",
        "’": "'",
        "‘": "'",
        "–": "-",
        "—": "-",
        "−": "-",
    }
)


def digits(text: str) -> str:
    """Return the text with every Unicode decimal digit as a Western one."""
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)


def unmarked(text: str) -> str:
    """Return the text without case, accents, hamza and marks; Western digits, one space; signs are kept."""
    plain = unicodedata.normalize("NFKD", digits(text).casefold())
    plain = "".join(c for c in plain if unicodedata.category(c) not in ("Mn", "Me", "Cf"))
    return " ".join(plain.translate(_SAME).split())


@lru_cache(maxsize=4096)
def fold(text: str) -> str:
    """Return the text as it is compared: no case, accents, hamza, outer signs; Western digits, one space."""
    if text.strip() in ("?", "؟"):
        return "?"
    words = unmarked(text)
    if words == "-":
        return words
    return _without_outer_signs(words)


def typing_errors(said: str, meant: str) -> int:
    """Return by how many letters left out, put in, changed or swapped two texts differ."""
    from rapidfuzz.distance import OSA  # 2 MiB, for who makes typing errors

    return OSA.distance(said, meant)


def listed(words: str) -> tuple[str, ...]:
    """Return the words of a list with commas, folded."""
    return tuple(fold(word) for word in words.split(","))


def any_of(words: str) -> str:
    """Return a pattern for any of the words of a list with commas, unmarked, the longest first."""
    return "|".join(sorted((re.escape(unmarked(w)) for w in words.split(",")), key=len, reverse=True))


def _without_outer_signs(text: str) -> str:
    kinds = [unicodedata.category(c) for c in text]
    inner = [i for i, kind in enumerate(kinds) if kind[0] not in "PZ"]
    words = [i for i in inner if kinds[i] not in ("So", "Sk")]  # `oui 👍` is `oui`, `👍` alone is itself
    return text[min(words or inner) : max(words or inner) + 1] if inner else ""


@dataclass(frozen=True, slots=True)
class Command:
    """A word understood, and what stood behind it (`edit 3`: "3"), as typed."""

    name: str
    more: str = ""


_BY_WORD = {
    fold(word): command
    for command, by_language in WORDS.items()
    for words in by_language.values()
    for word in words
}
_FORMS = ("form", "formulaire", "formulário", "نموذج")
_REPORTS = (word for words in WORDS["report"].values() for word in words)
_BY_WORD |= {fold(f"{report} {form}"): "form" for report in _REPORTS for form in _FORMS}  # languages mixed
_BY_FIRST_WORD: dict[str, list[tuple[str, str]]] = {}  # of those that take more, the longest first
for _folded, _command in sorted(_BY_WORD.items(), key=lambda pair: -len(pair[0])):
    if _command in TAKES_MORE:
        _BY_FIRST_WORD.setdefault(_folded.split()[0], []).append((_folded, _command))


def command_in(text: str) -> Command | None:
    """Return the command that the whole message is, with or without `/`; None when it is none.

    For the commands of TAKES_MORE a rest may follow; whether it fits is for the caller to say.
    """
    folded = fold(text.strip().removeprefix("/"))
    if folded in _BY_WORD:
        return Command(_BY_WORD[folded])
    for word, command in _BY_FIRST_WORD.get(folded.partition(" ")[0], ()):
        if folded.startswith(word + " "):
            return Command(command, _rest(text, len(word.split())))
    return None


def _rest(text: str, count: int) -> str:
    return " ".join(text.split()[count:])


def number_in(text: str) -> int:
    """Return the number that a text is, in any digits; 0 for a text that is none, or too long for one."""
    said = fold(text)
    return int(said) if said.isdecimal() and len(said) <= _DIGITS else 0


def shown(command: str, language: str) -> str:
    """Return the word to type, as it is shown: capitals in Latin letters, guillemets in Arabic."""
    word = WORDS[command][language][0]
    return f"«{word}»" if language == "ar" else word.upper()
