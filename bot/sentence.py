"""A sentence for officers that is made where no language is known, and can be said in any later."""

from collections.abc import Mapping

from bot.values import Say


class Sentence(str):
    """English text made of a sentence of the catalogs and its parts; for most readers just a str."""

    __slots__ = ("parts", "template")

    template: str
    parts: Mapping[str, object]


def sentence(template: str, /, **parts: object) -> Sentence:
    """Return the sentence with its parts put in; `make catalogs` finds it as it finds those of `say`."""
    made = Sentence(template.format(**parts))
    made.template, made.parts = template, parts
    return made


def filled(made: Sentence, parts: Mapping[str, str]) -> Sentence:
    """Return a sentence whose parts name others in braces, these put in."""
    known = {name: str(part).format(**parts) for name, part in made.parts.items()}
    return again(made.template, known)


def again(template: str, parts: Mapping[str, object]) -> Sentence:
    """Return a sentence that was made before, of its template and parts."""
    made = Sentence(template.format(**parts))
    made.template, made.parts = template, parts
    return made


def spoken(text: str, voice: Say) -> str:
    """Return a sentence in another language; a text that is none as it is."""
    if not isinstance(text, Sentence):
        return text
    return voice(text.template, **{name: _spoken(part, voice) for name, part in text.parts.items()})


def _spoken(part: object, voice: Say) -> object:
    return spoken(part, voice) if isinstance(part, str) else part
