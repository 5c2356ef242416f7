"""A message out in an officer's words: why there is one, each way it took, how it stands, what comes next."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from bot.costs import BUDGET
from bot.trace_reasons import CHANNELS, PROVIDERS, held_in, kind_in, way_in
from bot.traces import Decision, Step, Told, Way
from bot.values import Say

LEFT = frozenset({"sent", "delivered", "read"})
_GOES_ON = frozenset({"failed", "undeliverable"})


def told_steps(say: Say, told: Told, at: datetime, depth: int = 0, *, has_texts: bool = False) -> list[Step]:
    """Return what happened to a message out, in order, and what comes next at the time `at`."""
    steps = list(_why(say, told, depth))
    for number, way in enumerate(told.ways):
        is_last = number == len(told.ways) - 1
        steps += _way(say, way, depth + 1, at, has_texts=has_texts)
        steps.append(_standing(say, way, depth + 1, at))
        if is_last and way.state in _GOES_ON:
            steps.append(Step(None, depth + 1, "no_way_left", say("It went no other way.")))
    return steps


def _why(say: Say, told: Told, depth: int) -> Iterator[Step]:
    first = told.ways[0].created_at if told.ways else None
    yield Step(first, depth, told.kind, kind_in(say, told.kind))
    if told.whose.person is not None:
        yield Step(None, depth, "person", to_whom(say, told))
    if told.by is not None:
        yield Step(None, depth, "by", say("Person {person} had it sent.", person=told.by.person))
    origin, _, rest = told.key.partition(":")
    match origin:
        case "reply":
            answered = rest.partition(":")[0]
            text = say("It answers message {id}.", id=f"in:{answered}")
            yield Step(None, depth, "answers", text)
        case "silence":
            yield Step(None, depth, "silence", say("It followed when a text in several messages had ended."))
        case "again":
            text = say("It asks for the last answer again: Telegram had been cut off for more than a day.")
            yield Step(None, depth, "outage", text)
        case _ if told.decision is None:
            yield Step(None, depth, "key", say("Its key: {key}", key=told.key))
    if told.decision is not None:
        yield from decision_steps(say, told.decision, depth)


def to_whom(say: Say, told: Told) -> str:
    """Return to whom a message goes, by number and city."""
    if told.whose.city is None:
        return say("It is for person {person}.", person=told.whose.person)
    return say("It is for person {person} of {city}.", person=told.whose.person, city=told.whose.city)


def decision_steps(say: Say, decision: Decision, depth: int = 0) -> list[Step]:
    """Return what the schedule decided, or plans, for an occurrence, and why."""
    about = " ".join(filter(None, (decision.form, decision.period, decision.milestone)))
    due = say("It fell due, by the key {key}.", key=decision.key)
    steps = [Step(decision.due_at, depth, "due", due)]
    if about:
        steps.append(Step(None, depth, "about", say("It is about: {about}", about=about)))
    if reason := held_in(say, decision.reason):
        steps.append(Step(None, depth, decision.reason, reason))
    steps.append(_DECIDED.get(decision.state, _decided)(say, decision, depth))
    return steps


def _decided(say: Say, decision: Decision, depth: int) -> Step:
    return Step(decision.decided_at, depth, "decided", say("The schedule put it into the queue."))


def _planned(say: Say, decision: Decision, depth: int) -> Step:
    return Step(decision.send_at, depth, "planned", say("It is planned to leave then."))


def _held(say: Say, decision: Decision, depth: int) -> Step:
    text = say("It is held until then, and leaves if it is still true.")
    return Step(decision.send_at, depth, "held", text)


def _superseded(say: Say, decision: Decision, depth: int) -> Step:
    text = say("It was superseded: it was not sent and will not be.")
    return Step(decision.decided_at, depth, "superseded", text)


def _cancelled(say: Say, decision: Decision, depth: int) -> Step:
    text = say("It was cancelled before it left: it was no longer true.")
    return Step(decision.decided_at, depth, "cancelled", text)


_DECIDED: Mapping[str, Callable[[Say, Decision, int], Step]] = {
    "planned": _planned,
    "held": _held,
    "superseded": _superseded,
    "cancelled": _cancelled,
}


def _way(say: Say, way: Way, depth: int, at: datetime, *, has_texts: bool) -> Iterator[Step]:
    channel = CHANNELS.get(way.rung, way.rung)
    id = f"out:{way.id}"
    if way.rung == "whatsapp_template":
        queued = say("Queued as {id} for WhatsApp, as an approved template.", id=id)
    else:
        queued = say("Queued as {id} for {channel}.", id=id, channel=channel)
    yield Step(way.created_at, depth, "queued", queued)
    for reason in way_in(say, way.reason):
        yield Step(None, depth, "reason", reason)
    if has_texts and way.text:
        yield Step(None, depth, "text", say("Its words: {text}", text=way.text))
    if way.tries:
        calls = say.count("{n} call to the provider.", "{n} calls to the provider.", way.tries)
        yield Step(None, depth, "calls", calls)
    if way.repeats:
        text = say("One of them was a repeat: the answer to the call before was never seen.")
        yield Step(None, depth, "repeated", text)
    if way.sent_at is not None:
        provider = PROVIDERS.get(way.channel, channel)
        yield Step(way.sent_at, depth, "accepted", say("{provider} took it.", provider=provider))
    for status in way.statuses:
        yield _status(say, way, status.at, " ".join(filter(None, (status.said, status.code))), depth)


def _status(say: Say, way: Way, at: datetime, said: str, depth: int) -> Step:
    provider = PROVIDERS.get(way.channel, way.channel)
    return Step(at, depth, "status", say("{provider} reported: {said}", provider=provider, said=said))


def _standing(say: Say, way: Way, depth: int, at: datetime) -> Step:
    when, text = _STANDING[way.state](say, way, at)
    return Step(when, depth, way.state, text)


Standing = tuple[datetime | None, str]


def _queued(say: Say, way: Way, at: datetime) -> Standing:
    if way.code == BUDGET:
        return way.due_at, say("It waits until then, or a higher limit: the budget is used up.")
    if way.repeats:
        return way.due_at, say(
            "It may have left. It is looked for then, and sent once more if it is missing."
        )
    if way.alone_since is not None:
        return way.alone_since, say("It waits: the channel fails since then, and is tried again by itself.")
    if way.tries:
        return way.due_at, say("The next try is due then. The last one failed: {why}", why=_error(way))
    if way.due_at > at:
        return way.due_at, say("It waits until then.")
    return way.due_at, say("It waits for its turn.")


def _sending(say: Say, way: Way, at: datetime) -> Standing:
    return way.lease_until, say("It is being sent. Without an answer it is looked into at that time.")


def _sent(say: Say, way: Way, at: datetime) -> Standing:
    if way.channel in ("telegram", "email"):
        return None, say("It was sent. Whether it was read is not told on this channel.")
    return None, say("It was sent. That it was delivered has not been reported yet.")


def _delivered(say: Say, way: Way, at: datetime) -> Standing:
    return way.changed_at, say("It was delivered.")


def _read(say: Say, way: Way, at: datetime) -> Standing:
    return way.changed_at, say("It was read.")


def _failed(say: Say, way: Way, at: datetime) -> Standing:
    return way.changed_at, say("It failed: {why}", why=_error(way))


def _undeliverable(say: Say, way: Way, at: datetime) -> Standing:
    return way.changed_at, say("It could not be delivered to this address: {why}", why=_error(way))


def _expired(say: Say, way: Way, at: datetime) -> Standing:
    return way.not_after or way.changed_at, say("It expired before it could leave, and is not sent any more.")


def _stopped(say: Say, way: Way, at: datetime) -> Standing:
    if not way.error:
        return way.changed_at, say("It was cancelled before it left.")
    return way.changed_at, say("It was cancelled before it left: {why}", why=_error(way))


def _uncertain(say: Say, way: Way, at: datetime) -> Standing:
    text = say(
        "It may have left; nobody knows. It is not sent again by itself: an officer can do so on the page "
        "“To look at”."
    )
    return way.changed_at, text


_STANDING: Mapping[str, Callable[[Say, Way, datetime], Standing]] = {
    "queued": _queued,
    "sending": _sending,
    "sent": _sent,
    "delivered": _delivered,
    "read": _read,
    "failed": _failed,
    "undeliverable": _undeliverable,
    "expired": _expired,
    "cancelled": _stopped,
    "uncertain": _uncertain,
}


def _error(way: Way) -> str:
    """Return the provider's code and words, or ours."""
    return " ".join(filter(None, (way.code, way.error))) or "—"


def all_told(say: Say, messages: Sequence[Told], at: datetime, depth: int, *, has_texts: bool) -> list[Step]:
    """Return the steps of several messages out, one after the other."""
    return [step for each in messages for step in told_steps(say, each, at, depth, has_texts=has_texts)]
