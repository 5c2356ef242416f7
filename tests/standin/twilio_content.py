"""The rules of Twilio's Content API: contents, and WhatsApp's approval of them."""

import itertools
import json
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from tests.standin.telegram import Json, Reply

ACCOUNT_SID = "AC" + "0" * 32  # fictitious
AUTH_TOKEN = "not-a-real-token-0123456789abcdef"

BODY, TITLE, REPLY = 1024, 20, 200  # characters
BUTTONS = range(1, 11)
IN_SESSION = 3  # buttons without approval
ITEM, OPENS = 24, 20  # characters of an item, and of what opens the list
_VARIABLE = re.compile(r"\{\{(\d+)\}\}")
_NAME = re.compile(r"[a-z0-9_]{1,512}")
_ORIGIN = "https://content.twilio.com"
_TYPE, _LIST = "twilio/quick-reply", "twilio/list-picker"
_CONTENT = re.compile(r"/v1/Content/(HX[0-9a-f]{32})(/ApprovalRequests(?:/whatsapp)?)?")


class Refusal(Exception):
    """A rule is broken: status, Twilio's code, what it says."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


@dataclass(slots=True)
class Content:
    """One content and its approval; a test sets `status` and `reason`."""

    sid: str
    friendly_name: str
    language: str
    variables: Mapping[str, str]
    types: Mapping[str, Mapping[str, object]]
    status: str = "unsubmitted"  # received, pending, approved, rejected, paused, disabled
    reason: str = ""
    name: str = ""  # of the template at WhatsApp
    category: str = ""

    @property
    def approved(self) -> bool:
        """Tell whether WhatsApp lets it open a conversation."""
        return self.status == "approved"

    def render(self, variables: Mapping[str, str]) -> tuple[str, tuple[tuple[str, str], ...]]:
        """Return text and buttons (label, what a tap replies with), samples where a value is not given."""
        values = {**self.variables, **variables}
        [shown] = self.types.values()
        options, label = (shown["items"], "item") if self.is_list else (shown["actions"], "title")
        assert isinstance(options, list)
        buttons = tuple((_filled(each[label], values), _filled(each["id"], values)) for each in options)
        return _filled(str(shown["body"]), values), buttons

    @property
    def is_list(self) -> bool:
        """Tell whether it is a list picker, which opens no conversation."""
        return _LIST in self.types

    def objection(self, variables: Mapping[str, str]) -> str:
        """Return why the filled content is none that WhatsApp shows, or nothing."""
        text, buttons = self.render(variables)
        labels, ids = zip(*buttons, strict=True)
        if not 1 <= len(text) <= BODY:
            return "the body's length"
        if any(not 1 <= len(label) <= (ITEM if self.is_list else TITLE) for label in labels):
            return "a label's length"
        if len(set(labels)) < len(labels) or len(set(ids)) < len(ids) or max(map(len, ids)) > REPLY:
            return "labels and ids are distinct, ids short"
        if not self.is_list and not self.approved and len(buttons) > IN_SESSION:
            return "too many buttons without approval"
        return ""


@dataclass
class TwilioContent:
    """One account at Twilio's Content API."""

    account_sid: str = ACCOUNT_SID
    auth_token: str = AUTH_TOKEN
    contents: dict[str, Content] = field(default_factory=dict)  # by sid
    page: int = 1000  # contents of a page, at most
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def answer(self, method: str, address: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Return what Twilio answers; `address` is path and query."""
        try:
            self._known(headers)
            status, answer = self._answered(method, address, body, headers.get("Content-Type", ""))
        except Refusal as refusal:
            said: Json = {"status": refusal.status, "code": refusal.code, "message": str(refusal)}
            return Reply(refusal.status, said)
        return Reply(status, answer)

    def named(self, name: str) -> Content:
        """Return the content of this name; raise KeyError."""
        return {each.friendly_name: each for each in self.contents.values()}[name]

    def settle(self, status: str, *names: str, reason: str = "") -> None:
        """Have WhatsApp decide over the contents named, or all that were submitted."""
        for content in self.contents.values():
            if content.friendly_name in names or (not names and content.status != "unsubmitted"):
                content.status, content.reason = status, reason

    def _known(self, headers: Mapping[str, str]) -> None:
        basic = b64encode(f"{self.account_sid}:{self.auth_token}".encode()).decode()
        if headers.get("Authorization") != f"Basic {basic}":
            raise Refusal(401, 20003, "Authenticate")

    def _answered(self, method: str, address: str, body: bytes, content_type: str) -> tuple[int, Json]:
        parts = urlsplit(address)
        if parts.path == "/v1/Content":
            if method == "POST":
                return 201, self._facts(self._create(_json(body, content_type)))
            return 200, self._listed(dict(parse_qsl(parts.query)))
        found = _CONTENT.fullmatch(parts.path)
        content = self.contents.get(found[1]) if found else None
        if found is None or content is None:
            raise Refusal(404, 20404, f"The requested resource {parts.path} was not found")
        match method, found[2]:
            case "POST", "/ApprovalRequests/whatsapp":
                return 201, self._submit(content, _json(body, content_type))
            case "GET", "/ApprovalRequests":
                return 200, self._approval(content)
            case "GET", None:
                return 200, self._facts(content)
            case "DELETE", None:
                del self.contents[content.sid]
                return 204, {}
        raise Refusal(405, 20004, "Method not allowed")

    def _create(self, given: Mapping[str, object]) -> Content:
        types, variables = given.get("types"), given.get("variables") or {}
        if not given.get("language") or not isinstance(types, dict) or not isinstance(variables, dict):
            raise Refusal(400, 20001, "language and types are required")
        if len(types) != 1 or not set(types) <= {_TYPE, _LIST}:
            raise Refusal(400, 20001, f"this account knows {_TYPE} and {_LIST} only")
        for type, shown in types.items():
            (_check_list if type == _LIST else _check)(shown, variables)
        sid = f"HX{next(self._numbers):032x}"
        name = str(given.get("friendly_name", ""))
        self.contents[sid] = Content(sid, name, str(given["language"]), variables, types)
        return self.contents[sid]

    def _submit(self, content: Content, given: Mapping[str, object]) -> Json:
        name, category = str(given.get("name", "")), str(given.get("category", ""))
        if not _NAME.fullmatch(name):
            raise Refusal(400, 20001, "name: lower case letters, figures and underscores")
        if category not in {"UTILITY", "MARKETING", "AUTHENTICATION"}:
            raise Refusal(400, 20001, "category is unknown")
        if content.is_list:
            raise Refusal(400, 20001, "a list cannot be submitted")
        if content.status != "unsubmitted":
            raise Refusal(400, 20001, "the content was submitted before")
        if any((each.name, each.language) == (name, content.language) for each in self.contents.values()):
            raise Refusal(400, 20001, "a template of this name and language exists")
        content.name, content.category, content.status = name, category, "received"
        if reason := _objection(str(content.types[_TYPE]["body"])):
            content.status, content.reason = "rejected", reason
        return _whatsapp(content)

    def _listed(self, query: Mapping[str, str]) -> Json:
        size = min(int(query.get("PageSize", "50")), self.page)
        number = int(query.get("Page", "0"))
        everything = list(self.contents.values())
        shown = everything[number * size : (number + 1) * size]
        following = f"{_ORIGIN}/v1/Content?PageSize={size}&Page={number + 1}&PageToken=PT{number + 1}"
        meta: Json = {
            "page": number,
            "page_size": size,
            "first_page_url": f"{_ORIGIN}/v1/Content?PageSize={size}&Page=0",
            "previous_page_url": None,
            "next_page_url": following if len(everything) > (number + 1) * size else None,
            "url": f"{_ORIGIN}/v1/Content?PageSize={size}&Page={number}",
            "key": "contents",
        }
        return {"contents": [self._facts(each) for each in shown], "meta": meta}

    def _facts(self, content: Content) -> Json:
        url = f"{_ORIGIN}/v1/Content/{content.sid}"
        return {
            "sid": content.sid,
            "account_sid": self.account_sid,
            "friendly_name": content.friendly_name,
            "language": content.language,
            "variables": dict(content.variables),
            "types": content.types,
            "url": url,
            "links": {
                "approval_create": f"{url}/ApprovalRequests/whatsapp",
                "approval_fetch": f"{url}/ApprovalRequests",
            },
            "date_created": "2026-11-02T09:00:00Z",
            "date_updated": "2026-11-02T09:00:00Z",
        }

    def _approval(self, content: Content) -> Json:
        url = f"{_ORIGIN}/v1/Content/{content.sid}/ApprovalRequests"
        return {
            "sid": content.sid,
            "account_sid": self.account_sid,
            "whatsapp": _whatsapp(content),
            "url": url,
        }


def _whatsapp(content: Content) -> Json:
    return {
        "name": content.name,
        "category": content.category,
        "content_type": _TYPE,
        "status": content.status,
        "rejection_reason": content.reason,
        "allow_category_change": True,
    }


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda found: values.get(found[1], found[0]), text)


def _json(body: bytes, content_type: str) -> Mapping[str, object]:
    try:
        given = json.loads(body)
    except ValueError:
        given = None
    if not isinstance(given, dict) or not content_type.startswith("application/json"):
        raise Refusal(400, 20001, "JSON is wanted")
    return given


def _check(shown: Mapping[str, object], variables: Mapping[str, str]) -> None:
    body, actions = str(shown.get("body", "")), shown.get("actions")
    if not 1 <= len(body) <= BODY:
        raise Refusal(400, 20001, f"body: 1 to {BODY} characters")
    if not isinstance(actions, list) or len(actions) not in BUTTONS:
        raise Refusal(400, 20001, "actions: 1 to 10")
    for each in actions:
        if not 1 <= len(each.get("title", "")) <= TITLE or len(each.get("id", "")) > REPLY:
            raise Refusal(400, 20001, f"title: 1 to {TITLE} characters; id: at most {REPLY}")
    said = [each.get(name, "") for each in actions for name in ("id", "title")]
    _check_samples([body, *said], variables)


def _check_list(shown: Mapping[str, object], variables: Mapping[str, str]) -> None:
    body, opens, items = str(shown.get("body", "")), str(shown.get("button", "")), shown.get("items")
    if not 1 <= len(body) <= BODY or not 1 <= len(opens) <= OPENS:
        raise Refusal(400, 20001, f"body: 1 to {BODY} characters; button: 1 to {OPENS}")
    if not isinstance(items, list) or len(items) not in BUTTONS:
        raise Refusal(400, 20001, "items: 1 to 10")
    for each in items:
        if not 1 <= len(each.get("item", "")) <= ITEM or not 1 <= len(each.get("id", "")) <= REPLY:
            raise Refusal(400, 20001, f"item: 1 to {ITEM} characters; id: 1 to {REPLY}")
    _check_samples([body, opens, *(each[name] for each in items for name in ("id", "item"))], variables)


def _check_samples(texts: Sequence[str], variables: Mapping[str, str]) -> None:
    used = {name for text in texts for name in _VARIABLE.findall(text)}
    if unsaid := sorted(used - {name for name, sample in variables.items() if sample}):
        raise Refusal(400, 20001, f"no sample for the variables {', '.join(unsaid)}")


def _objection(body: str) -> str:
    """Return why WhatsApp rejects a body, or nothing."""
    texts = _VARIABLE.split(body)[::2]
    if any(not any(sign.isalpha() for sign in text) for text in (texts[0], texts[-1])):
        return "INVALID_FORMAT: the body starts or ends with a variable"
    if any(not text.strip() for text in texts[1:-1]):
        return "INVALID_FORMAT: two variables are next to each other"
    numbers = [int(number) for number in dict.fromkeys(_VARIABLE.findall(body))]
    if numbers != list(range(1, len(numbers) + 1)):
        return "INVALID_FORMAT: the variables are not in sequence"
    return ""
