"""What a person can do beside reporting: agree, stop, choose a language, look things up, get help."""

from dataclasses import replace

from bot import choices, scheduled
from bot.periods import form_due
from bot.questions.options import chosen
from bot.reporting import ask_current, choose, city_closed, list_forms, say_only
from bot.talk import Agreed, Outcome, Returned, Scene, Speaks, Stopped
from bot.words import fold

_LISTS = frozenset({"menu", "cities"})  # they ask nothing of a person
_LANGUAGE_WORDS = {
    fold(word): code
    for code, words in {
        "en": ("en", "English", "anglais", "inglês", "الإنجليزية", "إنجليزية"),
        "fr": ("fr", "French", "Français", "francês", "الفرنسية", "فرنسية"),
        "pt": ("pt", "Portuguese", "portugais", "Português", "البرتغالية", "برتغالية"),
        "ar": ("ar", "Arabic", "arabe", "árabe", "العربية", "عربية", "عربي"),
    }.items()
    for word in words
}


def language_named(text: str) -> str | None:
    """Return the language meant by a code or a name in any of the four languages."""
    return _LANGUAGE_WORDS.get(fold(text))


def ask_consent(scene: Scene, first: str = "") -> Outcome:
    """Return the first question of all."""
    return choose(scene, choices.with_other_languages(scene, choices.consent()), first)


def agree(scene: Scene, more: str) -> Outcome:
    """Record the agreement and show what can be done."""
    day = scene.day(scene.now.date())
    scene = replace(scene, who=replace(scene.who, agreed=True)).did(Agreed(True))
    return choose(
        scene, choices.menu(scene), scene.say("Thank you. Your agreement is recorded ({date}).", date=day)
    )


def refuse(scene: Scene, more: str) -> Outcome:
    """Record the refusal."""
    scene = replace(scene.chose(None), who=replace(scene.who, agreed=False)).did(Agreed(False))
    return say_only(scene, _refused(scene))


def refused(scene: Scene, first: str = "") -> Outcome:
    """Tell somebody who refused how to change the choice, after `first`."""
    return say_only(scene, "\n".join(filter(None, (first, _refused(scene)))))


def _refused(scene: Scene) -> str:
    return scene.say("Understood. Nothing will be sent to you. To change this choice, send START.")


def stop(scene: Scene, more: str) -> Outcome:
    """Stop all messages, on every channel; confirm once."""
    text = scene.say("Messages are stopped on all channels. To receive them again, send START.")
    return say_only(scene.did(Stopped()), text, kind="notice")


def restore(scene: Scene, *, is_confirmed: bool = False) -> Outcome:
    """Take up messages again and show the open question; say no more when the provider confirmed it."""
    scene = replace(scene, who=replace(scene.who, is_stopped=False)).did(Returned())
    if not scene.who.agreed:
        return ask_consent(scene)
    if is_confirmed:
        return ask_current(scene)
    if scene.report or scene.talk.choice:
        return ask_current(scene, scene.say("Messages are back on. Current question:"))
    return ask_current(scene, scene.say("Messages are back on."))


def menu(scene: Scene, more: str) -> Outcome:
    """Show what can be done."""
    return choose(scene, choices.menu(scene))


def words(scene: Scene) -> str:
    """Return the words to type that everything can be reached with."""
    if scene.who.city:
        return scene.say("REPORT to answer, CALENDAR for dates, STOP to end messages, MENU for all.")
    return scene.say("STATUS for the digest, MORE for one city, STOP to end messages, MENU for all.")


def language(scene: Scene, more: str) -> Outcome:
    """Switch to the language named, or ask which."""
    code = language_named(more) if more else None
    if code is None:
        return choose(scene, choices.languages(scene))
    return speak(scene, code)


def speak(scene: Scene, code: str) -> Outcome:
    """Switch to a language; answers stay, what was open is asked again in it."""
    scene = replace(scene, who=replace(scene.who, language=code)).did(Speaks(code))
    if not scene.who.agreed:
        return ask_consent(scene)
    was = scene.talk.choice
    scene = scene.chose(None if was and was.kind in ("language", "menu") else was)
    return ask_current(scene, scene.say("The language is now English. Your answers are kept."))


def forms(scene: Scene, more: str) -> Outcome:
    """List all forms of the programme."""
    return list_forms(scene)


def status(scene: Scene, more: str) -> Outcome:
    """Return where the city stands: this period's report, the next milestone; for officers the digest."""
    if scene.who.city is None:
        return _told(scene, scene.facts.digest(scene.who.language))
    if scene.city is None:
        return _told(scene, city_closed(scene))
    lines = [*_standing(scene), *_milestones(scene, 1)]
    return _told(scene, "\n".join(lines))


def _standing(scene: Scene) -> list[str]:
    due = form_due(scene.programme, scene.city, scene.at) if scene.city else None
    if due is None:
        return []
    sent, parts = (
        scene.facts.sent(*due),
        {"form": scene.title(due[0]), "period": scene.period(due[1])},
    )
    if sent:
        return [scene.say("{form}, {period}: received ({reference}).", reference=sent[0], **parts)]
    return [scene.say("{form}, {period}: not received yet.", **parts)]


def calendar(scene: Scene, more: str) -> Outcome:
    """Return the next dates."""
    lines = _milestones(scene, 4)
    return _told(scene, "\n".join(lines) or scene.say("No date is set."))


def not_yet(scene: Scene, more: str) -> Outcome:
    """Answer a word whose feature is still to come, with help; what is open stays open."""
    return help_first(scene, scene.say("This is not available yet."))


def read_digest(scene: Scene, week: str) -> Outcome:
    """Return the digest of a week as it left; this week's as it stands before it has."""
    left = scheduled.digest_of(scene.programme, week)
    return _told(scene, scene.facts.digest(scene.who.language, min(left, scene.at)))


def more(scene: Scene, more: str) -> Outcome:
    """List the cities, or return what one of them said: by its number, name, or the beginning of it."""
    slugs = list(scene.programme.cities)
    if not more:
        return choose(scene, choices.cities(scene))
    names = [(slug, city.code, *city.names.values()) for slug, city in scene.programme.cities.items()]
    index = chosen(more, names)
    if index is None:
        unknown = scene.say("There is no city {name}.", name=more)
        return choose(scene, choices.cities(scene), unknown)
    return details(scene, slugs[index])


def details(scene: Scene, city: str) -> Outcome:
    """Return what a city said this week; a list of cities stays open for the next one."""
    if city not in scene.programme.cities:
        return choose(scene, choices.cities(scene))
    return say_only(scene, scene.facts.details(city, scene.who.language))


def help_first(scene: Scene, first: str) -> Outcome:
    """Return a sentence, the words to type, and what is open."""
    text = f"{first} {words(scene)}"
    if scene.report or scene.talk.choice:
        return ask_current(scene, text)
    return say_only(scene, text)


def _told(scene: Scene, text: str) -> Outcome:
    """Return what was asked for, then what is open; a list to look things up stays open unrepeated."""
    is_list = scene.talk.choice is not None and scene.talk.choice.kind in _LISTS
    if scene.report:
        return ask_current(scene.chose(None) if is_list else scene, text)
    return ask_current(scene, text) if scene.talk.choice and not is_list else say_only(scene, text)


def _milestones(scene: Scene, most: int) -> list[str]:
    today, city, programme = scene.now.date(), scene.city, scene.programme
    names = programme.milestones
    if city:
        dated = [(programme.due(each, city), each.id) for each in programme.milestones_of(city)]
    else:
        dated = [(each.due, each.id) for each in names.values()]
    return [
        scene.say(
            "{milestone}: due {date}", milestone=f"{id} {scene.named(names[id].names)}", date=scene.day(due)
        )
        for due, id in dated
        if due >= today
    ][:most]
