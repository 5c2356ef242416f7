"""Questions with numbered options that belong to no form: what they say, what their options are called."""

import zlib
from collections.abc import Callable

from bot import asking, scheduled
from bot.filling import filling_of
from bot.last_time import carried
from bot.questions.attachment import is_attached
from bot.questions.yes_no import NO, YES
from bot.session import given
from bot.talk import Choice, Last, Scene
from bot.values import LANGUAGE_NAMES, LANGUAGES, Message


def message_of(scene: Scene, choice: Choice, first: str = "") -> Message:
    """Return the message that asks the choice in the person's language, after `first`."""
    text = TEXTS[choice.kind](scene, choice)
    labels = tuple(label_of(scene, choice, action) for action in choice.actions)
    return Message("\n".join(filter(None, (first, text))), labels, token=token_of(scene, choice))


def token_of(scene: Scene, choice: Choice) -> str:
    """Return what a button carries: it belongs to this person, this choice and its options."""
    if choice.kind in scheduled.KINDS:
        return scheduled.token_of(scene, choice)
    checked = str(scene.report.session.given) if choice.kind == "check" and scene.report else ""
    facts = "|".join((str(scene.who.id), *choice.actions, *sorted(choice.data.values()), checked))
    report = f"{scene.report.began:x}" if scene.report else ""
    return f"{choice.kind}.{report}.{zlib.crc32(facts.encode()):x}"


def label_of(scene: Scene, choice: Choice, action: str) -> str:
    """Return what an option is called."""
    name, _, more = action.partition(":")
    if choice.kind == "offer" and name == "open" and len(choice.actions) == 2:
        return scene.say("Yes, now")
    if name == "begin" and scheduled.BEGUN in choice.data:
        return scene.say("Continue")
    own = _LABELS.get(f"{choice.kind}.{name}") or _LABELS[name]
    return own(scene, more)


def answers_to(choice: Choice, action: str) -> tuple[str, ...]:
    """Return how an option may also be named: plain yes or no, where the choice is asked so."""
    yes, no = _YES_NO.get(choice.kind, ("", ""))
    name = action.partition(":")[0]
    if name == yes and choice.kind == "carry":
        return (*YES, "=")  # as `=` keeps the answer to one question
    if name == yes and [each.partition(":")[0] for each in choice.actions].count(yes) == 1:
        return YES
    return NO if name == no else ()


def consent() -> Choice:
    """Return the first question of all: accept, refuse, or the same in another language."""
    return Choice("consent", ("agree", "refuse"))


def with_other_languages(scene: Scene, choice: Choice) -> Choice:
    """Return the choice with one more option for each other language, in the order en, fr, pt, ar."""
    own = f"language:{scene.who.language}"
    others = tuple(action for action in languages(scene).actions if action != own)
    return Choice(choice.kind, (*choice.actions, *others), choice.data)


def menu(scene: Scene) -> Choice:
    """Return what a person of this role can do."""
    if scene.city:
        return Choice("menu", ("report", "status", "calendar", "forms", "language", "help"))
    return Choice("menu", ("status", "language", "help"))


def carry(scene: Scene) -> Choice | None:
    """Return the question whether last time's answers still hold; None when there are none, or newer ones."""
    if scene.report is None or any(not is_attached(value) for value in scene.report.session.given.values()):
        return None  # an attachment is no answer to what was said last time
    answers = carried(filling_of(scene))
    if not answers:
        return None
    data = {"answers": f"{zlib.crc32(repr(answers).encode()):x}"}  # others by now: its buttons are old
    return Choice("carry", ("still:all", "changed:all") if len(answers) > 1 else ("still", "changed"), data)


def languages(scene: Scene) -> Choice:
    """Return the choice of one of the programme's languages, in the order en, fr, pt, ar."""
    spoken = (code for code in LANGUAGES if code in scene.programme.languages)
    return Choice("language", tuple(f"language:{code}" for code in spoken))


def cities(scene: Scene) -> Choice:
    """Return the choice of one city, for the details of the digest."""
    return Choice("cities", tuple(f"details:{slug}" for slug in scene.programme.cities))


def _consent_text(scene: Scene, choice: Choice) -> str:
    say, programme = scene.say, scene.named(scene.programme.names)
    if scene.city:
        asked = say(
            "Hello {name}. This is Griot ({programme}). It keeps your name, number and answers to follow the"
            " project in {city}. Do you agree?",
            name=scene.who.name,
            programme=programme,
            city=scene.named(scene.city.names),
        )
    else:
        asked = say(
            "Hello {name}. This is Griot ({programme}). It keeps your name and number to send you what the"
            " cities report. Do you agree?",
            name=scene.who.name,
            programme=programme,
        )
    more = say(
        "Your answers are read by the Secretariat and your city's team. Nothing is published without your"
        " agreement. Send STOP at any time to end."
    )
    return f"{asked}\n{more}" if scene.city else asked


def _forms_text(scene: Scene, choice: Choice) -> str:
    return scene.say("Which form would you like to fill in?")


def _check_text(scene: Scene, choice: Choice) -> str:
    filling = filling_of(scene)
    report = scene.report
    period = scene.period(report.period) if report else ""
    city = scene.named(scene.city.names) if scene.city else ""
    title = scene.say(
        "Please check the answers for {city}, {period}:", city=city, period=period or _title(scene)
    )
    return "\n".join((title, *asking.lines_of(filling), *asking.closing_notes(filling)))


def _title(scene: Scene) -> str:
    return scene.title(scene.report.form.name) if scene.report else ""


def _carry_text(scene: Scene, choice: Choice) -> str:
    """Return last time's answers as they would be taken over, the long ones shortened."""
    filling, report = filling_of(scene), scene.report
    answers = carried(filling)
    after = given(filling, answers).filling
    if len(answers) == 1:
        return asking.asked_still(after, next(iter(answers)))
    last = scene.facts.previous(report.form.name, report.id) if report else Last()
    period = scene.period(last.period)
    first = scene.say("Last time ({period}):", period=period) if period else scene.say("Last time:")
    lines = asking.short_lines_of(after, answers)
    return "\n".join((first, *lines, scene.say("Is all of this still so?")))


def _edit_text(scene: Scene, choice: Choice) -> str:
    if scene.report and scene.report.reference:
        return scene.say(
            "{reference}: which answer should be changed? Please send its number.",
            reference=scene.report.reference,
        )
    return scene.say("Which answer should be changed? Please send its number.")


def _resume_text(scene: Scene, choice: Choice) -> str:
    done, total = asking.progress(filling_of(scene))
    return scene.say("Answers saved: {done} of {total}. Continue?", done=done, total=total)


def _second_text(scene: Scene, choice: Choice) -> str:
    period = scene.period(choice.data["period"])
    return scene.say(
        "An update was already sent for this period ({period}, {reference}). What should be done with the new"
        " one?",
        period=period,
        reference=choice.data["reference"],
    )


def _offer_text(scene: Scene, choice: Choice) -> str:
    if len(choice.actions) == 2:
        form = scene.title(choice.actions[0].partition(":")[2])
        return scene.say("Would you like to fill in this form now: {form}?", form=form)
    return scene.say("Would you like to fill in one of these forms now?")


def _why_text(scene: Scene, choice: Choice) -> str:
    milestone = scheduled.milestone_of(scene, choice.data["milestone"])
    if choice.data["what"] == "moretime":
        return scene.say("{milestone}: how much more time is needed, and why?", milestone=milestone)
    return scene.say("{milestone}: what blocks the work?", milestone=milestone)


TEXTS: dict[str, Callable[[Scene, Choice], str]] = {
    "consent": _consent_text,
    "menu": lambda scene, choice: scene.say("What would you like to do?"),
    "language": lambda scene, choice: scene.say("Which language?"),
    "forms": _forms_text,
    "check": _check_text,
    "edit": _edit_text,
    "carry": _carry_text,
    "resume": _resume_text,
    "second": _second_text,
    "offer": _offer_text,
    "waiting": lambda scene, choice: scene.say("A draft waits. Go on with it?"),
    "cancel": lambda scene, choice: scene.say("Cancel this report? It will not be sent."),
    scheduled.WHY: _why_text,
    "cities": lambda scene, choice: scene.say("For one city, send MORE and the city's name."),
    **dict.fromkeys(scheduled.KINDS, scheduled.text_of),
}


_YES_NO = {
    "consent": ("agree", "refuse"),
    "resume": ("continue", "later"),
    "carry": ("still", "changed"),
    "waiting": ("open", "later"),
    "cancel": ("discard", "continue"),
    "offer": ("open", "decline"),
    **dict.fromkeys(scheduled.OF_A_FORM, ("begin", "later")),
}


def _open_label(scene: Scene, more: str) -> str:
    form, _, period = more.partition("@")
    title = scene.title(form)
    return f"{title} ({scene.period(period)})" if period else title


def _city_label(scene: Scene, more: str) -> str:
    city = scene.programme.cities.get(more)
    return scene.named(city.names) if city else more


_LABELS: dict[str, Callable[[Scene, str], str]] = {
    "agree": lambda scene, more: scene.say("I agree"),
    "refuse": lambda scene, more: scene.say("I do not agree"),
    "language": lambda scene, more: LANGUAGE_NAMES[more],
    "menu.language": lambda scene, more: scene.say("Language"),
    "report": lambda scene, more: scene.say("Report"),
    "status": lambda scene, more: scene.say("Status"),
    "calendar": lambda scene, more: scene.say("Calendar"),
    "forms": lambda scene, more: scene.say("Other forms"),
    "help": lambda scene, more: scene.say("Help"),
    "open": _open_label,
    "answer": lambda scene, more: asking.line_of(filling_of(scene), int(more)),
    "decline": lambda scene, more: scene.say("No, thank you"),
    "send": lambda scene, more: scene.say("Send"),
    "edit": lambda scene, more: scene.say("Change an answer"),
    "still": lambda scene, more: scene.say("Yes, all") if more else scene.say("Yes"),
    "changed": lambda scene, more: scene.say("No, ask me") if more else scene.say("No"),
    "keep": lambda scene, more: scene.say("Keep as draft"),
    "continue": lambda scene, more: scene.say("Continue"),
    "later": lambda scene, more: scene.say("Later"),
    "replace": lambda scene, more: scene.say("Replace"),
    "add": lambda scene, more: scene.say("Add"),
    "neither": lambda scene, more: scene.say("Neither"),
    "discard": lambda scene, more: scene.say("Yes, cancel it"),
    "details": _city_label,
    "begin": lambda scene, more: scene.say("Start now"),
    "nothing": lambda scene, more: scene.say("Nothing to report"),
    "output": lambda scene, more: scene.say("Send it now"),
    "moretime": lambda scene, more: scene.say("Ask for more time"),
    "blocks": lambda scene, more: scene.say("Say what blocks"),
}
