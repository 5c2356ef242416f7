"""Settle messages whose sender vanished, and what waits too long since the clock jumped back."""

from datetime import datetime

from models.base import Db
from models.jumps import has_jumped, settle_jumps
from models.settling import may_be_lost, settle_lost
from scheduler.job import Job


def settle(db: Db, at: datetime) -> int:
    """Return how many messages and updates were settled."""
    return settle_jumps(db, at) + settle_lost(db, at)


def look(db: Db, at: datetime) -> bool:
    """Tell whether there may be any."""
    return may_be_lost(db, at) or has_jumped(db, at)


LOST_SENDS = Job("lost_sends", "* * * * * *", settle, look=look)
