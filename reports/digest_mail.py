"""The digest as the HTML of an e-mail: read on any phone, without pictures, in either direction."""

import unicodedata
from functools import cache

from jinja2 import Environment, PackageLoader, Template

from bot.digest import Digest, language_mark, number_of
from bot.digest_page import Quote, name_of
from bot.values import Say

RIGHT_TO_LEFT = frozenset({"ar"})


def as_html(found: Digest, sender: str, say: Say) -> str:
    """Return the whole digest as one HTML document: its sections, then what each city said."""
    return _template().render(
        found=found,
        number=number_of(found.week),
        sender=sender,
        say=say,
        language=say.language,
        direction=direction_of(say.language),
        direction_of=direction_of,
        side_of=lambda quote: _side_of(quote, say.language),
        mark=lambda quote: language_mark(quote, say),
        name_of=lambda city: name_of(city, say),
        is_said=lambda quote: bool(quote.language),
    )


def direction_of(language: str) -> str:
    """Return the direction in which a language is written; `auto` for one that is not known."""
    if not language:
        return "auto"
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"


def _side_of(quote: Quote, language: str) -> str:
    """Return the direction of a quotation's block: a choice or a number stands as the reader's words do."""
    if quote.language:
        return direction_of(quote.language)
    strong = (unicodedata.bidirectional(character) for character in quote.text)
    first = next((each for each in strong if each in ("L", "R", "AL")), "")
    return {"L": "ltr", "R": "rtl", "AL": "rtl"}.get(first, direction_of(language))


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("reports"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("digest_mail.html")
