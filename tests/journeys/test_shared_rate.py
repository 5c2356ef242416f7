"""Two worker processes on one database keep one rate."""

import signal
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.values import Message
from models.base import Db
from models.db import open_store, read, write
from models.outbox import BULK, enqueue
from models.worker import count_live
from tests.site import TOKEN, free_port, site_environment
from tests.standin.server import StandIn
from tests.starting import start

MESSAGES = 40
RATE = 10
PATIENCE = 90.0  # seconds until the test gives up


def queue(db: Db, chats: range) -> None:
    """Enqueue a message to each chat."""
    at = datetime.now(UTC)
    for chat in chats:
        enqueue(
            db,
            key=f"test:{chat}",
            person_id=None,
            recipient=f"telegram:{chat}",
            channel="telegram",
            address=str(chat),
            kind="reply",
            message=Message("hello"),
            at=at,
            lane=BULK,
        )


@pytest.mark.timeout(180)
def test_no_second_sees_more_than_the_limit(tmp_path: Path, site_database: str) -> None:
    """Not even while both have much to send; and together they use what they may."""
    store = open_store(site_database)
    with StandIn(token=TOKEN) as provider:
        environment = site_environment(tmp_path, provider.url, site_database, free_port())
        environment |= {"GRIOT_TELEGRAM_PER_SECOND": str(RATE)}
        workers = [start("worker", env=environment) for _ in range(2)]
        try:
            until = time.monotonic() + PATIENCE
            while read(store, lambda db: count_live(db, datetime.now(UTC) - timedelta(seconds=30))) < 2:
                assert time.monotonic() < until, "the workers did not come up"
                time.sleep(0.1)
            write(store, lambda db: queue(db, range(1, 5)))  # each has called once
            while provider.record.count < 4:
                assert time.monotonic() < until
                time.sleep(0.05)
            time.sleep(1.5)
            write(store, lambda db: queue(db, range(100, 100 + MESSAGES)))
            while provider.record.count < 4 + MESSAGES:
                assert time.monotonic() < until
                time.sleep(0.05)
        finally:
            for worker in workers:
                worker.send_signal(signal.SIGTERM)
            for worker in workers:
                worker.wait(20)
        at = sorted(one.at for chat in range(100, 100 + MESSAGES) for one in provider.messages(chat))
    store.close()
    assert len(at) == MESSAGES
    spans = [at[number + RATE] - at[number] for number in range(MESSAGES - RATE)]
    assert min(spans) > 0.95, [round(one - at[0], 2) for one in at]
    assert at[-1] - at[0] < 3 * MESSAGES / RATE
