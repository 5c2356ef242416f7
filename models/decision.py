"""What an officer decides for one city: why it can be refused, and the reason that goes with it."""

import unicodedata

from bot.values import Problem

REASON_CHARACTERS = 300


class DecisionError(Exception):
    """What an officer decided for a city cannot be kept; `problem` says why and how to mend it."""

    def __init__(self, code: str, where: str, message: str, mend: str) -> None:
        super().__init__(f"{message} {mend}")
        self.problem = Problem(code, where, mend, message)


def checked_reason(reason: str) -> str:
    """Return the reason in one line; raise DecisionError when there is none, or more than 300 characters."""
    spaced = "".join(" " if c.isspace() else c for c in reason)
    shown = " ".join("".join(c for c in spaced if unicodedata.category(c) not in {"Cc", "Cs"}).split())
    if not shown:
        raise DecisionError("no_reason", "reason", "The reason is empty.", "Say why: the digest tells it.")
    if len(shown) > REASON_CHARACTERS:
        mend = f"Use at most {REASON_CHARACTERS} characters."
        raise DecisionError("long_reason", "reason", f"The reason has {len(shown)} characters.", mend)
    return shown
