"""Twilio's Content API: the templates of WhatsApp and their approval."""

from collections.abc import Mapping
from typing import Any

from bot.tapping import TAPPED
from bot.templates import READY, UNSUBMITTED, TemplateState, TemplateText, state_named
from channels.twilio_calls import Calls, Origins, path_of

_URL = "https://content.twilio.com"  # the origin in the settings takes its place
_TYPE = "twilio/quick-reply"
_LIST = "twilio/list-picker"
_CATEGORY = "UTILITY"
_PAGE = 500  # contents; Content API, PageSize: at most 1000
_PAGES = 100  # at most; an account holds 6000 approved templates


class Contents:
    """One account's contents; every call may raise SendError."""

    def __init__(self, account_sid: str, auth_token: str, url: str = _URL, timeout: float = 20.0) -> None:
        """Keep the account; `url` is an origin, `timeout` is in seconds. Nothing is called."""
        self._calls = Calls(account_sid, auth_token, Origins(content=url), timeout)

    def close(self) -> None:
        """End the connections."""
        self._calls.close()

    def listed(self) -> list[Mapping[str, Any]]:
        """Return every content of the account, as the provider describes it."""
        found: list[Mapping[str, Any]] = []
        path = f"/v1/Content?PageSize={_PAGE}"
        for _ in range(_PAGES):
            page = self._calls.content("GET", path)
            found += page.get("contents") or []
            path = path_of((page.get("meta") or {}).get("next_page_url"))
            if not path:
                break
        return found

    def create(self, text: TemplateText) -> str:
        """Return the sid of a new content with this text."""
        created = self._calls.content("POST", "/v1/Content", _content(text))
        return str(created["sid"])

    def submit(self, text: TemplateText, sid: str) -> TemplateState:
        """Ask for WhatsApp's approval and return how the template stands then."""
        asked = {"name": text.name, "category": _CATEGORY}
        answer = self._calls.content("POST", f"/v1/Content/{sid}/ApprovalRequests/whatsapp", asked)
        return _state(text.name, sid, answer) or TemplateState(
            text.name, text.kind, text.language, text.version
        )

    def state(self, name: str, sid: str) -> TemplateState | None:
        """Return how the content of this name stands with WhatsApp, or None for one that is not Griot's."""
        known = state_named(name, sid, READY, "")
        if known is None or known.kind in TAPPED:
            return known
        answer = self._calls.content("GET", f"/v1/Content/{sid}/ApprovalRequests")
        return _state(name, sid, answer.get("whatsapp") or {})

    def states(self) -> list[TemplateState]:
        """Return how every template of Griot's stands, of every version."""
        found = (self.state(str(each.get("friendly_name")), str(each["sid"])) for each in self.listed())
        return [state for state in found if state is not None]


def is_same(text: TemplateText, content: Mapping[str, Any]) -> bool:
    """Tell whether a content says what the template says: body, buttons and language."""
    types = content.get("types") or {}
    shown = types.get(_LIST if text.opens else _TYPE) or {}
    options = shown.get("items" if text.opens else "actions") or ()
    buttons = tuple((each.get("item" if text.opens else "title"), each.get("id")) for each in options)
    said = (content.get("language"), shown.get("body"), buttons, shown.get("button") or "")
    return said == (text.code, text.body, text.buttons, text.opens)


def _content(text: TemplateText) -> dict[str, object]:
    return {
        "friendly_name": text.name,
        "language": text.code,
        "variables": {str(number): sample for number, sample in enumerate(text.samples, start=1)},
        "types": _list(text) if text.opens else _quick_reply(text),
    }


def _quick_reply(text: TemplateText) -> dict[str, object]:
    actions = [{"type": "QUICK_REPLY", "title": label, "id": reply} for label, reply in text.buttons]
    return {_TYPE: {"body": text.body, "actions": actions}}


def _list(text: TemplateText) -> dict[str, object]:
    items = [{"item": label, "id": reply} for label, reply in text.buttons]
    return {_LIST: {"body": text.body, "button": text.opens, "items": items}}


def _state(name: str, sid: str, approval: Mapping[str, Any]) -> TemplateState | None:
    status = str(approval.get("status") or UNSUBMITTED).lower()
    return state_named(name, sid, status, str(approval.get("rejection_reason") or ""))
