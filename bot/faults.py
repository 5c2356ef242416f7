"""What an operator must mend, in words: what is wrong, and what to do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from bot.say import begun_right
from bot.values import Say


class FaultKind(StrEnum):
    """What is wrong."""

    REFUSED = "refused"  # token, account or sender: nothing leaves on the channel
    DOWN = "down"  # the provider has not answered for a while
    CODE = "code"  # messages are refused for a reason that only an operator can mend
    TEMPLATE = "template"  # rejected, paused or disabled
    WEBHOOK = "webhook"  # people's messages do not arrive
    LOST = "lost"  # what people wrote in a long outage never arrived
    ZONE = "zone"  # a city's time zone is not known


@dataclass(frozen=True, slots=True)
class Words:
    """A fault in words."""

    what: str
    mend: str

    @property
    def together(self) -> str:
        """Return both as one text."""
        return begun_right(f"{self.what}\n{self.mend}")


NAMES: Mapping[str, str] = {
    "telegram": "Telegram",
    "whatsapp": "WhatsApp",
    "sms": "SMS",
    "email": "E-mail",
}  # proper names, the same in every language


def fault_words(say: Say, kind: str, subject: str, code: str, detail: str) -> Words:
    """Return the fault in words; `detail` stands in the provider's, `code` is the provider's or a cause."""
    why = f"{code} {detail}".strip() if code.isdecimal() else detail
    return _WORDS[FaultKind(kind)](say, NAMES.get(subject, subject), why or code)


def _refused(say: Say, name: str, why: str) -> Words:
    return Words(
        say("{channel}: every message is refused ({why}). Messages wait.", channel=name, why=why),
        say("Please check the account, its token and its sender at the provider, then run griot doctor."),
    )


def _down(say: Say, name: str, why: str) -> Words:
    return Words(
        say(
            "{channel}: no answer from the provider for a while ({why}). Messages wait.",
            channel=name,
            why=why,
        ),
        say("Nothing is lost. If it lasts, please look at the provider's status page and at your network."),
    )


def _code(say: Say, name: str, why: str) -> Words:
    return Words(
        say("{channel}: the provider refuses messages to some people ({why}).", channel=name, why=why),
        say("Please look up this code in the table of errors in the documentation of the channel."),
    )


def _template(say: Say, name: str, why: str) -> Words:
    return Words(
        say("The WhatsApp template {name} can no longer be used ({why}).", name=name, why=why),
        say("Please run griot templates status. Until it is mended other channels are used."),
    )


def _webhook(say: Say, name: str, why: str) -> Words:
    return Words(
        say("{channel}: what people write does not arrive ({why}).", channel=name, why=why),
        say("Please check that the web process answers at BASE_URL, then run griot webhooks set."),
    )


def _lost(say: Say, name: str, why: str) -> Words:
    return Words(
        say("{channel}: what people wrote in a long outage may be lost ({why}).", channel=name, why=why),
        say("People with an open report are asked to send their last answer again."),
    )


def _zone(say: Say, name: str, why: str) -> Words:
    return Words(
        say("City {name}: its time zone {zone} is not known here. Another one is used.", name=name, zone=why),
        say("Please correct it in cities.yaml if it is wrong there, then run griot programme load."),
    )


_WORDS: Mapping[FaultKind, Callable[[Say, str, str], Words]] = {
    FaultKind.REFUSED: _refused,
    FaultKind.DOWN: _down,
    FaultKind.CODE: _code,
    FaultKind.TEMPLATE: _template,
    FaultKind.WEBHOOK: _webhook,
    FaultKind.LOST: _lost,
    FaultKind.ZONE: _zone,
}


def send_again(say: Say, since: str, until: str) -> str:
    """Return what people with an open question are told after an outage in which their reply may be lost."""
    return begun_right(
        say(
            "I could not be reached from {since} to {until}. If you answered in that time, please send your"
            " last answer again.",
            since=since,
            until=until,
        )
    )
