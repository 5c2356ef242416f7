"""What a channel shows of the bot before anybody writes."""

from bot.values import Say


def commands(say: Say) -> tuple[tuple[str, str], ...]:
    """Return the words worth a place in the channel's own menu, each with what it does."""
    return (
        ("report", say("Report")),
        ("status", say("Status")),
        ("calendar", say("Calendar")),
        ("language", say("Language")),
        ("help", say("Help")),
    )


def description(say: Say) -> str:
    """Return what stands in an empty chat: the words to begin with; at most 512 characters."""
    return say("REPORT to answer, CALENDAR for dates, STOP to end messages, MENU for all.")
