"""`griot webhooks`: what providers must know of us."""

import click

from bot.profile import commands, description
from bot.values import LANGUAGES, Say
from channels.base import SendError
from channels.telegram import Profile
from griot.assembly import open_telegram
from griot.commands.desk import BadInput, Failed
from griot.settings import SettingsError, data_folder, load_settings
from griot.voices import voices


@click.group()
def webhooks() -> None:
    """Register with the providers."""


@webhooks.command("set")
def set_() -> None:
    """Register the webhook with its secret, and commands and descriptions in every language."""
    try:
        settings = load_settings()
    except SettingsError as error:
        raise BadInput(str(error)) from None
    if not settings.has_telegram or not settings.base_url:
        raise BadInput("TELEGRAM_BOT_TOKEN, TELEGRAM_WEBHOOK_SECRET and BASE_URL are needed: set them.")
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
