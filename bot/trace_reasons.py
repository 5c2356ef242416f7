"""Why a message went the way it went, waited or was not sent: the stored codes in an officer's words."""

from collections.abc import Mapping

from bot import ladder
from bot.sentence import Sentence, again, sentence, spoken
from bot.values import Say

KINDS: Mapping[str, Sentence] = {
    "reply": sentence("A reply."),
    "receipt": sentence("A receipt."),
    "notice": sentence("A notice."),
    "stranger": sentence("The neutral answer to somebody unknown."),
    "prompt": sentence("The call to report."),
    "nudge": sentence("The reminder to report."),
    "last_call": sentence("The last call to report."),
    "reminder": sentence("The reminder of a milestone."),
    "overdue": sentence("The notice that a milestone is overdue."),
    "escalation": sentence("The notice to officers that cities are late with a milestone."),
    "digest": sentence("The digest."),
    "alert": sentence("An alert to an officer."),
    "broadcast": sentence("A message to many at once."),
}

# Of occurrences: docs/schedule.md, What is held.
HELD: Mapping[str, Sentence] = {
    "day_off": sentence("It was a day off."),
    "holiday": sentence("It was a public holiday."),
    "office_hours": sentence("Offices were closed."),
    "quiet_hours": sentence("It was within the quiet hours."),
    "friday_pause": sentence("It was within the Friday pause."),
    "ramadan_hours": sentence("It was outside the hours of Ramadan."),
    "no_consent": sentence("The person has not agreed to messages."),
    "too_early": sentence("It fell due before the person agreed or the deadline was set."),
    "paused": sentence("Messages to the person are paused."),
    "stopped": sentence("The person stopped all messages."),
    "city_paused": sentence("An officer paused the city."),
    "city_excused": sentence("An officer excused the city."),
    "submitted": sentence("The report was there already."),
    "being_answered": sentence("The report was being answered."),
    "same_day": sentence("Another message asked for the same report that day."),
    "newer": sentence("A newer message stands for it."),
    "ceiling": sentence("The person had been sent as many reminders as a week allows."),
    "too_late": sentence("It would have been of no use any more."),
    "no_address": sentence("No address of the person is known."),
    "unreachable": sentence("The person could be reached on no channel."),
    "no_template": sentence("WhatsApp had approved no template for it."),
    "channel_off": sentence("The person's channel was switched off."),
    "restored": sentence("A backup was restored, and the lost system may have sent it."),
    "budget": sentence("A limit of the budget was used up."),
    "country": sentence("The number's country has no prices in the budget."),
    "fault": sentence("Three tries to put it together failed; the log says why."),
}

# Of rows of the outbox: why this way. What is behind a colon says why a better one was passed over.
WAYS: Mapping[str, Sentence] = {
    ladder.NEWEST: sentence("The person wrote there last."),
    ladder.FIRST: sentence("It is the first of the person's channels."),
    ladder.NEXT: sentence("A better way was tried before."),
}
PASSED: Mapping[str, Sentence] = {
    "blocked": sentence("{channel} could not be used: blocked there.", channel="…"),
    "unknown": sentence("{channel} could not be used: the address is unknown there.", channel="…"),
    "not_started": sentence("{channel} could not be used: the person has not pressed Start.", channel="…"),
    ladder.UNREACHABLE: sentence("{channel} could not be used: the address is not reachable.", channel="…"),
    ladder.OFF: sentence("{channel} could not be used: it is switched off.", channel="…"),
    ladder.WINDOW_CLOSED: sentence(
        "{channel} could not be used: its window was closed, and no template is approved.", channel="…"
    ),
    "window closed": sentence("{channel} could not be used: its window was closed.", channel="…"),
    "template refused": sentence("{channel} could not be used: the template was refused.", channel="…"),
    "not delivered": sentence("{channel} could not be used: it was not delivered there.", channel="…"),
}
_AGAIN = "sent again by person "

CHANNELS: Mapping[str, str] = {
    "telegram": "Telegram",
    "whatsapp": "WhatsApp",
    "whatsapp_template": "WhatsApp",
    "sms": "SMS",
    "email": "e-mail",
    "chat": "chat",
}  # as everywhere operators read them
PROVIDERS: Mapping[str, str] = {"telegram": "Telegram", "whatsapp": "Twilio", "sms": "Twilio"}


def kind_in(say: Say, kind: str) -> str:
    """Return what sort of message it is."""
    return spoken(KINDS[kind], say) if kind in KINDS else _other(say, kind)


def held_in(say: Say, reason: str) -> str:
    """Return why the schedule held or dropped something; "" without a reason."""
    if not reason:
        return ""
    return spoken(HELD[reason], say) if reason in HELD else _other(say, reason)


def way_in(say: Say, reason: str) -> list[str]:
    """Return why a message went this way, a sentence for each better way that was passed over."""
    return [_way_in(say, each) for each in reason.split("; ") if each]


def _way_in(say: Say, reason: str) -> str:
    if reason in WAYS:
        return spoken(WAYS[reason], say)
    if reason.startswith(_AGAIN):
        return say("Person {person} asked to send it again.", person=reason.removeprefix(_AGAIN))
    channel, _, why = reason.partition(": ")
    if why not in PASSED:
        return _other(say, reason)
    return spoken(again(PASSED[why].template, {"channel": CHANNELS.get(channel, channel)}), say)


def _other(say: Say, reason: str) -> str:
    return say("Reason: {reason}", reason=reason)
