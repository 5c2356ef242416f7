"""The sections of the digest: from what is known of a week to headings, lines and quotations."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import groupby

from babel.lists import format_list

from bot.digest_page import (
    FULL,
    MOST_URGENT,
    Line,
    Page,
    Quote,
    Room,
    Section,
    at_most,
    changed,
    incomplete,
    more,
    name_of,
    standing_in_words,
)
from bot.media_words import counted
from bot.periods import in_words
from bot.programme import City, Programme
from bot.values import Say
from bot.week import CityWeek, Deadline, Decision, Standing, Told, Week, told

MOST_NAMED = 12  # blocked cities
CALL_AFTER = 3  # missed updates


def sections(programme: Programme, week: Week, say: Say, room: Room) -> list[Section]:
    """Return the sections that have something to say, in the order in which they are read."""
    page = Page(programme, week, say, room)
    reports = [each for each in told(programme, week.cities) if each.week.is_sent]
    all_told = [*reports, *told(programme, week.since)]
    found = [
        Section(say("Act now"), _urgent(page, all_told)),
        Section(say("Numbers"), _numbers(page, reports)),
        Section(say("Due in 14 days"), _due_soon(page)),
        Section(say("Difficulties and needs"), _difficulties(page, all_told)),
        Section(say("Successes"), _successes(page, all_told)),
        Section(say("Silent or paused"), _absent(page)),
        Section(say("Decisions"), _decided(page)),
    ]
    return [found[0], *(section for section in found[1:] if section.lines)]


def deadlines_of(programme: Programme, week: Week, city: City, say: Say) -> list[str]:
    """Return what a city has not handed in: what is overdue, then what is due within two weeks."""
    own = replace(week, deadlines=tuple(each for each in week.deadlines if each.city.slug == city.slug))
    page = Page(programme, own, say, FULL)
    lines = [*(line for _, line in _overdue_lines(page, own.overdue)), *_due_soon(page)]
    return [line.text for line in lines]


def _urgent(page: Page, reports: Sequence[Told]) -> tuple[Line, ...]:
    """Return one line a blocked city and late milestone, the oldest first; joined when they are many."""
    blocked, overdue = _blocked(page, reports), page.week.overdue
    own = list(_overdue_lines(page, overdue))
    if len(blocked) + len(own) > page.room.urgent or page.room.quote == 0:
        most = page.room.urgent - (1 if _are_joined(page, reports) else len(blocked))
        own = list(_overdue_together(page, overdue, most))
    first = _all_blocked if _are_joined(page, reports) else _blocked_lines
    dated = [*first(page, blocked), *own]
    return tuple(line for _, line in sorted(dated, key=lambda each: each[0]))


def _are_joined(page: Page, reports: Sequence[Told]) -> bool:
    """Tell whether blocked cities share a line, without their own words."""
    blocked = len(_blocked(page, reports))
    late = len({each.milestone.id for each in page.week.overdue})
    return blocked > 0 and (page.room.quote == 0 or blocked + min(late, 2) > page.room.urgent)


def _blocked(page: Page, reports: Sequence[Told]) -> list[Told]:
    """Return who is blocked; a late report counts only for a city without one of this week."""
    newer = {each.city.slug for each in page.week.cities if each.is_sent}
    return [
        each
        for each in reports
        if each.is_blocked and (_is_of_week(page, each.week) or each.city.slug not in newer)
    ]


def _blocked_lines(page: Page, blocked: Sequence[Told]) -> Iterator[tuple[date, Line]]:
    for each in blocked:
        line = page.say("{city}: work is blocked.", city=name_of(each.city, page.say))
        yield _day_of(page, each), Line(line, _difficulties_of(page, each))


def _all_blocked(page: Page, blocked: Sequence[Told]) -> Iterator[tuple[date, Line]]:
    if blocked:
        most = MOST_NAMED if page.room.urgent >= MOST_URGENT else 0
        cities = page.cities((each.city for each in blocked), most)
        line = page.say("{city}: work is blocked.", city=cities)
        yield min(_day_of(page, each) for each in blocked), Line(line)


def _day_of(page: Page, report: Told) -> date:
    return report.week.sent_at.date() if report.week.sent_at else page.week.day


def _overdue_lines(page: Page, overdue: Sequence[Deadline]) -> Iterator[tuple[date, Line]]:
    for (due, _), group in groupby(overdue, key=lambda each: (each.due, each.milestone.id)):
        late = list(group)
        yield due, _overdue(page, [page.milestone(late[0].milestone)], late)


def _overdue_together(page: Page, overdue: Sequence[Deadline], most: int) -> Iterator[tuple[date, Line]]:
    """Yield a line a milestone, at most so many: the last one holds the rest."""
    by_milestone: dict[str, list[Deadline]] = {}
    for each in overdue:
        by_milestone.setdefault(each.milestone.id, []).append(each)
    groups = list(by_milestone.values())
    if len(groups) > most:
        groups = [*groups[: most - 1], [each for group in groups[most - 1 :] for each in group]]
    for late in groups:
        milestones = list(dict.fromkeys(page.milestone(each.milestone) for each in late))
        yield late[0].due, _overdue(page, milestones, late)


def _overdue(page: Page, milestones: Sequence[str], late: Sequence[Deadline]) -> Line:
    named, cities = ", ".join(milestones), page.cities(each.city for each in late)
    days = {each.due for each in late}
    if len(days) > 1:
        return Line(page.say("{milestone}, not received yet: {cities}", milestone=named, cities=cities))
    day = page.date(days.pop())
    return Line(
        page.say(
            "{milestone}, not received yet, due {date}: {cities}", milestone=named, date=day, cities=cities
        )
    )


def _numbers(page: Page, reports: Sequence[Told]) -> tuple[Line, ...]:
    before = [each for each in told(page.programme, page.week.before) if each.week.is_sent]

    def counted(now: int, then: int) -> str:
        return changed(now, then, page.say) if before else str(now)

    status = page.say(
        "On track: {on_track}. Some delay: {delayed}. Blocked: {blocked}.",
        on_track=counted(sum(e.is_on_track for e in reports), sum(e.is_on_track for e in before)),
        delayed=counted(sum(e.is_delayed for e in reports), sum(e.is_delayed for e in before)),
        blocked=counted(sum(e.is_blocked for e in reports), sum(e.is_blocked for e in before)),
    )
    lines = [Line(status)]
    if page.week.outputs is not None:
        lines.append(Line(page.say("Outputs submitted: {number}.", number=page.week.outputs)))
    return (*lines, *_received(page))


def _received(page: Page) -> Iterator[Line]:
    """Yield what was attached to reports: how many of which kind, from which cities."""
    if found := page.week.received:
        yield Line(
            page.say(
                "Received with the reports: {list} ({cities}).",
                list=counted(found, page.say),
                cities=page.cities(each.city for each in found),
            )
        )


def _due_soon(page: Page) -> tuple[Line, ...]:
    lines = []
    for (due, _), group in groupby(page.week.due_soon, key=lambda each: (each.due, each.milestone.id)):
        near = list(group)
        text = page.say(
            "{milestone}, {date}: {cities}",
            milestone=page.milestone(near[0].milestone),
            date=page.date(due),
            cities=page.cities(each.city for each in near),
        )
        lines.append(Line(text))
    return at_most(page, lines, page.room.lines)


def _difficulties(page: Page, reports: Sequence[Told]) -> tuple[Line, ...]:
    """Return what two cities or more ask for first, then each city's own words."""
    asking = _asking(page, reports)
    topics = {kind: cities for kind, cities in asking.items() if len(cities) > 1}
    told_above = set() if _are_joined(page, reports) else {each.city.slug for each in _blocked(page, reports)}
    rest = [each for each in reports if each.city.slug not in told_above]
    lines = [_topic(page, kind, list(cities.values())) for kind, cities in topics.items()]
    if page.room.quote:
        lines += _in_their_words(page, rest, topics)
    else:
        lines += _in_short(page, rest, asking, topics)
    return at_most(page, lines, page.room.lines)


_Asking = dict[str, dict[str, City]]  # kind of help, slug


def _asking(page: Page, reports: Sequence[Told]) -> _Asking:
    found: _Asking = {}
    for each in reports:
        for kind in each.helps(page.say.language):
            found.setdefault(kind, {})[each.city.slug] = each.city
    return found


def _topic(page: Page, kind: str, cities: Sequence[City]) -> Line:
    named = page.cities(cities)
    if page.room.reasons:
        return Line(page.say("{topic}: {cities}. A topic for a thematic group.", topic=kind, cities=named))
    return Line(page.say("{name}: {text}", name=kind, text=named))


def _in_their_words(page: Page, reports: Sequence[Told], topics: _Asking) -> Iterator[Line]:
    for each in reports:
        kinds = [kind for kind in each.helps(page.say.language) if kind not in topics]
        name = _late_name(page, each.week)
        if kinds:
            name = page.say("{city} ({text})", city=name, text=", ".join(kinds))
        if kinds or each.difficulties:
            yield Line(name, _difficulties_of(page, each))


def _in_short(page: Page, reports: Sequence[Told], asking: _Asking, topics: _Asking) -> Iterator[Line]:
    named = {slug for cities in topics.values() for slug in cities}
    for kind, cities in asking.items():
        if kind not in topics:
            named |= cities.keys()
            yield _topic(page, kind, list(cities.values()))
    rest = [each.city for each in reports if each.difficulties]
    if rest := [city for city in rest if city.slug not in named]:
        yield Line(page.cities(rest))


def _successes(page: Page, reports: Sequence[Told]) -> tuple[Line, ...]:
    happy = [each for each in reports if each.successes][: page.room.successes]
    if happy and not page.room.quote:
        return (Line(page.cities(each.city for each in happy)),)
    return tuple(Line(_late_name(page, each.week), _quotes(each, each.successes[:1])) for each in happy)


def _absent(page: Page) -> tuple[Line, ...]:
    return (*_begun(page), *_incomplete(page), *_silent(page), *_excused(page))


def _begun(page: Page) -> Iterator[Line]:
    begun = [each.city for each in page.week.cities if each.standing is Standing.PARTIAL]
    if begun:
        yield Line(
            page.say(
                "{name}: {text}", name=standing_in_words(Standing.PARTIAL, page.say), text=page.cities(begun)
            )
        )


def _incomplete(page: Page) -> Iterator[Line]:
    lacking = [each.city for each in (*page.week.cities, *page.week.since) if each.has_gap]
    if lacking:
        yield Line(page.say("{name}: {text}", name=incomplete(page.say), text=page.cities(lacking)))


def _silent(page: Page) -> Iterator[Line]:
    silent = [each for each in page.week.cities if each.standing is Standing.SILENT and each.is_asked]
    for missed, group in groupby(
        sorted(silent, key=lambda each: max(1, each.missed)), key=lambda e: max(1, e.missed)
    ):
        cities = page.cities(each.city for each in group)
        if missed == 1:
            words = standing_in_words(Standing.SILENT, page.say)
            yield Line(page.say("{name}: {text}", name=words, text=cities))
        elif missed < CALL_AFTER:
            yield Line(
                page.say.count(
                    "{city}: {n} week without an update.",
                    "{city}: {n} weeks without an update.",
                    missed,
                    city=cities,
                )
            )
        else:
            yield Line(
                page.say.count(
                    "{city}: {n} week without an update. A call is advised.",
                    "{city}: {n} weeks without an update. A call is advised.",
                    missed,
                    city=cities,
                )
            )


def _excused(page: Page) -> Iterator[Line]:
    for standing in (Standing.EXCUSED, Standing.PAUSED):
        away = [each for each in page.week.cities if each.standing is standing]
        if away and page.room.reasons:
            for each in away:
                yield _away(page, standing, each)
        elif away:
            parts = [_until(page, each) for each in away[: page.room.cities]]
            text = format_list(parts, locale=page.say.locale) + more(len(away) - len(parts), page.say)
            yield Line(page.say("{name}: {text}", name=standing_in_words(standing, page.say), text=text))


def _away(page: Page, standing: Standing, week: CityWeek) -> Line:
    text = page.say("{name}: {text}", name=standing_in_words(standing, page.say), text=_until(page, week))
    reason = week.away.reason if week.away else ""
    return Line(text, (Quote(reason, ""),) if reason else ())


def _until(page: Page, week: CityWeek) -> str:
    name = name_of(week.city, page.say)
    until = week.away.until if week.away else None
    return page.say("{city}, until {date}", city=name, date=page.date(until)) if until else name


def _decided(page: Page) -> tuple[Line, ...]:
    lines = [_decision(page, each) for each in page.week.decisions]
    return at_most(page, lines, page.room.lines)


def _decision(page: Page, decision: Decision) -> Line:
    milestone, city = page.milestone(decision.milestone), name_of(decision.city, page.say)
    if decision.extended_to:
        date = page.date(decision.extended_to)
        text = page.say("{milestone}, {city}: extended to {date}.", milestone=milestone, city=city, date=date)
    else:
        text = page.say("{milestone}, {city}: waived.", milestone=milestone, city=city)
    return Line(text, (Quote(decision.reason, ""),) if page.room.reasons and decision.reason else ())


def _is_of_week(page: Page, report: CityWeek) -> bool:
    return any(report is each for each in page.week.cities)  # the very one: to compare all of each is slow


def _late_name(page: Page, week: CityWeek) -> str:
    """Return the city's name, with the period when the report belongs to another week."""
    name = name_of(week.city, page.say)
    period = week.period
    if not period or _is_of_week(page, week):
        return name
    return page.say("{city} ({text})", city=name, text=in_words(period, page.say, page.say.locale))


def _difficulties_of(page: Page, report: Told) -> tuple[Quote, ...]:
    return tuple(
        Quote(text, report.week.language, _age(page, report.weeks_of(text))) for text in report.difficulties
    )


def _age(page: Page, weeks: int) -> str:
    return page.say.count("for {n} week", "for {n} weeks", weeks) if weeks > 1 else ""


def _quotes(report: Told, texts: Sequence[str]) -> tuple[Quote, ...]:
    return tuple(Quote(text, report.week.language) for text in texts)
