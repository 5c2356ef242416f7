"""Days in the words of a country: month names of the locale, Western digits."""

from datetime import date

from babel.dates import format_date


def long_date(day: date, locale: str) -> str:
    """Return the day in words, such as `15 September 2026` or `15 de Setembro de 2026`."""
    return _with_month(format_date(day, "long", locale=locale), day, locale)


def full_date(day: date, locale: str) -> str:
    """Return the day in words with its day of the week, such as `Friday 27 November 2026`."""
    return _with_month(format_date(day, "full", locale=locale), day, locale)


def day_and_month(day: date, locale: str) -> str:
    """Return the day without its year, such as `15 September` or `15 de Setembro`."""
    pattern = "d 'de' MMMM" if locale.startswith("pt") else "d MMMM"
    return _with_month(format_date(day, pattern, locale=locale), day, locale)


def month_and_year(day: date, locale: str) -> str:
    """Return the month of the day, such as `November 2026` or `Novembro de 2026`."""
    pattern = "MMMM 'de' y" if locale.startswith("pt") else "MMMM y"
    return _with_month(format_date(day, pattern, locale=locale), day, locale)


def weekday(day: date, locale: str) -> str:
    """Return the name of the day of the week, as it stands within a sentence."""
    return format_date(day, "EEEE", locale=locale)


def _with_month(text: str, day: date, locale: str) -> str:
    # Portuguese as printed in Mozambique writes months with a capital, locale data (CLDR) without.
    if not locale.startswith("pt"):
        return text
    month = format_date(day, "MMMM", locale=locale)
    return text.replace(month, month.capitalize(), 1)
