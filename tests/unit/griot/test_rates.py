"""Rates of a channel, on a clock given by hand."""

from griot.rates import MOST_CHATS, Pacer, Rate


def test_no_limit_lets_everything_go() -> None:
    """Zeros switch both limits off."""
    pacer = Pacer(Rate())
    for _ in range(100):
        pacer.note("1", 5.0)
    assert pacer.chat_free_at("1") <= 5.0
    assert pacer.all_free_at() <= 5.0


def test_a_chat_rests_from_the_end_of_a_call() -> None:
    """The interval begins anew when the call ends."""
    pacer = Pacer(Rate(chat_interval=1.0))
    pacer.note("1", 5.0)
    assert pacer.chat_free_at("1") == 6.0
    pacer.note_end("1", 5.4)
    assert pacer.chat_free_at("1") == 6.4
    assert pacer.chat_free_at("2") < 5.0


def test_a_window_holds_so_many() -> None:
    """The next message goes one second after the oldest of the last few."""
    pacer = Pacer(Rate(per_second=3))
    for at in (1.0, 1.2, 1.4):
        assert pacer.all_free_at() <= at
        pacer.note("1", at)
    assert pacer.all_free_at() == 2.0
    pacer.note("1", 2.0)
    assert pacer.all_free_at() == 2.2


def test_chats_long_free_are_forgotten() -> None:
    """Memory does not grow with everybody who ever wrote."""
    pacer = Pacer(Rate(chat_interval=1.0))
    for number in range(MOST_CHATS * 2):
        pacer.note(str(number), number / 1000)
    assert len(pacer._last) <= MOST_CHATS + 1
