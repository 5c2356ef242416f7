"""Settings: every fault is found, named and mended in one line."""

from pathlib import Path

import pytest

from griot.settings import Settings, SettingsError, data_folder, load_settings
from griot.variables import secret_values, variables

KEY = "k" * 32


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Unset every variable, in a folder without a `.env`."""
    monkeypatch.chdir(tmp_path)
    for name in variables():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SECRET_KEY", KEY)


FAULTS = [
    pytest.param({"SECRET_KEY": "short"}, "SECRET_KEY", id="short key"),
    pytest.param({"SECRET_KEY": ""}, "SECRET_KEY", id="no key"),
    pytest.param({"SECRET_KEY": f"{KEY},short"}, "SECRET_KEY", id="a short second key"),
    pytest.param({"DATABASE_URL": "mysql://db"}, "DATABASE_URL", id="another database"),
    pytest.param({"DATABASE_URL": "sqlite://"}, "DATABASE_URL", id="a database in memory"),
    pytest.param({"DATABASE_URL": "nonsense"}, "DATABASE_URL", id="no address"),
    pytest.param({"BASE_URL": "http://griot.example"}, "BASE_URL", id="http outside"),
    pytest.param({"BASE_URL": "https://griot.example/path"}, "BASE_URL", id="a path"),
    pytest.param({"BASE_URL": "https://griot.example?a=1"}, "BASE_URL", id="a query"),
    pytest.param({"BASE_URL": "https://griot.example/#a"}, "BASE_URL", id="a fragment"),
    pytest.param({"BASE_URL": "https://griot.example?"}, "BASE_URL", id="an empty query"),
    pytest.param({"TELEGRAM_API_URL": "https://u:p@griot.example"}, "TELEGRAM_API_URL", id="a user"),
    pytest.param({"BASE_URL": "griot.example"}, "BASE_URL", id="no scheme"),
    pytest.param({"PORT": "many"}, "PORT", id="no port"),
    pytest.param({"LOG_FORMAT": "xml"}, "LOG_FORMAT", id="unknown format"),
    pytest.param({"GRIOT_HTTP_TIMEOUT": "30"}, "GRIOT_LEASE_SECONDS", id="lease of twice the timeout"),
    pytest.param({"GRIOT_LEASE_SECONDS": "inf"}, "GRIOT_LEASE_SECONDS", id="a lease without end"),
    pytest.param({"GRIOT_HTTP_TIMEOUT": "nan"}, "GRIOT_HTTP_TIMEOUT", id="seconds that are no number"),
    pytest.param({"GRIOT_LEASE_SECONDS": "86401"}, "GRIOT_LEASE_SECONDS", id="a lease of over a day"),
    pytest.param({"GRIOT_SENDER_PER_DAY": "9" * 20}, "GRIOT_SENDER_PER_DAY", id="a limit without bounds"),
    pytest.param({"GRIOT_KEEP_RAW_DAYS": "2"}, "GRIOT_KEEP_RAW_DAYS", id="raw updates gone too soon"),
    pytest.param({"GRIOT_KEEP_MESSAGES_DAYS": "30"}, "GRIOT_KEEP_MESSAGES_DAYS", id="words gone too soon"),
    pytest.param({"GRIOT_VAR": "/dev/null/var"}, "GRIOT_VAR", id="a folder that cannot be made"),
    pytest.param({"TELEGRAM_WEBHOOK_SECRET": "s"}, "TELEGRAM_BOT_TOKEN", id="a secret without a token"),
    pytest.param(
        {"TELEGRAM_BOT_TOKEN": "1:x", "BASE_URL": "https://griot.example"},
        "TELEGRAM_WEBHOOK_SECRET",
        id="a token without a secret",
    ),
    pytest.param({"TELEGRAM_BOT_TOKEN": "1:x", "TELEGRAM_WEBHOOK_SECRET": "s p"}, "SECRET", id="odd secret"),
    pytest.param({"SENTRY_DSN": "https://sentry.example.org/7"}, "SENTRY_DSN", id="a DSN without a key"),
    pytest.param({"TWILIO_AUTH_TOKEN": "x"}, "TWILIO_ACCOUNT_SID, BASE_URL", id="half of Twilio"),
    pytest.param({"TWILIO_SMS_FROM": "077"}, "TWILIO_ACCOUNT_SID", id="a sender alone"),
    pytest.param({"SMTP_URL": "smtp://mail"}, "MAIL_FROM", id="half of mail"),
    pytest.param(
        {"SMTP_URL": "mail.example.org", "MAIL_FROM": "a@example.org"}, "SMTP_URL", id="no mail server"
    ),
    pytest.param({"SMTP_URL": "smtp://mail", "MAIL_FROM": "Griot"}, "MAIL_FROM", id="no sender"),
]


@pytest.mark.parametrize(("environment", "named"), FAULTS)
def test_a_fault_is_named(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], named: str) -> None:
    """The error is one line and names the variable."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)


GOOD = [
    pytest.param({}, id="nothing but a key"),
    pytest.param({"SECRET_KEY": f"{KEY}, {KEY}"}, id="two keys"),
    pytest.param({"DATABASE_URL": "postgres://db.example/griot"}, id="postgres"),
    pytest.param({"BASE_URL": "http://127.0.0.1:8000"}, id="http on a loopback host"),
    pytest.param({"TELEGRAM_BOT_TOKEN": "1:x"}, id="Telegram polled"),
    pytest.param(
        {
            "TWILIO_ACCOUNT_SID": "AC0",
            "TWILIO_AUTH_TOKEN": "x",
            "BASE_URL": "https://griot.example",
            "TWILIO_SMS_FROM": "+10000000000",
        },
        id="SMS",
    ),
]


@pytest.mark.parametrize("environment", GOOD)
def test_what_is_complete_starts(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> None:
    """No fault is found where there is none."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert load_settings().keys[0] == KEY


def test_several_faults_come_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """All are named, not the first only."""
    monkeypatch.setenv("SECRET_KEY", "short")
    monkeypatch.setenv("SMTP_URL", "smtp://mail")
    with pytest.raises(SettingsError, match=r"SECRET_KEY.*MAIL_FROM"):
        load_settings()


def test_a_demo_makes_up_its_key_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """People stay signed in over a restart; nobody else can read the key."""
    monkeypatch.delenv("SECRET_KEY")
    first = load_settings(is_demo=True)
    assert load_settings(is_demo=True).keys == first.keys
    assert (first.griot_var / "demo.key").stat().st_mode & 0o077 == 0


def test_a_demo_names_a_folder_that_cannot_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the folder is at fault: the key would have been kept there."""
    monkeypatch.delenv("SECRET_KEY")
    monkeypatch.setenv("GRIOT_VAR", "/dev/null/var")
    with pytest.raises(SettingsError, match=r"^GRIOT_VAR") as caught:
        load_settings(is_demo=True)
    assert len(caught.value.problems) == 1


def test_secrets_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings can be printed."""
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "1:secret-of-nobody")
    assert "secret-of-nobody" not in repr(Settings())


def test_the_data_lies_beside_the_code() -> None:
    """Folders are found whatever the working folder is."""
    assert (data_folder("programmes") / "aston").is_dir()
    assert Settings().programme_folder.is_dir()


def test_a_file_is_read_in_development(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A `.env` counts, the environment counts more."""
    (tmp_path / ".env").write_text("PORT=8100\nLOG_FORMAT=json\n")
    monkeypatch.setenv("LOG_FORMAT", "text")
    assert (Settings().port, Settings().log_format) == (8100, "text")


def test_every_secret_is_known_to_the_log() -> None:
    """Also each of two while it is changed, and the passwords within addresses, as they are and escaped."""
    given = {
        "database_url": "postgresql://griot:pass%40of-nobody@127.0.0.1/griot",
        "smtp_url": "smtp://griot:mail-of-nobody@mail.example.org",
        "secret_key": "new-key-of-nobody, old-key-of-nobody",
    }
    found = secret_values(Settings(_env_file=None, **given))  # type: ignore[call-arg, arg-type]
    assert {"pass%40of-nobody", "pass@of-nobody", "mail-of-nobody"} < found
    assert {"new-key-of-nobody", "old-key-of-nobody"} < found
    assert "" not in found
