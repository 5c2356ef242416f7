"""Every setting, read from the environment once; and where the data folders lie."""

import os
import secrets
import shlex
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.values import Problem
from griot.setting_faults import find_problems, unusable

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


def _wrong_values(error: ValidationError) -> tuple[Problem, ...]:
    return tuple(
        Problem("value", ".".join(str(part) for part in fault["loc"]).upper(), fault["msg"])
        for fault in error.errors(include_input=False)
    )


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
        raise SettingsError((unusable(error.strerror),)) from None
