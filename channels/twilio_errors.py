"""What Twilio's error codes mean for a message (its error dictionary; table in docs/channels/whatsapp.md)."""

from collections.abc import Mapping

from channels.base import Failure

_CODES: Mapping[Failure, tuple[int, ...]] = {
    # slow down: the sender's queue or quota is full
    Failure.THROTTLED: (14107, 20429, 21611, 30001, 63017, 63018),
    # a fault of the provider after which the message surely did not arrive
    Failure.NOT_SENT: (63009, 63010, 63012),
    Failure.UNKNOWN: (20500, 30410),
    # no such number, not a mobile, not on WhatsApp
    Failure.UNREACHABLE: (21211, 21612, 21614, 30004, 30005, 30006, 63003, 63024),
    Failure.OPTED_OUT: (21610, 63014, 63033),
    Failure.WINDOW_CLOSED: (63016,),
    # missing in this account or language, rejected, paused, disabled
    Failure.TEMPLATE_REFUSED: (21655, 63027, 63040, 63041, 63042),
    # phone off, blocked for a while, daily limit, withheld by Meta: another channel at once, else hours later
    Failure.LATER: (30003, 30008, 30450, 63038, 63049),
    # a country, number or tester that this account may not write to: others still may be
    Failure.OTHER_CHANNEL: (21408, 21606, 21608, 30007, 63015, 63032),
    # credentials, account, sender
    Failure.MISCONFIGURED: (
        20003,
        20005,
        21703,
        21704,
        30002,
        63001,
        63002,
        63007,
        63020,
        63026,
        63051,
        90010,
    ),
    # our message is at fault
    Failure.REJECTED: (
        20404,
        21602,
        21603,
        21617,
        21618,
        21620,
        21623,
        21654,
        21656,
        30010,
        35114,
        35118,
        63005,
        63013,
        63019,
        63021,
        63028,
        63030,
        63034,
    ),
}
# nothing but an operator mends it: permissions, registration, templates, limits, categories
_FOR_OPERATOR = frozenset(
    {21408, 21606, 21608, 21655, 30007, 63015, 63027, 63038, 63040, 63041, 63042, 63049}
)
FAILURES = {code: failure for failure, codes in _CODES.items() for code in codes}


def failure_of_status(code: str) -> Failure:
    """Return why an accepted message did not arrive; for a code not known another channel may do."""
    return FAILURES.get(_number(code), Failure.OTHER_CHANNEL)


def failure_of_answer(status: int, code: str) -> Failure:
    """Return why a call was refused: by Twilio's code, else by the HTTP status."""
    known = FAILURES.get(_number(code))
    if known is not None:
        return known
    match status:
        case 429:
            return Failure.THROTTLED
        case 401:
            return Failure.MISCONFIGURED
        case 403 | 404 | 405 if not code:  # a page that is not Twilio's: a wrong address, or a proxy's
            return Failure.MISCONFIGURED
        case 503:  # nothing was done
            return Failure.NOT_SENT
        case _ if 400 <= status < 500:
            return Failure.REJECTED
        case _:  # other 5xx, a redirect, a page of somebody else
            return Failure.UNKNOWN


def is_for_operator(code: str, failure: Failure) -> bool:
    """Tell whether an operator should know of this code: by the table, or because nobody knows it."""
    number = _number(code)
    is_unknown = number not in FAILURES and failure == Failure.OTHER_CHANNEL and bool(number)
    return number in _FOR_OPERATOR or is_unknown


def _number(code: str) -> int:
    return int(code) if code.isascii() and code.isdecimal() and len(code) < 10 else 0
