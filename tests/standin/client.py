"""The stand-in of another process, through its admin endpoint."""

import dataclasses
import json
import urllib.request
from urllib.parse import urlencode

from tests.standin.record import Sent
from tests.standin.trouble import Trouble


class Client:
    """Reads and sets the stand-in at `url`, as if it were in this process."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    def messages(self, chat: str | int) -> list[Sent]:
        """Return what the chat shows, edits in place, oldest first."""
        return _sent(self._ask("messages", chat=chat))

    def wait(self, chat: str | int, count: int, seconds: float = 10.0) -> list[Sent]:
        """Return the chat's messages and edits as taken, once there are `count` or the time is up."""
        return _sent(self._ask("history", chat=chat, count=count, seconds=seconds))

    def count(self) -> int:
        """Return how many messages and edits were taken in all."""
        return int(str(self._ask("count")))

    def calls(self, method: str) -> list[dict[str, object]]:
        """Return the calls of one method, oldest first."""
        found = self._ask("calls", method=method)
        assert isinstance(found, list)
        return found

    def trouble(self, chat: str | int = "*", trouble: Trouble | None = None) -> None:
        """Make calls for the chat go wrong, or right again."""
        self._tell("trouble", {"chat": str(chat), "trouble": trouble and dataclasses.asdict(trouble)})

    def update(self, update: dict[str, object]) -> None:
        """Have an update fetched by getUpdates."""
        self._tell("updates", update)

    def hears(self, address: str) -> None:
        """Note that a person writes on WhatsApp now: the window opens."""
        self._tell("hears", {"address": address})

    def twilio(self, **settings: object) -> None:
        """Set what Twilio's account does: `callbacks_to`, `refuses_at_once`, `plans` of statuses."""
        self._tell("twilio", settings)

    def clear(self) -> None:
        """Forget messages, calls and troubles."""
        self._tell("clear", {})

    def _ask(self, what: str, **query: object) -> object:
        with urllib.request.urlopen(f"{self.url}/admin/{what}?{urlencode(query)}") as answer:
            return json.load(answer)

    def _tell(self, what: str, value: object) -> None:
        body = json.dumps(value).encode()
        urllib.request.urlopen(f"{self.url}/admin/{what}", body).close()


def _sent(found: object) -> list[Sent]:
    assert isinstance(found, list)
    return [
        Sent(
            **{
                **one,
                "buttons": tuple((label, data) for label, data in one["buttons"]),
                "rows": tuple(one["rows"]),
            }
        )
        for one in found
    ]
