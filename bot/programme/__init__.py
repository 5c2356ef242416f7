"""A programme: its cities, calendar, forms and rules, read from data files."""

from bot.programme.demo import DRAFT, Demo, DemoPerson, Report, open_demo
from bot.programme.fields import Weekday
from bot.programme.prices import Budget, Limits, Price, Prices, Tariff
from bot.programme.reading import open_programme, read_programme
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
    Template,
    city_facts,
)

__all__ = [
    "DRAFT",
    "Budget",
    "City",
    "Correction",
    "Demo",
    "DemoPerson",
    "Event",
    "FormDigest",
    "FormEntry",
    "Limits",
    "Milestone",
    "Phase",
    "Price",
    "Prices",
    "Programme",
    "Report",
    "Rhythm",
    "Rule",
    "Secretariat",
    "Tariff",
    "Template",
    "Weekday",
    "city_facts",
    "open_demo",
    "open_programme",
    "read_programme",
]
