"""The rows of the exports of milestones and of outputs, each in one piece."""

from collections import Counter
from datetime import datetime

from bot.programme import Programme
from models.base import Db
from models.export import Record
from models.milestone import Standing, standings, state_of
from models.moments import rfc3339
from models.output import Output
from models.output import outputs as sent_outputs

MILESTONES = (
    "milestone",
    "city",
    "name",
    "phase",
    "due",
    "state",
    "extended_to",
    "reason",
    "waived",
    "submitted_at",
    "reference",
    "changed_at",
)
OUTPUTS = (
    "reference",
    "city",
    "milestone",
    "version",
    "state",
    "review",
    "person",
    "channel",
    "submitted_at",
    "changed_at",
)


def milestones(db: Db, programme: Programme, since: datetime | None, at: datetime) -> list[Record]:
    """Return every milestone of every city of the programme, city by city, in one piece."""
    found = standings(db, programme).items()
    return [
        _milestone(programme, place, standing, at)
        for place, standing in found
        if since is None or standing.changed_at >= since
    ]


def _milestone(programme: Programme, place: tuple[str, str], standing: Standing, at: datetime) -> Record:
    slug, id = place
    milestone, language = programme.milestones[id], programme.languages[0]
    is_waived = standing.waived_at is not None
    return {
        "milestone": id,
        "city": slug,
        "name": milestone.names[language],
        "phase": milestone.phase,
        "due": standing.due.isoformat(),
        "state": state_of(standing, at, programme.cities[slug].timezone, programme.due_at),
        "extended_to": standing.extended_to.isoformat() if standing.extended_to else None,
        "reason": (standing.waived_reason if is_waived else standing.extended_reason) or None,
        "waived": is_waived,
        "submitted_at": rfc3339(standing.handed_in_at),
        "reference": standing.handed_in_reference or None,
        "changed_at": rfc3339(standing.changed_at),
    }


def outputs(db: Db, programme: Programme, since: datetime | None) -> list[Record]:
    """Return every output that was sent, in that order, in one piece: a city sends few."""
    versions: Counter[tuple[str, str]] = Counter()
    found = []
    for each in sent_outputs(db, programme):
        if each.sent_at is None:
            continue
        versions[each.city, each.milestone] += 1
        if since is None or each.changed_at >= since:
            found.append(_output(each, versions[each.city, each.milestone]))
    return found


def _output(output: Output, version: int) -> Record:
    return {
        "reference": output.reference,
        "city": output.city,
        "milestone": output.milestone or None,
        "version": version,
        "state": output.state,
        "review": output.review,
        "person": output.person,
        "channel": output.channel,
        "submitted_at": rfc3339(output.sent_at),
        "changed_at": rfc3339(output.changed_at),
    }
