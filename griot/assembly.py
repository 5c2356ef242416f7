"""The parts put together from the settings: channels, the web application, the worker's work."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bot.values import Clock
from channels.base import Channel, parts_of
from channels.chat import Chat
from channels.email import Email
from channels.telegram import Telegram
from channels.twilio import Account, Twilio, sms, whatsapp
from griot.clock import move, now
from griot.metrics import Measures
from griot.rates import Rate
from griot.scanning import Scan
from griot.settings import Settings, data_folder
from models.base import Db
from models.db import Store
from models.inbox import Update, sender_key
from models.media_files import MediaFiles
from models.pace import PaceLimits

if TYPE_CHECKING:
    from flask import Flask

    from bot.forms.form import Form
    from bot.programme import DemoPerson
    from bot.schedule import Occurrence
    from bot.templates import TemplateState
    from bot.values import Say
    from channels.twilio_contents import Contents
    from console.parts import Html, Upcoming
    from griot.worker import Work
    from models.form import FormShelf
    from models.programme import ProgrammeShelf
    from scheduler.job import Job


def open_channels(settings: Settings) -> dict[str, Channel]:
    """Return the channels that are on, by name."""
    channels: dict[str, Channel] = {Chat.name: open_chat(settings)}
    if settings.has_telegram:
        channels[Telegram.name] = open_telegram(settings)
    if settings.has_whatsapp:
        channels["whatsapp"] = whatsapp(twilio_account(settings), settings.twilio_whatsapp_from)
    if settings.has_sms:
        channels["sms"] = open_sms(settings)
    if settings.has_mail:
        channels[Email.name] = open_email(settings)
    return channels


def open_chat(settings: Settings) -> Chat:
    """Return the channel of the phones in the browser and in the terminal."""
    return Chat(settings.griot_var / "phone")


def close_all(channels: Mapping[str, Channel]) -> None:
    """Close the connections of channels that have any."""
    for channel in channels.values():
        if isinstance(channel, Telegram | Twilio):
            channel.close()


def warm_up(channels: Mapping[str, Channel]) -> None:
    """Import the libraries of the channels that are on; nothing is called."""
    for channel in channels.values():
        if isinstance(channel, Telegram | Twilio):
            _ = channel.calls


def open_telegram(settings: Settings) -> Telegram:
    """Return the channel Telegram; it connects at its first call."""
    return Telegram(
        settings.telegram_bot_token.get_secret_value(),
        settings.webhook_secrets,
        settings.telegram_api_url,
        settings.griot_http_timeout,
    )


def open_email(settings: Settings) -> Email:
    """Return the channel e-mail; it connects for each message."""
    url = settings.smtp_url.get_secret_value()
    return Email(url, settings.mail_from, settings.griot_http_timeout, now)


def open_sms(settings: Settings) -> Twilio:
    """Return the channel SMS; it connects at its first call."""
    return sms(twilio_account(settings), settings.twilio_sms_from)


def telegram_webhook(settings: Settings) -> str:
    """Return the address that Telegram must send updates to."""
    return f"{settings.base_url.rstrip('/')}/webhooks/{Telegram.name}"


def twilio_webhook(settings: Settings) -> str:
    """Return the address that Twilio must send incoming messages to."""
    return f"{settings.base_url.rstrip('/')}/webhooks/twilio"


def twilio_account(settings: Settings) -> Account:
    """Return the account at Twilio, for both of its channels."""
    return Account(
        settings.twilio_account_sid,
        settings.twilio_tokens,
        settings.base_url,
        settings.twilio_messaging_service_sid,
        settings.twilio_api_url,
        settings.twilio_content_url,
        settings.griot_http_timeout,
    )


def open_contents(settings: Settings) -> "Contents | None":
    """Return the account's templates at Twilio, or None without an account."""
    from channels.twilio_contents import Contents  # for commands and workers only

    if not settings.twilio_account_sid or not settings.twilio_tokens:
        return None
    return Contents(
        settings.twilio_account_sid,
        settings.twilio_tokens[0],
        settings.twilio_content_url,
        settings.griot_http_timeout,
    )


def look_at_templates(settings: Settings) -> "list[TemplateState]":
    """Return how every template stands at Twilio, none without an account; raise SendError."""
    contents = open_contents(settings)
    if contents is None:
        return []
    try:
        return contents.states()
    finally:
        contents.close()


def make_app(
    settings: Settings,
    store: Store,
    measures: Measures,
    announce: Callable[[Db], None],
    wake: Callable[[], None],
    *,
    is_demo: bool = False,
    clock: Clock = now,
) -> "Flask":
    """Return the web application. `announce` and `wake` tell workers, in and after a transaction."""
    from console.parts import Parts
    from griot.app import create_app
    from griot.health import health
    from griot.threads import POSTS
    from griot.voices import voices
    from models.form import FormShelf
    from models.programme import ProgrammeShelf
    from webhooks.intake import Intake
    from webhooks.plain import Posts
    from webhooks.routes import Webhooks

    channels = open_channels(settings)
    measures.expect(channels)
    outside = {name: one for name, one in channels.items() if name != Chat.name}
    intake = Intake(store, announce, wake)
    programmes, forms, spoken = ProgrammeShelf(), FormShelf(), voices(data_folder("locales"))
    parts = Parts(
        store=store,
        programmes=programmes,
        forms=FormShelf(),
        clock=clock,
        voices=voices(data_folder("locales")),
        chat=open_chat(settings),
        keep=intake.keep,
        media=MediaFiles(settings.griot_var),
        is_demo=is_demo,
        cast=_cast(settings.programme_folder) if is_demo else {},
        upcoming=_coming(programmes, tuple(channels), settings.griot_unsolicited_per_week),
        digest_html=_digest_html(programmes, forms, spoken),
        move_clock=partial(move, store),
        read_form=_read_form,
    )
    hooks = Webhooks(outside, intake.keep, clock, settings.base_url, measures.webhook)
    first, *former = settings.keys
    app = create_app(
        parts,
        secret_key=first,
        base_url=settings.origin,
        former_keys=former,
        machines=(health(store, clock, settings.metrics_tokens, tuple(channels)),),
        around=hooks.around,
    )
    app.extensions[POSTS] = Posts(partial(hooks.begin, intake.begin))
    return app


def _read_form(file: bytes, name: str, lists: Mapping[str, bytes]) -> "Form":
    from griot.reading import read_one

    return read_one(file, name, lists)


def _coming(programmes: "ProgrammeShelf", channels: tuple[str, ...], ceiling: int) -> "Upcoming":
    """Return what tells the simulator's clock what will leave by itself."""
    from models.timetable import upcoming

    def coming(db: Db, at: datetime, days: int) -> "list[Occurrence]":
        found = upcoming(db, programmes.programme(db), channels, ceiling, at, days)
        return [each.occurrence for each in found]

    return coming


def _digest_html(programmes: "ProgrammeShelf", forms: "FormShelf", spoken: "Mapping[str, Say]") -> "Html":
    from griot.digests import Digests

    digests = Digests(programmes, forms, spoken)
    return lambda db, week, language, at: digests.mail_of(db, week, language, at).html


def _cast(folder: Path) -> "dict[str, DemoPerson]":
    from bot.programme import open_demo

    return {person.name: person for person in open_demo((folder / "demo.yaml").read_bytes()).people}


def make_work(
    settings: Settings,
    store: Store,
    channels: Mapping[str, Channel],
    measures: Measures,
    clock: Clock = now,
) -> "Work":
    """Return what a worker is made of."""
    from griot.turn import make_turns  # these two: not in a web process
    from griot.worker import Work

    turns = make_turns(channels)
    return Work(
        store=store,
        channels=channels,
        clock=clock,
        take_turns=turns,
        apologise=turns.apologise,
        busy=turns.busy,
        end_text=turns.end_text,
        ways=turns.ways,
        limits=PaceLimits(settings.griot_sender_per_minute, settings.griot_sender_per_day),
        rates=rates(settings),
        lease=timedelta(seconds=settings.griot_lease_seconds),
        senders=settings.griot_senders,
        files=MediaFiles(settings.griot_var),
        measure_turn=measures.turn,
        measure_send=measures.send,
        check_file=Scan(settings.scan_words, settings.griot_http_timeout).check,
        prepare=turns.prepare,
    )


def make_jobs(settings: Settings, channels: Mapping[str, Channel]) -> "tuple[Job, ...]":
    """Return the jobs of the schedule."""
    from griot.digests import Digests
    from griot.voices import voices
    from models.form import FormShelf
    from models.programme import ProgrammeShelf
    from models.retention import Ages
    from scheduler.jobs import jobs
    from scheduler.parts import Parts as SchedulerParts

    forms, programmes, spoken = FormShelf(), ProgrammeShelf(), voices(data_folder("locales"))
    asked = [channel for channel in channels.values() if isinstance(channel, Twilio)]
    telegram = channels.get(Telegram.name)
    is_public = settings.base_url.startswith("https://")  # Bot API, setWebhook: nothing else is delivered to
    parts = SchedulerParts(
        forms=forms,
        programmes=programmes,
        voices=spoken,
        channels=tuple(channels),
        ceiling=settings.griot_unsolicited_per_week,
        digest=Digests(programmes, forms, spoken).of_occurrence,
        parts_of=partial(parts_of, channels),
        ages=Ages(_days(settings.griot_keep_raw_days), _days(settings.griot_keep_messages_days)),
        templates=partial(look_at_templates, settings) if settings.has_whatsapp else None,
        missed=partial(_missed, asked) if asked else None,
        registration=telegram.health if isinstance(telegram, Telegram) and is_public else None,
        telegram_url=telegram_webhook(settings),
    )
    return jobs(parts)


def _days(number: int) -> timedelta | None:
    return timedelta(days=number) if number else None


def _missed(channels: Sequence[Twilio], since: datetime) -> list[Update]:
    return [_update(channel, at, body) for channel in channels for at, body in channel.missed(since)]


def _update(channel: Channel, at: datetime, body: bytes) -> Update:
    envelope = channel.envelope(body)
    sender = sender_key(channel.name, envelope.sender, envelope.provider_id)
    return Update(channel.name, envelope.provider_id, sender, body, at)


def rates(settings: Settings) -> dict[str, Rate]:
    """Return how fast each channel may send."""
    return {
        Telegram.name: Rate(settings.griot_telegram_chat_interval, settings.griot_telegram_per_second),
        "whatsapp": Rate(per_second=settings.griot_whatsapp_per_second),
        "sms": Rate(per_second=settings.griot_sms_per_second),
    }
