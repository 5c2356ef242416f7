"""The digest as the HTML of an e-mail: read on any phone, without pictures, in either direction."""

from functools import cache

from jinja2 import Environment, PackageLoader, Template

from bot.digest import Digest, language_mark, number_of
from bot.digest_sections import name_of
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
        mark=lambda quote: language_mark(quote, say),
        name_of=lambda city: name_of(city, say),
        is_said=lambda quote: bool(quote.language),
    )


def direction_of(language: str) -> str:
    """Return the direction in which a language is written; `auto` for one that is not known."""
    if not language:
        return "auto"
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("reports"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("digest_mail.html")
