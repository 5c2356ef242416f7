"""What every channel is: how it is verified, read and written to."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Protocol, TypeGuard, runtime_checkable

from bot.values import Heard, Message
from channels.cleaning import clean

NEVER_CALLED = "held until its lease could not cover a call"
GIVEN_UP = "given up: the process ends"


def always() -> bool:
    """Tell that a message may leave."""
    return True


class SignatureError(Exception):
    """The request does not prove that it comes from the provider."""


class BodyError(Exception):
    """The body is not what the provider sends (not JSON, too deep, no id)."""


class Failure(StrEnum):
    """Why a send failed; knows what follows."""

    NOT_SENT = "not_sent"  # never left: connection refused, pool exhausted; try again
    THROTTLED = "throttled"  # wait `retry_after` seconds, then again
    UNKNOWN = "unknown"  # may have left: at most one repeat, then uncertain
    UNREACHABLE = "unreachable"  # no such address, never started
    BLOCKED = "blocked"  # the person blocked or left
    REJECTED = "rejected"  # our message is at fault: do not repeat
    MISCONFIGURED = "misconfigured"  # token or account: the operator must act; keep the row
    WINDOW_CLOSED = "window_closed"  # only an approved template may open the conversation
    TEMPLATE_REFUSED = "template_refused"  # missing, paused or withheld: the operator must act
    OPTED_OUT = "opted_out"  # the person told the provider to stop: stop everywhere
    OTHER_CHANNEL = "other_channel"  # not on this channel now; the address stays good
    LATER = "later"  # not within hours on this channel; the address stays good

    @property
    def may_retry(self) -> bool:
        """Tell whether the same message may be sent again."""
        return self in {Failure.NOT_SENT, Failure.THROTTLED, Failure.MISCONFIGURED}

    @property
    def next_rung(self) -> bool:
        """Tell whether the message should go on another way (contract section 5, the ladder)."""
        return self in {
            Failure.UNREACHABLE,
            Failure.BLOCKED,
            Failure.WINDOW_CLOSED,
            Failure.TEMPLATE_REFUSED,
            Failure.OTHER_CHANNEL,
            Failure.LATER,
        }

    @property
    def opts_out(self) -> bool:
        """Tell whether this counts as the person's STOP."""
        return self == Failure.OPTED_OUT


class SendError(Exception):
    """A send failed: the kind of failure, the provider's code and words, and how long to wait (seconds).

    `for_operator`: only an operator can mend it, though others may still be written to.
    """

    def __init__(
        self,
        failure: Failure,
        detail: str,
        *,
        code: str = "",
        retry_after: float | None = None,
        moved_to: str = "",
        for_operator: bool = False,
    ) -> None:
        super().__init__(detail)
        self.failure = failure
        self.detail = clean(detail)
        self.code = code
        self.retry_after = retry_after
        self.for_operator = for_operator
        self.moved_to = moved_to  # the new address, when the provider says that the chat moved


def told_of(error: SendError) -> dict[str, str]:
    """Return what the log may tell of a failure: its kind and the provider's code, never its words."""
    return {"failure": error.failure, "code": error.code}


class Lack(StrEnum):
    """Why a file could not be fetched; knows what follows."""

    LATER = "later"  # no answer, throttled, token or account refused: try again
    GONE = "gone"  # the provider does not have it any more
    REFUSED = "refused"  # too large, or from where nothing is fetched
    UNSAFE = "unsafe"  # fetched, and refused by the operator's scan


class FetchError(Exception):
    """A file could not be fetched: the kind of lack, words without an address, how long to wait (seconds)."""

    def __init__(self, lack: Lack, detail: str, *, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.lack = lack
        self.detail = clean(detail)
        self.retry_after = retry_after


def too_large(most_bytes: int) -> FetchError:
    """Return the refusal of a file that is larger than what is kept."""
    return FetchError(Lack.REFUSED, f"larger than {most_bytes // 1_000_000} MB")


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file as the provider has it; its type is read from its content."""

    content: bytes


@dataclass(frozen=True, slots=True)
class Limits:
    """What one message may hold; messages are fitted, never cut blindly."""

    characters: int
    buttons: int
    label: int  # characters of a button's label


@dataclass(frozen=True, slots=True)
class Envelope:
    """All that the web process needs of a body."""

    provider_id: str  # unique on the channel
    sender: str  # replies of one sender are handled in order; "" when nobody sent it
    acknowledge: str = ""  # a body for the 200 that stops the provider's spinner


@dataclass(frozen=True, slots=True)
class Inbound:
    """One reply, as parsed by the worker."""

    address: str  # where answers go
    heard: Heard
    language: str = ""  # the provider's guess: a primary subtag
    is_private: bool = True
    also: str = ""  # another address of whoever wrote, as the provider knows it


class Reach(StrEnum):
    """What a person did to the channel itself."""

    BLOCKED = "blocked"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class Receipt:
    """News about an address or a message sent."""

    address: str = ""
    reach: Reach | None = None
    provider_id: str = ""
    state: str = ""  # sent, delivered, read or failed; "" for a state that says nothing new
    reference: str = ""  # the outbox row's id, where the provider hands it back
    failure: Failure | None = None  # with state failed; None for a state that is no failure
    code: str = ""  # the provider's
    detail: str = ""  # the provider's words, or ours for its code
    for_operator: bool = False  # only an operator can mend it, though others may still be written to


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to one address."""

    address: str
    message: Message
    reference: str = ""  # the outbox row's id
    content_sid: str = ""  # the approved template to send, filled with `message.opening.values`, or:
    is_tapped: bool = False  # it is the content of the window with text and options as values
    valid_for: int = 0  # seconds after which it is of no use any more; 0: it always is


class Channel(Protocol):
    """One way to reach a person."""

    name: str
    limits: Limits

    def verify(self, url: str, headers: Mapping[str, str], body: bytes) -> None:
        """Return when the request is the provider's; raise SignatureError otherwise."""
        ...

    def envelope(self, body: bytes) -> Envelope:
        """Return the id and the sender; raise BodyError for what the provider would never send."""
        ...

    def parse(self, body: bytes) -> list[Inbound | Receipt]:
        """Return what the body says; [] for what Griot does not use."""
        ...

    def send(self, out: Outgoing) -> str:
        """Return the provider's id of the message sent; raise SendError."""
        ...


@runtime_checkable
class Begins(Protocol):
    """A channel whose calls take no thread while they wait for the provider."""

    def begin(self, out: Outgoing, may_leave: Callable[[], bool]) -> Future[str]:
        """Return at once what `send` will come to, a result or an error.

        `may_leave` is asked just before the call; where it says no, that is a SendError with NEVER_CALLED.
        """
        ...


@runtime_checkable
class Finds(Protocol):
    """A channel that can be asked whether it has a message already."""

    def find(self, out: Outgoing, since: datetime) -> str | None:
        """Return the provider's id of this message if it was taken since then, else None; raise SendError."""
        ...


@runtime_checkable
class Invites(Protocol):
    """A channel that a link leads to, with an invitation code in it."""

    def invite_url(self, code: str) -> str:
        """Return the link, "" where there is none; raise SendError when the provider must be asked."""
        ...


@runtime_checkable
class Bills(Protocol):
    """A channel that may bill one message as several."""

    def parts(self, message: Message) -> int:
        """Return how many messages this one is billed as."""
        ...


def parts_of(channels: Mapping[str, Channel], channel: str, message: Message) -> int:
    """Return how many messages this one is billed as on a channel; on one that is off, one."""
    found = channels.get(channel)
    return found.parts(message) if found is not None and _bills(found) else 1


def begins(channel: Channel) -> TypeGuard[Begins]:
    """Tell whether its calls take no thread."""
    return _has(type(channel), Begins)


def _bills(channel: Channel) -> TypeGuard[Bills]:
    return _has(type(channel), Bills)


@cache  # Python looks through both classes each time: 15 µs for every message that leaves
def _has(kind: type, protocol: type) -> bool:
    return issubclass(kind, protocol)


@runtime_checkable
class Fetches(Protocol):
    """A channel whose messages may carry files."""

    def fetch(self, ref: str, most_bytes: int) -> Fetched:
        """Return the file of this reference, at most so large; raise FetchError."""
        ...


@runtime_checkable
class Forgets(Protocol):
    """A channel that can be told to delete a file that is stored here."""

    def forget(self, ref: str) -> None:
        """Delete the file of this reference; one that is gone is no error. Raise SendError or OSError."""
        ...
