"""While a secret is changed two are accepted; afterwards the old one no longer."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import create_engine, make_url, text

from griot.assembly import make_app, open_telegram
from griot.metrics import FOLDER
from griot.schema import migrate
from griot.wake import announce
from models.db import open_store, read, write
from models.worker import beat, last_beat
from tests.databases import Databases, load_aston
from tests.moved import BASE_URL, SECRET, UNMEASURED, Moved, a_moved_site, add_people
from tests.standin.twilio import AUTH_TOKEN, signed

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
NEW = "rotated-secret-of-nobody-0123456789abcdef"
OLD_METRICS = "metrics-token-of-nobody"
OFFICER, NUMBER = "40000009", "+22370000002"
WHILE, AFTER = "two are named", "one is named"


@pytest.fixture(params=[WHILE, AFTER])
def site(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    sqlite_databases: Databases,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Moved]:
    """Yield a site whose secrets are the new ones, and, while they are changed, the old ones too."""
    monkeypatch.setenv(FOLDER, str(tmp_path))
    former = {
        "telegram_webhook_secret": SECRET,
        "twilio_auth_token": AUTH_TOKEN,
        "metrics_token": OLD_METRICS,
    }
    given = {name: f"{NEW}, {old}" if request.param == WHILE else NEW for name, old in former.items()}
    address = sqlite_databases.copy_of("aston", load_aston)
    with a_moved_site(tmp_path, address, AT, **given) as found:
        yield found
    sqlite_databases.drop(address)


def is_changing(site: Moved) -> bool:
    """Tell whether two secrets are named."""
    return len(site.settings.metrics_tokens) == 2


def test_updates_of_telegram(site: Moved) -> None:
    """An update with the new secret is taken, one with the old as long as it is named, both at once never."""

    def post(secret: str) -> int:
        assert site.client is not None
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret}
        return site.client.post("/webhooks/telegram", data=b'{"update_id": 81}', headers=headers).status_code

    assert (post(NEW), post(SECRET)) == (200, 200 if is_changing(site) else 403)
    assert post(f"{NEW}, {SECRET}") == 403


def test_telegram_is_told_the_first(site: Moved) -> None:
    """What is registered is the new secret alone."""
    telegram = open_telegram(site.settings)
    telegram.set_up(BASE_URL, {})
    telegram.close()
    [told] = [call for call in site.provider.record.calls if call.method == "setWebhook"]
    assert told.fields["secret_token"] == NEW


@pytest.mark.parametrize("channel", ["whatsapp", "sms"])
def test_messages_of_twilio(site: Moved, channel: str) -> None:
    """Twilio signs with its primary token: the old one until the new one is promoted."""

    def post(token: str) -> int:
        assert site.client is not None
        start = "whatsapp:" if channel == "whatsapp" else ""
        form = {"MessageSid": "SM" + "0" * 32, "From": start + NUMBER, "To": f"{start}+10000000001"}
        headers, body = signed(f"{BASE_URL}/webhooks/twilio", form, token)
        return site.client.post("/webhooks/twilio", data=body, headers=headers).status_code

    assert (post(NEW), post(AUTH_TOKEN)) == (200, 200 if is_changing(site) else 403)


def test_readers_of_metrics(site: Moved) -> None:
    """Prometheus reads with either token."""

    def measured(token: str) -> int:
        assert site.client is not None
        return site.client.get("/metrics", headers={"Authorization": f"Bearer {token}"}).status_code

    assert (measured(NEW), measured(OLD_METRICS)) == (200, 200 if is_changing(site) else 401)
    assert measured(f"{NEW}, {OLD_METRICS}") == 401


@pytest.mark.parametrize(("keys", "status"), [("{new}, {old}", 200), ("{new}", 303)])
def test_who_is_signed_in(site: Moved, keys: str, status: int) -> None:
    """With both keys nobody is signed out; with the new one alone everybody is."""
    browser = site.browser(add_people(site, [("officer", None, "fr", {"telegram": OFFICER})])[0])
    old = site.settings.secret_key.get_secret_value()
    changed = {"secret_key": SecretStr(keys.format(new=NEW, old=old))}
    settings = site.settings.model_copy(update=changed)
    app = make_app(settings, site.store, UNMEASURED, announce, lambda: None, clock=site.clock)
    browser.application = app
    assert browser.get("/cities/bamako", base_url=BASE_URL).status_code == status


def test_two_roles_of_postgresql(postgresql_databases: Databases) -> None:
    """Tables belong to a role that nobody signs in as: whichever of two roles signs in, all is theirs."""
    address = make_url(postgresql_databases.empty())
    roles = ["griot_owner", "griot_one", "griot_two"]
    admin = create_engine(address.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        for statement in (
            "CREATE ROLE griot_owner NOLOGIN",
            "CREATE ROLE griot_one LOGIN PASSWORD 'one-of-nobody' IN ROLE griot_owner",
            "CREATE ROLE griot_two LOGIN PASSWORD 'two-of-nobody' IN ROLE griot_owner",
            "ALTER ROLE griot_one SET role = griot_owner",
            "ALTER ROLE griot_two SET role = griot_owner",
            f'ALTER DATABASE "{address.database}" OWNER TO griot_owner',
        ):
            connection.execute(text(statement))
    admin.dispose()
    one, two = (
        open_store(address.set(username=role).render_as_string(hide_password=False)) for role in roles[1:]
    )
    migrate(one)
    write(two, lambda db: beat(db, "w", AT))
    assert read(one, last_beat) == AT
    write(two, lambda db: db.execute(text("ALTER TABLE worker ADD COLUMN spare integer")))
    one.close()
    two.close()
    postgresql_databases.drop(address.render_as_string(hide_password=False))
