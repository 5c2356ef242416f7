"""The variables of the environment: what each is for, and which are never shown."""

from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from griot.settings import Settings, listed


def variables() -> dict[str, tuple[str, str]]:
    """Return every variable with its default and its meaning."""
    return {
        name.upper(): (_shown(field.default), field.description or "")
        for name, field in Settings.model_fields.items()
    }


def secret_names() -> frozenset[str]:
    """Return the variables whose values are never shown."""
    fields = Settings.model_fields.items()
    return frozenset(name.upper() for name, field in fields if field.annotation is SecretStr)


def secret_values(settings: Settings) -> frozenset[str]:
    """Return what must not be shown anywhere: every secret, and the passwords within addresses."""
    fields = (getattr(settings, name.lower()) for name in secret_names())
    whole = {value for field in fields for value in (field.get_secret_value(), *listed(field))}
    passwords = {_password(settings.database_url), _password(settings.smtp_url.get_secret_value())}
    return frozenset((whole | passwords | {unquote(one) for one in passwords}) - {""})


def _password(address: str) -> str:
    try:
        return urlsplit(address).password or ""
    except ValueError:
        return ""


def _shown(default: object) -> str:
    return default.get_secret_value() if isinstance(default, SecretStr) else str(default)
