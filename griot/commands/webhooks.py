"""`griot webhooks`: what providers must know of us."""

import click

from bot.profile import commands, description
from bot.values import LANGUAGES, Say
from channels.base import SendError
from channels.telegram import Profile
from griot.assembly import open_telegram, twilio_webhook
from griot.commands.desk import BadInput, Failed
from griot.settings import Settings, SettingsError, data_folder, load_settings
from griot.voices import voices


@click.group()
def webhooks() -> None:
    """Register with the providers."""


@webhooks.command("set")
def set_() -> None:
    """Register Telegram's webhook with its secret, and commands and descriptions in every language.

    What Twilio must know is shown: it is set in its console.
    """
    try:
        settings = load_settings()
    except SettingsError as error:
        raise BadInput(str(error)) from None
    has_twilio = settings.has_whatsapp or settings.has_sms
    if has_twilio:
        click.echo(f"In Twilio's console set {twilio_webhook(settings)} for incoming messages (HTTP POST).")
    if settings.has_telegram and settings.base_url:
        _tell_telegram(settings)
    elif not has_twilio:
        raise BadInput("TELEGRAM_BOT_TOKEN, TELEGRAM_WEBHOOK_SECRET and BASE_URL are needed: set them.")


def _tell_telegram(settings: Settings) -> None:
    spoken = voices(data_folder("locales"))
    profiles = {"": _profile(spoken["en"]), **{code: _profile(spoken[code]) for code in LANGUAGES}}
    telegram = open_telegram(settings)
    try:
        telegram.set_up(settings.base_url, profiles)
    except SendError as error:
        raise Failed(f"Telegram refuses: {error.detail}.") from None
    finally:
        telegram.close()
    click.echo("Telegram knows this address.")


def _profile(say: Say) -> Profile:
    return Profile(commands(say), description(say), "")
