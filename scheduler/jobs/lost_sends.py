"""Settle messages whose sender vanished, and what waits too long since the clock jumped back."""

from datetime import datetime

from models.base import Db
from models.jumps import settle_jumps
from models.settling import settle_lost
from scheduler.job import Job


def settle(db: Db, at: datetime) -> int:
    """Return how many messages and updates were settled."""
    return settle_jumps(db, at) + settle_lost(db, at)


LOST_SENDS = Job("lost_sends", "* * * * * *", settle)
