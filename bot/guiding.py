"""What a person is told about the question that is open: how to answer it, why it is asked, an example."""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

from bot import scheduled
from bot.control import words
from bot.filling import filling_of
from bot.forms.sheet import Step
from bot.questions.numbers import shown_number
from bot.reporting import ask_current, say_only
from bot.session import Filling, asked_of, read, step_at
from bot.talk import Choice, Outcome, Scene
from bot.values import Answer, Heard, Say

_NUMBERS = (12, 5, 2, 1, 50, 100, 0, 1000)
_DAYS = (0, -1, 7, -30, 30, -365, 365)  # from today: one of them is within most constraints
_ADDRESSES = ("https://example.org/plan.pdf", "awa@example.org", "+22790000000")
_MEDIA = ("image", "audio", "video", "file")


def help_(scene: Scene, more: str) -> Outcome:
    """Return how to answer what is open, then the words to type, then what is open."""
    if scene.talk.choice:
        return ask_current(scene, f"{_how_to_choose(scene.say, scene.talk.choice)} {words(scene)}")
    if scene.report and (how := how_to(filling_of(scene))):
        return ask_current(scene, how)
    return ask_current(scene, words(scene)) if scene.report else say_only(scene, words(scene))


def why(scene: Scene, more: str) -> Outcome:
    """Return what the open question is for: in the form's own words, else in general; then ask it again."""
    if choice := scene.talk.choice:
        return ask_current(scene, _why_chosen(scene, choice))
    if scene.report:
        return ask_current(scene, _guidance(filling_of(scene)) or _purpose(scene, scene.report.form.name))
    return say_only(scene, _nothing_open(scene))


def example(scene: Scene, more: str) -> Outcome:
    """Return an answer that the open question takes, then ask it again."""
    if choice := scene.talk.choice:
        shown = (
            str(min(2, len(choice.actions)))
            if choice.actions
            else scene.say("The agreement is not signed yet.")
        )
        return ask_current(scene, scene.say("For example: {example}", example=shown))
    if scene.report:
        filling = filling_of(scene)
        shown = example_of(filling)
        told = scene.say("For example: {example}", example=shown) if shown else _how_to_answer(filling)
        return ask_current(scene, told)
    return say_only(scene, _nothing_open(scene))


def how_to(filling: Filling) -> str:
    """Return how to answer the open question, and the words that help with it; "" when none is open."""
    at, say = step_at(filling.sheet(), filling.session.at), filling.say
    if at is None:
        return ""
    may_pass = not at.is_required and filling.session.doubt is None
    told = (
        _how_to_answer(filling),
        say("A dash (-) skips it.") if may_pass else "",
        say("BACK, EDIT: earlier answers. WHY, EXAMPLE: this question. LATER: pause. STOP: end. MENU: all."),
    )
    return " ".join(filter(None, told))


def example_of(filling: Filling) -> str:
    """Return an answer that the open question accepts as it is written, "" when none was found."""
    sheet = filling.sheet()
    at = step_at(sheet, filling.session.at)
    if at is None:
        return ""
    if filling.session.doubt is not None:
        return filling.say("Yes")
    tried = (text for text in _candidates(filling, at) if isinstance(_read(filling, at, text), Answer))
    return next(tried, "")


def _read(filling: Filling, at: Step, text: str) -> object:
    return read(filling, filling.sheet(), at, Heard(text=text))


def _candidates(filling: Filling, at: Step) -> Iterator[str]:
    """Yield what may be an answer, the likeliest first."""
    say, count = filling.say, len(asked_of(filling, filling.sheet(), at).choices)
    match at.question.type:
        case "select_one":
            yield from (str(number) for number in (2, 1, *range(3, count + 1)) if number <= count)
        case "select_multiple":
            yield from (
                " ".join(map(str, some)) for some in ((1, 3), (1, 2), (1,), (2,)) if max(some) <= count
            )
        case "rank":
            yield from (" ".join(map(str, order)) for order in _orders(count))
        case "integer" | "decimal" | "range":
            yield from (shown_number(number, say.locale) for number in _numbers(at))
        case "date":
            yield from (f"{filling.now.date() + timedelta(days=days):%d/%m/%Y}" for days in _DAYS)
        case "time":
            yield from ("14:30", "09:00")
        case "datetime":
            yield from (f"{filling.now.date() + timedelta(days=days):%d/%m/%Y} 14:30" for days in _DAYS)
        case "geopoint":
            yield "12.65, -8.00"
        case "another" | "acknowledge":
            yield from (say("Yes"), "1")
        case "barcode":
            yield "5901234123457"
        case "text":
            yield say("The plan was approved on Tuesday.")
            yield from _ADDRESSES  # a constraint may ask for one


def _orders(count: int) -> Iterator[Sequence[int]]:
    if count > 1:
        yield (2, 1, *range(3, count + 1))
    yield range(1, count + 1)


def _numbers(at: Step) -> Iterator[float]:
    """Yield numbers to try; those of a range lie on its steps, its middle first."""
    limits = at.question.parameters
    try:
        start, end = float(limits["start"]), float(limits["end"])
        step = abs(float(limits.get("step", 1))) or 1.0
    except (KeyError, ValueError):
        yield from ((12.5, *_NUMBERS) if at.question.type == "decimal" else _NUMBERS)
        return
    yield from (_whole(start + (int((end - start) / step) // 2) * step), _whole(start), _whole(end))


def _whole(number: float) -> float:
    return int(number) if number == int(number) else number


def _how_to_answer(filling: Filling) -> str:
    at, say = step_at(filling.sheet(), filling.session.at), filling.say
    if at is None or filling.session.doubt is not None:
        return say("Reply with yes or no.")
    if listed := _HOW_LISTED.get(at.question.type):
        return listed(say, example_of(filling) or "1")
    return _HOW.get(at.question.type, _HOW["text"])(say)


_HOW_LISTED: dict[str, Callable[[Say, str], str]] = {
    "select_multiple": lambda say, example: say(
        "Reply with one number or several, such as {example}.", example=example
    ),
    "rank": lambda say, example: say(
        "Reply with all the numbers in your order, such as {example}.", example=example
    ),
}
_HOW: dict[str, Callable[[Say], str]] = {
    "select_one": lambda say: say("Reply with the number of one answer, or with its words."),
    "integer": lambda say: say("Reply with a whole number, such as 12."),
    "decimal": lambda say: say("Reply with a number, such as 12.5."),
    "range": lambda say: say("Reply with a number."),
    "date": lambda say: say("Reply with a date, such as 15/09/2026."),
    "time": lambda say: say("Reply with a time, such as 14:30."),
    "datetime": lambda say: say("Reply with a date and a time, such as 15/09/2026 14:30."),
    "geopoint": lambda say: say("Please share your location, or write it like this: 12.65, -8.00."),
    "text": lambda say: say("Reply in your own words, in one message or several."),
    "barcode": lambda say: say("Reply with the number under the bars."),
    **dict.fromkeys(("another", "acknowledge"), lambda say: say("Reply with yes or no.")),
    **dict.fromkeys(_MEDIA, lambda say: say("Please attach it here, like any photo or file.")),
}


def _guidance(filling: Filling) -> str:
    """Return the form's own word on what the open question is for, "" for none."""
    at = filling.session.at
    return filling.sheet().guidance(at, filling.say.language, filling.say.value) if at else ""


def _purpose(scene: Scene, form: str) -> str:
    """Return what becomes of the answers of a form; its hints stand under the question anyway."""
    if form in scene.programme.digest:
        return scene.say(
            "The Secretariat reads these answers in its weekly digest, to see where help is needed."
        )
    return scene.say("The Secretariat reads these answers, to support your city.")


def _how_to_choose(say: Say, choice: Choice) -> str:
    if not choice.actions:
        return say("Reply in your own words, in one message.")
    return say("Reply with a number from 1 to {last}.", last=len(choice.actions))


def _why_chosen(scene: Scene, choice: Choice) -> str:
    if choice.kind in scheduled.OF_A_FORM:
        return _purpose(scene, scheduled.about(choice).partition("@")[0])
    if choice.kind == scheduled.WHY or choice.kind in scheduled.OF_A_MILESTONE:
        return scene.say("The Secretariat follows the date of every milestone, to see where help is needed.")
    if choice.kind == "check":
        return scene.say("The Secretariat reads a report once it is sent. EDIT changes it, also afterwards.")
    if choice.kind == "carry":
        return scene.say("What has not changed need not be written again.")
    return scene.say("The number chosen here says what comes next.")


def _nothing_open(scene: Scene) -> str:
    if scene.city is None:
        return scene.say("No question is open.")
    return scene.say("WHY and EXAMPLE explain a question that is open. To begin, send REPORT.")
