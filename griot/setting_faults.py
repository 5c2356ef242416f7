"""What stops a start: settings that are missing, wrong, or do not go together."""

import os
import re
import shutil
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.values import Problem
from channels.email import AddressError, read_sender, read_server
from models.db import UrlError, ready_url

if TYPE_CHECKING:
    from griot.settings import Settings

SECRET_LENGTH = 32  # characters a SECRET_KEY needs at least
LOOPBACK = ("localhost", "127.0.0.1", "::1")
HEADER_SHAPE = r"^[A-Za-z0-9_-]{1,256}$"  # Bot API, setWebhook, secret_token
SENTRY_SHAPE = r"^$|^https?://[^/@\s]+@[^/@\s]+/(?:\S+/)?\d+$"
LEAST_RAW, LEAST_MESSAGES = 3, 31  # days
PHONE = r"^\+[1-9][0-9]{6,14}$"  # E.164


def find_problems(settings: "Settings") -> tuple[Problem, ...]:
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


def _database_problems(settings: "Settings") -> list[Problem]:
    try:
        ready_url(settings.database_url)
    except UrlError as error:
        return [Problem("database", "DATABASE_URL", f"set it to sqlite:///FILE or postgresql://… ({error})")]
    return []


def _folder_problems(settings: "Settings") -> list[Problem]:
    try:
        settings.griot_var.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return [unusable(error.strerror)]
    return [] if os.access(settings.griot_var, os.W_OK | os.X_OK) else [unusable("Permission denied")]


def unusable(reason: str | None) -> Problem:
    """Return the fault of a folder that cannot be made or written to."""
    return Problem("folder", "GRIOT_VAR", f"name a folder that Griot may make and write to ({reason})")


def _scan_problems(settings: "Settings") -> list[Problem]:
    try:
        words = settings.scan_words
    except ValueError as error:
        return [Problem("command", "GRIOT_MEDIA_SCAN", f"write it as in a shell ({error})")]
    if not words or shutil.which(words[0]):
        return []
    return [Problem("command", "GRIOT_MEDIA_SCAN", f"name a command that is installed ({words[0]} is not)")]


def _address_problems(settings: "Settings") -> list[Problem]:
    problems = [
        Problem("url", name.upper(), "set an origin such as https://example.org, and nothing else")
        for name in ("base_url", "telegram_api_url", "twilio_api_url", "twilio_content_url")
        if getattr(settings, name) and not _is_origin(getattr(settings, name))
    ]
    parts = urlsplit(settings.base_url)
    if not problems and parts.scheme == "http" and parts.hostname not in LOOPBACK:
        problems.append(Problem("url", "BASE_URL", "use https; http only for a loopback host"))
    return problems


def _key_problems(settings: "Settings") -> list[Problem]:
    if settings.keys and all(len(key) >= SECRET_LENGTH for key in settings.keys):
        return []
    return [Problem("secret", "SECRET_KEY", f"set it to {SECRET_LENGTH} or more random characters")]


def _sentry_problems(settings: "Settings") -> list[Problem]:
    if re.match(SENTRY_SHAPE, settings.sentry_dsn.get_secret_value()):
        return []
    return [Problem("value", "SENTRY_DSN", "set it as Sentry shows it: https://KEY@HOST/PROJECT")]


def _timing_problems(settings: "Settings") -> list[Problem]:
    if settings.griot_lease_seconds > 2 * settings.griot_http_timeout:
        return []
    mend = "set it to more than twice GRIOT_HTTP_TIMEOUT"
    return [Problem("lease", "GRIOT_LEASE_SECONDS", mend)]


def _retention_problems(settings: "Settings") -> list[Problem]:
    """A message may be edited for two days, the schedule remembers for thirty (models/timetable.py)."""
    kept = {"griot_keep_raw_days": LEAST_RAW, "griot_keep_messages_days": LEAST_MESSAGES}
    return [
        Problem("value", name.upper(), f"set it to 0, for ever, or {least} and more")
        for name, least in kept.items()
        if 0 < getattr(settings, name) < least
    ]


def _telegram_problems(settings: "Settings") -> list[Problem]:
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


def _twilio_problems(settings: "Settings") -> list[Problem]:
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


def _mail_problems(settings: "Settings") -> list[Problem]:
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


def _is_origin(address: str) -> bool:
    try:
        parts = urlsplit(address)
        _ = parts.port  # raises for a port that is no number
    except ValueError:
        return False
    is_bare = parts.path in {"", "/"} and not any(sign in address for sign in "?#@")
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and is_bare
