"""One module per job, one line each."""

from scheduler.job import Job
from scheduler.jobs.lost_sends import LOST_SENDS

JOBS: tuple[Job, ...] = (LOST_SENDS,)
