"""One module per job, one line each."""

from scheduler.job import Job
from scheduler.jobs.lost_sends import lost_sends
from scheduler.jobs.missed_messages import missed_messages
from scheduler.jobs.occurrences import occurrences
from scheduler.jobs.operators import operators
from scheduler.jobs.retention import retention
from scheduler.jobs.spending import count
from scheduler.jobs.telegram_watch import telegram_watch
from scheduler.jobs.template_states import template_states
from scheduler.parts import Parts


def jobs(parts: Parts) -> tuple[Job, ...]:
    """Return every job of the schedule."""
    return (
        lost_sends(),
        occurrences(parts),
        count(parts),
        template_states(parts.templates),
        missed_messages(parts.missed),
        telegram_watch(parts.registration, parts.telegram_url, parts.programmes, parts.voices),
        operators(parts),
        retention(parts.ages),
    )
