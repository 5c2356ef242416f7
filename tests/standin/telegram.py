"""The rules of Telegram's Bot API (10.1, sendMessage and the other methods that Griot calls)."""

import itertools
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.standin.record import Record, Sent
from tests.standin.trouble import Fault, Trouble

Json = dict[str, object]
Fields = Mapping[str, str]

TEXT = 4096  # characters
RAW_TEXT = 32768  # bytes
CALLBACK = 64  # bytes
PER_ROW, IN_ALL = 8, 100  # buttons
LARGEST_FILE = 20_000_000  # bytes that getFile tells a path of
FIRST_MESSAGE = 1001  # of the bot; a phone's own messages have smaller numbers
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
_COMMAND = re.compile(r"[a-z0-9_]{1,32}")


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: status and JSON, or another body."""

    status: int
    answer: Json
    body: bytes | None = None  # instead of the JSON
    headers: Mapping[str, str] = field(default_factory=dict)


class Objection(Exception):
    """A rule is broken: what Telegram says."""

    def __init__(self, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.status = status


def result(value: object) -> Reply:
    """Return a success."""
    return Reply(200, {"ok": True, "result": value})


def error(status: int, description: str, **parameters: int) -> Reply:
    """Return a refusal in Telegram's form."""
    answer: Json = {"ok": False, "error_code": status, "description": description}
    if parameters:
        answer["parameters"] = parameters
    wait = parameters.get("retry_after")
    return Reply(status, answer, headers={"Retry-After": str(wait)} if wait else {})


PAGE = b"<html><body>Please sign in to this network.</body></html>"

FAULTS: Mapping[Fault, Callable[[Trouble], Reply]] = {
    Fault.HTML: lambda trouble: Reply(200, {}, PAGE),
    Fault.SERVER_ERROR: lambda trouble: error(500, "Internal Server Error"),
    Fault.BAD_GATEWAY: lambda trouble: Reply(502, {}, b"<html><h1>502 Bad Gateway</h1></html>"),
    Fault.UNAVAILABLE: lambda trouble: error(503, "Service Unavailable"),
    Fault.THROTTLED: lambda trouble: error(
        429, f"Too Many Requests: retry after {trouble.value}", retry_after=trouble.value
    ),
    Fault.BLOCKED: lambda trouble: error(403, "Forbidden: bot was blocked by the user"),
    Fault.DEACTIVATED: lambda trouble: error(403, "Forbidden: user is deactivated"),
    Fault.NOT_STARTED: lambda trouble: error(403, "Forbidden: bot can't initiate conversation with a user"),
    Fault.NOT_FOUND: lambda trouble: error(400, "Bad Request: chat not found"),
    Fault.MIGRATED: lambda trouble: error(
        400,
        "Bad Request: group chat was upgraded to a supergroup chat",
        migrate_to_chat_id=trouble.value,
    ),
    Fault.REFUSED: lambda trouble: error(trouble.value or 400, trouble.text),
    Fault.UNAUTHORIZED: lambda trouble: error(401, "Unauthorized"),
}


class Telegram:
    """One bot's account at Telegram: it answers calls by the rules and keeps what it accepts."""

    def __init__(self, token: str, record: Record) -> None:
        self.token = token
        self.record = record
        self.username = "griot_demo_bot"
        self.webhook: Json = {"url": "", "has_custom_certificate": False, "pending_update_count": 0}
        self.secret = ""
        self.profile: dict[tuple[str, str], str] = {}  # (method, language) to what was set
        self.updates: list[Json] = []  # waiting for getUpdates
        self.files: dict[str, bytes] = {}  # what people attached, by file_id
        self._ids = itertools.count(FIRST_MESSAGE)

    def answer(self, method: str, fields: Fields) -> Reply:
        """Return what Telegram would answer to a call with the right token."""
        called = self._methods().get(method)
        if called is None:
            return error(404, "Not Found: method not found")
        try:
            return result(called(fields))
        except Objection as objection:
            prefix = {400: "Bad Request: ", 409: "Conflict: "}[objection.status]
            return error(objection.status, prefix + str(objection))

    def _methods(self) -> Mapping[str, Callable[[Fields], object]]:
        return {
            "getMe": lambda fields: self._me(),
            "sendMessage": self._send_message,
            "editMessageText": self._edit_message_text,
            "answerCallbackQuery": _answer_callback_query,
            "setWebhook": self._set_webhook,
            "deleteWebhook": self._delete_webhook,
            "getWebhookInfo": lambda fields: self.webhook,
            "getUpdates": self._get_updates,
            "getFile": self._get_file,
            "setMyCommands": self._set_my_commands,
            "setMyDescription": lambda fields: self._describe("description", fields, 512),
            "setMyShortDescription": lambda fields: self._describe("short_description", fields, 120),
        }

    def _me(self) -> Json:
        bot = int(self.token.partition(":")[0])
        return {"id": bot, "is_bot": True, "first_name": "Griot", "username": self.username}

    def _send_message(self, fields: Fields) -> Json:
        chat = _chat(fields)
        sent = Sent(time.time(), str(chat), next(self._ids), _text(fields), *_keyboard(fields))
        return self._keep(sent, fields)

    def _edit_message_text(self, fields: Fields) -> Json:
        chat = _chat(fields)
        number = _integer(fields, "message_id")
        shown = {sent.message_id: sent for sent in self.record.history(chat)}.get(number)
        if shown is None:
            raise Objection("message to edit not found")
        sent = Sent(time.time(), str(chat), number, _text(fields), *_keyboard(fields), edited=True)
        if (sent.text, sent.buttons, sent.rows) == (shown.text, shown.buttons, shown.rows):
            raise Objection(
                "message is not modified: specified new message content and reply markup are exactly the"
                " same as a current content and reply markup of the message"
            )
        return self._keep(sent, fields)

    def _keep(self, sent: Sent, fields: Fields) -> Json:
        """Keep the message and return it as Telegram does."""
        self.record.take(sent)
        message: Json = {
            "message_id": sent.message_id,
            "from": self._me(),
            "chat": {"id": int(sent.chat), "type": "private", "first_name": "Demo"},
            "date": int(sent.at),
            "text": sent.text,
        }
        if sent.buttons:
            message["reply_markup"] = json.loads(fields["reply_markup"])
        if sent.edited:
            message["edit_date"] = int(sent.at)
        return message

    def _set_webhook(self, fields: Fields) -> bool:
        url, secret = fields.get("url", ""), fields.get("secret_token", "")
        if url and not url.startswith("https://"):
            raise Objection("bad webhook: An HTTPS URL must be provided for webhook")
        if secret and not _SECRET.fullmatch(secret):
            raise Objection("secret token contains unallowed characters")
        connections = _integer(fields, "max_connections") if "max_connections" in fields else 40
        if not 1 <= connections <= 100:
            raise Objection("max_connections must be from 1 to 100")
        self.secret = secret
        self.webhook |= {"url": url, "max_connections": connections}
        if "allowed_updates" in fields:
            self.webhook["allowed_updates"] = _decoded(fields, "allowed_updates")
        return True

    def _delete_webhook(self, fields: Fields) -> bool:
        self.webhook["url"] = ""
        return True

    def _get_updates(self, fields: Fields) -> list[Json]:
        if self.webhook["url"]:
            raise Objection(
                "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook"
                " first",
                409,
            )
        offset = int(fields.get("offset", "0"))
        self.updates = [update for update in self.updates if _number(update) >= offset]
        return self.updates[: int(fields.get("limit", "100"))]

    def _get_file(self, fields: Fields) -> Json:
        content = self.files.get(fields.get("file_id", ""))
        if content is None:
            raise Objection("invalid file_id")
        if len(content) > LARGEST_FILE:
            raise Objection("file is too big")
        name = fields["file_id"]
        unique = f"u{name}"[:20]
        return {
            "file_id": name,
            "file_unique_id": unique,
            "file_size": len(content),
            "file_path": f"files/{name}",
        }

    def file_at(self, path: str) -> bytes | None:
        """Return the file under `/file/bot<token>/`, None when there is none."""
        return self.files.get(path.removeprefix("files/"))

    def _set_my_commands(self, fields: Fields) -> bool:
        commands = _decoded(fields, "commands")
        if not isinstance(commands, list) or len(commands) > 100:
            raise Objection("too many commands")
        for command in commands:
            if not _COMMAND.fullmatch(command["command"]):
                raise Objection("BOT_COMMAND_INVALID")
            if not 1 <= len(command["description"]) <= 256:
                raise Objection("BOT_COMMAND_DESCRIPTION_INVALID")
        self.profile["commands", fields.get("language_code", "")] = fields["commands"]
        return True

    def _describe(self, what: str, fields: Fields, most: int) -> bool:
        if len(fields.get(what, "")) > most:
            raise Objection(f"{what} is too long")
        self.profile[what, fields.get("language_code", "")] = fields.get(what, "")
        return True


def _answer_callback_query(fields: Fields) -> bool:
    if not fields.get("callback_query_id"):
        raise Objection("query is too old and response timeout expired or query ID is invalid")
    if len(fields.get("text", "")) > 200:
        raise Objection("MESSAGE_TOO_LONG")
    return True


def _number(update: Json) -> int:
    number = update["update_id"]
    assert isinstance(number, int)
    return number


def _chat(fields: Fields) -> int:
    try:
        return int(fields["chat_id"])
    except (KeyError, ValueError):
        raise Objection("chat_id is empty" if not fields.get("chat_id") else "chat not found") from None


def _integer(fields: Fields, name: str) -> int:
    try:
        return int(fields[name])
    except (KeyError, ValueError):
        raise Objection(f"{name} is not an integer") from None


def _text(fields: Fields) -> str:
    """Return the text within 1 to 4096 characters and 32768 bytes."""
    text = fields.get("text", "")
    if not text.strip():
        raise Objection("message text is empty")
    if len(text.encode()) > RAW_TEXT:
        raise Objection("text is too long")
    if len(text.encode("utf-16-le")) // 2 > TEXT:
        raise Objection("message is too long")
    return text


def _decoded(fields: Fields, name: str) -> object:
    try:
        return json.loads(fields[name])
    except (KeyError, ValueError):
        raise Objection(f"can't parse {name} JSON object") from None


def _keyboard(fields: Fields) -> tuple[tuple[tuple[str, str], ...], tuple[int, ...]]:
    """Return buttons and their number per row; an inline keyboard within its limits."""
    if "reply_markup" not in fields:
        return (), ()
    markup = _decoded(fields, "reply_markup")
    if not isinstance(markup, dict) or not isinstance(markup.get("inline_keyboard"), list):
        raise Objection("object expected as reply markup")
    rows = markup["inline_keyboard"]
    buttons = tuple(_button(button) for row in rows for button in row)
    if any(len(row) > PER_ROW for row in rows) or len(buttons) > IN_ALL:
        raise Objection("reply markup is too long")
    return buttons, tuple(len(row) for row in rows)


def _button(button: Mapping[str, str]) -> tuple[str, str]:
    label, data = button.get("text", ""), button.get("callback_data", "")
    if not label.strip():
        raise Objection("inline keyboard button text must be non-empty")
    if not 1 <= len(data.encode()) <= CALLBACK:
        raise Objection("BUTTON_DATA_INVALID")
    return label, data
