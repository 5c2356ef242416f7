"""What WhatsApp has not approved and a schedule would need."""

from collections.abc import Collection, Sequence

from bot.programme import Programme
from bot.templates import MISSING, UNSUBMITTED, TemplateState, kinds_set
from bot.values import Problem
from griot.settings import Settings
from models.base import Db
from models.programme import current_programme
from models.template import dependants, missing

_NEW_VERSION = "Change the text, raise its version, load and run `griot templates push`."
_WAIT = "Wait at most two days for WhatsApp, and see `griot templates status`."
MENDS = {
    MISSING: "Add what is not there to templates.yaml, load and run `griot templates push`.",
    UNSUBMITTED: "Run `griot templates push`.",
    "rejected": _NEW_VERSION,
    "paused": "WhatsApp had complaints and tries again later: write less often.",
    "disabled": _NEW_VERSION,
}


def mend_of(status: str) -> str:
    """Return what to do about a template that stands so."""
    return MENDS.get(status, _WAIT)


def refusals(db: Db, settings: Settings, found: Programme) -> tuple[Problem, ...]:
    """Return a fault a template without which a schedule that is set now would reach somebody on no way.

    None where WhatsApp is off, at the first load, and where the times stay as they are.
    """
    if not settings.has_whatsapp:
        return ()
    try:
        former = current_programme(db)
    except LookupError:
        return ()
    changed = kinds_set(former, found)
    needs = dependants(db, settings.channels_on)
    wanted = {(kind, language) for kind, language, city in needs if city in changed.get(kind, ())}
    return tuple(_fault(state) for state in missing(db, found, wanted))


def notes_on(db: Db, settings: Settings, person_id: int) -> Sequence[str]:
    """Return a line a template without which a person is reached on no way; none where WhatsApp is off."""
    if not settings.has_whatsapp:
        return ()
    needs = {need[:2] for need in dependants(db, settings.channels_on, person_id)}
    lacking: Collection[TemplateState] = missing(db, current_programme(db), needs) if needs else ()
    return [f"{state.name} is {state.status}: WhatsApp only lets replies through." for state in lacking]


def _fault(state: TemplateState) -> Problem:
    message = f"{state.name} is {state.status}, and there is who can be reached on WhatsApp only."
    return Problem("not_approved", "templates.yaml", mend_of(state.status), message)
