"""What a person does about what the schedule asked: begin, later, nothing to report, ask for more time."""

from dataclasses import replace
from datetime import timedelta

from bot import scheduled, sending
from bot.dates import weekday
from bot.periods import closes_at
from bot.reporting import ask_current, ask_question, open_form, rhythm, say_only
from bot.talk import Action, Choice, LeftOpen, Outcome, Requested, Scene
from bot.values import Heard, Press

_WEEKS = 3  # whose buttons may still be true: late answers count for a while


def begin(scene: Scene, more: str) -> Outcome:
    """Open the form of the period (`name@period`), or go on with its draft."""
    return _over(scene, more) or open_form(scene, more)


def later(scene: Scene, more: str) -> Outcome:
    """Leave it for now, and say when the next message comes in this week."""
    coming = scheduled.next_rung(scene) if more else None
    if coming is None:
        return sending.later(scene, "")
    locale = scene.programme.locale(scene.who.language, scene.city)
    text = scene.say(
        "All right. Your answers are kept. Next message: {day}, {time}.",
        day=weekday(coming.date(), locale),
        time=f"{coming:%H:%M}",
    )
    return say_only(scene.chose(None).without_report().did(LeftOpen()), text)


def nothing(scene: Scene, more: str) -> Outcome:
    """Submit the form of the period with no answers, unless it was sent or has answers already."""
    return _over(scene, more) or sending.nothing_of(scene.chose(None), *_parts(more))


def _over(scene: Scene, more: str) -> Outcome | None:
    """Return the word that the report was sent or its time is over; None while it is asked for."""
    form, period = _parts(more)
    sent, words = scene.facts.sent(form, period), scene.period(period)
    if sent:
        text = scene.say(
            "{form}, {period}: received ({reference}).",
            form=scene.title(form),
            period=words,
            reference=sent[0],
        )
        return ask_current(scene.chose(None), text)
    if scene.city and scene.at >= closes_at(scene.programme, scene.city, period):
        return ask_current(scene.chose(None), scene.say("Period closed: {period}.", period=words))
    return None


def _parts(more: str) -> tuple[str, str]:
    form, _, period = more.partition("@")
    return form, period


def ask_why(what: str) -> Action:
    """Return the action that asks for a reason in the person's own words: `moretime` or `blocks`."""

    def asked(scene: Scene, milestone: str) -> Outcome:
        if settled := _settled(scene, milestone):
            return ask_current(scene.chose(None), settled)
        deadline = scene.talk.choice.data["deadline"] if scene.talk.choice else ""
        data = {"what": what, "milestone": milestone, "deadline": deadline}
        return ask_current(scene.chose(Choice(scheduled.WHY, (), data)))

    return asked


def _settled(scene: Scene, milestone: str) -> str:
    """Return the word that a milestone was handed in or is asked for no more; "" while it is."""
    city = scene.city
    parts = {"milestone": scheduled.milestone_of(scene, milestone), "city": scheduled.city_of(scene)}
    if city and (city.slug, milestone) in scene.programme.waived:
        return scene.say("{milestone}, {city}: waived.", **parts)
    form = scene.programme.words.get("output", "")
    if reference := scene.facts.handed_in(form, milestone):
        return scene.say("{milestone}, {city}: received ({reference}).", reference=reference, **parts)
    return ""


def as_of_now(scene: Scene) -> Scene:
    """Return the scene in which a choice about a milestone names the date in force: it may have changed."""
    choice = scene.talk.choice
    if choice is None or scene.city is None or "deadline" not in choice.data:
        return scene
    id = choice.data.get("milestone") or scheduled.about(choice)
    milestone = scene.programme.milestones.get(id)
    if milestone is None:
        return scene
    due = scene.programme.due(milestone, scene.city).isoformat()
    return scene.chose(replace(choice, data={**choice.data, "deadline": due}))


def pass_on(scene: Scene, heard: Heard) -> Outcome:
    """Give the reason to the officers, and say who has it; ask again when there are no words."""
    choice, text = scene.talk.choice, heard.text.strip()
    if choice is None or not text:
        return ask_current(scene)
    data = choice.data
    scene = scene.chose(None).did(Requested(data["what"], data["milestone"], text))
    said = _passed(scene, choice)
    return ask_question(scene, said) if scene.report else say_only(scene, said)


def _passed(scene: Scene, choice: Choice) -> str:
    officer, date = scene.facts.officer(), scene.day(scheduled.deadline_of(choice))
    if choice.data["what"] == "moretime":
        if officer:
            return scene.say(
                "Your request for more time is with {officer}. The date stays {date} until the answer.",
                officer=officer,
                date=date,
            )
        return scene.say(
            "Your request for more time is with the Secretariat. The date stays {date} until the answer.",
            date=date,
        )
    if officer:
        return scene.say(
            "Your message is with {officer}. The date stays {date} until the answer.",
            officer=officer,
            date=date,
        )
    return scene.say(
        "Your message is with the Secretariat. The date stays {date} until the answer.", date=date
    )


def still_true(scene: Scene, press: Press) -> tuple[Scene, str] | None:
    """Return what a button of an earlier message of the schedule stands for, and the scene it is asked in.

    None when it is none of them, leaves things for later, or its report was sent or closed.
    """
    for choice in _earlier(scene):
        if scheduled.token_of(scene, choice) == press.token:
            action = scheduled.action_at(choice, press.option)
            if action is None or action.startswith("later:"):
                return None
            is_over = choice.kind in scheduled.OF_A_FORM and _over(scene, scheduled.about(choice))
            return None if is_over else (scene.chose(choice), action)
    return None


def _earlier(scene: Scene) -> list[Choice]:
    """Return the choices of the schedule that this person may have been given lately."""
    found = [
        scheduled.of_form(scene, kind, form, period)
        for form, period in _asked_lately(scene)
        for kind in scheduled.OF_A_FORM
    ]
    for each in scene.programme.milestones.values():
        due = scene.programme.due(each, scene.city) if scene.city else each.due
        found += [scheduled.of_milestone(kind, each.id, due) for kind in scheduled.OF_A_MILESTONE]
    return found


def _asked_lately(scene: Scene) -> list[tuple[str, str]]:
    weeks = (replace(scene, at=scene.at - timedelta(weeks=back)) for back in range(_WEEKS))
    return [found for each in weeks if (found := rhythm(each))[1]]
