"""A Twilio webhook's form as the reply or the news that it brings (platforms 4.1, 4.3)."""

import math
import re
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import parse_qsl, urlencode

from bot.values import Heard, Location, Media, Press
from channels.base import BodyError, Envelope, Failure, Inbound, Receipt
from channels.cleaning import clean
from channels.file_types import kind_of
from channels.twilio_errors import failure_of_status, is_for_operator

WHATSAPP = "whatsapp:"  # before an address; an SMS has a bare number
REFERENCE = "m"  # the query's outbox id, kept as a last field; Twilio's own begin with a capital
FETCHED = "fetched"  # the field of a message that no webhook brought: it was found in Twilio's list
Form = Mapping[str, str]

_STATUS = ("MessageSid", "MessageStatus", "ErrorCode", "ErrorMessage", "ChannelStatusMessage")
MOST_MEDIA = 10  # of one message
_MOST_FIELDS = 1000
_SID = re.compile(r"[A-Za-z0-9]{1,64}")
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")  # E.164
_SCOPED = re.compile(r"[A-Z]{2}\.[0-9A-Za-z._-]{1,128}")  # Meta's business-scoped id: country, a dot, the id
_OPTION = re.compile(r"(.*):([0-9]{1,3})", re.DOTALL)
_OPT_OUTS = frozenset({"STOP", "START", "HELP"})
_WITH_NOTHING_TO_READ = frozenset({"sticker", "contacts", "button", "interactive", "text", ""})
# Our `sent` is Twilio's "taken": a message on its way says no more than the answer to the call did.
_STATES = {
    "accepted": "sent",
    "scheduled": "sent",
    "queued": "sent",
    "sending": "sent",
    "sent": "sent",
    "partially_delivered": "delivered",
    "delivered": "delivered",
    "read": "read",
    "undelivered": "failed",
    "failed": "failed",
    "canceled": "failed",
}


@lru_cache(maxsize=4)  # the same body is asked for its channel, its signature, its id: parsed once
def fields(body: bytes) -> tuple[tuple[str, str], ...]:
    """Return names and values as Twilio signed them, blank ones too; raise BodyError for too many."""
    try:
        found = parse_qsl(
            body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MOST_FIELDS
        )
        return tuple(found)
    except ValueError as error:
        raise BodyError("too many fields") from error


def values(body: bytes) -> dict[str, list[str]]:
    """Return every name with its values, in order; raise BodyError."""
    found: dict[str, list[str]] = {}
    for name, value in fields(body):
        found.setdefault(name, []).append(value)
    return found


def is_address(address: str, *, is_whatsapp: bool) -> bool:
    """Tell whether this is +E164 or, on WhatsApp, a business-scoped id (platforms 4.2)."""
    return bool(_NUMBER.fullmatch(address) or (is_whatsapp and _SCOPED.fullmatch(address)))


def is_whatsapp(body: bytes) -> bool:
    """Tell whether a message in, or a status of one out, is of WhatsApp; raise BodyError."""
    form = dict(fields(body))
    return any(form.get(name, "").startswith(WHATSAPP) for name in ("From", "To"))


def to_keep(body: bytes, reference: str = "") -> bytes:
    """Return what is kept: a message as it came; of a status what it says, its outbox id, and no number."""
    form = dict(fields(body))
    if "MessageStatus" not in form:
        return body
    kept = {name: form[name] for name in _STATUS if name in form}
    prefix = {"From": WHATSAPP} if is_whatsapp(body) else {}
    return urlencode({**kept, **prefix, REFERENCE: reference}).encode()


def is_fetched(body: bytes) -> bool:
    """Tell whether a kept message was found in Twilio's list, not brought by a webhook; raise BodyError."""
    return FETCHED in dict(fields(body))


def read_envelope(body: bytes) -> Envelope:
    """Return MessageSid and the sender's address; of a status the id with what it says, sent by nobody.

    Raise BodyError when there is no MessageSid.
    """
    form = dict(fields(body))
    sid = form.get("MessageSid", "")
    if not _SID.fullmatch(sid):
        raise BodyError("no MessageSid")
    if "MessageStatus" in form:
        said = (clean(form["MessageStatus"])[:40], clean(form.get("ErrorCode", ""))[:20])
        return Envelope(":".join((sid, *said)), "")
    return Envelope(sid, clean(_address(form))[:200])


def read_webhook(body: bytes) -> list[Inbound | Receipt]:
    """Return the reply or the receipt; [] for senders, types and states that Griot does not know."""
    form = dict(fields(body))
    return _read_status(form) if "MessageStatus" in form else _read_message(form)


def _read_status(form: Form) -> list[Inbound | Receipt]:
    said = form["MessageStatus"]
    state = _STATES.get(said)
    if state is None:
        return []
    code = clean(form.get("ErrorCode", ""))
    failure = None
    if state == "failed":
        failure = Failure.OTHER_CHANNEL if said == "canceled" else failure_of_status(code)
    receipt = Receipt(
        provider_id=form.get("MessageSid", ""),
        state=state,
        reference=clean(form.get(REFERENCE, "")),
        failure=failure,
        code=code,
        detail=_detail(form, said) if failure else "",
        for_operator=failure is not None and is_for_operator(code, failure),
    )
    return [receipt]


def _detail(form: Form, said: str) -> str:
    """Return Twilio's words, or at least the state."""
    words = form.get("ErrorMessage") or form.get("ChannelStatusMessage") or said
    return clean(words)[:300]


def _read_message(form: Form) -> list[Inbound | Receipt]:
    address = _address(form)
    if not is_address(address, is_whatsapp=form.get("From", "").startswith(WHATSAPP)):
        return []  # a group, a short code, a name: nobody to answer
    heard = _heard(form)
    has_content = heard.text or heard.press or heard.media or heard.location
    if not has_content and form.get("MessageType", "") not in _WITH_NOTHING_TO_READ:
        return []
    return [Inbound(address, heard, also=_also(form, address))]


def _heard(form: Form) -> Heard:
    opt_out = form.get("OptOutType", "").upper()
    press = _press(form)
    media = _media(form)
    said = form.get("Body") or form.get("ButtonText") or form.get("ListTitle") or ""
    return Heard(
        text="" if press else clean(said),
        press=press,
        media=media[0] if media else None,
        also=media[1:],
        location=_location(form),
        source=form.get("MessageSid", ""),
        opt_out=opt_out if opt_out in _OPT_OUTS else "",
    )


def _press(form: Form) -> Press | None:
    """Return the option of `<token>:<number>`; None for a payload that Griot never wrote."""
    found = _OPTION.fullmatch(clean(form.get("ButtonPayload") or form.get("ListId") or ""))
    return Press(found[1], int(found[2])) if found else None


def _media(form: Form) -> tuple[Media, ...]:
    """Return the attachments; nothing is fetched. A sticker is none."""
    if form.get("MessageType") == "sticker":
        return ()
    found = ((clean(form.get(f"MediaUrl{n}", "")), n) for n in range(MOST_MEDIA))
    declared = ((url, clean(form.get(f"MediaContentType{n}", ""))) for url, n in found if url)
    return tuple(Media(kind_of(type), url, content_type=type) for url, type in declared)


def _location(form: Form) -> Location | None:
    try:
        latitude, longitude = float(form.get("Latitude", "")), float(form.get("Longitude", ""))
    except ValueError:
        return None
    is_place = math.isfinite(latitude) and abs(latitude) <= 90 and abs(longitude) <= 180
    return Location(latitude, longitude) if is_place else None


def _address(form: Form) -> str:
    return _bare(form.get("From", ""))


def _also(form: Form, address: str) -> str:
    """Return the other of number and id (platforms 4.2), "" when the provider names none."""
    if not form.get("From", "").startswith(WHATSAPP):
        return ""
    given = (_bare(form.get("ExternalUserId", "")), f"+{form.get('WaId', '')}")
    wanted = _NUMBER if _SCOPED.fullmatch(address) else _SCOPED
    return next((one for one in given if wanted.fullmatch(one)), "")


def _bare(given: str) -> str:
    return given.removeprefix(WHATSAPP).strip()
