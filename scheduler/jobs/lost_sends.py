"""Settle messages whose sender vanished."""

from models.sending import settle_lost
from scheduler.job import Job

LOST_SENDS = Job("lost_sends", "* * * * * *", settle_lost)
