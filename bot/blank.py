"""A form as one text, to be filled in offline and sent back."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.forms.form import Form, Question
from bot.forms.sheet import Sheet
from bot.lines import in_writing
from bot.questions.base import label_in
from bot.session import Filling, Session

_ROOMS = {"telegram": 4096, "chat": 4096}  # characters of one message; elsewhere:
_ROOM = 1600
_LENGTH_VARIES = 0.98  # a provider may count a sign as two


@dataclass(frozen=True, slots=True)
class _Size:
    """How much of a question is written."""

    label: int  # characters
    option: int  # characters of each
    options: int  # a longer list is left out: its labels can be typed


_FULL, _SHORT, _SHORTEST = _Size(500, 80, 12), _Size(24, 18, 8), _Size(24, 0, 0)


def blank(filling: Filling, header: str, channel: str) -> str:
    """Return the header and a line a question, numbered in the form's order, as one text of a channel.

    By SMS labels are short; elsewhere where the whole would not fit. What fits in no size is left out at the
    end: it is asked when the text comes back.
    """
    room = int(_ROOMS.get(channel, _ROOM) * _LENGTH_VARIES)
    sizes = (_SHORT, _SHORTEST) if channel == "sms" else (_FULL, _SHORT, _SHORTEST)
    texts = ("\n".join((header, *_lines(filling, size))) for size in sizes)
    written = next((text for text in texts if len(text) <= room), None)
    return written or _within("\n".join((header, *_lines(filling, _SHORTEST))), room)


def _within(text: str, room: int) -> str:
    return text[: room + 1].rpartition("\n")[0]


def _lines(filling: Filling, size: _Size) -> Iterator[str]:
    nobody = Filling(filling.form, Session(), filling.hidden, filling.now, filling.say, filling.previous)
    sheet = nobody.sheet()
    for number, question in enumerate(in_writing(filling.form), start=1):
        path = _first_path(filling.form, question.path)
        label = _cut(_plain(sheet.label(path, filling.say.language, filling.say.value)), size)
        options = _options(filling, sheet, question, path, size)
        condition = filling.say("(if it applies)") if _is_conditional(filling, question) else ""
        head = " ".join(filter(None, (f"{number})", label, options, condition)))
        yield f"{head} " if head.endswith(("?", "؟")) else f"{head}: "


def _first_path(form: Form, path: str) -> str:
    """Return the path of a question in the first round of each repeat around it."""
    for repeat in sorted((each.path for each in form.repeats), key=len, reverse=True):
        if path.startswith(f"{repeat}/"):
            path = f"{repeat}[1]{path[len(repeat) :]}"
    return path


def _options(filling: Filling, sheet: Sheet, question: Question, path: str, size: _Size) -> str:
    choices = sheet.choices(path) if question.choices else ()
    if not 0 < len(choices) <= size.options:
        return ""
    labels = (_plain(label_in(choice, filling.say.language)) for choice in choices)
    whole = [re.sub(r"[()]", "", label) for label in labels]
    short = [_shortened(label, size.option) for label in whole]
    named = short if len(set(short)) == len(short) else whole
    listed = (f"{number} {label}" for number, label in enumerate(named, start=1))
    return "(" + ("/" if size is _SHORT else " / ").join(listed) + ")"


def _is_conditional(filling: Filling, question: Question) -> bool:
    """Tell whether the question, or a group around it, is asked only where something holds."""
    names, nodes = question.path.split("/"), filling.form.compiled.nodes
    around = ("/".join(names[:depth]) for depth in range(1, len(names) + 1))
    return any(path in nodes and nodes[path].relevant is not None for path in around)


def _cut(label: str, size: _Size) -> str:
    """Return a label of at most this size, a shorter one without the brackets at its end."""
    return label if size is _FULL else _shortened(re.sub(r"\s*\([^()]*\)$", "", label), size.label)


def _plain(label: str) -> str:
    return " ".join(label.split())


def _shortened(label: str, most: int) -> str:
    """Return a label cut at a word, without sign: what is left still begins it."""
    if len(label) <= most:
        return label
    return label[: most + 1].rpartition(" ")[0].rstrip(" ,;:،؛(") or label[:most]
