"""What providers bring, made fit to be stored: no control characters, no broken Unicode."""

import re

# C0 and C1 but tab and newline; PostgreSQL refuses NUL, and none of the others is text
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SURROGATES = re.compile("[\ud800-\udfff]")


def clean(text: str) -> str:
    """Return the text with newlines as `\\n`, control characters removed, lone surrogates as U+FFFD."""
    if text.isascii() and text.isprintable():
        return text
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return _SURROGATES.sub("\ufffd", _CONTROLS.sub("", lines))


def primary_subtag(tag: str | None) -> str:
    """Return `pt` for `pt-BR` (BCP 47), or "" for no tag or an odd one."""
    primary = re.split("[-_]", tag or "", maxsplit=1)[0].lower()
    return primary if primary.isascii() and primary.isalpha() and len(primary) <= 8 else ""
