"""Officers are told at once: on the best way to who agreed, by e-mail alone to who did not."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from models.alerts import tell_officers
from models.base import Db
from models.consent import record_consent
from models.db import open_store, read, write
from models.outbox import OUT
from models.person import add_person
from models.programme import current_programme

AT = datetime(2026, 11, 24, 10, tzinfo=UTC)  # a Tuesday morning
ON = ("telegram", "email")
BOTH = {"telegram": "600000001", "email": "officer@example.org"}


@pytest.mark.parametrize(
    ("addresses", "agreed", "channels"),
    [
        pytest.param(BOTH, True, ["telegram"], id="agreed"),
        pytest.param(BOTH, False, ["email"], id="not agreed: by e-mail alone"),
        pytest.param({"telegram": "600000001"}, False, [], id="not agreed, no e-mail"),
    ],
)
def test_the_way_of_an_alert(
    aston_database: str, addresses: Mapping[str, str], agreed: bool, channels: list[str]
) -> None:
    store = open_store(aston_database)

    def tell(db: Db) -> int:
        officer = add_person(
            db, name="Ada Exemple", role="officer", language="en", addresses=addresses, at=AT
        )
        if agreed:
            how = {"version": "1", "language": "en", "channel": "paper", "how": "signed"}
            record_consent(db, officer, agreed=True, at=AT, **how)
        return tell_officers(db, current_programme(db), "blocked", "NIM-1", lambda _: "!", AT, ON)

    told = write(store, tell)
    rows = read(store, lambda db: list(db.connection().execute(select(OUT.c.channel)).scalars()))
    store.close()
    assert (told, rows) == (len(channels), channels)
