"""What each channel shows of the same message."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.values import Heard, Message, Opening
from console.bubbles import screen
from console.renderings import RENDERINGS, Look
from models.thread import Said, Thread, Told

AT = datetime(2026, 9, 14, 9, tzinfo=UTC)
OPENING = Opening("prompt", "fr", ("Ana", "Nordmark"))
PROMPT = Message(
    "Prêt à commencer ?",
    ("Commencer", "Plus tard", "Rien à signaler"),
    token="t",
    kind="prompt",
    opening=OPENING,
)
NUMBERED = "Prêt à commencer ?\n1. Commencer\n2. Plus tard\n3. Rien à signaler"


def shown(channel: str, message: Message, *, is_open: bool = True) -> Look:
    look = RENDERINGS[channel](message, is_open)
    assert look is not None
    return look


def test_telegram_shows_numbers_and_buttons() -> None:
    look = shown("telegram", PROMPT)
    assert (look.parts, look.options) == ((NUMBERED,), PROMPT.options)


def test_whatsapp_shows_numbers_within_its_window() -> None:
    assert shown("whatsapp", PROMPT) == Look((NUMBERED,))


def test_whatsapp_shows_a_template_out_of_its_window() -> None:
    look = shown("whatsapp", PROMPT, is_open=False)
    assert (look.parts, look.options, look.is_template) == (("Prêt à commencer ?",), PROMPT.options, True)


def test_a_long_text_is_fitted_to_the_channel() -> None:
    """1600 characters for WhatsApp and SMS, 4096 for Telegram."""
    long = Message("\n".join("a line of a long answer" for _ in range(300)))
    assert len(shown("telegram", long).parts[0]) > 4000
    assert 1000 < len(shown("whatsapp", long).parts[0]) <= 1600
    assert len("".join(shown("sms", long).parts)) <= 1600


@pytest.mark.parametrize(
    ("text", "parts", "units"),
    [
        pytest.param("Prêt ?", ["Prêt ?"], 6, id="one part needs no folding"),
        pytest.param("ê" * 80, ["e" * 80], 80, id="folded where that saves a part"),
        pytest.param("a" * 161, ["a" * 153, "a" * 8], 161, id="two parts"),
        pytest.param("م" * 71, ["م" * 67, "م" * 4], 71, id="Arabic"),
    ],
)
def test_an_sms_is_shown_as_it_is_billed(text: str, parts: list[str], units: int) -> None:
    look = shown("sms", Message(text))
    assert (list(look.parts), look.units) == (parts, units)


def test_only_what_leaves_by_itself_goes_by_mail() -> None:
    digest = Message("Semaine 38", kind="digest", subject="Synthèse", html="<p>38</p>")
    look = shown("email", digest)
    assert (look.parts, look.subject, look.has_html) == (("Semaine 38",), "Synthèse", True)
    assert RENDERINGS["email"](Message("Bien reçu."), True) is None


@pytest.mark.parametrize(
    ("before", "is_template"),
    [
        pytest.param(timedelta(hours=23), False, id="within"),
        pytest.param(timedelta(hours=23, minutes=50), True, id="about to close"),
        pytest.param(timedelta(days=2), True, id="closed"),
        pytest.param(timedelta(minutes=-5), True, id="written afterwards"),
    ],
)
def test_the_window_opens_with_a_reply(before: timedelta, is_template: bool) -> None:
    """As it was when the message left, ten minutes less."""
    said = Said(1, b"{}", "bien", "done", AT - before)
    thread = Thread((said,), (Told(1, PROMPT, "chat:1", "sent", AT),), is_waiting=False)
    now = screen(thread, ZoneInfo("UTC"), lambda _: Heard(text="bien"), RENDERINGS["whatsapp"])
    looks = [bubble.look for _, bubbles in now.days for bubble in bubbles if not bubble.is_mine]
    assert [look.is_template for look in looks] == [is_template]
