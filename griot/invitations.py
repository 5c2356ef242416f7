"""An invitation within an alert: its code is made as the alert leaves, its links outside any transaction."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from bot.values import LINK, Message
from channels.base import Channel, Invites, SendError
from models.base import Db
from models.invite import invite
from models.person import PersonError
from models.sending import Claimed


def with_code(db: Db, row: Claimed, at: datetime) -> Claimed:
    """Return a claimed message with a new code for who it invites; without one for somebody erased."""
    invitation = row.message.invitation
    if invitation is None or invitation.code:
        return row
    try:
        made = replace(invitation, code=invite(db, invitation.person, at))
    except PersonError:
        made = None
    return replace(row, message=replace(row.message, invitation=made))


def with_links(message: Message, channels: Iterable[Channel]) -> Message:
    """Return the message with the link of each channel that has one; else with what to write to Griot.

    Telegram may have to be asked for the bot's name: call it outside any transaction.
    """
    invitation = message.invitation
    if invitation is None:
        return message
    links = [link for channel in channels if (link := _link(channel, invitation.code))]
    words = invitation.words.replace(LINK, " ".join(links) or f"JOIN {invitation.code}")
    return replace(message, text=f"{message.text}\n{words}", invitation=None)


def _link(channel: Channel, code: str) -> str:
    try:
        return channel.invite_url(code) if isinstance(channel, Invites) else ""
    except SendError:
        return ""
