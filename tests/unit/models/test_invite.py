"""Invitations: a code works once, for 72 hours; strangers learn nothing and cost little."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from models.base import Db
from models.invite import (
    CROCKFORD,
    Invite,
    Outcome,
    Redemption,
    Stranger,
    WrongCode,
    answer_stranger,
    folded_code,
    invite,
    looks_like_code,
    may_be_told,
    redeem,
    refuse_stranger,
)
from models.known_person import person_of
from models.person import PersonError
from tests.unit.models.test_person import a_person

AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
NOBODY = "0000000000"  # a code that was never given


def test_a_code_binds_the_sender(db: Db) -> None:
    """The code makes the sender the person who was invited."""
    id = a_person(db)
    assert redeem(db, invite(db, id, AT), "telegram", "40000001", AT) == Redemption(Outcome.BOUND, id)
    known = person_of(db, "telegram", "40000001")
    assert known is not None
    assert known.id == id


def test_a_code_is_fifty_bits_and_only_its_hash_is_kept(db: Db) -> None:
    """Ten characters of Crockford's base 32; nothing stored contains them."""
    code = invite(db, a_person(db), AT)
    assert len(code) == 10
    assert set(code) <= set(CROCKFORD)
    stored = db.scalars(select(Invite.code_hash)).one()
    assert len(stored) == 64
    assert code not in stored.upper()


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        pytest.param("abcde-fghjk", "ABCDEFGHJK", id="small letters and a hyphen"),
        pytest.param(" OIL 12 oil ", "0111201 1".replace(" ", ""), id="letters that look like digits"),
        pytest.param("٠١٢", "012", id="Arabic-Indic digits"),
    ],
)
def test_codes_are_read_kindly(typed: str, folded: str) -> None:
    """A code may be copied by hand."""
    assert folded_code(typed) == folded


def test_a_code_typed_by_hand_binds(db: Db) -> None:
    """Small letters, hyphens and look-alikes do not matter."""
    code = invite(db, a_person(db), AT)
    typed = f"{code[:5]}-{code[5:]}".lower().replace("0", "o").replace("1", "l")
    assert redeem(db, typed, "telegram", "40000001", AT).outcome is Outcome.BOUND


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("ABCDE-FGHJK", True, id="a code"),
        pytest.param("bonjour", False, id="a greeting"),
        pytest.param("UUUUUUUUUU", False, id="a letter that is in no code"),
        pytest.param("", False, id="nothing"),
    ],
)
def test_a_greeting_does_not_look_like_a_code(text: str, expected: bool) -> None:
    """Only what could be a code is tried as one."""
    assert looks_like_code(text) is expected


def test_a_code_works_once(db: Db) -> None:
    """The second use is told apart from a wrong code, and binds nobody."""
    code = invite(db, a_person(db), AT)
    redeem(db, code, "telegram", "40000001", AT)
    assert redeem(db, code, "telegram", "40000002", AT) == Redemption(Outcome.SPENT)
    assert person_of(db, "telegram", "40000002") is None


@pytest.mark.parametrize(
    ("age", "outcome"),
    [
        pytest.param(timedelta(hours=72) - MINUTE, Outcome.BOUND, id="in time"),
        pytest.param(timedelta(hours=72), Outcome.SPENT, id="too late"),
    ],
)
def test_a_code_works_for_72_hours(db: Db, age: timedelta, outcome: Outcome) -> None:
    """After three days a new code must be asked for."""
    code = invite(db, a_person(db), AT)
    assert redeem(db, code, "telegram", "40000001", AT + age).outcome is outcome


def test_a_second_invite_leaves_the_first(db: Db) -> None:
    """One person may be invited on two channels."""
    id = a_person(db)
    codes = invite(db, id, AT), invite(db, id, AT)
    assert redeem(db, codes[0], "telegram", "40000001", AT).person_id == id
    assert redeem(db, codes[1], "whatsapp", "+22370000001", AT).person_id == id


def test_nobody_unknown_is_invited(db: Db) -> None:
    """An invitation needs a person."""
    with pytest.raises(PersonError):
        invite(db, 99, AT)


def try_wrong_codes(db: Db, times: list[timedelta], sender: str = "40000009") -> list[Outcome]:
    return [redeem(db, NOBODY, "telegram", sender, AT + time).outcome for time in times]


def test_five_wrong_codes_silence_the_sender(db: Db) -> None:
    """Five tries are answered; then, for an hour, nothing is heard, a right code neither."""
    code = invite(db, a_person(db), AT)
    assert try_wrong_codes(db, [n * MINUTE for n in range(5)]) == [Outcome.WRONG] * 5
    assert redeem(db, code, "telegram", "40000009", AT + 5 * MINUTE) == Redemption(Outcome.SILENT)
    assert redeem(db, code, "telegram", "40000009", AT + 63 * MINUTE) == Redemption(Outcome.SILENT)
    assert redeem(db, code, "telegram", "40000008", AT + 63 * MINUTE).outcome is Outcome.BOUND


def test_the_silence_ends_after_an_hour(db: Db) -> None:
    """The hour counts from the fifth wrong code; the code is still good then."""
    code = invite(db, a_person(db), AT)
    try_wrong_codes(db, [n * MINUTE for n in range(5)])
    assert redeem(db, code, "telegram", "40000009", AT + 64 * MINUTE).outcome is Outcome.BOUND


def test_any_hour_counts(db: Db) -> None:
    """The five are counted in every hour, not from the first try; slow tries never add up."""
    late = [0 * MINUTE, 58 * MINUTE, 59 * MINUTE, 61 * MINUTE, 62 * MINUTE, 63 * MINUTE, 64 * MINUTE]
    assert try_wrong_codes(db, late)[-1] is Outcome.SILENT
    assert Outcome.SILENT not in try_wrong_codes(db, [n * 16 * MINUTE for n in range(12)], "40000010")


def test_a_right_code_forgets_the_wrong_ones(db: Db) -> None:
    """Somebody who joined is a stranger no more."""
    code = invite(db, a_person(db), AT)
    answer_stranger(db, "telegram", "40000009", AT)
    try_wrong_codes(db, [MINUTE])
    redeem(db, code, "telegram", "40000009", AT + 2 * MINUTE)
    assert db.scalars(select(Stranger)).all() == []
    assert db.scalars(select(WrongCode)).all() == []


def test_a_stranger_gets_one_answer_a_day(db: Db) -> None:
    """The neutral sentence is said once in 24 hours to each sender."""
    assert answer_stranger(db, "telegram", "40000009", AT)
    assert not answer_stranger(db, "telegram", "40000009", AT + timedelta(hours=23))
    assert answer_stranger(db, "telegram", "40000010", AT)
    assert answer_stranger(db, "telegram", "40000009", AT + timedelta(hours=24))


def test_answers_to_strangers_are_few_where_they_cost(db: Db) -> None:
    """Fifty strangers a day on WhatsApp, no limit on Telegram, none on SMS."""
    numbers = [f"+2237000{n:04}" for n in range(51)]
    assert [answer_stranger(db, "whatsapp", number, AT) for number in numbers] == [True] * 50 + [False]
    assert answer_stranger(db, "whatsapp", numbers[50], AT + timedelta(hours=24))
    assert all(answer_stranger(db, "telegram", str(40000100 + n), AT) for n in range(60))
    assert not answer_stranger(db, "sms", numbers[0], AT)


def test_who_tries_codes_counts_among_the_fifty(db: Db) -> None:
    """A refusal costs as much as a greeting; who is among them may be told again."""
    for n in range(50):
        redeem(db, "AAAAABBBBB", "whatsapp", f"+2237000{n:04}", AT)
    assert may_be_told(db, "whatsapp", "+22370000049", AT)
    assert not may_be_told(db, "whatsapp", "+22370000050", AT)
    assert not answer_stranger(db, "whatsapp", "+22370000050", AT)
    assert may_be_told(db, "whatsapp", "+22370000050", AT + timedelta(hours=24))
    assert may_be_told(db, "telegram", "40000100", AT)
    assert not may_be_told(db, "sms", "+22370000050", AT)


def test_a_stranger_gets_one_answer_a_day_of_any_kind_where_it_costs(db: Db) -> None:
    """On WhatsApp no wrong code is answered after another answer of that day; on Telegram each is."""
    assert answer_stranger(db, "whatsapp", "+22370000001", AT)
    assert not refuse_stranger(db, "whatsapp", "+22370000001", AT + MINUTE)
    assert refuse_stranger(db, "whatsapp", "+22370000002", AT)
    assert not refuse_stranger(db, "whatsapp", "+22370000002", AT + MINUTE)
    assert not answer_stranger(db, "whatsapp", "+22370000002", AT + MINUTE)
    assert refuse_stranger(db, "whatsapp", "+22370000002", AT + timedelta(hours=24))
    assert [refuse_stranger(db, "telegram", "40000009", AT) for _ in range(3)] == [True] * 3
    assert not refuse_stranger(db, "sms", "+22370000003", AT)


def test_a_silenced_sender_gets_no_neutral_answer(db: Db) -> None:
    """Silence is silence."""
    try_wrong_codes(db, [MINUTE] * 5)
    assert not answer_stranger(db, "telegram", "40000009", AT + 2 * MINUTE)
