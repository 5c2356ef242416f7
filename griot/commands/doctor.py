"""`griot doctor`: what is wrong with this set-up, and the mend."""

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from gettext import NullTranslations
from urllib.parse import urlsplit

import click
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from bot.costs import FULL
from bot.faults import fault_words
from bot.say import Voice
from bot.templates import (
    FALLEN,
    MISSING,
    TemplateState,
    missing_of,
    tapped_texts,
    texts_of,
)
from channels.base import SendError
from channels.email import AddressError
from channels.telegram import Registration
from griot.assembly import (
    look_at_templates,
    open_email,
    open_sms,
    open_telegram,
    telegram_webhook,
    twilio_webhook,
)
from griot.clock import now
from griot.commands.desk import show_json
from griot.commands.unapproved import mend_of
from griot.schema import Standing, revisions, standing
from griot.settings import Settings, SettingsError, load_settings
from griot.variables import secret_names, variables
from models import circuit
from models.damage import damaged
from models.db import Store, UrlError, open_store, read
from models.demo import is_demo
from models.fault import faults
from models.programme import current_programme
from models.spending import spending
from models.template import known as known_templates
from models.template import needs

SOUND_SQLITE = (3, 51, 3)  # below it a rare fault of checkpoints is known
MOST_PENDING = 50  # updates that may wait at Telegram


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not right; a note is good to know and stops nothing."""

    what: str
    mend: str
    is_note: bool = False


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def doctor(context: click.Context, as_json: bool) -> None:
    """Check configuration, database and channels; exit 1 when something must be mended."""
    findings = list(_findings())
    problems = [one for one in findings if not one.is_note]
    notes = [one for one in findings if one.is_note]
    if as_json:
        show_json(
            {
                "ok": not problems,
                "problems": [{"what": one.what, "mend": one.mend} for one in problems],
                "notes": [{"what": one.what, "mend": one.mend} for one in notes],
                "settings": _settings_shown(),
            }
        )
    else:
        for name, value in _settings_shown().items():
            click.echo(f"{name}={value}")
        for one in notes:
            click.echo(f"Note: {one.what} {one.mend}")
        for one in problems:
            click.echo(f"Problem: {one.what} {one.mend}")
        click.echo("All is well." if not problems else f"{len(problems)} to mend.")
    context.exit(1 if problems else 0)


def _findings() -> Iterator[Finding]:
    settings: Settings | None
    try:
        settings = Settings()
    except ValidationError:
        settings = None
    yield from _of_settings()
    if settings is not None:
        yield from _of_database(settings)
        yield from _of_telegram(settings)
        yield from _of_mail(settings)
        yield from _of_twilio(settings)
        yield from _of_channels_off(settings)


def _of_settings() -> Iterator[Finding]:
    try:
        load_settings()
    except SettingsError as error:
        for problem in error.problems:
            mend = f"{problem.mend[:1].upper()}{problem.mend[1:]}."
            yield Finding(f"{problem.where} is not right.", mend)


def _of_database(settings: Settings) -> Iterator[Finding]:
    try:
        store = open_store(settings.database_url, connections=1)
    except UrlError:
        return  # the settings' own check says it
    try:
        yield from _of_store(store)
        yield from _of_templates(settings, store)
        yield from _of_faults(store)
    except SQLAlchemyError as error:
        reason = " ".join(str(getattr(error, "orig", error)).split())
        yield Finding(f"The database cannot be used: {reason}.", "Check DATABASE_URL and that it runs.")
    finally:
        store.close()


def _of_store(store: Store) -> Iterator[Finding]:
    if store.is_sqlite and sqlite3.sqlite_version_info < SOUND_SQLITE:
        yield Finding(
            f"SQLite {sqlite3.sqlite_version} has a rare fault of checkpoints.",
            "Run `griot backup` daily, or use PostgreSQL.",
            is_note=True,
        )
    found = standing(store)
    if found == Standing.BEHIND:
        yield Finding(f"The schema is behind revision {revisions()[-1]}.", "Run `griot migrate`.")
    elif found == Standing.AHEAD:
        yield Finding("The schema is ahead of this Griot.", "Install the newer one.")
    else:
        yield from _of_programme(store)
        yield from _of_budget(store)
        for column, key in read(store, damaged):
            mend = "Compare a backup: lists go on without it, and nothing else is stopped."
            yield Finding(f"What {column} holds in row {key} cannot be read.", mend)
        if read(store, is_demo):
            yield Finding(
                "This database holds a demonstration.",
                "For real people set DATABASE_URL to another one.",
                is_note=True,
            )


def _of_programme(store: Store) -> Iterator[Finding]:
    try:
        read(store, current_programme)
    except LookupError:
        yield Finding("No programme is loaded.", "Run `griot programme load`.")


def _of_faults(store: Store) -> Iterator[Finding]:
    """Yield what the processes met that only an operator can mend, and which channels are left alone."""
    if standing(store) != Standing.CURRENT:
        return
    found, channels = read(store, lambda db: (faults(db), circuit.standings(db)))
    say = Voice("en", NullTranslations())
    for one in found:
        words = fault_words(say, one.kind, one.subject, one.code, one.detail)
        yield Finding(words.what, words.mend)
    told = {one.subject for one in found}
    for name, known in channels.items():
        if known.is_open and name not in told:
            what = f"The channel {name} is left alone for a while ({known.failure}: {known.detail})."
            yield Finding(what, "It is tried again by itself.", is_note=True)


def _of_budget(store: Store) -> Iterator[Finding]:
    """Yield each limit of the budget that is nearly used; one that is used holds messages back."""
    try:
        uses = read(store, lambda db: spending(db, current_programme(db), now()).uses)
    except LookupError:
        return  # said already
    for use in uses:
        if use.level:
            whose = f"The budget of the {use.span}" + (f" for {use.name}" if use.name else "")
            mend = "See `griot budget`; raise the limit in budget.yaml and load the programme."
            yield Finding(f"{whose} is used to {use.per_cent} %.", mend, is_note=use.level < FULL)


def _of_templates(settings: Settings, store: Store) -> Iterator[Finding]:
    """Yield what keeps Griot from opening a conversation on WhatsApp with somebody who has it."""
    if not settings.has_whatsapp or standing(store) != Standing.CURRENT:
        return
    try:
        programme, wanted = read(store, lambda db: (current_programme(db), needs(db)))
    except LookupError:
        return
    try:
        states = look_at_templates(settings)
    except SendError as error:
        mend = "Check TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_CONTENT_URL."
        yield Finding(f"Twilio refuses to tell of templates: {error.detail}.", mend)
        states = read(store, known_templates)
    lacking = missing_of(states, programme, wanted)
    current = {text.name for text in texts_of(programme)}
    fallen = [one for one in states if one.name in current and one.status in FALLEN and one not in lacking]
    yield from _of_states(lacking, is_note=False)
    yield from _of_states(fallen, is_note=True)
    yield from _of_buttons({one.name for one in states}, is_wanted=bool(wanted))


def _of_buttons(known: Collection[str], *, is_wanted: bool) -> Iterator[Finding]:
    """Yield what keeps people on WhatsApp from tapping."""
    without = [text.name for text in tapped_texts() if text.name not in known]
    if is_wanted and without:
        mend = "Run `griot templates push`; until then options are answered by their numbers."
        yield Finding(f"Buttons of WhatsApp, {MISSING}: {', '.join(without)}.", mend, is_note=True)


def _of_states(states: Sequence[TemplateState], *, is_note: bool) -> Iterator[Finding]:
    for status in dict.fromkeys(one.status for one in states):
        found = [one for one in states if one.status == status]
        names = ", ".join(f"{one.name} ({one.reason})" if one.reason else one.name for one in found)
        yield Finding(f"Templates of WhatsApp, {status}: {names}.", mend_of(status), is_note)


def _of_telegram(settings: Settings) -> Iterator[Finding]:
    if not settings.has_telegram:
        yield Finding("Telegram is off.", "Set TELEGRAM_BOT_TOKEN to switch it on.", is_note=True)
        return
    telegram = open_telegram(settings)
    try:
        telegram.username()
        if settings.base_url:
            yield from _of_registration(telegram.health(), settings)
        else:
            yield Finding("Telegram is polled.", "Set BASE_URL to receive webhooks.", is_note=True)
    except SendError as error:
        yield Finding(f"Telegram refuses: {error.detail}.", "Check TELEGRAM_BOT_TOKEN and TELEGRAM_API_URL.")
    finally:
        telegram.close()


def _of_mail(settings: Settings) -> Iterator[Finding]:
    """Yield what the mail server objects to, when Griot signs in as for a message."""
    if not settings.has_mail:
        return
    try:
        open_email(settings).check()
    except AddressError:
        return  # the settings' own check says it
    except SendError as error:
        yield Finding(f"E-mail cannot be sent: {error.detail}.", "Check SMTP_URL and MAIL_FROM.")


def _of_registration(found: Registration, settings: Settings) -> Iterator[Finding]:
    if found.url != telegram_webhook(settings):
        yield Finding("Telegram does not know this address.", "Run `griot webhooks set`.")
    if found.last_error:
        yield Finding(
            f"Telegram last failed to deliver: {found.last_error}.",
            "Check that BASE_URL is reached from outside, then run `griot webhooks set`.",
            is_note=True,
        )
    if found.pending > MOST_PENDING:
        yield Finding(f"{found.pending} updates wait at Telegram.", "Check that the web process answers.")


def _of_twilio(settings: Settings) -> Iterator[Finding]:
    """Yield whether Twilio knows the account, and what it must know of us."""
    if not (settings.has_whatsapp or settings.has_sms):
        return
    channel = open_sms(settings)  # one account for both
    try:
        channel.check()
    except SendError as error:
        mend = "Check TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_API_URL."
        yield Finding(f"Twilio refuses: {error.detail}.", mend)
    finally:
        channel.close()
    mend = "See docs/channels/whatsapp.md, or sms.md, for where it is set in Twilio's console."
    yield Finding(f"Incoming messages must be sent to {twilio_webhook(settings)}.", mend, is_note=True)


def _of_channels_off(settings: Settings) -> Iterator[Finding]:
    """Yield a note a channel that nothing is set for; of one that is half set the settings' check tells."""
    senders = (
        settings.twilio_whatsapp_from,
        settings.twilio_sms_from,
        settings.twilio_messaging_service_sid,
    )
    if not any((settings.twilio_account_sid, settings.twilio_tokens, *senders)):
        yield Finding("WhatsApp and SMS are off.", "Set TWILIO_ACCOUNT_SID to switch them on.", is_note=True)
    elif settings.has_sms and not settings.has_whatsapp:
        yield Finding("WhatsApp is off.", "Set TWILIO_WHATSAPP_FROM to switch it on.", is_note=True)
    elif settings.has_whatsapp and not settings.has_sms:
        yield Finding("SMS are off.", "Set TWILIO_SMS_FROM to switch them on.", is_note=True)
    if not settings.mail_from and not settings.smtp_url.get_secret_value():
        yield Finding("E-mail is off.", "Set SMTP_URL and MAIL_FROM to switch it on.", is_note=True)


def _settings_shown() -> dict[str, str]:
    """Return every variable with its value, or default; of secrets only whether they are set."""
    try:
        given = {name.upper(): value for name, value in Settings().model_dump().items()}
    except ValueError:
        given = {}
    shown, secrets = {}, secret_names()
    for name, (default, _) in variables().items():
        value = given.get(name, default)
        if name in secrets:
            shown[name] = "set" if _is_set(value) else "not set"
        else:
            shown[name] = _address(str(value)) if name.endswith("_URL") else str(value)
    return shown


def _address(text: str) -> str:
    """Return an address without user, password and query; `set` for one that cannot be read."""
    try:
        parts = urlsplit(text)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "set"
    if not text.startswith(f"{parts.scheme}://"):
        return "set" if text else ""
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"


def _is_set(value: object) -> bool:
    return bool(value.get_secret_value() if hasattr(value, "get_secret_value") else value)
