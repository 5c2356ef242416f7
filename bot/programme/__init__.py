"""A programme: its cities, calendar, forms and rules, read from data files."""

from bot.programme.fields import Weekday
from bot.programme.reading import read_programme
from bot.programme.shapes import (
    City,
    Correction,
    Event,
    FormDigest,
    FormEntry,
    Milestone,
    Phase,
    Programme,
    Rhythm,
    Rule,
    Secretariat,
)

__all__ = [
    "City",
    "Correction",
    "Event",
    "FormDigest",
    "FormEntry",
    "Milestone",
    "Phase",
    "Programme",
    "Rhythm",
    "Rule",
    "Secretariat",
    "Weekday",
    "read_programme",
]
