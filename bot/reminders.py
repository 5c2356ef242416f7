"""What the schedule says: to coordinators with the choice they are given, to officers in one message."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date

from bot import choices, scheduled
from bot.say import begun_right
from bot.schedule import CHECK_BACK, Occurrence
from bot.talk import Choice, Scene
from bot.values import LINK, Invitation, Message, Opening, Say

CALL_AFTER = 7  # days overdue from which officers are advised to call


@dataclass(frozen=True, slots=True)
class Asked:
    """A message of the schedule, and the choice that is open once it is sent."""

    message: Message
    choice: Choice | None


def asked(scene: Scene, occurrence: Occurrence) -> Asked:
    """Return what is said to a person of a city at `scene.at`, with its template's values and its token.

    For prompt, nudge, last_call, reminder and overdue. `scene.report` is the report that is open, if any.
    """
    choice = _choice(scene, occurrence)
    if choice is None:
        text = scene.say(
            "Hello {name}. The pause for {city} is over. To begin, send REPORT.",
            name=scene.who.name,
            city=scheduled.city_of(scene),
        )
        return Asked(Message(begun_right(text), kind=occurrence.kind), None)
    message = choices.message_of(scene, choice)
    opening = _opening(scene, occurrence, choice)
    return Asked(
        replace(message, text=begun_right(message.text), kind=occurrence.kind, opening=opening), choice
    )


def _choice(scene: Scene, occurrence: Occurrence) -> Choice | None:
    if occurrence.kind in scheduled.OF_A_MILESTONE:
        milestone = occurrence.milestone
        deadline = occurrence.deadline or _deadline(scene, milestone)
        return scheduled.of_milestone(occurrence.kind, milestone, deadline)
    is_back = occurrence.kind == "prompt" and occurrence.key.startswith(CHECK_BACK)
    if is_back and not occurrence.form:
        return None
    kind = "back" if is_back else occurrence.kind
    week = scheduled.week_at_secretariat(scene.programme, occurrence.due_at)
    data = {"week": week} if kind == "last_call" else None
    return scheduled.of_form(scene, kind, occurrence.form, occurrence.period, data)


def _deadline(scene: Scene, milestone: str) -> date:
    found = scene.programme.milestones[milestone]
    return scene.programme.due(found, scene.city) if scene.city else found.due


def _opening(scene: Scene, occurrence: Occurrence, choice: Choice) -> Opening:
    """Return what the approved template needs; a last call after the digest is a nudge."""
    kind, language = occurrence.kind, scene.who.language
    name, city = scene.who.name, scheduled.city_of(scene)
    if kind in scheduled.OF_A_MILESTONE:
        milestone = scheduled.milestone_of(scene, occurrence.milestone)
        return Opening(kind, language, (name, milestone, city, scene.day(scheduled.deadline_of(choice))))
    form = scene.title(occurrence.form)
    if kind == "last_call" and scheduled.is_before_digest(scene, choice):
        return Opening(kind, language, (name, form, city, scheduled.digest_day(scene, choice.data["week"])))
    minutes = str(scheduled.minutes_of(scene, occurrence.form))
    return Opening("nudge" if kind == "last_call" else kind, language, (name, form, city, minutes))


@dataclass(frozen=True, slots=True)
class Late:
    """A city that handed nothing in: its name, who to call and the deadline, in the officer's words."""

    city: str
    contact: str  # "" when nobody is known
    deadline: str


def escalation(say: Say, late: Iterable[Late], milestone: str, days: int) -> str:
    """Return the text that tells an officer which cities are late with a milestone, a line each.

    `days`: how many days the milestone is overdue; from a week on a call is advised.
    """
    line = _call if days >= CALL_AFTER else _late
    return begun_right("\n".join(line(say, each, milestone, days) for each in late))


def _late(say: Say, late: Late, milestone: str, days: int) -> str:
    return say(
        "{city}: {milestone}, due {date}, nothing received. Contact: {name}.",
        city=late.city,
        milestone=milestone,
        date=late.deadline,
        name=late.contact or "—",
    )


def _call(say: Say, late: Late, milestone: str, days: int) -> str:
    advised = say.count(
        "{city}: {milestone}, {n} day overdue. A call is advised.",
        "{city}: {milestone}, {n} days overdue. A call is advised.",
        days,
        city=late.city,
        milestone=milestone,
    )
    contact = say("Contact: {name}.", name=late.contact or "—")
    return f"{advised} {contact}"


def unreachable(say: Say, city: str, name: str, reason: str) -> str:
    """Return the alert that a message could reach somebody on no channel.

    `reason`: `no_template` when only an approved template was missing, else anything.
    """
    return begun_right(_UNREACHABLE.get(reason, _nowhere)(say, city, name))


def _nowhere(say: Say, city: str, name: str) -> str:
    return say("{city}: {name} cannot be reached on any channel. A call is advised.", city=city, name=name)


def _no_template(say: Say, city: str, name: str) -> str:
    return say(
        "{city}: {name} was not written to: WhatsApp needs an approved template for this message.",
        city=city,
        name=name,
    )


_UNREACHABLE: dict[str, Callable[[Say, str, str], str]] = {"no_template": _no_template}


def invited(say: Say, person: int, name: str, reason: str) -> Invitation | None:
    """Return the invitation that goes with `unreachable`; None where only a template is missing."""
    if reason in _UNREACHABLE:
        return None
    words = say(
        "An invitation to pass on to {name}, for one use within 72 hours: {link}", name=name, link=LINK
    )
    return Invitation(person, words)


def silent_alert(say: Say, city: str, name: str) -> str:
    """Return the alert that somebody writes from a number that was silent for long; `city` may be ""."""
    if not city:
        text = say(
            "A message came from the number of {name}, silent for 60 days: it may be somebody else's now. "
            "Nothing is shown there before an invitation code.",
            name=name,
        )
    else:
        text = say(
            "{city}: a message from {name}'s number, silent for 60 days. It may be somebody else's now: "
            "a code is asked for there. A call is advised.",
            city=city,
            name=name,
        )
    return begun_right(text)


def lost_alert(say: Say, city: str, name: str, channel: str) -> str:
    """Return the alert that somebody of a city blocked us on a channel, or that it no longer reaches them."""
    text = say("{city}: {name} can no longer be reached on {channel}.", city=city, name=name, channel=channel)
    return begun_right(text)


def stopped_alert(say: Say, city: str, name: str) -> str:
    """Return the alert that somebody of a city wants no more messages."""
    return begun_right(say("{city}: {name} stopped all messages. A call is advised.", city=city, name=name))


def request(say: Say, what: str, city: str, milestone: str, text: str) -> str:
    """Return the alert that a city asks for more time (`moretime`) or says what blocks, in its own words."""
    parts = {"city": city, "milestone": milestone, "text": text}
    if what == "moretime":
        return begun_right(say("{city}: more time asked for {milestone}. {text}", **parts))
    return begun_right(say("{city}: {milestone} is blocked. {text}", **parts))
