"""The links that carry an invitation code to a chat."""

from urllib.parse import quote

import click

from channels.base import SendError
from channels.telegram import Telegram
from griot.settings import Settings

PATIENCE = 5.0  # seconds for Telegram to tell the bot's name


def invite_links(settings: Settings, code: str) -> dict[str, str | None]:
    """Return the link for each channel that takes one, None where the channel is off or did not answer."""
    return {"telegram_url": telegram_url(settings, code), "whatsapp_url": whatsapp_url(settings, code)}


def telegram_url(settings: Settings, code: str) -> str | None:
    """Return the deep link that sends `/start CODE`, or None (Bot features, Deep linking)."""
    if not settings.has_telegram:
        return None
    token = settings.telegram_bot_token.get_secret_value()
    telegram = Telegram(token, (), settings.telegram_api_url, min(PATIENCE, settings.griot_http_timeout))
    try:
        return telegram.invite_url(code)
    except SendError as error:
        click.echo(f"No Telegram link: {error.detail}", err=True)
        return None
    finally:
        telegram.close()


def whatsapp_url(settings: Settings, code: str) -> str | None:
    """Return the link that opens a chat with `JOIN CODE` typed, or None (WhatsApp, click to chat)."""
    number = settings.twilio_whatsapp_from
    return f"https://wa.me/{number.removeprefix('+')}?text={quote(f'JOIN {code}')}" if number else None
