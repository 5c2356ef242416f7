"""Processes end within ten seconds of SIGTERM, whatever hangs."""

import sqlite3
import time
from pathlib import Path

from tests.site import FIRST_PERSON, SECRET, TOKEN, a_site
from tests.standin.phone import Phone, webhook
from tests.standin.server import StandIn
from tests.standin.trouble import Fault, Trouble

LIMIT = 10  # seconds (contract, section 1)


def test_the_end_is_in_time_while_provider_and_database_hang(tmp_path: Path) -> None:
    """A call without an answer, and a lock on the database: web and worker end all the same."""
    with (
        StandIn(token=TOKEN) as provider,
        a_site(tmp_path, provider.url, [("niamey", "fr")], GRIOT_HTTP_TIMEOUT="20") as site,
    ):
        provider.trouble(FIRST_PERSON, Trouble(fault=Fault.STALL, accepts=True))
        Phone(webhook(site.url, SECRET), provider, FIRST_PERSON, "fr").say("aide")
        provider.wait(FIRST_PERSON, 1)
        lock = sqlite3.connect(tmp_path / "site.db", isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        for process in site.processes:
            process.terminate()
        for process in site.processes:
            process.wait(20)
        lock.close()
        assert time.monotonic() - began < LIMIT
