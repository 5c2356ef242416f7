"""What providers bring, made fit to be stored: no control characters, no broken Unicode."""

import re

LONGEST_NAME = 100  # characters of a file's name
# C0 and C1 but tab and newline; PostgreSQL refuses NUL, and none of the others is text
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# Unicode UAX 9: `photo\u202egpj.exe` is shown as `photoexe.jpg`, and turns what follows it
_DIRECTIONS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_SURROGATES = re.compile("[\ud800-\udfff]")


def clean(text: str) -> str:
    """Return the text with newlines as `\\n`, control characters removed, lone surrogates as U+FFFD."""
    if text.isascii() and text.isprintable():
        return text
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return _SURROGATES.sub("\ufffd", _CONTROLS.sub("", lines))


def clean_name(name: str) -> str:
    """Return the name of a file on one line, at most 100 characters, in no other direction than its own."""
    return " ".join(_DIRECTIONS.sub("", clean(name)).split())[:LONGEST_NAME]


def primary_subtag(tag: str | None) -> str:
    """Return `pt` for `pt-BR` (BCP 47), or "" for no tag or an odd one."""
    primary = re.split("[-_]", tag or "", maxsplit=1)[0].lower()
    return primary if primary.isascii() and primary.isalpha() and len(primary) <= 8 else ""
