"""A person with Telegram: writes to the product's webhook, reads what the stand-in took for them."""

import itertools
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from http.client import HTTPConnection
from urllib.parse import urlsplit

from tests.standin.record import Messages, Sent

Post = Callable[[bytes], tuple[int, bytes]]
"""Delivers an update's body; returns the status and the body of the answer."""

UPDATES = itertools.count(810_100_000)  # update ids of this process


def webhook(base_url: str, secret: str) -> Post:
    """Return a way to post updates to the product at `base_url`, a connection each."""
    target = urlsplit(base_url)
    headers = {"Content-Type": "application/json", "X-Telegram-Bot-Api-Secret-Token": secret}

    def post(body: bytes) -> tuple[int, bytes]:
        with closing(HTTPConnection(target.hostname or "", target.port, timeout=30)) as connection:
            connection.request("POST", "/webhooks/telegram", body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()

    return post


class Phone:
    """One person: says, presses, edits; waits for replies."""

    def __init__(
        self,
        post: Post,
        provider: Messages,
        user_id: int,
        language: str = "en",
        *,
        name: str = "Demo",
        updates: Iterator[int] = UPDATES,
    ) -> None:
        self.user_id = user_id
        self.last_update: Mapping[str, object] = {}
        self._post = post
        self._provider = provider
        self._updates = updates
        self._user = {"id": user_id, "is_bot": False, "first_name": name, "language_code": language}
        self._chat = {"id": user_id, "first_name": name, "type": "private"}
        self._numbers = itertools.count(1)
        self._read = 0  # messages and edits already waited for

    def say(self, text: str) -> int:
        """Write a text; return its message id."""
        return self.send(text=text)

    def send(self, **content: object) -> int:
        """Send anything a message may hold (Bot API, Message); return its message id."""
        number = next(self._numbers)
        self.deliver("message", self._message(number, content))
        return number

    def edit(self, message_id: int, text: str) -> None:
        """Change a text said before."""
        message = self._message(message_id, {"text": text})
        self.deliver("edited_message", message | {"edit_date": int(time.time())})

    def press(self, option: str | int, message: Sent | None = None) -> None:
        """Tap a button, by number or start of its label, of `message` or else the newest with buttons."""
        shown = message or self.question()
        label, data = _button(shown, option)
        tap = {
            "id": f"tap-{self.user_id}-{next(self._numbers)}",
            "from": self._user,
            "message": {
                "message_id": shown.message_id,
                "chat": self._chat,
                "date": int(shown.at),
                "text": shown.text,
                "reply_markup": {"inline_keyboard": [[{"text": label, "callback_data": data}]]},
            },
            "chat_instance": "-1",
            "data": data,
        }
        self.deliver("callback_query", tap)

    def block(self) -> None:
        """Block the bot."""
        self._become("member", "kicked")

    def unblock(self) -> None:
        """Take the bot back."""
        self._become("kicked", "member")

    def messages(self) -> list[Sent]:
        """Return what the screen shows of the bot's messages, oldest first."""
        return self._provider.messages(self.user_id)

    def question(self) -> Sent:
        """Return the newest message that has buttons."""
        return next(sent for sent in reversed(self.messages()) if sent.buttons)

    def wait_for_reply(self, seconds: float = 10.0) -> Sent:
        """Return the next message or edit not waited for yet; fail when none comes."""
        taken = self._provider.wait(self.user_id, self._read + 1, seconds)
        assert len(taken) > self._read, f"no reply to {self.user_id} within {seconds} s"
        self._read += 1
        return taken[self._read - 1]

    def ask(self, text: str, seconds: float = 10.0) -> str:
        """Say the text; return the text of the next reply."""
        self.say(text)
        return self.wait_for_reply(seconds).text

    def deliver(self, kind: str, event: Mapping[str, object]) -> None:
        """Have Telegram deliver the event; fail unless the product answers 200."""
        self.last_update = {"update_id": next(self._updates), kind: event}
        self.deliver_again()

    def deliver_again(self) -> None:
        """Deliver the newest update once more, as Telegram does when it saw no 200."""
        status, answer = self._post(json.dumps(self.last_update).encode())
        assert status == 200, f"the webhook answered {status}: {answer[:200]!r}"

    def _message(self, number: int, content: Mapping[str, object]) -> dict[str, object]:
        written = {"message_id": number, "from": self._user, "chat": self._chat, "date": int(time.time())}
        return written | dict(content)

    def _become(self, old: str, new: str) -> None:
        bot = {"id": 700100200, "is_bot": True, "first_name": "Griot", "username": "griot_demo_bot"}
        change = {"chat": self._chat, "from": self._user, "date": int(time.time())}
        states = {name: _membership(bot, status) for name, status in (("old", old), ("new", new))}
        change |= {f"{name}_chat_member": state for name, state in states.items()}
        self.deliver("my_chat_member", change)


def _membership(bot: Mapping[str, object], status: str) -> dict[str, object]:
    return {"user": bot, "status": status} | ({"until_date": 0} if status == "kicked" else {})


def _button(shown: Sent, option: str | int) -> tuple[str, str]:
    if isinstance(option, int):
        return shown.buttons[option - 1]
    return next(button for button in shown.buttons if button[0].startswith(option))
