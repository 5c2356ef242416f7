"""A message as a row of the outbox keeps it."""

from collections.abc import Mapping, Sequence

from bot.values import Invitation, Message, Opening, Skip
from models.base import Json
from models.unreadable import UNREADABLE

TERMINAL = "chat"  # the channel that tells programs which question it asks


def rest_of(message: Message, channel: str) -> dict[str, Json]:
    """Return what the other columns do not hold, without what is empty or the channel has no use for.

    Of a token that no button bears one letter stays: that this is a question.
    """
    is_terminal = channel == TERMINAL
    rest = {
        "options": list(message.options),
        "finish": message.finish,
        "skip": [message.skip.label, message.skip.words] if message.skip else None,
        "token": message.token if is_terminal or _has_buttons(message) else message.token[:1],
        "question": message.question if is_terminal else None,
        "replaces": message.replaces,
        "opening": _opening_row(message.opening),
        "subject": message.subject,
        "html": message.html,
        "invitation": invitation_row(message.invitation),
    }
    return {name: value for name, value in rest.items() if value}


def message_from(text: str, rest: Mapping[str, Json], kind: str) -> Message:
    """Return the message of these columns, as its channel sends it."""
    return Message(
        text,
        tuple(rest.get("options", ())),
        finish=rest.get("finish", ""),
        skip=Skip(*rest["skip"]) if rest.get("skip") else None,
        token=rest.get("token", ""),
        question=rest.get("question"),
        replaces=rest.get("replaces", ""),
        kind=kind,
        opening=_opening_from(rest.get("opening")),
        subject=rest.get("subject", ""),
        html=rest.get("html", ""),
        invitation=invitation_from(rest.get("invitation")),
    )


def counted_from(text: str, rest: Mapping[str, Json], kind: str) -> Message:
    """Return the message as `message_from` does, its text alone where the rest cannot be read."""
    try:
        return message_from(text, rest, kind)
    except UNREADABLE:
        return Message(text, kind=kind)


def invitation_row(invitation: Invitation | None) -> list[Json] | None:
    """Return what is stored of an invitation: never its code."""
    return [invitation.person, invitation.words] if invitation else None


def invitation_from(row: Sequence[Json] | None) -> Invitation | None:
    """Return the invitation that was stored, its code still to be made."""
    return Invitation(row[0], row[1]) if row else None


def _has_buttons(message: Message) -> bool:
    return bool(message.labels or message.opening)


def _opening_row(opening: Opening | None) -> list[Json] | None:
    return [opening.kind, opening.language, *opening.values] if opening else None


def _opening_from(row: Sequence[str] | None) -> Opening | None:
    return Opening(row[0], row[1], tuple(row[2:])) if row else None
