"""The rules of Twilio's Messages API (2010-04-01), the 24-hour window, and signed status callbacks."""

import itertools
import json
import re
import time
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Protocol
from urllib.parse import parse_qsl, urlencode, urlsplit

from twilio.request_validator import RequestValidator

from tests.standin.record import Record, Sent
from tests.standin.telegram import PAGE, Json, Reply
from tests.standin.trouble import Fault, Trouble

ACCOUNT_SID = "AC" + "0" * 32  # fictitious
AUTH_TOKEN = "not-a-real-token-0123456789abcdef"
WHATSAPP = "whatsapp:"
BODY = 1600  # characters
WINDOW = 24 * 3600  # seconds
EVERYBODY = "*"
DONE = ("sent", "delivered")

_KNOWN = frozenset(  # Messages resource, create
    {
        "To",
        "StatusCallback",
        "ApplicationSid",
        "MaxPrice",
        "ProvideFeedback",
        "Attempt",
        "ValidityPeriod",
        "ForceDelivery",
        "ContentRetention",
        "AddressRetention",
        "SmartEncoded",
        "PersistentAction",
        "TrafficType",
        "ShortenUrls",
        "ScheduleType",
        "SendAt",
        "SendAsMms",
        "ContentVariables",
        "RiskCheck",
        "From",
        "FallbackFrom",
        "MessagingServiceSid",
        "Body",
        "MediaUrl",
        "ContentSid",
    }
)
_NUMBER = r"\+[1-9][0-9]{6,14}"
_TO = re.compile(rf"{_NUMBER}|whatsapp:({_NUMBER}|[A-Z]{{2}}\.[!-~]{{1,128}})")
_FROM = re.compile(rf"(whatsapp:)?{_NUMBER}")
_SERVICE, _CONTENT = re.compile(r"MG[0-9a-fA-F]{32}"), re.compile(r"HX[0-9a-fA-F]{32}")
_PATH = re.compile(r"/2010-04-01/Accounts/(AC[0-9a-fA-F]{32})/Messages(?:/((?:SM|MM)[0-9a-fA-F]{32}))?\.json")
_MEDIA = re.compile(r"/2010-04-01/Accounts/AC[0-9a-fA-F]{32}/Messages/((?:SM|MM)[0-9a-fA-F]{32})/Media\.json")
_FILE = re.compile(
    r"/2010-04-01/Accounts/AC[0-9a-fA-F]{32}/Messages/MM[0-9a-fA-F]{32}/Media/(ME[0-9a-fA-F]{32})"
)
_UNFIT, _SPACES = re.compile(r"[\n\r\t]| {5}"), re.compile(r" {5}")
_FAILED = {"rejected": "63040", "paused": "63041", "disabled": "63042"}  # else 63027


class Content(Protocol):
    """A template of this account."""

    status: str

    @property
    def is_list(self) -> bool:
        """Tell whether it is a list picker, which opens no conversation."""
        ...

    def objection(self, variables: Mapping[str, str]) -> str:
        """Return why the filled content is none that WhatsApp shows, or nothing."""
        ...

    def render(self, variables: Mapping[str, str]) -> tuple[str, tuple[tuple[str, str], ...]]:
        """Return text and buttons (label, payload)."""
        ...


class Objection(Exception):
    """A rule is broken: Twilio's code, its words, the HTTP status."""

    def __init__(self, code: int, words: str, status: int = 400) -> None:
        super().__init__(words)
        self.code, self.status = code, status


@dataclass(frozen=True, slots=True)
class Status:
    """One status callback to come."""

    state: str
    code: str = ""
    delay: float = 0.0  # seconds after the one before


@dataclass(frozen=True, slots=True)
class Callback:
    """A status callback, signed, ready to be posted."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    delay: float


@dataclass
class Twilio:
    """One account at Twilio: it answers calls by the rules and keeps what it accepts."""

    record: Record
    contents: Mapping[str, Content] = field(default_factory=dict)  # by sid
    account_sid: str = ACCOUNT_SID
    auth_token: str = AUTH_TOKEN
    clock: Callable[[], float] = time.time
    refuses_at_once: bool = False  # a closed window by the call's answer instead of a status
    is_rfc9457: bool = False  # refusals in the newer form
    refuses_contents: str = ""  # the code with which contents within the window fail
    callbacks_to: str = ""  # origin that statuses are posted to; "" leaves them in `callbacks`
    heard: dict[str, float] = field(default_factory=dict)  # address to when the person last wrote
    opted_out: set[str] = field(default_factory=set)
    most_a_page: int = 1000  # messages that a list shows at once (Messages resource, PageSize)
    plans: dict[str, Sequence[Status]] = field(default_factory=dict)  # what becomes of messages, by address
    callbacks: list[Callback] = field(default_factory=list)
    messages: list[Json] = field(default_factory=list)  # oldest first
    media: dict[str, str] = field(default_factory=dict)  # type of a message's attachment, by SID
    files: dict[str, bytes] = field(default_factory=dict)  # what people attached, by SID
    store: str = ""  # origin that an attachment's address redirects to
    redirects: dict[str, str] = field(default_factory=dict)  # by SID, to another address than the store's
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def clear(self) -> None:
        """Forget everything but the account."""
        for kept in (self.heard, self.opted_out, self.plans, self.callbacks, self.messages, self.media):
            kept.clear()
        self.files.clear()
        self.redirects.clear()
        self.refuses_at_once = self.is_rfc9457 = False
        self.refuses_contents = ""
        self.clock = time.time

    def hears(self, address: str) -> None:
        """Note that a person writes now: the window opens."""
        self.heard[address] = self.clock()

    def loses(self, sender: str, to: str, text: str, media: str = "") -> str:
        """Take a message of a person whose webhook never reaches the product; return its SID.

        `media`: the types of its attachments, with commas.
        """
        fields = {"To": to, "From": sender}
        message = self._message(f"SM{next(self._numbers):032x}", fields, text, self.clock())
        self.messages.append({**message, "direction": "inbound", "status": "received"})
        if media:
            self.messages[-1]["num_media"] = str(media.count(",") + 1)
            self.media[str(message["sid"])] = media
        return str(message["sid"])

    def attach(self, content: bytes, origin: str) -> str:
        """Take a file that a person sends; return the MediaUrl0 of its webhook."""
        sid = f"ME{next(self._numbers):032x}"
        self.files[sid] = content
        return f"{origin}/2010-04-01/Accounts/{self.account_sid}/Messages/MM{'0' * 32}/Media/{sid}"

    def answer(self, method: str, address: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Return what Twilio answers; `address` is path and query."""
        parts = urlsplit(address)
        found = _PATH.fullmatch(parts.path)
        try:
            self._authenticate(headers, found[1] if found else "")
            if found and method == "POST" and not found[2]:
                return Reply(201, self._create(_fields(body)))
            if found and method == "GET":
                return Reply(200, self._fetch(found[2]) if found[2] else self._list(parts.query))
            if method == "DELETE" and (file := _FILE.fullmatch(parts.path.removesuffix(".json"))):
                return self._delete(file[1])
            if file := _FILE.fullmatch(parts.path):
                return self._file(file[1])
            if media := _MEDIA.fullmatch(parts.path):
                return Reply(200, self._media_of(media[1]))
            raise Objection(20404, f"The requested resource {parts.path} was not found", 404)
        except Objection as objection:
            return self.refusal(objection.status, objection.code, str(objection))

    def refusal(self, status: int, code: int, words: str) -> Reply:
        """Return a refusal in one of Twilio's two forms."""
        more = f"https://www.twilio.com/docs/errors/{code}"
        if self.is_rfc9457:
            return Reply(status, {"type": more, "title": words, "status": status, "code": code})
        return Reply(status, {"code": code, "message": words, "more_info": more, "status": status})

    def fault(self, trouble: Trouble) -> Reply:
        """Return the answer that goes wrong so; REFUSED has Twilio's code as its value."""
        match trouble.fault:
            case Fault.HTML:
                return Reply(200, {}, PAGE)
            case Fault.BAD_GATEWAY:
                return Reply(502, {}, PAGE)
            case Fault.SERVER_ERROR:
                return self.refusal(500, 20500, "Internal Server Error")
            case Fault.UNAVAILABLE:
                return self.refusal(503, 20503, "Service Unavailable")
            case Fault.UNAUTHORIZED:
                return self.refusal(401, 20003, "Authenticate")
            case Fault.THROTTLED:
                wait = {"Retry-After": str(trouble.value)} if trouble.value else {}
                return replace(self.refusal(429, 20429, "Too Many Requests"), headers=wait)
            case _:
                return self.refusal(400, trouble.value, trouble.text or "Refused")

    def _authenticate(self, headers: Mapping[str, str], account: str) -> None:
        basic = b64encode(f"{self.account_sid}:{self.auth_token}".encode()).decode()
        if headers.get("Authorization") != f"Basic {basic}" or account not in {self.account_sid, ""}:
            raise Objection(20003, "Authenticate", 401)

    def _create(self, fields: Mapping[str, str]) -> Json:
        _check(fields)
        to = fields["To"]
        if to in self.opted_out:
            raise Objection(21610, "Attempt to send to unsubscribed recipient")
        text, buttons, failed = self._written(fields)
        if failed == "63016" and self.refuses_at_once:
            raise Objection(63016, "Failed to send freeform message because you are outside the window")
        at = self.clock()
        sid = f"SM{next(self._numbers):032x}"
        message = self._message(sid, fields, text, at)
        self.messages.append(message)
        plan = [Status("undelivered", failed)] if failed else self._plan(to)
        if not any(one.state in {"failed", "undelivered"} for one in plan):
            shown = self.contents.get(fields.get("ContentSid", ""))
            is_list = shown is not None and shown.is_list
            rows = (1,) * len(buttons)
            self.record.take(Sent(at, to, len(self.messages), text, buttons, rows, is_list=is_list))
        if fields.get("StatusCallback"):
            self.callbacks += [self._callback(message, fields["StatusCallback"], one) for one in plan]
        if plan:
            message["status"] = plan[-1].state
            message["error_code"] = int(plan[-1].code) if plan[-1].code else None
        return {**message, "status": "accepted" if fields.get("MessagingServiceSid") else "queued"}

    def _plan(self, to: str) -> Sequence[Status]:
        everybody = self.plans.get(EVERYBODY, [Status(state) for state in DONE])
        return self.plans.get(to, everybody)

    def _written(self, fields: Mapping[str, str]) -> tuple[str, tuple[tuple[str, str], ...], str]:
        """Return the text and the buttons that the person sees, or the code with which it fails later."""
        if "ContentSid" not in fields:
            is_open = self.clock() - self.heard.get(fields["To"], float("-inf")) < WINDOW
            closed = fields["To"].startswith(WHATSAPP) and not is_open
            return fields["Body"], (), "63016" if closed else ""
        content = self.contents.get(fields["ContentSid"])
        if content is None:
            raise Objection(21655, "The ContentSid parameter is invalid")
        is_open = self.clock() - self.heard.get(fields["To"], float("-inf")) < WINDOW
        in_session = content.status == "unsubmitted"
        variables = _variables(fields.get("ContentVariables", "{}"), may_break=in_session)
        text, buttons = content.render(variables)
        if in_session and is_open:
            failed = self.refuses_contents or ("63013" if content.objection(variables) else "")
        else:
            failed = "" if content.status == "approved" else _FAILED.get(content.status, "63027")
        return text, buttons, "63016" if content.is_list and not is_open else failed

    def _message(self, sid: str, fields: Mapping[str, str], text: str, at: float) -> Json:
        when = format_datetime(datetime.fromtimestamp(at, UTC))
        path = f"/2010-04-01/Accounts/{self.account_sid}/Messages/{sid}"
        return {
            "sid": sid,
            "account_sid": self.account_sid,
            "api_version": "2010-04-01",
            "body": text,
            "date_created": when,
            "date_sent": when,
            "date_updated": when,
            "direction": "outbound-api",
            "error_code": None,
            "error_message": None,
            "from": fields.get("From"),
            "messaging_service_sid": fields.get("MessagingServiceSid"),
            "num_media": "0",
            "num_segments": "1",
            "price": None,
            "price_unit": "USD",
            "status": "sent",
            "subresource_uris": {"media": f"{path}/Media.json"},
            "to": fields["To"],
            "uri": f"{path}.json",
        }

    def _callback(self, message: Json, url: str, status: Status) -> Callback:
        given = {
            "AccountSid": self.account_sid,
            "ApiVersion": "2010-04-01",
            "From": message["from"]
            or (WHATSAPP if str(message["to"]).startswith(WHATSAPP) else "") + "+10000000000",
            "MessageSid": message["sid"],
            "MessageStatus": status.state,
            "SmsSid": message["sid"],
            "SmsStatus": status.state,
            "To": message["to"],
        }
        form = {name: str(value) for name, value in given.items()}
        form |= {"ErrorCode": status.code} if status.code else {}
        headers, body = signed(url, form, self.auth_token)
        return Callback(url, headers, body, status.delay)

    def _fetch(self, sid: str) -> Json:
        found = next((message for message in self.messages if message["sid"] == sid), None)
        if found is None:
            raise Objection(20404, f"The message {sid} was not found", 404)
        return found

    def _file(self, sid: str) -> Reply:
        """Return where an attachment lies, as Twilio does: elsewhere, and without asking for credentials."""
        if sid not in self.files:
            raise Objection(20404, f"The media {sid} was not found", 404)
        to = self.redirects.get(sid, f"{self.store}/media/{sid}")
        return Reply(307, {}, headers={"Location": to})

    def _delete(self, sid: str) -> Reply:
        """Forget an attachment."""
        if self.files.pop(sid, None) is None:
            raise Objection(20404, f"The media {sid} was not found", 404)
        return Reply(204, {})

    def _media_of(self, sid: str) -> Json:
        path = f"/2010-04-01/Accounts/{self.account_sid}/Messages/{sid}/Media"
        listed = []
        for number, kind in enumerate(self.media.get(sid, "").split(",")):
            name = f"ME{number:032x}"
            facts = {"sid": name, "parent_sid": sid, "account_sid": self.account_sid}
            listed.append({**facts, "content_type": kind, "uri": f"{path}/{name}.json"})
        return {"media_list": listed, "uri": f"{path}.json", "next_page_uri": None}

    def _list(self, query: str) -> Json:
        asked = dict(parse_qsl(query))
        after = asked.get("DateSent>", "")
        since = datetime.fromisoformat(after).timestamp() if after else float("-inf")
        size, page = min(int(asked.get("PageSize", "50")), self.most_a_page), int(asked.get("Page", "0"))
        found = [
            message
            for message in reversed(self.messages)
            if asked.get("To", message["to"]) == message["to"] and _when(message) >= since - 1
        ]
        path = f"/2010-04-01/Accounts/{self.account_sid}/Messages.json?"

        def uri_of(number: int) -> str:
            return path + urlencode(asked | {"PageSize": str(size), "Page": str(number), "PageToken": "PT1"})

        shown = found[page * size : (page + 1) * size]
        has_more = len(found) > (page + 1) * size
        return {
            "messages": shown,
            "page": page,
            "page_size": size,
            "start": page * size,
            "end": page * size + max(0, len(shown) - 1),
            "uri": uri_of(page),
            "first_page_uri": uri_of(0),
            "next_page_uri": uri_of(page + 1) if has_more else None,
            "previous_page_uri": uri_of(page - 1) if page else None,
        }


def signed(url: str, form: Mapping[str, str], token: str) -> tuple[dict[str, str], bytes]:
    """Return headers and body of a webhook of Twilio's."""
    headers = {
        "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
        "X-Twilio-Signature": RequestValidator(token).compute_signature(url, dict(form)),
    }
    return headers, urlencode(form).encode()


def _when(message: Json) -> float:
    return datetime.strptime(str(message["date_sent"]), "%a, %d %b %Y %H:%M:%S %z").timestamp()


def _fields(body: bytes) -> dict[str, str]:
    return dict(parse_qsl(body.decode(), keep_blank_values=True))


def _check(fields: Mapping[str, str]) -> None:
    """Raise Objection for the first rule that is broken."""
    if unknown := sorted(set(fields) - _KNOWN):
        raise Objection(20001, f"Unknown parameters: {', '.join(unknown)}")
    if not _TO.fullmatch(fields.get("To", "")):
        raise Objection(21211, "Invalid 'To' Phone Number")
    _check_sender(fields)
    has_content = "ContentSid" in fields
    if not has_content and "ContentVariables" in fields:
        raise Objection(21654, "ContentSid Required")
    if has_content and (not _CONTENT.fullmatch(fields["ContentSid"]) or "Body" in fields):
        raise Objection(21655, "The ContentSid parameter is invalid")
    if not has_content and not fields.get("Body", "").strip():
        raise Objection(21602, "Message body is required")
    if len(fields.get("Body", "").encode("utf-16-le")) // 2 > BODY:
        raise Objection(21617, "The concatenated message body exceeds the 1600 character limit")
    callback = urlsplit(fields.get("StatusCallback", "https://griot.example.org"))
    if callback.scheme not in {"http", "https"} or not callback.hostname:
        raise Objection(21609, "Invalid 'StatusCallback' URL")
    if not 1 <= int(fields.get("ValidityPeriod", "36000")) <= 36000:
        raise Objection(21626, "Invalid validity period")


def _check_sender(fields: Mapping[str, str]) -> None:
    sender, service = fields.get("From", ""), fields.get("MessagingServiceSid", "")
    if not sender and not service:
        raise Objection(21603, "A 'From' phone number is required")
    if service and not _SERVICE.fullmatch(service):
        raise Objection(21701, "The Messaging Service does not exist")
    if sender and not _FROM.fullmatch(sender):
        raise Objection(21212, "Invalid 'From' Phone Number")
    if sender and sender.startswith(WHATSAPP) != fields["To"].startswith(WHATSAPP):
        raise Objection(21910, "Invalid 'From' and 'To' pair. They must be of the same channel")


def _variables(text: str, *, may_break: bool) -> dict[str, str]:
    """Return the values of a content; only one of the window may hold line breaks."""
    try:
        given = json.loads(text)
    except ValueError:
        given = None
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise Objection(21656, "The ContentVariables parameter is invalid")
    unfit = _SPACES if may_break else _UNFIT
    if any(not value or unfit.search(value) for value in given.values()):
        raise Objection(21656, "A value is empty or has a line break or five spaces")
    return given
