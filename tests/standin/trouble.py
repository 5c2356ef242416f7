"""What can be made to go wrong with the calls that concern one chat, or all."""

from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """How a call goes wrong."""

    NONE = ""
    ENDLESS = "endless"  # a file that never ends
    STALL = "stall"  # never answered
    DROP = "drop"  # the connection is closed without an answer
    HTML = "html"  # 200 with the page of a captive portal
    SERVER_ERROR = "server_error"  # 500
    BAD_GATEWAY = "bad_gateway"  # 502 with a page
    UNAVAILABLE = "unavailable"  # 503
    THROTTLED = "throttled"  # 429; `value` is retry_after in seconds
    BLOCKED = "blocked"  # 403
    DEACTIVATED = "deactivated"  # 403
    NOT_STARTED = "not_started"  # 403
    NOT_FOUND = "not_found"  # 400 chat not found
    MIGRATED = "migrated"  # 400; `value` is the new id
    REFUSED = "refused"  # status `value` with `text`
    UNAUTHORIZED = "unauthorized"  # 401


@dataclass(slots=True)
class Trouble:
    """A delay, and a fault for the next `times` calls (0: until it is taken away)."""

    delay: float = 0.0  # seconds before the answer
    fault: Fault = Fault.NONE
    value: int = 0
    text: str = ""
    times: int = 0
    accepts: bool = False  # whether the message is taken before the fault

    def __post_init__(self) -> None:
        self.fault = Fault(self.fault)
