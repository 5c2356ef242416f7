"""The invitation code in what somebody writes."""

import re
from dataclasses import replace

from channels.base import Inbound
from models.invite import looks_like_code

_JOIN = re.compile(r"\s*/?(?:start|join)\s+(\S.{0,63})", re.IGNORECASE)


def code_in(text: str) -> str | None:
    """Return what follows START or JOIN, or a text that is a code by itself; else None."""
    joining = _JOIN.fullmatch(text)
    if joining:
        return joining[1]
    is_typed_so = text.isupper() or len(text.split()) == 1  # "hello again" has as many letters as a code
    return text if is_typed_so and looks_like_code(text) else None


def without_code(news: Inbound) -> Inbound:
    """Return a known person's message; an invitation that binds nobody asks only for what is open."""
    joining = _JOIN.fullmatch(news.heard.text)
    if joining is None or not looks_like_code(joining[1]):
        return news
    return replace(news, heard=replace(news.heard, text="start"))
