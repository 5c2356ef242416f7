"""WhatsApp's marks in what people write: shown as they were typed, never as bold, italic, struck or code."""

import re

JOINER = "\u2060"  # no width, no break: a mark before it is a sign like any other
# A pair in one line, outside of words, with text at its inner sides (WhatsApp, help: format messages).
_PAIR = re.compile(r"(?<![\w*_~`])([*_~`])(?=\S)(?=[^\n]*?\S\1(?![\w]))")
_BLOCK = re.compile(r"```")
_QUOTE = re.compile(r"^>(?= )", re.MULTILINE)


def unmarked(text: str) -> str:
    """Return the text with a sign of no width in every mark that WhatsApp would take for formatting."""
    text = _BLOCK.sub(f"`{JOINER}`{JOINER}`", text)
    return _QUOTE.sub(f"{JOINER}>", _PAIR.sub(rf"\1{JOINER}", text))
