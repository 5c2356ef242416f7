"""WhatsApp and SMS through Twilio: how a webhook is verified and read, and what leaves."""

import hmac
import json
import threading
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from bot.tapping import BODY
from bot.values import Message, Opening
from channels import twilio_webhooks
from channels.base import (
    BodyError,
    Envelope,
    Failure,
    Fetched,
    Inbound,
    Limits,
    Outgoing,
    Receipt,
    SendError,
    SignatureError,
)
from channels.fitting import beside_its_button, fit, length, one_line, shorten
from channels.sms_text import folded, parts
from channels.whatsapp_marks import unmarked

if TYPE_CHECKING:
    from channels.twilio_calls import Calls

SIGNATURE = "X-Twilio-Signature"
SIGNATURE_SETTINGS = "X-Twilio-Webhooks-Signature-Settings"
CHARACTERS = 1600  # Messages resource, Body; on every channel (21617)
CONTENT_VALUE = 200  # characters of one value in a template; its body holds 1024 in all
LISTED = 50  # messages of one person looked through for one that may have left
LONGEST_VALID = 36000  # seconds that Twilio keeps what it cannot pass on (ValidityPeriod), also unasked
MOST_MEDIA = 10  # attachments of one message (Messages resource, MediaUrl)
EARLIER = timedelta(minutes=1)  # how much earlier messages are listed: DateSent knows seconds only
MISSED = 10_000  # messages that are looked through at once, ours among them, the newest first
PAGE = 1000  # messages that a list shows at once (Messages resource, PageSize)
_ALGORITHMS = frozenset({"HMAC_SHA1", "HMAC_SHA256"})


@dataclass(frozen=True, slots=True)
class Account:
    """One account at Twilio, and how it reaches us."""

    sid: str
    tokens: Sequence[str]  # the first signs our calls; a webhook may be signed with any
    base_url: str  # of Griot: where statuses are sent
    service: str = ""  # SID of a messaging service, instead of one sender
    api_url: str = "https://api.twilio.com"
    content_url: str = "https://content.twilio.com"
    timeout: float = 20.0  # seconds for a whole call


class Twilio:
    """One of the channels `whatsapp` and `sms`; see the functions of these names.

    The web process uses `verify` and `envelope` only: what calls Twilio is imported at the first call.
    """

    limits = Limits(characters=CHARACTERS, buttons=0, label=0)

    def __init__(
        self, name: str, account: Account, sender: str, prefix: str, written: Callable[[str], str]
    ) -> None:
        self.name = name
        self._account = account
        self._sender = sender
        self._prefix = prefix
        self._written = written
        self._opening = threading.Lock()
        self._calls: Calls | None = None

    def verify(self, url: str, headers: Mapping[str, str], body: bytes) -> None:
        """Return when one of our tokens signed the address and the form; raise SignatureError.

        With a settings header the algorithm is the one it names, and a token a shared key's secret.
        """
        signature = _header(headers, SIGNATURE)
        settings = _header(headers, SIGNATURE_SETTINGS)
        if not signature:
            raise SignatureError("the signature is missing or odd")
        tokens = [token for token in self._account.tokens if token]
        signed = _signed(url, _header(headers, "Content-Type"), body)
        if (
            not settings
            and isinstance(signed, _Values)
            and _is_plainly_signed(url, signed, signature, tokens)
        ):
            return
        if not _is_signed(url, signed, signature, settings, tokens):
            raise SignatureError("the signature is wrong")

    def envelope(self, body: bytes) -> Envelope:
        """Return MessageSid and the sender's address; of a status the id with what it says.

        Raise BodyError when there is no MessageSid.
        """
        return twilio_webhooks.read_envelope(body)

    def parse(self, body: bytes) -> list[Inbound | Receipt]:
        """Return the reply or the receipt; [] for what Griot does not use, or is of the other channel."""
        if twilio_webhooks.is_whatsapp(body) != bool(self._prefix):
            return []
        return twilio_webhooks.read_webhook(body)

    def send(self, out: Outgoing) -> str:
        """Return the SID of the message that Twilio took; raise SendError."""
        return self.calls.create(self._request(out))

    def begin(self, out: Outgoing, may_leave: Callable[[], bool]) -> Future[str]:
        """Return at once what `send` will come to."""
        return self.calls.begin(partial(self._request, out), may_leave)

    def invite_url(self, code: str) -> str:
        """Return the link that opens a chat with `JOIN CODE` typed (WhatsApp, click to chat); "" by SMS."""
        if not (self._prefix and self._sender):
            return ""
        return f"https://wa.me/{self._sender.removeprefix('+')}?text={quote(f'JOIN {code}')}"

    def parts(self, message: Message) -> int:
        """Return how many parts of an SMS the message leaves in; on WhatsApp it is one."""
        return 1 if self._prefix else parts(self._written(fit(message, self.limits)))

    def fetch(self, ref: str, most_bytes: int) -> Fetched:
        """Return the attachment at this address of a webhook (MediaUrl0); raise FetchError."""
        return self.calls.fetch(ref, most_bytes)

    def forget(self, ref: str) -> None:
        """Delete an attachment at Twilio, which keeps it else; raise SendError."""
        self.calls.forget(ref)

    def find(self, out: Outgoing, since: datetime) -> str | None:
        """Return the SID of this message if Twilio has taken it since then (aware), or None; raise SendError.

        Before a message that may have left is repeated: the newest one to this person with this text.
        """
        asked = self._request(out)
        query = {"To": asked["To"], **_sent_after(since - EARLIER)}
        earliest = since.replace(microsecond=0)
        for message in self.calls.messages(query, LISTED, LISTED):
            is_ours = str(message.get("direction")).startswith("outbound")
            created = _time_of(message.get("date_created"))
            is_new = created is None or created >= earliest
            if is_ours and is_new and self._says(str(message.get("body") or ""), out):
                return str(message["sid"])
        return None

    def missed(self, since: datetime) -> list[tuple[datetime, bytes]]:
        """Return what people wrote since then (aware), oldest first: when, and the webhook's body.

        Twilio does not insist when Griot is down. A button's choice comes as its label, a place not at all.
        Raise SendError.
        """
        ours = {"To": self._prefix + self._sender} if self._sender else {}
        found = self.calls.messages({**ours, **_sent_after(since)}, MISSED, PAGE)
        came = [
            one for one in found if one.get("direction") == "inbound" and self._is_mine(str(one.get("from")))
        ]
        return [(_time_of(one.get("date_sent")) or since, self._webhook(one)) for one in reversed(came)]

    def check(self) -> None:
        """Return when the account answers to its SID and token; raise SendError."""
        self.calls.messages({}, 1, 1)

    @property
    def calls(self) -> "Calls":
        """Return the calls of Twilio's API; their thread starts at the first one (after a fork)."""
        from channels.twilio_calls import Calls, Origins  # the web process never needs it

        with self._opening:
            if self._calls is None:
                one = self._account
                token = one.tokens[0] if one.tokens else ""
                self._calls = Calls(one.sid, token, Origins(one.api_url, one.content_url), one.timeout)
            return self._calls

    def close(self) -> None:
        """Close the connections; a later call opens them again."""
        with self._opening:
            if self._calls is not None:
                self._calls.close()
                self._calls = None

    def _is_mine(self, sender: str) -> bool:
        return sender.startswith(twilio_webhooks.WHATSAPP) == bool(self._prefix)

    def _webhook(self, message: Mapping[str, Any]) -> bytes:
        """Return what a webhook would have brought of a listed message."""
        form = {
            "MessageSid": message["sid"],
            "From": message.get("from") or "",
            "To": message.get("to") or "",
            "Body": message.get("body") or "",
            "NumMedia": message.get("num_media") or "0",
            twilio_webhooks.FETCHED: "1",
        }
        if form["NumMedia"] != "0":
            for number, one in enumerate(self.calls.attachments(str(message["sid"]), MOST_MEDIA)):
                address = str(one.get("uri") or "").removesuffix(".json")
                form[f"MediaUrl{number}"] = self._account.api_url.rstrip("/") + address
                form[f"MediaContentType{number}"] = one.get("content_type") or ""
        return urlencode(form).encode()

    def _request(self, out: Outgoing) -> dict[str, str]:
        """Return the fields of a message; raise SendError for one that no rule would let pass."""
        if not twilio_webhooks.is_address(out.address, is_whatsapp=bool(self._prefix)):
            raise SendError(Failure.UNREACHABLE, f"the address is none of {self.name}")
        query = f"?{twilio_webhooks.REFERENCE}={quote(out.reference)}" if out.reference else ""
        asked = {
            "To": self._prefix + out.address,
            "StatusCallback": f"{self._account.base_url.rstrip('/')}/webhooks/twilio/status{query}",
            **self._from(),
        }
        if 0 < out.valid_for < LONGEST_VALID:
            asked["ValidityPeriod"] = str(out.valid_for)
        if out.content_sid and not out.is_tapped:
            values = content_variables(out.message.opening, out.message.token)
            return asked | {"ContentSid": out.content_sid, "ContentVariables": json.dumps(values)}
        text = self._text(out)
        if not out.content_sid or length(text) > BODY:
            return asked | {"Body": text}
        values = tapped_variables(text, out.message)
        return asked | {"ContentSid": out.content_sid, "ContentVariables": json.dumps(values)}

    def _says(self, body: str, out: Outgoing) -> bool:
        """Tell whether a listed message is this one: its text, or a template with all its values.

        The try before may have left with a button where this one has words, or the other way round. A trial
        account puts words of Twilio's before each text.
        """
        if not out.content_sid or out.is_tapped:
            both = {self._text(out), self._text(replace(out, is_tapped=not out.is_tapped))}
            return one_line(body).endswith(tuple(map(one_line, both)))
        values = content_variables(out.message.opening, "").values()
        return all(value in one_line(body) for value in values if value != "-")

    def _from(self) -> dict[str, str]:
        if self._account.service:
            return {"MessagingServiceSid": self._account.service}
        return {"From": self._prefix + self._sender}

    def _text(self, out: Outgoing) -> str:
        """Return the text as it leaves; where it has its button it says no more how to skip."""
        if out.is_tapped and length(beside := self._fitted(beside_its_button(out.message))) <= BODY:
            return beside
        return self._fitted(out.message)

    def _fitted(self, message: Message) -> str:
        text = fit(message, self.limits)
        if not text:
            raise SendError(Failure.REJECTED, "the message is empty")
        written = self._written(text)
        return written if length(written) <= CHARACTERS else text


def whatsapp(account: Account, sender: str) -> Twilio:
    """Return the channel WhatsApp, whose marks format nothing; sender `+E164`, "" with a service."""
    return Twilio("whatsapp", account, sender, twilio_webhooks.WHATSAPP, unmarked)


def sms(account: Account, sender: str) -> Twilio:
    """Return the channel SMS; texts are written without accents where that takes fewer parts."""
    return Twilio("sms", account, sender, "", folded)


def content_variables(opening: Opening | None, token: str) -> dict[str, str]:
    """Return the values of a template, numbered from "1", and last the token of its buttons.

    No line breaks and no runs of spaces (63013), and nothing empty (63028).
    """
    values = [
        unmarked(shorten(one_line(value), CONTENT_VALUE)) or "-"
        for value in (opening.values if opening else ())
    ]
    return {str(number): value for number, value in enumerate([*values, token or "-"], start=1)}


def tapped_variables(text: str, message: Message) -> dict[str, str]:
    """Return the values of a content of the window: the whole text, each label, and the token."""
    values = [text, *map(one_line, message.labels), message.token]
    return {str(number): value for number, value in enumerate(values, start=1)}


def _sent_after(moment: datetime) -> dict[str, str]:
    """Return what lists messages from this moment on (aware; Messages resource, DateSent)."""
    return {"DateSent>": moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}


def _time_of(text: object) -> datetime | None:
    """Return a time of the API (RFC 2822, aware), or None for what is none."""
    try:
        found = parsedate_to_datetime(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _header(headers: Mapping[str, str], name: str) -> str:
    """Return a header by its name as written here or in small letters, "" for none."""
    return headers.get(name) or headers.get(name.lower(), "")


def _is_plainly_signed(url: str, form: "_Values", signature: str, tokens: Sequence[str]) -> bool:
    """Tell whether a token signed just this address and form (Twilio, Validating requests).

    What nearly every request is, at a tenth of what twilio's validator takes; whoever is not is asked of it.
    """
    pairs = (name + value for name in sorted(form) for value in sorted(set(form[name])))
    text = "".join((url, *pairs)).encode("utf-8", "surrogatepass")
    given = signature.encode("utf-8", "surrogatepass")
    return any(
        hmac.compare_digest(b64encode(hmac.digest(token.encode(), text, "sha1")), given) for token in tokens
    )


def _is_signed(url: str, signed: object, signature: str, settings: str, tokens: Sequence[str]) -> bool:
    """Tell what twilio's validator says: also of other algorithms, of JSON, and of ports left out."""
    from twilio.request_validator import RequestValidator, get_signature_algorithm

    algorithm = get_signature_algorithm(settings).upper()
    return algorithm in _ALGORITHMS and any(
        RequestValidator(token).validate(url, signed, signature, algorithm) for token in tokens
    )


def _signed(url: str, content_type: str, body: bytes) -> object:
    """Return what is signed with the address: the form, or the JSON whose hash the address carries."""
    if "json" in content_type.lower() and "bodySHA256=" in url:
        return body.decode("utf-8", "replace")
    try:
        return _Values(twilio_webhooks.values(body))
    except BodyError as error:
        raise SignatureError(str(error)) from error


class _Values(dict[str, list[str]]):
    """A form as twilio's validator reads one with repeated names."""

    def getlist(self, name: str) -> list[str]:
        return self[name]
