"""What each channel would show of a message: its text, buttons and parts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from bot.schedule import DIGEST
from bot.values import Message, Say
from channels.fitting import beside_its_button, fit, one_line, shorten, written
from channels.sms_text import folded, in_parts, units
from channels.telegram import Telegram
from channels.twilio import Twilio

MOST_REPLIES = 3  # buttons of a WhatsApp template that answer at a tap
ANSWERS = frozenset({"reply", "receipt", "notice", "stranger"})  # kinds that answer somebody


@dataclass(frozen=True, slots=True)
class Look:
    """A message as one channel shows it."""

    parts: tuple[str, ...]  # one text; several where it travels in parts
    options: tuple[str, ...] = ()  # labels of buttons
    last: str = ""  # a last button that is not an option
    units: int = 0  # characters as an SMS counts them
    is_template: bool = False
    subject: str = ""
    has_html: bool = False


def on_telegram(message: Message, _is_open: bool) -> Look:
    """Return the text with its numbered options, a button for each, and the last one."""
    limits = Telegram.limits
    labels = tuple(shorten(one_line(label), limits.label) for label in message.options)
    return Look((fit(beside_its_button(message), limits),), labels, one_line(message.last))


def on_whatsapp(message: Message, is_open: bool) -> Look:
    """Return the numbered text; out of the 24 hours after the newest reply, the template's buttons."""
    if message.opening is None or is_open:
        return Look((fit(message, Twilio.limits),))
    text = fit(replace(message, options=()), Twilio.limits)
    return Look((text,), message.options[:MOST_REPLIES], is_template=True)


def by_sms(message: Message, _is_open: bool) -> Look:
    """Return the text as it is billed."""
    text = folded(fit(message, Twilio.limits))
    return Look(in_parts(text), units=units(text))


def by_mail(message: Message, _is_open: bool) -> Look | None:
    """Return what Griot writes by itself; None for answers, which nobody gets by e-mail."""
    if message.kind in ANSWERS:
        return None
    return Look(
        (written(message),), subject=message.subject, has_html=bool(message.html) or message.kind == DIGEST
    )


def cost(look: Look, say: Say) -> str:
    """Return how a message is billed as SMS, in words; "" elsewhere."""
    if not look.units:
        return ""
    return say.count(
        "{n} part, {units} characters", "{n} parts, {units} characters", len(look.parts), units=look.units
    )


def buttons_of(look: Look, say: Say) -> str:
    """Return how many buttons a message has, in words; "" for none."""
    n = len(look.options) + bool(look.last)
    return say.count("{n} button", "{n} buttons", n) if n else ""


Rendering = Callable[[Message, bool], Look | None]  # `is_open`: WhatsApp's window, when the message left
RENDERINGS: Mapping[str, Rendering] = {
    "telegram": on_telegram,
    "whatsapp": on_whatsapp,
    "sms": by_sms,
    "email": by_mail,
}
