"""The questions that the schedule asks: their options, and their texts as of the moment they are said."""

import zlib
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from bot import asking
from bot.dates import weekday
from bot.filling import filling_for
from bot.opening_hours import moved
from bot.periods import closes_at, days_of, week_of
from bot.programme import Programme, Weekday
from bot.programme.shapes import WeekTime
from bot.talk import Choice, Report, Scene

OF_A_FORM = ("prompt", "back", "nudge", "last_call")
OF_A_MILESTONE = ("reminder", "overdue")
KINDS = frozenset({*OF_A_FORM, *OF_A_MILESTONE})
WHY = "why"  # asks what to tell the officers about a milestone, in one's own words
BEGUN = "begun"  # data of a choice that found a draft: its first option is "Continue"
_DIGEST = "digest."
_WEEK = tuple(Weekday)
_MINUTES = 5  # of a form that the programme no longer names


def of_form(scene: Scene, kind: str, form: str, period: str, data: Mapping[str, str] | None = None) -> Choice:
    """Return what may be done about a form of a period: begin it or go on, later, nothing to report."""
    about, draft = f"{form}@{period}", draft_of(scene, form, period)
    if draft and kind != "prompt":
        return Choice(kind, (f"begin:{about}", f"later:{about}"), {**(data or {}), BEGUN: "yes"})
    return Choice(kind, (f"begin:{about}", f"later:{about}", f"nothing:{about}"), data or {})


def of_milestone(kind: str, milestone: str, deadline: date) -> Choice:
    """Return what may be done about a milestone: hand in, ask for more time, say what blocks."""
    actions = (f"output:{milestone}", f"moretime:{milestone}", f"blocks:{milestone}")
    return Choice(kind, actions, {"deadline": deadline.isoformat()})


def token_of(scene: Scene, choice: Choice) -> str:
    """Return what its buttons carry: they stay true whatever is answered or open meanwhile."""
    asked = zlib.crc32(f"{scene.who.id}|{about(choice)}".encode())
    return f"{choice.kind}.{asked:x}"


def about(choice: Choice) -> str:
    """Return what a choice of the schedule is about: `form@period`, or the milestone."""
    return choice.actions[0].partition(":")[2]


def action_at(choice: Choice, option: int) -> str | None:
    """Return the action of a button; an approved template shows three also where a draft leaves two."""
    if choice.kind in OF_A_FORM and option == 3:
        return f"nothing:{about(choice)}"
    return choice.actions[option - 1] if 1 <= option <= len(choice.actions) else None


def draft_of(scene: Scene, form: str, period: str) -> Report | None:
    """Return the person's draft of the form and period when something is answered in it."""
    draft = scene.facts.draft(form, period)
    return draft if draft and draft.session.given else None


def moment(at: WeekTime, week: str, zone: str) -> datetime:
    """Return when a day and hour of an ISO week are, in an IANA zone."""
    day = days_of(week)[0] + timedelta(days=_WEEK.index(at.day))
    return datetime.combine(day, at.at, ZoneInfo(zone))


def digest_of(programme: Programme, week: str) -> datetime:
    """Return when the digest of an ISO week leaves."""
    return moment(programme.digest_at, week, programme.secretariat.timezone)


def digest_token(week: str) -> str:
    """Return what the button of a digest's template carries."""
    return f"{_DIGEST}{week}"


def digest_in(token: str) -> str | None:
    """Return the week of the digest that a button belongs to, None when it is no digest's."""
    week = token.removeprefix(_DIGEST)
    try:
        return week if token.startswith(_DIGEST) and days_of(week) else None
    except ValueError:
        return None


def week_at_secretariat(programme: Programme, at: datetime) -> str:
    """Return the ISO week that it is at the Secretariat."""
    return week_of(at.astimezone(ZoneInfo(programme.secretariat.timezone)).date())


def next_rung(scene: Scene) -> datetime | None:
    """Return when the city is reminded next in this week, in city time; None when no more.

    A day off or a closed hour moves it, as the schedule does.
    """
    if scene.city is None:
        return None
    programme, city = scene.programme, scene.city
    rhythm, monday = programme.rhythm_of(city), days_of(week_of(scene.now.date()))[0]
    days = (
        (monday + timedelta(days=_WEEK.index(each.day)), each.at) for each in (rhythm.nudge, rhythm.last_call)
    )
    rungs = (moved(programme, city, day, hour).at for day, hour in days)
    last = monday + timedelta(days=6)
    return min((each for each in rungs if each > scene.at and each.date() <= last), default=None)


def text_of(scene: Scene, choice: Choice) -> str:
    """Return the sentence that asks a choice of the schedule, as of now."""
    return _TEXTS[choice.kind](scene, choice)


def city_of(scene: Scene) -> str:
    """Return the city's name in the person's language."""
    return scene.named(scene.city.names) if scene.city else ""


def milestone_of(scene: Scene, id: str) -> str:
    """Return the milestone's id and name, as the calendar shows it."""
    milestone = scene.programme.milestones.get(id)
    return f"{id} {scene.named(milestone.names)}" if milestone else id


def deadline_of(choice: Choice) -> date:
    """Return the deadline of a choice about a milestone."""
    return date.fromisoformat(choice.data["deadline"])


def minutes_of(scene: Scene, form: str) -> int:
    """Return about how many minutes a form takes."""
    entry = scene.programme.forms.get(form)
    return entry.minutes if entry else _MINUTES


def is_before_digest(scene: Scene, choice: Choice) -> bool:
    """Tell whether the digest of a last call's week has still to leave."""
    return scene.at < digest_of(scene.programme, choice.data["week"])


def digest_day(scene: Scene, week: str) -> str:
    """Return the day of the week on which the digest leaves, in words."""
    day = digest_of(scene.programme, week).astimezone(scene.zone).date()
    return weekday(day, scene.programme.locale(scene.who.language, scene.city))


def _prompt(scene: Scene, choice: Choice) -> str:
    form, _, period = about(choice).partition("@")
    parts = {"name": scene.who.name, "city": city_of(scene), "minutes": minutes_of(scene, form)}
    if _is_this_week(scene, form, period):
        return scene.say(
            "Hello {name}. The weekly update for {city} is open: about {minutes} min. Start now?", **parts
        )
    return scene.say(
        "Hello {name}. {form}, {city}: open until {date}, about {minutes} min. Start now?",
        form=scene.title(form),
        date=scene.day(_last_day(scene, period)),
        **parts,
    )


def _back(scene: Scene, choice: Choice) -> str:
    form = about(choice).partition("@")[0]
    return scene.say(
        "Hello {name}. The pause for {city} is over. {form}: about {minutes} min. Start now?",
        name=scene.who.name,
        city=city_of(scene),
        form=scene.title(form),
        minutes=minutes_of(scene, form),
    )


def _nudge(scene: Scene, choice: Choice) -> str:
    form, _, period = about(choice).partition("@")
    if saved := _saved(scene, choice):
        waits = scene.say(
            "{form}, {period}: not received yet.", form=scene.title(form), period=scene.period(period)
        )
        return f"{waits}\n{saved}"
    parts = {"name": scene.who.name, "city": city_of(scene), "minutes": minutes_of(scene, form)}
    if _is_this_week(scene, form, period):
        return scene.say(
            "{name}, this week's update for {city} has not been received yet. It takes about {minutes} min."
            " Answer now?",
            **parts,
        )
    return scene.say(
        "{name}, {form}, {city}: nothing has been received yet. It takes about {minutes} min. Answer now?",
        form=scene.title(form),
        **parts,
    )


def _last_call(scene: Scene, choice: Choice) -> str:
    if not is_before_digest(scene, choice):
        return _nudge(scene, choice)
    parts = {"city": city_of(scene), "day": digest_day(scene, choice.data["week"])}
    if saved := _saved(scene, choice):
        last = scene.say("Last reminder for {city}: the digest leaves on {day}.", **parts)
        return f"{last}\n{saved}"
    return scene.say(
        "Last reminder for {city}: the digest leaves on {day}. A short answer is enough; if there is nothing"
        " new, send NOTHING.",
        **parts,
    )


def _reminder(scene: Scene, choice: Choice) -> str:
    deadline = deadline_of(choice)
    left = (deadline - scene.now.date()).days
    parts = {"milestone": milestone_of(scene, about(choice)), "city": city_of(scene)}
    if left < 0:
        return _overdue(scene, choice)
    if left == 0:
        return scene.say(
            "{milestone}, {city}: due today before {time}. You can send it here or ask for more time.",
            time=f"{scene.programme.due_at:%H:%M}",
            **parts,
        )
    day = scene.day(deadline)
    if left == 1:
        return scene.say(
            "{milestone}, {city}: due tomorrow, {date}. You can send it here or ask for more time.",
            date=day,
            **parts,
        )
    return scene.say.count(
        "{milestone}, {city}: {n} day left, due {date}.",
        "{milestone}, {city}: {n} days left, due {date}.",
        left,
        date=day,
        **parts,
    )


def _overdue(scene: Scene, choice: Choice) -> str:
    return scene.say(
        "{milestone}, {city}: the deadline was {date} and nothing has been received yet. What would you like"
        " to do?",
        milestone=milestone_of(scene, about(choice)),
        city=city_of(scene),
        date=scene.day(deadline_of(choice)),
    )


def _is_this_week(scene: Scene, form: str, period: str) -> bool:
    weekly = scene.programme.form_of("week")
    return weekly is not None and form == weekly.name and period == week_of(scene.now.date())


def _last_day(scene: Scene, period: str) -> date:
    if scene.city is None:
        return days_of(period)[1]
    until = closes_at(scene.programme, scene.city, period)
    return (until - timedelta(seconds=1)).astimezone(scene.zone).date()


def _saved(scene: Scene, choice: Choice) -> str:
    """Return how far the draft is that the choice goes on with, "" when there is none."""
    form, _, period = about(choice).partition("@")
    draft = draft_of(scene, form, period) if BEGUN in choice.data else None
    if draft is None:
        return ""
    done, total = asking.progress(filling_for(scene, draft))
    return scene.say("Answers saved: {done} of {total}. Continue?", done=done, total=total)


_TEXTS: dict[str, Callable[[Scene, Choice], str]] = {
    "prompt": _prompt,
    "back": _back,
    "nudge": _nudge,
    "last_call": _last_call,
    "reminder": _reminder,
    "overdue": _overdue,
}
