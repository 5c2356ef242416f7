"""Yes and no in their many forms: one table for all that is answered so."""

import unicodedata
from collections.abc import Sequence

from bot.words import fold

YES = ("Yes", "Oui", "Sim", "نعم")
NO = ("No", "Non", "Não", "لا")

_FORMS = {
    "yes": (
        "yes, y, yeah, yep, yup, yea, ya, yes please, yes sir, yes madam, yes yes, yes it is, it is,"
        " sure, ok,"
        " okay, okey, k, of course, all right, alright, agreed, correct, right, that is right,"
        " that's right,"
        " exactly, absolutely, definitely, true, affirmative, confirmed, i confirm, indeed",
        "oui, o, ouais, ouai, oui oui, oui merci, mais oui, oui c'est ça, si, d'accord, daccord, exact,"
        " exactement, absolument, tout à fait, bien sûr, certainement, évidemment, vrai, c'est ça,"
        " c'est bon,"
        " c'est exact, c'est vrai, c'est correct, je confirme, confirmé",
        "sim, s, sim sim, pois, pois sim, pois é, claro, claro que sim, sim senhor, sim senhora, certo,"
        " está certo, correcto, correto, exacto, exato, exactamente, verdade, é verdade, concordo,"
        " confirmo,"
        " com certeza, está bem, isso, isso mesmo, é isso, de acordo, sim obrigado, sim obrigada",
        "نعم, نعم نعم, نعم شكرا, أيوه, أيوا, ايوه, إيه, اي, أي نعم, أجل, بلى, طبعا, بالطبع, أكيد, بالتأكيد,"
        " صحيح, هذا صحيح, صح, مضبوط, موافق, موافقة, أوافق, تمام, حسنا, أوكي, أوك, واخا, مزيان, واه, إيوا",
    ),
    "no": (
        "no, n, nope, nah, nay, no no, no thanks, no thank you, not at all, never, wrong, that is wrong,"
        " that's wrong, not right, incorrect, false, negative, of course not, no sir",
        "non, nan, non non, non merci, mais non, pas du tout, jamais, faux, c'est faux, inexact,"
        " pas d'accord, bien sûr que non, ce n'est pas ça, ce n'est pas exact",
        "não, nao, não não, não obrigado, não obrigada, não senhor, claro que não, nunca, errado,"
        " está errado, incorrecto, incorreto, falso, de modo nenhum, não é, não é isso, nada disso",
        "لا, لأ, لا لا, لالا, لا شكرا, كلا, أبدا, مطلقا, خطأ, غلط, غير صحيح, ليس صحيحا, هذا خطأ, لا أوافق,"
        " غير موافق, بالطبع لا",
    ),
}
_NEARLY_NO = (  # what may hold a "partly" or a "later": always asked
    "not really, not quite, not exactly, not entirely, not completely, not fully, not much, not so much,"
    " not yet, hardly, rather not, i don't think so, i dont think so",
    "pas vraiment, pas tout à fait, pas exactement, pas complètement, pas entièrement, pas trop,"
    " pas tellement, pas encore, plutôt non, plutôt pas, je ne crois pas, je ne pense pas, je crois pas",
    "nem por isso, não exactamente, não exatamente, não propriamente, não totalmente, não completamente,"
    " nem tanto, ainda não, acho que não, creio que não, penso que não",
    "ليس تماما, ليس حقا, ليس بالضبط, ليس كليا, ليس كثيرا, ليس فعلا, ليس بعد, لا أظن, لا أعتقد",
)
_NEVER = "never, jamais, nunca, أبدا, مطلقا"  # one reading, but another word: said back
_SIGNS = {"👍": "yes", "👌": "yes", "✅": "yes", "✔": "yes", "☑": "yes", "🆗": "yes"} | dict.fromkeys(
    "👎❌✖✗🚫⛔🙅", "no"
)
_BY_FORM = {
    fold(form): meaning for meaning, tables in _FORMS.items() for table in tables for form in table.split(",")
}
_NEARLY = {fold(form) for table in _NEARLY_NO for form in table.split(",")}
_SAID_BACK = {fold(form) for form in _NEVER.split(",")}
_MOST_WORDS = 6


def yes_or_no(text: str) -> str | None:
    """Return "yes" or "no" when the whole text is a form of it in any of the four languages, else None."""
    words = _words(text)
    return _BY_FORM.get(" ".join(words)) or _twice(words) or _by_sign(text)


def is_nearly_no(text: str) -> bool:
    """Tell whether the whole text is a no that leaves something open: `not really`, `non, pas vraiment`."""
    words = _words(text)
    if not words or len(words) > 2 * _MOST_WORDS:
        return False
    splits = [(" ".join(words[:n]), " ".join(words[n:])) for n in range(1, len(words))]
    known = _NEARLY | {form for form, meaning in _BY_FORM.items() if meaning == "no"}
    return " ".join(words) in _NEARLY or any(
        {first, then} <= known and {first, then} & _NEARLY for first, then in splits
    )


def is_said_back(text: str) -> bool:
    """Tell whether a form of no is another word than no: `never`."""
    return " ".join(_words(text)) in _SAID_BACK


def _words(text: str) -> list[str]:
    return fold(text).replace(",", " ").replace("،", " ").split()


def plain(text: str) -> str:
    """Return the common word where the text is another form of yes or no (`yep`: `Yes`), else the text."""
    match yes_or_no(text):
        case "yes":
            return YES[0]
        case "no":
            return NO[0]
        case _:
            return text


def stands_for(labels: Sequence[str]) -> str | None:
    """Return "yes" or "no" when one of an option's labels is that, else None."""
    meanings = {meaning for label in labels if len(label) > 1 and (meaning := yes_or_no(label))}
    return meanings.pop() if len(meanings) == 1 else None


def begins_with(labels: Sequence[str]) -> str | None:
    """Return "yes" or "no" when an option's labels begin with that word (`Yes, minor`), else None."""
    first = {fold(fold(label).split(" ")[0]) for label in labels if label.strip()}
    common = {fold(word): "yes" for word in YES} | {fold(word): "no" for word in NO}
    meanings = {common[word] for word in first if word in common}
    return meanings.pop() if len(meanings) == 1 else None


def _twice(words: Sequence[str]) -> str | None:
    """Return what two forms in a row say alike: `oui, bien sûr`, `no, never`."""
    if len(words) > _MOST_WORDS:
        return None
    pairs = [(" ".join(words[:n]), " ".join(words[n:])) for n in range(1, len(words))]
    same = {_BY_FORM.get(first) for first, then in pairs if _BY_FORM.get(first) == _BY_FORM.get(then)}
    return next(iter(same - {None}), None)


def _by_sign(text: str) -> str | None:
    """Return what a thumb or a tick says, whatever its colour and however often it is sent."""
    signs = [c for c in text if unicodedata.category(c) not in ("Mn", "Cf", "Sk", "Zs")]
    meanings = {_SIGNS.get(c) for c in signs}
    return meanings.pop() if len(meanings) == 1 else None
