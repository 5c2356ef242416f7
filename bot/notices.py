"""Sentences that stand outside a conversation: to strangers, after a fault, to officers at once."""

from bot.values import Say


def for_strangers(say: Say) -> str:
    """Return the neutral answer to somebody unknown; it names no city and no person."""
    return say(
        "Hello. This service is for invited persons only. If you have an invitation code, please send it"
        " here."
    )


def code_wrong(say: Say) -> str:
    """Return the answer to a code that nobody was given."""
    return say("This code is not recognised. Please check it and send it again.")


def code_spent(say: Say) -> str:
    """Return the answer to a code that is used or too old."""
    return say("This code has expired or was already used. Please ask the Secretariat for a new one.")


def welcome(say: Say, name: str, city: str) -> str:
    """Return the first words to who sent a right code; `city` may be ""."""
    if not city:
        return say("Welcome {name}.", name=name)
    return say("Welcome {name}. This phone is now linked to {city}.", name=name, city=city)


def our_fault(say: Say) -> str:
    """Return the apology after a message could not be handled."""
    return say("Something went wrong on our side. Your message is kept and a person will look at it.")


def busy(say: Say) -> str:
    """Return the word that many messages wait their turn."""
    return say("Many messages arrived together. They are kept and will be handled in order.")


def blocked(say: Say, city: str, reference: str, text: str) -> str:
    """Return the alert that a city's work is blocked, with its own words."""
    return say("{city}: work is blocked ({reference}). {text}", city=city, reference=reference, text=text)


def unsafe(say: Say, city: str, reference: str, text: str) -> str:
    """Return the alert that somebody's safety is at stake, with the city's own words."""
    return say("{city}: safety ({reference}). {text}", city=city, reference=reference, text=text)
