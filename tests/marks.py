"""What the bot puts beside a label: how an optional question is skipped."""

import re

# Arabic writes the dash in quotation marks.
_TO_SKIP = re.compile(r" \((?:-|«-») [^)]*\)")


def without_mark(text: str) -> str:
    """Return a message without the words that say how to skip: beside a button a channel leaves them out."""
    return _TO_SKIP.sub("", text)
