"""The phones of the tests send what Telegram sends, and see what a person sees."""

from collections.abc import Callable

import pytest

from bot.values import Heard, Message, Press
from channels.base import Inbound, Outgoing, Reach, Receipt
from channels.telegram import Telegram
from tests.standin import Phone, StandIn

AMINA = 500000001
Post = Callable[[bytes], tuple[int, bytes]]


def echo(telegram: Telegram) -> tuple[list[Inbound | Receipt], Post]:
    """Return what arrives, and a small product that repeats each text with two options."""
    arrived: list[Inbound | Receipt] = []

    def post(body: bytes) -> tuple[int, bytes]:
        for news in telegram.parse(body):
            arrived.append(news)
            if isinstance(news, Inbound) and news.heard.text:
                message = Message(f"You said {news.heard.text}", ("Right", "Wrong"), token="e")
                telegram.send(Outgoing(news.address, message))
        return 200, b""

    return arrived, post


def test_a_person_with_a_phone(provider: StandIn, telegram: Telegram) -> None:
    """Saying, pressing, editing, blocking arrive as themselves; replies are waited for one by one."""
    arrived, post = echo(telegram)
    phone = Phone(post, provider, AMINA, "ar")
    said = phone.say("Hello")
    assert phone.wait_for_reply().text == "You said Hello\n1. Right\n2. Wrong"
    phone.press("Wro")
    phone.edit(said, "Hello again")
    assert phone.wait_for_reply().text.startswith("You said Hello again")
    phone.press(1)
    phone.block()
    phone.unblock()
    shown = [sent.message_id for sent in phone.messages()]
    assert arrived == [
        Inbound(str(AMINA), Heard("Hello", source=f"{AMINA}:{said}"), "ar"),
        Inbound(str(AMINA), Heard(press=Press("e", 2), source=f"{AMINA}:{shown[0]}"), "ar"),
        Inbound(str(AMINA), Heard("Hello again", source=f"{AMINA}:{said}", edited=True), "ar"),
        Inbound(str(AMINA), Heard(press=Press("e", 1), source=f"{AMINA}:{shown[1]}"), "ar"),
        Receipt(str(AMINA), Reach.BLOCKED),
        Receipt(str(AMINA), Reach.RETURNED),
    ]


def test_no_reply_fails(provider: StandIn, telegram: Telegram) -> None:
    """A test that waits for a reply that never comes fails, and says for whom."""
    phone = Phone(echo(telegram)[1], provider, AMINA)
    phone.block()
    with pytest.raises(AssertionError, match=str(AMINA)):
        phone.wait_for_reply(0.01)


def test_a_webhook_that_refuses_fails(provider: StandIn) -> None:
    """Anything but 200 is a failure of the product."""
    phone = Phone(lambda body: (503, b"down"), provider, AMINA)
    with pytest.raises(AssertionError, match="503"):
        phone.say("Hello")
