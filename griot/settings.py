"""Every setting, read from the environment once; and where the data folders lie."""

import os
import re
import secrets
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.values import Problem
from channels.email import AddressError, read_sender, read_server
from models.db import UrlError, ready_url

SECRET_LENGTH = 32  # characters a SECRET_KEY needs at least
LOOPBACK = ("localhost", "127.0.0.1", "::1")
HEADER_SHAPE = r"^[A-Za-z0-9_-]{1,256}$"  # Bot API, setWebhook, secret_token
SENTRY_SHAPE = r"^$|^https?://[^/@\s]+@[^/@\s]+/(?:\S+/)?\d+$"
PHONE = r"^\+[1-9][0-9]{6,14}$"  # E.164
LEAST_RAW, LEAST_MESSAGES = 3, 31  # days
NO_SECRET = SecretStr("")

Count: TypeAlias = Annotated[int, Field(le=1_000_000_000)]
Days: TypeAlias = Annotated[int, Field(le=36_500)]
Seconds: TypeAlias = Annotated[float, Field(le=86_400, allow_inf_nan=False)]


class SettingsError(Exception):
    """The environment does not make a working set-up: every fault, each with its mend."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(f"{problem.where}: {problem.mend}" for problem in problems))
        self.problems = problems


class Settings(BaseSettings):
    """What the environment says; fields are named as the variables are."""

    model_config = SettingsConfigDict(
        frozen=True, env_ignore_empty=True, extra="ignore", env_file=".env", env_file_encoding="utf-8"
    )

    database_url: str = Field(default="sqlite:///var/griot.db", description="where everything is kept")
    base_url: str = Field(default="", description="public https address")
    port: int = Field(default=8000, ge=1, le=65535, description="where the web process listens")
    secret_key: SecretStr = Field(
        default=NO_SECRET, description="signs cookies; two keys while rotating, comma between"
    )
    log_format: Literal["text", "json"] = Field(default="text", description="how log lines look")
    griot_programme: Path = Field(
        default=Path("programmes/aston"), description="folder of the programme's files"
    )
    griot_var: Path = Field(
        default=Path("var"), description="folder for media, exports and metrics of the processes"
    )
    griot_backup_key: SecretStr = Field(
        default=NO_SECRET, description="seals backups; two keys while rotating, comma between"
    )
    metrics_token: SecretStr = Field(
        default=NO_SECRET,
        description="Bearer token that /metrics then asks for; two while rotating, comma between",
    )
    sentry_dsn: SecretStr = Field(default=NO_SECRET, description="where errors are reported")

    telegram_bot_token: SecretStr = Field(default=NO_SECRET, description="the bot's token")
    telegram_webhook_secret: SecretStr = Field(
        default=NO_SECRET,
        description="proves that a webhook is Telegram's; two while rotating, comma between",
    )
    telegram_api_url: str = Field(default="https://api.telegram.org", description="origin of the Bot API")

    twilio_account_sid: str = Field(default="", description="the account's SID")
    twilio_auth_token: SecretStr = Field(
        default=NO_SECRET, description="signs webhooks and calls; two tokens while rotating, comma between"
    )
    twilio_whatsapp_from: str = Field(default="", description="WhatsApp sender, +E164")
    twilio_sms_from: str = Field(default="", description="SMS sender, +E164")
    twilio_messaging_service_sid: str = Field(
        default="", description="messaging service instead of one sender"
    )
    twilio_api_url: str = Field(default="https://api.twilio.com", description="origin of the messaging API")
    twilio_content_url: str = Field(
        default="https://content.twilio.com", description="origin of the content API"
    )

    smtp_url: SecretStr = Field(default=NO_SECRET, description="mail server: smtp://user:password@host:port")
    mail_from: str = Field(default="", description="address that mails come from")

    griot_http_timeout: Seconds = Field(
        default=20.0, gt=0, description="seconds for a whole call to a provider"
    )
    griot_lease_seconds: Seconds = Field(
        default=60.0,
        gt=0,
        description="seconds until a send is taken for lost; another worker leads after as many, 5 to 20",
    )
    griot_senders: Count = Field(default=64, ge=1, le=1000, description="calls in flight a worker")
    griot_sender_per_minute: Count = Field(
        default=60, ge=0, description="messages in of one person; 0: no limit"
    )
    griot_sender_per_day: Count = Field(
        default=1000, ge=0, description="messages in of one person; 0: no limit"
    )
    griot_telegram_chat_interval: Seconds = Field(
        default=1.1, ge=0, description="seconds between messages in one chat"
    )
    griot_telegram_per_second: Count = Field(
        default=25, ge=0, description="Telegram messages in all; 0: no limit"
    )
    griot_whatsapp_per_second: Count = Field(
        default=80, ge=0, description="WhatsApp messages in all; 0: no limit"
    )
    griot_sms_per_second: Count = Field(default=1, ge=0, description="SMS in all; 0: no limit")
    griot_media_scan: str = Field(
        default="", description="command that reads a file people attach and exits with 1 where it is unsafe"
    )
    griot_keep_raw_days: Days = Field(
        default=30, ge=0, description="days that raw updates and buttons are kept; 0: for ever"
    )
    griot_keep_messages_days: Days = Field(
        default=200, ge=0, description="days that messages in and out are kept; 0: for ever"
    )
    griot_unsolicited_per_week: Count = Field(
        default=3, ge=0, description="nudges and reminders a person; 0: no limit"
    )

    @property
    def scan_words(self) -> tuple[str, ...]:
        """Return the words of the command that looks at files; raise ValueError for an open quote."""
        return tuple(shlex.split(self.griot_media_scan))

    @property
    def has_telegram(self) -> bool:
        """Tell whether the channel Telegram is on."""
        return bool(self.telegram_bot_token.get_secret_value())

    @property
    def has_whatsapp(self) -> bool:
        """Tell whether the channel WhatsApp is on."""
        return self._has_twilio and bool(self.twilio_whatsapp_from or self.twilio_messaging_service_sid)

    @property
    def has_sms(self) -> bool:
        """Tell whether the channel SMS is on."""
        return self._has_twilio and bool(self.twilio_sms_from or self.twilio_messaging_service_sid)

    @property
    def has_mail(self) -> bool:
        """Tell whether the channel e-mail is on."""
        return bool(self.smtp_url.get_secret_value() and self.mail_from)

    @property
    def webhook_secrets(self) -> tuple[str, ...]:
        """Return the secrets of Telegram's webhook, the one that Telegram is told first."""
        return listed(self.telegram_webhook_secret)

    @property
    def metrics_tokens(self) -> tuple[str, ...]:
        """Return the tokens of /metrics."""
        return listed(self.metrics_token)

    @property
    def twilio_tokens(self) -> tuple[str, ...]:
        """Return the auth tokens, the one that signs calls first."""
        return listed(self.twilio_auth_token)

    @property
    def _has_twilio(self) -> bool:
        return bool(self.twilio_account_sid and self.twilio_tokens and self.base_url)

    @property
    def channels_on(self) -> tuple[str, ...]:
        """Return the names of the channels that are on."""
        has = {
            "chat": True,
            "telegram": self.has_telegram,
            "whatsapp": self.has_whatsapp,
            "sms": self.has_sms,
            "email": self.has_mail,
        }
        return tuple(name for name, is_on in has.items() if is_on)

    @property
    def polls_telegram(self) -> bool:
        """Tell whether updates are fetched, for want of a public address."""
        return self.has_telegram and not self.base_url

    @property
    def origin(self) -> str:
        """Return the address under which people reach the console."""
        return self.base_url or f"http://127.0.0.1:{self.port}"

    @property
    def keys(self) -> tuple[str, ...]:
        """Return the secret keys, the one that signs first."""
        return listed(self.secret_key)

    @property
    def backup_keys(self) -> tuple[str, ...]:
        """Return the keys of backups, the one that seals first."""
        return listed(self.griot_backup_key)

    @property
    def programme_folder(self) -> Path:
        """Return the programme's folder: as given, else among the data that came with Griot."""
        if self.griot_programme.is_dir() or self.griot_programme.is_absolute():
            return self.griot_programme
        return data_folder("programmes").parent / self.griot_programme


def listed(secret: SecretStr) -> tuple[str, ...]:
    """Return the values of a secret that is being changed, the newest first; else the one."""
    return tuple(one.strip() for one in secret.get_secret_value().split(",") if one.strip())


def data_folder(name: str) -> Path:
    """Return the folder `locales`, `programmes` or `migrations`, in a checkout or in an installed wheel."""
    package = Path(__file__).resolve().parent
    packed = package / "data" / name
    return packed if packed.is_dir() else package.parent / name


def load_settings(*, is_demo: bool = False) -> Settings:
    """Return the settings of this process; raise SettingsError with every fault at once.

    A demo makes up its own secret key, kept in GRIOT_VAR so that people stay signed in over a restart.
    """
    try:
        settings = Settings()
    except ValidationError as error:
        raise SettingsError(_wrong_values(error)) from None
    if is_demo and not settings.keys:
        settings = settings.model_copy(update={"secret_key": SecretStr(_demo_key(settings.griot_var))})
    if problems := find_problems(settings):
        raise SettingsError(problems)
    return settings


def find_problems(settings: Settings) -> tuple[Problem, ...]:
    """Return what stops a start, every fault at once: each names the variables and the mend.

    Folders that are missing are made: whether they can be is part of the answer.
    """
    return (
        *_database_problems(settings),
        *_folder_problems(settings),
        *_scan_problems(settings),
        *_address_problems(settings),
        *_key_problems(settings),
        *_sentry_problems(settings),
        *_timing_problems(settings),
        *_retention_problems(settings),
        *_telegram_problems(settings),
        *_twilio_problems(settings),
        *_mail_problems(settings),
    )


def _database_problems(settings: Settings) -> list[Problem]:
    try:
        ready_url(settings.database_url)
    except UrlError as error:
        return [Problem("database", "DATABASE_URL", f"set it to sqlite:///FILE or postgresql://… ({error})")]
    return []


def _folder_problems(settings: Settings) -> list[Problem]:
    try:
        settings.griot_var.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return [_unusable(error.strerror)]
    return [] if os.access(settings.griot_var, os.W_OK | os.X_OK) else [_unusable("Permission denied")]


def _unusable(reason: str | None) -> Problem:
    return Problem("folder", "GRIOT_VAR", f"name a folder that Griot may make and write to ({reason})")


def _scan_problems(settings: Settings) -> list[Problem]:
    try:
        words = settings.scan_words
    except ValueError as error:
        return [Problem("command", "GRIOT_MEDIA_SCAN", f"write it as in a shell ({error})")]
    if not words or shutil.which(words[0]):
        return []
    return [Problem("command", "GRIOT_MEDIA_SCAN", f"name a command that is installed ({words[0]} is not)")]


def _address_problems(settings: Settings) -> list[Problem]:
    problems = [
        Problem("url", name.upper(), "set an origin such as https://example.org, and nothing else")
        for name in ("base_url", "telegram_api_url", "twilio_api_url", "twilio_content_url")
        if getattr(settings, name) and not _is_origin(getattr(settings, name))
    ]
    parts = urlsplit(settings.base_url)
    if not problems and parts.scheme == "http" and parts.hostname not in LOOPBACK:
        problems.append(Problem("url", "BASE_URL", "use https; http only for a loopback host"))
    return problems


def _key_problems(settings: Settings) -> list[Problem]:
    if settings.keys and all(len(key) >= SECRET_LENGTH for key in settings.keys):
        return []
    return [Problem("secret", "SECRET_KEY", f"set it to {SECRET_LENGTH} or more random characters")]


def _sentry_problems(settings: Settings) -> list[Problem]:
    if re.match(SENTRY_SHAPE, settings.sentry_dsn.get_secret_value()):
        return []
    return [Problem("value", "SENTRY_DSN", "set it as Sentry shows it: https://KEY@HOST/PROJECT")]


def _timing_problems(settings: Settings) -> list[Problem]:
    if settings.griot_lease_seconds > 2 * settings.griot_http_timeout:
        return []
    mend = "set it to more than twice GRIOT_HTTP_TIMEOUT"
    return [Problem("lease", "GRIOT_LEASE_SECONDS", mend)]


def _retention_problems(settings: Settings) -> list[Problem]:
    """A message may be edited for two days, the schedule remembers for thirty (models/timetable.py)."""
    kept = {"griot_keep_raw_days": LEAST_RAW, "griot_keep_messages_days": LEAST_MESSAGES}
    return [
        Problem("value", name.upper(), f"set it to 0, for ever, or {least} and more")
        for name, least in kept.items()
        if 0 < getattr(settings, name) < least
    ]


def _telegram_problems(settings: Settings) -> list[Problem]:
    token = settings.telegram_bot_token.get_secret_value()
    secrets = settings.webhook_secrets
    problems = []
    if not all(re.match(HEADER_SHAPE, secret) for secret in secrets):
        mend = "use 1 to 256 characters of A-Z a-z 0-9 _ -"
        problems.append(Problem("value", "TELEGRAM_WEBHOOK_SECRET", mend))
    if secrets and not token:
        problems.append(_missing("Telegram", ["TELEGRAM_BOT_TOKEN"]))
    if token and settings.base_url and not secrets:
        problems.append(_missing("Telegram", ["TELEGRAM_WEBHOOK_SECRET"]))
    return problems


def _twilio_problems(settings: Settings) -> list[Problem]:
    senders = (
        settings.twilio_whatsapp_from,
        settings.twilio_sms_from,
        settings.twilio_messaging_service_sid,
    )
    needed = {
        "TWILIO_ACCOUNT_SID": settings.twilio_account_sid,
        "TWILIO_AUTH_TOKEN": "".join(settings.twilio_tokens),
        "BASE_URL": settings.base_url,
        "TWILIO_WHATSAPP_FROM, TWILIO_SMS_FROM or TWILIO_MESSAGING_SERVICE_SID": "".join(senders),
    }
    has_any = any(value for name, value in needed.items() if name != "BASE_URL")
    missing = [name for name, value in needed.items() if has_any and not value]
    problems = [_missing("Twilio", missing)] if missing else []
    for name in ("twilio_whatsapp_from", "twilio_sms_from"):
        if (number := getattr(settings, name)) and not re.match(PHONE, number):
            problems.append(
                Problem("value", name.upper(), "use the international form, such as +10000000000")
            )
    return problems


def _mail_problems(settings: Settings) -> list[Problem]:
    needed = {"SMTP_URL": settings.smtp_url.get_secret_value(), "MAIL_FROM": settings.mail_from}
    missing = [name for name, value in needed.items() if not value]
    if missing:
        return [_missing("e-mail", missing)] if len(missing) == 1 else []
    read: dict[str, Callable[[str], object]] = {"SMTP_URL": read_server, "MAIL_FROM": read_sender}
    problems = []
    for name, value in needed.items():
        try:
            read[name](value)
        except AddressError as error:
            problems.append(Problem("value", name, str(error)))
    return problems


def _missing(channel: str, names: list[str]) -> Problem:
    return Problem(
        "missing", ", ".join(names), f"set it too, or unset the rest: {channel} is half configured"
    )


def _wrong_values(error: ValidationError) -> tuple[Problem, ...]:
    return tuple(
        Problem("value", ".".join(str(part) for part in fault["loc"]).upper(), fault["msg"])
        for fault in error.errors(include_input=False)
    )


def _is_origin(address: str) -> bool:
    try:
        parts = urlsplit(address)
        _ = parts.port  # raises for a port that is no number
    except ValueError:
        return False
    is_bare = parts.path in {"", "/"} and not any(sign in address for sign in "?#@")
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and is_bare


def _demo_key(folder: Path) -> str:
    """Return the key kept in this folder, made up when there is none; raise SettingsError."""
    path = folder / "demo.key"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not path.is_file():
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(secrets.token_urlsafe(48))
        return path.read_text(encoding="ascii")
    except OSError as error:
        raise SettingsError((_unusable(error.strerror),)) from None
