"""A trace in an officer's words: what came in and what it became; a report; what else an id can mean."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from bot.ladder import PHONE
from bot.sentence import Sentence, again, sentence, spoken
from bot.trace_reasons import CHANNELS
from bot.trace_ways import all_told, decision_steps, told_steps
from bot.traces import Brought, Decision, Filled, Gave, Heard, Step, Told, Trace, Whose
from bot.values import Say
from bot.words import command_in, shown

_OPTION = re.compile(r"\[([0-9]{1,3})\]")  # how the inbox keeps a tap

_FILES: dict[str, Sentence] = {
    "waiting": sentence("A file for report {report} is to be fetched.", report="…"),
    "kept": sentence("A file for report {report} was kept.", report="…"),
    "refused": sentence("A file for report {report} was refused.", report="…"),
    "lost": sentence("A file for report {report} is lost: the provider no longer has it.", report="…"),
}


def heading(say: Say, id: str, zone: str) -> str:
    """Return the line above a trace: what is traced, and in which time zone."""
    return say("Trace of {id}, in the time of {zone}", id=id, zone=zone)


def steps_of(say: Say, trace: Trace, at: datetime, *, has_names: bool, has_texts: bool) -> list[Step]:
    """Return what happened and what comes next, in order.

    Names of persons, and what was written in either direction, only where they are asked for.
    """
    match trace:
        case Heard():
            steps = list(_heard(say, trace, at, has_texts=has_texts))
        case Told():
            steps = told_steps(say, trace, at, has_texts=has_texts)
        case Decision():
            steps = decision_steps(say, trace)
        case Filled():
            steps = list(_filled(say, trace, at, has_texts=has_texts))
    by = trace.by if isinstance(trace, Told) else None
    return [*steps, *_named(say, trace.whose, by)] if has_names else steps


def with_cities(trace: Trace, names: Mapping[str, str]) -> Trace:
    """Return the trace with these names of cities, by slug, in the place of the slugs."""

    def named(whose: Whose) -> Whose:
        return replace(whose, city=names.get(whose.city or "", whose.city))

    def told(messages: Iterable[Told]) -> tuple[Told, ...]:
        return tuple(replace(each, whose=named(each.whose)) for each in messages)

    match trace:
        case Told():
            return told([trace])[0]
        case Heard():
            return replace(trace, whose=named(trace.whose), led_to=told(trace.led_to))
        case Filled():
            asked, led_to = told(trace.asked), told(trace.led_to)
            return replace(trace, whose=named(trace.whose), asked=asked, led_to=led_to)
        case Decision():
            return trace


def _named(say: Say, *people: Whose | None) -> Iterator[Step]:
    for whose in people:
        if whose is not None and whose.person is not None and whose.name:
            named = say("Person {person} is {name}.", person=whose.person, name=whose.name)
            yield Step(None, 0, "name", named)


def _heard(say: Say, heard: Heard, at: datetime, *, has_texts: bool) -> Iterator[Step]:
    yield Step(heard.received_at, 0, "received", _from_whom(say, heard))
    if heard.is_fetched:
        fetched = say("It did not arrive by itself: it was fetched from the provider's list.")
        yield Step(heard.received_at, 0, "fetched", fetched)
    elif heard.news and heard.channel != PHONE:  # our own phone is no provider
        checked = say("Its secret or signature proved it to be the provider's; only then was it kept.")
        yield Step(heard.received_at, 0, "authentic", checked)
    if heard.is_erased:
        yield Step(heard.changed_at, 0, "erased", say("The person was erased: words and address are gone."))
    elif not heard.news:
        yield Step(None, 0, "raw_gone", say("The raw update is let go of by now; its words are kept longer."))
    if has_texts and heard.text:
        yield Step(None, 0, "text", say("Its words: {text}", text=heard.text))
    yield _standing(say, heard, at)
    yield from (Step(None, 0, what, text) for what, text in _became(say, heard))
    yield from all_told(say, heard.led_to, at, 1, has_texts=has_texts)


def _from_whom(say: Say, heard: Heard) -> str:
    channel, whose = CHANNELS.get(heard.channel, heard.channel), heard.whose
    parts = {"id": f"in:{heard.id}", "channel": channel}
    if whose.person is None:
        return say("Message {id} came in on {channel} from somebody unknown.", **parts)
    if whose.city is None:
        return say("Message {id} came in on {channel} from person {person}.", person=whose.person, **parts)
    return say(
        "Message {id} came in on {channel} from person {person} of {city}.",
        person=whose.person,
        city=whose.city,
        **parts,
    )


def _standing(say: Say, heard: Heard, at: datetime) -> Step:
    match heard.state:
        case "done" if heard.tries:
            text = say.count(
                "It was handled, after {n} failed try.",
                "It was handled, after {n} failed tries.",
                heard.tries,
            )
            return Step(heard.changed_at, 0, "handled", text)
        case "done":
            return Step(heard.changed_at, 0, "handled", say("It was handled at the first try."))
        case "quarantined":
            text = say(
                "It was set aside: {n} tries failed ({error}). "
                "An officer can have it handled again on the page “To look at”.",
                n=heard.tries,
                error=heard.error,
            )
            return Step(heard.changed_at, 0, "quarantined", text)
        case _ if heard.tries:
            text = say("A try failed ({error}). The next one is due then.", error=heard.error)
            return Step(heard.due_at, 0, "failed_once", text)
        case _ if heard.due_at > at:
            text = say("It waits until then: its sender wrote more than is handled in a minute or a day.")
            return Step(heard.due_at, 0, "limited", text)
        case _:
            return Step(None, 0, "open", say("It waits for its turn."))


def _became(say: Say, heard: Heard) -> list[tuple[str, str]]:
    """Return what a reply became, by code; one line says so when it became nothing."""
    if heard.news == "blocked":
        return [("blocked", say("The person blocked the bot: the address is marked as unreachable."))]
    if heard.news == "returned":
        return [("returned", say("The person let the bot in again: the address is reachable."))]
    if heard.state != "done":
        return []
    if heard.whose.person is None:
        return [("stranger", say("Nobody known writes from there, and it held no valid invitation code."))]
    found = [*_recognised(say, heard), *_kept(say, heard)]
    has_reply = any(each.key.startswith("reply:") for each in heard.led_to)
    if not found and has_reply:
        return [("not_stored", say("It stored nothing: the reply says what was asked for instead."))]
    if not found:
        return [("nothing", say("It stored nothing, and no reply to it is kept."))]
    return found


def _recognised(say: Say, heard: Heard) -> Iterator[tuple[str, str]]:
    if heard.agreed is not None:
        agreed = say("The person agreed to messages.")
        yield "consent", agreed if heard.agreed else say("The person refused messages.")
    if option := _OPTION.fullmatch(heard.text):
        yield "option", say("Option {n} was tapped.", n=option[1])
    elif not heard.answers and (command := command_in(heard.text)) is not None:
        yield "word", say("It was the word {word}.", word=shown(command.name, say.language))


def _kept(say: Say, heard: Heard) -> Iterator[tuple[str, str]]:
    for began in heard.began:
        about = " ".join(filter(None, (began.form, began.period)))
        yield "began", say("It began report {report}: {about}", report=began.report, about=about)
    for kept in heard.answers:
        yield (
            "answer",
            say(
                "It answered {question} of report {report}, revision {revision}.",
                question=kept.question,
                report=kept.report,
                revision=kept.revision,
            ),
        )
        if not kept.is_current:
            yield "replaced", say("That answer was changed later.")
    yield from (("file", _file(say, each)) for each in heard.files)
    for sent in heard.sent:
        yield "sent", say("It sent report {report}.", report=sent.report)


def _file(say: Say, brought: Brought) -> str:
    return spoken(again(_FILES[brought.state].template, {"report": brought.report}), say)


def _filled(say: Say, filled: Filled, at: datetime, *, has_texts: bool) -> Iterator[Step]:
    yield from all_told(say, filled.asked, at, 0, has_texts=has_texts)
    about = " ".join(filter(None, (filled.form, filled.period)))
    begun = say("Report {report} was begun: {about}", report=filled.report, about=about)
    yield Step(filled.started_at, 0, "began", begun)
    for gave in filled.gave:
        yield Step(gave.at, 0, "answers", _gave(say, gave))
    yield _filed(say, filled)
    yield from all_told(say, filled.led_to, at, 1, has_texts=has_texts)


def _gave(say: Say, gave: Gave) -> str:
    channel = CHANNELS.get(gave.channel, gave.channel)
    parts = {"person": gave.person, "channel": channel}
    if gave.id is None:
        return say.count(
            "Person {person} gave {n} answer on {channel}.",
            "Person {person} gave {n} answers on {channel}.",
            gave.answers,
            **parts,
        )
    return say.count(
        "Person {person} gave {n} answer on {channel}, by message {id}.",
        "Person {person} gave {n} answers on {channel}, by message {id}.",
        gave.answers,
        id=f"in:{gave.id}",
        **parts,
    )


def _filed(say: Say, filled: Filled) -> Step:
    if filled.submitted_at is None and filled.state == "withdrawn":
        return Step(None, 0, "withdrawn", say("It was dropped and never sent."))
    if filled.submitted_at is None:
        return Step(None, 0, "draft", say("It is a draft: it has not been sent yet."))
    if filled.state == "withdrawn":
        text = say("It was sent, and withdrawn later: another report stands for it.")
        return Step(filled.submitted_at, 0, "withdrawn", text)
    text = say("It was sent; it stands at revision {revision}.", revision=filled.revision)
    return Step(filled.submitted_at, 0, "submitted", text)
