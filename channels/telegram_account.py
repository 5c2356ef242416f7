"""What commands ask of the Bot API, through python-telegram-bot over our own connections."""

from collections.abc import Sequence
from typing import Any

from telegram import Bot, BotCommand
from telegram.error import TelegramError
from telegram.request import BaseRequest, RequestData

from channels.telegram_http import Http, Refused, Unanswered, result_of


class _Failed(TelegramError):
    """Carries our own error through the library."""

    def __init__(self, error: Refused | Unanswered) -> None:
        super().__init__(str(error))
        self.error = error


class _Request(BaseRequest):
    """The library's way to our connections, which others open and close."""

    def __init__(self, http: Http) -> None:
        self._http = http

    @property
    def read_timeout(self) -> float:
        """Return the seconds that a call may take."""
        return self._http.timeout

    async def initialize(self) -> None:
        """Do nothing."""

    async def shutdown(self) -> None:
        """Do nothing."""

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Return status and body of a result; raise _Failed."""
        body = request_data.url_encoded_parameters().encode() if request_data else b""
        try:
            answer = await self._http.answer(url, method, body, self._http.timeout)
            result_of(answer)
        except (Refused, Unanswered) as error:
            raise _Failed(error) from None
        return 200, answer


class Account:
    """The bot's name, webhook and texts; every call raises Refused or Unanswered."""

    def __init__(self, token: str, api_url: str, http: Http) -> None:
        request = _Request(http)
        self._bot = Bot(
            token or "none",  # the library refuses ""; Telegram answers 404 to this
            base_url=f"{api_url}/bot",
            base_file_url=f"{api_url}/file/bot",
            request=request,
            get_updates_request=request,
        )

    async def username(self) -> str:
        """Return the bot's user name (getMe)."""
        try:
            return (await self._bot.get_me()).username or ""
        except TelegramError as error:
            raise _inner(error) from None

    async def set_webhook(self, url: str, secret: str, kinds: Sequence[str], connections: int) -> None:
        """Register the webhook (setWebhook)."""
        try:
            await self._bot.set_webhook(
                url, secret_token=secret, allowed_updates=list(kinds), max_connections=connections
            )
        except TelegramError as error:
            raise _inner(error) from None

    async def describe(
        self, language: str, commands: Sequence[tuple[str, str]], long: str, short: str
    ) -> None:
        """Set commands and descriptions in one language ("": for all others)."""
        code = language or None
        named = [BotCommand(name, description) for name, description in commands]
        try:
            await self._bot.set_my_commands(named, language_code=code)
            await self._bot.set_my_description(long, language_code=code)
            await self._bot.set_my_short_description(short, language_code=code)
        except TelegramError as error:
            raise _inner(error) from None


def _inner(error: TelegramError) -> Refused | Unanswered:
    """Return our own error, or one for what the library itself objects to."""
    return error.error if isinstance(error, _Failed) else Unanswered(str(error), never_sent=False)
