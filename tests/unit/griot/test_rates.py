"""Rates of a channel, on a clock given by hand."""

from griot.rates import LATEST_USE, MOST_CHATS, Pacer, Rate


def test_no_limit_lets_everything_go() -> None:
    """Zeros switch both limits off."""
    pacer = Pacer(Rate())
    for _ in range(100):
        pacer.note("1", 5.0)
    assert pacer.chat_free_at("1") <= 5.0
    assert pacer.all_free_at(5.0) <= 5.0


def test_a_chat_rests_from_the_end_of_a_call() -> None:
    """The interval begins anew when the call ends."""
    pacer = Pacer(Rate(chat_interval=1.0))
    pacer.note("1", 5.0)
    assert pacer.chat_free_at("1") == 6.0
    pacer.note_end("1", 5.4)
    assert pacer.chat_free_at("1") == 6.4
    assert pacer.chat_free_at("2") < 5.0


def test_each_message_uses_up_a_slot() -> None:
    """Without a slot nothing goes; one that was not used in time is lost, so that no second sees too many."""
    pacer = Pacer(Rate(per_second=3))
    assert pacer.all_free_at(1.0) == float("inf")
    pacer.grant([1.0, 1.4, 1.8])
    assert pacer.all_free_at(1.0) == 1.0
    pacer.note("1", 1.0)
    assert pacer.all_free_at(1.0) == 1.4
    assert pacer.slots_left(1.4 + LATEST_USE) == 2
    assert pacer.slots_left(1.41 + LATEST_USE) == 1
    assert pacer.all_free_at(1.6) == 1.8


def test_without_a_limit_no_slot_is_needed() -> None:
    """A channel without a limit may always send."""
    assert Pacer(Rate()).all_free_at(5.0) < 5.0


def test_chats_long_free_are_forgotten() -> None:
    """Memory does not grow with everybody who ever wrote."""
    pacer = Pacer(Rate(chat_interval=1.0))
    for number in range(MOST_CHATS * 2):
        pacer.note(str(number), number / 1000)
    assert len(pacer._last) <= MOST_CHATS + 1
